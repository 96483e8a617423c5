"""Every reader with a small valid file of its format, and hostile files made from it."""

from __future__ import annotations

import base64
import bz2
import functools
import gzip
import io
import json
import pickle
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet

from backends.tabular import open_table, write_table
from backends.tabular.importers import import_table
from backends.tabular.layout import digest_of
from backends.tabular.tfrecord import CHECKSUM, frame, masked_crc
from backends.tabular.verify import verify
from backends.training.recipes.files import load_supernet_recipe, recipe_digest
from harness.cli.options import read_settings
from harness.files.plain_pickles import load_plain
from harness.planning import registry
from harness.planning.experiment import load_experiment
from harness.planning.settings import create_space
from harness.storage.state_codec import decode, encode
from tests.backends.tabular.courses import EPOCHS, RECIPE, as_csv, journal_rows
from tests.backends.tabular.nasbench201_source import entry
from tests.backends.tabular.test_tfrecord import METRICS, ROW
from tests.fakes.spaces import Pairs
from tests.fuzzing.hdf5_mutations import spoilt
from tests.fuzzing.mutations import damaged, replaced_part, replaced_tokens

MAGIC = 0x1950A86A20F9469CFC6C


@dataclass(frozen=True)
class Reader:
    """A reader, the name of its file, and what makes a hostile file: bytes from a random generator."""

    name: str
    file: str
    make: Callable[[Random], bytes]
    read: Callable[[Path], object]


def imported(format_name: str, space: str) -> Callable[[Path], object]:
    return lambda path: import_table(format_name, path, create_space(space), path.with_name("table.h5"))


CELLS = b"""module_hash,adjacency,operations,epochs,repeat,test_accuracy,training_seconds,params
b49ac8c578b4561d79ac7087988f1c61,010001000,"input,conv3x3-bn-relu,output",108,0,0.9,10.5,7
b49ac8c578b4561d79ac7087988f1c61,"[[0,1,0],[0,0,1],[0,0,0]]","input,conv3x3-bn-relu,output",4,1,nan,1,7
"""


def of_csv(random: Random) -> bytes:
    return replaced_tokens(CELLS if random.randrange(2) else as_csv().encode()[:500], random)


def of_gzip(random: Random) -> bytes:
    inner = (
        b"architecture,epochs,test_accuracy\n" + (b"0+1,4,0.5" + b" " * 200 + b"\n") * 1_000_000
        if random.randrange(50) == 0
        else None
    )
    packed = gzip.compress(inner or of_csv(random), 1)
    return damaged(packed, random) if random.randrange(3) == 0 else packed


PARQUET: dict[str, Any] = {
    "adjacency": [[[0, 1, 0], [0, 0, 1], [0, 0, 0]]] * 2,
    "operations": [["input", "conv3x3-bn-relu", "output"]] * 2,
    "epochs": [4, 108],
    "repeat": [0, 1],
    "test_accuracy": [0.5, 0.9],
    "note": ["a", "b"],
}
HOSTILE_COLUMNS: tuple[Any, ...] = (
    [{"a": 1}] * 2,
    [[1], [2, 3]],
    [[[[1]]], []],
    [b"1_0", b"0.5"],
    ["1_0.5", "x"],
    [None, None],
    [True, False],
    [1.9, float("nan")],
    [float("inf"), -1.0],
    pyarrow.array([1, 2], pyarrow.timestamp("s")),
    pyarrow.array(["a", "b"]).dictionary_encode(),
    pyarrow.array(["x" * 50_000] * 2),
    [list(range(5000)), []],
    [["\x1b"], ["a", None]],
    pyarrow.array([2**31, 2**62]),
)


def of_parquet(random: Random) -> bytes:
    columns = {**PARQUET, random.choice(list(PARQUET)): random.choice(HOSTILE_COLUMNS)}
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns if random.randrange(3) else PARQUET), file)
    return damaged(file.getvalue(), random) if random.randrange(3) == 0 else file.getvalue()


@functools.cache
def community() -> bytes:
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file["hash"] = np.array([b"b49ac8c578b4561d79ac7087988f1c61"])
        file["num_vertices"], file["trainable_parameters"] = np.array([3], "i1"), np.array([7], "i4")
        adjacency = np.zeros((1, 7, 7), "i1")
        adjacency[0, 0, 1] = adjacency[0, 1, 2] = 1
        file["adjacency"], file["operations"] = adjacency, np.array([[-1, 0, -2, 0, 0, 0, 0]], "i1")
        file["metrics"] = np.full((1, 4, 3, 2, 4), 0.5, "f4")
    return image.getvalue()


def of_tfrecord(random: Random) -> bytes:
    row = json.loads(ROW)
    match random.randrange(5):
        case 0:
            return damaged(frame(ROW), random)
        case 1:
            return frame(replaced_tokens(ROW, random))
        case 2:
            row[4] = base64.b64encode(damaged(base64.b64decode(METRICS), random)).decode()
        case 3:
            length = random.choice((2**20, 2**31, 2**40, 2**62, 2**63, 2**64 - 1)).to_bytes(8, "little")
            return length + CHECKSUM.pack(masked_crc(length)) + ROW
        case _:
            row = replaced_part(row, random)
    return frame(as_json(row))


def as_json(value: Any) -> bytes:
    try:
        return json.dumps(value, default=repr).encode()
    except ValueError:  # a number of too many digits
        return b"9" * 5000


def of_journal(rows: list[dict[str, Any]], header: dict[str, Any], random: Random) -> bytes:
    lines: list[Any] = [header, *rows]
    if random.randrange(3):
        place = random.randrange(len(lines))
        lines[place] = replaced_part(lines[place], random)
    content = b"".join(as_json(line) + b"\n" for line in lines)
    return replaced_tokens(content, random) if random.randrange(2) else content


MOMENT = {"seconds": 1.0, "train_accuracy": 1.0, "validation_accuracy": 0.5, "test_accuracy": 0.5}
RESULTS = [
    {"adjacency": "010001000", "operations": [0], "epochs": 8, "repeat": repeat, "half": MOMENT, "final": MOMENT}
    | {"diverged": False, "parameters": 3}
    for repeat in range(2)
]
HEADER = {"space": "nasbench101-v5", "recipe": RECIPE, "recipe_digest": "d", "data_digest": "e", "repeats": 2}


def journal_again(path: Path) -> None:
    from backends.tabular.journal import Journal

    with Journal(path, HEADER) as journal:
        journal.append(RESULTS)


BOMBS = (
    b"\x80\x04r\xff\xff\xff\x7f.",
    b"\x80\x04Nr\xff\xff\xff\x7f.",
    b"\x80\x04\x8e\xff\xff\xff\xff\x00\x00\x00\x00.",
    b"\x80\x04\x96\xff\xff\xff\xff\x00\x00\x00\x00.",
    b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns.",
    b"\x80\x04" + b"}" * 3_000_000 + b".",
    b"\x80\x04" + b"(" * 3_000_000 + b".",
    b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
)


def pickled(content: Any, random: Random) -> bytes:
    if random.randrange(8) == 0:
        return random.choice(BOMBS)
    if random.randrange(2):
        return pickle.dumps(replaced_part(content, random), protocol=random.choice((2, 4)))
    return damaged(pickle.dumps(content, protocol=random.choice((0, 2, 4))), random)


@functools.cache
def one_cell() -> dict[str, Any]:
    whole = entry(2)
    del whole["200"]
    return json_free(whole)


def json_free(content: Any) -> Any:
    """Plain dictionaries, so that parts can be replaced."""
    return {key: json_free(value) for key, value in content.items()} if isinstance(content, dict) else content


def of_cell(random: Random) -> bytes:
    inner = b"\x00" * 300_000_000 if random.randrange(60) == 0 else pickled(one_cell(), random)
    packed = bz2.compress(inner, 1)
    return damaged(packed, random) if random.randrange(4) == 0 else packed


def read_cell(path: Path) -> object:
    folder = path.with_name("folder")
    folder.mkdir(exist_ok=True)
    path.replace(folder / "000002.pickle.pbz2")
    return imported("nasbench201", "nasbench201")(folder)


def of_archive(random: Random) -> bytes:
    file = io.BytesIO()
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(file, "w", random.choice(kinds)) as archive:
        archive.writestr("a/data.pkl", pickled({"arch2infos": {2: one_cell()}}, random))
    content = bytearray(file.getvalue())
    place = content.rfind(b"PK\x01\x02")
    if random.randrange(3) == 0:
        start = place + random.choice((6, 8, 10, 16, 20, 24, 42))
        content[start : start + 4] = random.choice((b"\x01\x00\x01\x00", b"\xff\xff\xff\xff", b"\x63\x00\x63\x00"))
    return damaged(bytes(content), random) if random.randrange(4) == 0 else bytes(content)


def of_older(random: Random) -> bytes:
    parts = (MAGIC, 1001, {"little_endian": True})
    return b"".join(pickle.dumps(part, 2) for part in parts) + pickled({"arch2infos": {2: one_cell()}}, random)


@functools.cache
def surrogate_bytes() -> bytes:
    from tests.backends.surrogate.small import written

    return Path(written()).read_bytes()


def of_surrogate(random: Random) -> bytes:
    from backends.surrogate import files

    def seal(file: h5py.File) -> None:
        arrays: dict[str, Any] = {}

        def take(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf" and item.shape and item.size < 10**6:
                arrays[name] = item[()]

        file.visititems(take)
        text = as_json(replaced_part(json.loads(file.attrs["facts"]), random) if random.randrange(2) else {}).decode()
        text = str(file.attrs["facts"]) if random.randrange(2) else text
        file.attrs["facts"], file.attrs["digest"] = text, files.digest_of(arrays, text)

    return spoilt(surrogate_bytes(), random, seal if random.randrange(4) else None)


def read_surrogate(path: Path) -> None:
    from backends.surrogate.files import Surrogate
    from harness.studies.surrogate.page import surrogate_page

    surrogate = Surrogate.open(path)
    surrogate_page(surrogate)
    space = create_space("nasbench101-v5")
    surrogate.require(space)
    surrogate.predict(space, space.enumerate_keys()[:3])


EXPERIMENT = b"""policies: [nao, evolution]
oracle: synthetic
seeds: "1268:1278"
budget: {queries: 500, seconds: 1e3}
workers: 2
gpus: 0,1
verify: true
settings: {nao: {pool: 100}, oracle: {repeat: sample}}
"""
BOMB = b"".join(b"k%d: &k%d [%s]\n" % (n, n, b", ".join([b"*k%d" % (n - 1)] * 9)) for n in range(1, 25))


def of_experiment(random: Random) -> bytes:
    return b"k0: &k0 1\n" + BOMB if random.randrange(20) == 0 else replaced_tokens(EXPERIMENT, random)


@functools.cache
def recipe(name: str) -> bytes:
    import backends.training.recipes.files as files

    return (files.FOLDER / name).read_bytes()


def read_value(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    settings = read_settings([f"nao.pool={text}", "nao.seeds=3"])
    load_experiment(None, {"settings": settings})
    from harness.planning.settings import resolve

    resolve("nao", registry.load("policy", "nao"), {"pool": settings["nao.pool"]})


def read_seeds(path: Path) -> None:
    load_experiment(None, {"seeds": path.read_bytes().decode("utf-8", "replace")})


def read_budget(path: Path) -> None:
    import click

    from harness.cli.run import run

    text = path.read_bytes().decode("utf-8", "replace")
    options = {option.name: option for option in run.params}
    for name in ("queries", "epochs", "seconds"):
        try:
            value = options[f"budget_{name}"].type_cast_value(click.Context(run), text)
        except click.ClickException:
            continue
        budget = load_experiment(None, {"budget": {name: value}}).budget.budget()
        json.dumps([budget.queries, budget.epochs, budget.seconds], allow_nan=False)


def read_class(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    for kind in ("policy", "oracle", "space"):
        loaded = registry.load(kind, text)  # type: ignore[arg-type]
        assert kind != "policy" or loaded.needs <= loaded.needs


CLASSES = (b"os:system", b"../x:Y", b"json:", b":", b".a:b", b"a..b:C", b"collections:OrderedDict", b"math:pi", b"os:x")


def of_texts(random: Random) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"):
            archive.writestr(f"ptb/{name}", replaced_tokens(b"a cat sat\non a mat\n", random))
    content = bytearray(file.getvalue())
    if random.randrange(2):
        start = content.rfind(b"PK\x01\x02") + random.choice((6, 8, 10, 16, 20, 24, 42))
        content[start : start + 4] = random.choice((b"\x01\x00\x01\x00", b"\xff\xff\xff\xff", b"\x63\x00\x63\x00"))
    return damaged(bytes(content), random) if random.randrange(2) else bytes(content)


def read_texts(path: Path) -> None:
    from backends.data.penn_treebank import load

    load(path.parent, verify=False)


def read_plain(path: Path) -> None:
    load_plain(path.read_bytes(), "the file")


IMAGES = {b"data": np.zeros((2, 4), np.uint8), b"labels": [1, 2], b"batch_label": b"one"}


def values(random: Random) -> bytes:
    return replaced_tokens(random.choice((b"100", b"[1, 2]", b"{a: 1}", b"1e-3")), random)


@functools.cache
def table_bytes() -> bytes:
    path = Path(tempfile.mkdtemp()) / "small.h5"
    shape, space = (3, 2, 2), Pairs()
    final = {"test_accuracy": np.full(shape, 0.5), "validation_accuracy": np.full(shape, 0.25)}
    recorded = np.ones(shape, bool)
    write_table(path, space=space, keys=np.array([1, 11, 32]), epochs=(4, 8), recorded=recorded, final=final)
    content = path.read_bytes()
    shutil.rmtree(path.parent)
    return content


def of_table(random: Random) -> bytes:
    def seal(file: h5py.File) -> None:
        arrays: dict[str, Any] = {}

        def take(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf" and item.shape and item.size < 10**6:
                arrays[name] = item[()]

        file.visititems(take)
        file.attrs["digest"] = digest_of(arrays, dict(file.attrs))

    return spoilt(table_bytes(), random, seal if random.randrange(4) else None)


def read_table(path: Path) -> None:
    table = open_table(path)
    for metric in table.metrics:
        table.mean(metric)
    table.rows(np.arange(40))
    verify(table, Pairs())


def of_state(random: Random) -> bytes:
    state = {"told": 3, "w": np.arange(4.0), "pool": [("a", 1.5), {"b": None}], "text": np.array(["x", "yz"])}
    content = bytearray(damaged(encode(state), random))
    if len(content) >= 12 and random.randrange(4):
        content[8:12] = zlib.crc32(memoryview(content)[12:]).to_bytes(4, "little")
    return bytes(content)


READERS = (
    Reader("table", "a.h5", of_table, read_table),
    Reader("checkpoint", "a", of_state, lambda path: decode(path.read_bytes())),
    Reader("csv", "a.csv", of_csv, imported("csv", "nasbench101")),
    Reader("csv of courses", "a.csv", lambda r: replaced_tokens(as_csv().encode()[:900], r), imported("csv", "rnn2")),
    Reader("gzip csv", "a.csv.gz", of_gzip, imported("csv", "nasbench101")),
    Reader("parquet", "a.parquet", of_parquet, imported("csv", "nasbench101")),
    Reader("nasbench-hdf5", "a.hdf5", lambda r: spoilt(community(), r), imported("nasbench-hdf5", "nasbench101")),
    Reader("nasbench-tfrecord", "a.tfrecord", of_tfrecord, imported("nasbench-tfrecord", "nasbench101")),
    Reader("journal", "a", lambda r: of_journal(RESULTS, HEADER, r), imported("journal", "nasbench101-v5")),
    Reader("journal resumed", "a", lambda r: of_journal(RESULTS, HEADER, r), journal_again),
    Reader(
        "journal of courses",
        "a",
        lambda r: of_journal(journal_rows()[:4], HEADER | {"repeats": len(EPOCHS)}, r),
        imported("journal", "rnn2"),
    ),
    Reader("nasbench201 cell", "a", of_cell, read_cell),
    Reader("nasbench201 archive", "a.pth", of_archive, imported("nasbench201", "nasbench201")),
    Reader("nasbench201 older pth", "a.pth", of_older, imported("nasbench201", "nasbench201")),
    Reader("surrogate", "a.surrogate.h5", of_surrogate, read_surrogate),
    Reader("experiment", "a.yaml", of_experiment, lambda path: load_experiment(str(path), {})),
    Reader(
        "image recipe",
        "a.yaml",
        lambda r: replaced_tokens(recipe("standalone/nasbench201-digits.yaml"), r),
        lambda path: recipe_digest(path),
    ),
    Reader(
        "supernet recipe",
        "a.yaml",
        lambda r: replaced_tokens(recipe("supernet/ptb/enas.yaml"), r),
        lambda path: load_supernet_recipe(str(path)).digest(),
    ),
    Reader("--set", "a", values, read_value),
    Reader("--seeds", "a", lambda r: replaced_tokens(r.choice((b"1:4", b"1,2", b"7")), r), read_seeds),
    Reader("--budget", "a", lambda r: replaced_tokens(b"100", r), read_budget),
    Reader("module:Class", "a", lambda r: replaced_tokens(r.choice(CLASSES), r), read_class),
    Reader("image batch", "a", lambda r: pickled(IMAGES, r), read_plain),
    Reader("ptb.zip", "ptb.zip", of_texts, read_texts),
)
