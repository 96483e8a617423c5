"""Sources that would put wrong numbers in a table, or take memory without bound, are refused by place."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from backends.tabular import parquet_rows
from backends.tabular.import_csv import import_csv
from backends.tabular.import_hdf5 import import_hdf5
from backends.tabular.import_journal import import_journal
from backends.tabular.import_nasbench201 import import_nasbench201
from backends.tabular.import_tfrecord import import_tfrecord
from backends.tabular.tfrecord import CHECKSUM, LONGEST_RECORD, frame, masked_crc
from backends.tabular.training_arrays import EMPTY_PLACES, FEW_PLACES, TrainingColumns
from harness.core.errors import TableError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench201 import NASBench201
from tests.backends.tabular.test_import_hdf5 import journal_row, shared_file
from tests.backends.tabular.test_tfrecord import METRICS, ROW
from tests.fakes.spaces import Pairs

__all__ = ["shared_file"]

HASH = "b49ac8c578b4561d79ac7087988f1c61"


def refused(read: Callable[[], Any], words: str) -> None:
    """Reading ends in one printable line, without much memory."""
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match=words) as caught:
            read()
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert str(caught.value).isprintable()


def csv_refused(folder: Path, text: str, words: str, *, graphs: bool = False) -> None:
    (folder / "a.csv").write_text(text)
    space = NASBench101() if graphs else Pairs()
    refused(lambda: import_csv(folder / "a.csv", space, folder / "table.h5"), words)


@pytest.mark.parametrize("number", ["1_0.5", "0_5", "٠.5", "0x1", "1e", "--1", "0.5.5", "1 0", "True"])
def test_a_number_is_written_in_decimal_digits(tmp_path: Path, number: str) -> None:
    for name in ("epochs", "test_accuracy", "training_seconds", "params", "repeat"):
        row = {
            "epochs": "4",
            "test_accuracy": "0.5",
            "training_seconds": "1",
            "params": "7",
            "repeat": "0",
            name: number,
        }
        text = f"architecture,{','.join(row)}\n0+1,{','.join(row.values())}\n"
        csv_refused(tmp_path, text, f"line 2: column '{name}' holds '{number}', which is no number")


@pytest.mark.parametrize("value", ["-0.1", "1.1", "inf", "1e400", "90"])
def test_an_accuracy_is_a_fraction(tmp_path: Path, value: str) -> None:
    csv_refused(tmp_path, f"architecture,epochs,test_accuracy\n0+1,4,{value}\n", "line 2: test_accuracy is .*fraction")


@pytest.mark.parametrize("value", ["-1", "inf", "nan"])
def test_a_training_that_did_not_diverge_took_seconds(tmp_path: Path, value: str) -> None:
    text = f"architecture,epochs,test_accuracy,training_seconds\n0+1,4,0.5,{value}\n"
    csv_refused(tmp_path, text, "line 2: training_seconds is .* but must be seconds")


def test_the_seconds_of_a_training_that_diverged_may_be_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("architecture,epochs,test_accuracy,training_seconds\n0+1,4,nan,nan\n0+2,4,0.5,1\n")
    import_csv(tmp_path / "a.csv", Pairs(), tmp_path / "table.h5")


def test_a_second_row_of_a_cell_cannot_contradict_the_first(tmp_path: Path) -> None:
    text = "architecture,epochs,test_accuracy,params\n0+1,4,0.5,7\n0+1,8,0.5,"
    csv_refused(tmp_path, text + "8\n", "line 3: the cell of line 2 again, but its parameter count or hash differs")
    csv_refused(tmp_path, text + "-7\n", "line 3: column 'params' holds '-7', not a whole number from 0 on")


@pytest.mark.parametrize(
    "matrix",
    [
        "[[0,1.9,0],[0,0,1],[0,0,0]]",
        "[[0,1e400,0],[0,0,1],[0,0,0]]",
        "[[0,2,0],[0,0,1],[0,0,0]]",
        "[[0,-1,0],[0,0,1],[0,0,0]]",
        "[[0,1,0,0],[0,1],[0,0,0]]",
        "[[0,null,0],[0,0,1],[0,0,0]]",
        "[" * 9000,
        "[[[0,1,0]]]",
        "[]",
        "0" * 20_000,
    ],
    ids=lambda text: text[:16],
)
def test_a_matrix_holds_0_and_1_and_is_square(tmp_path: Path, matrix: str) -> None:
    text = f'adjacency,operations,epochs,test_accuracy\n"{matrix}","input,conv3x3-bn-relu,output",4,0.5\n'
    csv_refused(tmp_path, text, "line 2: column 'adjacency' holds .*; expected a square matrix of 0 and 1", graphs=True)


def test_a_matrix_of_true_and_1_0_counts_as_before(tmp_path: Path) -> None:
    for matrix in ("[[0,true,0],[0,0,1.0],[0,0,0]]", '[["0","1","0"],[0,0,1],[0,0,0]]', "[0,1,0,0,0,1,0,0,0]"):
        quoted = matrix.replace('"', '""')
        text = f'adjacency,operations,epochs,test_accuracy\n"{quoted}","input,conv3x3-bn-relu,output",4,0.5\n'
        (tmp_path / "a.csv").write_text(text)
        import_csv(tmp_path / "a.csv", NASBench101(), tmp_path / "table.h5")


def test_control_characters_of_a_file_stay_out_of_messages(tmp_path: Path) -> None:
    csv_refused(
        tmp_path, "architecture,epochs,test_accuracy\n0+1,\x1b[2J,0.5\n", r"holds '\\x1b\[2J', which is no number"
    )


@pytest.mark.parametrize("repeat", [30_000_000, 1_000_000_000])
def test_a_repeat_far_away_does_not_make_a_table_of_empty_places(tmp_path: Path, repeat: int) -> None:
    text = f"architecture,epochs,repeat,test_accuracy\n0+1,4,{repeat},0.5\n"
    csv_refused(
        tmp_path, text, r"line 2: (with this repeat the table would have 30,000,001 places|a training is repeat)"
    )


def test_a_table_may_have_a_hundred_places_for_each_training() -> None:
    def arranged(trainings: int, repeat: int) -> int:
        columns = TrainingColumns(("final/test_accuracy",), lambda place, message: TableError(message))
        for place in range(trainings):
            columns.add(place, 4, [0.5], place, 0 if place else repeat)
        return int(columns.as_arrays(np.arange(trainings), trainings)["recorded"].size)

    assert arranged(1, FEW_PLACES - 1) == FEW_PLACES
    assert arranged(20_000, EMPTY_PLACES - 1) == 20_000 * EMPTY_PLACES
    with pytest.raises(TableError, match="places"):
        arranged(20_000, EMPTY_PLACES)


def test_a_gzip_file_that_expands_too_far_is_refused_while_it_expands(tmp_path: Path) -> None:
    row = b"0+1,4,0.5" + b" " * 1000 + b"\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"architecture,epochs,test_accuracy\n" + row * 20_000, 1))
    read = lambda: import_csv(tmp_path / "a.csv.gz", Pairs(), tmp_path / "table.h5")  # noqa: E731
    refused(read, "it expands to more than 16,777,216 bytes, the most for its size")


def parquet_refused(folder: Path, columns: dict[str, Any], words: str) -> None:
    whole = {
        "architecture": ["0+1"] * len(next(iter(columns.values()))),
        "epochs": [4],
        "test_accuracy": [0.5],
    } | columns
    length = max(len(column) for column in whole.values())
    table = pyarrow.table(
        {
            name: column * length if isinstance(column, list) and len(column) == 1 else column
            for name, column in whole.items()
        }
    )
    pyarrow.parquet.write_table(table, folder / "a.parquet", compression="zstd")
    refused(lambda: import_csv(folder / "a.parquet", Pairs(), folder / "table.h5"), words)


@pytest.mark.parametrize(
    "column",
    [
        [{"a": 1}],
        [[[[1]]]],
        [b"0.5"],
        pyarrow.array([1], pyarrow.timestamp("s")),
    ],
    ids=["struct", "lists in lists in lists", "bytes", "time"],
)
def test_a_parquet_column_of_another_kind_is_named(tmp_path: Path, column: Any) -> None:
    for name in ("epochs", "test_accuracy", "architecture"):
        parquet_refused(tmp_path, {name: column}, f"column '{name}' holds .*; expected numbers or texts")


@pytest.mark.parametrize("value", [[0.5], None, True, "1_0"])
def test_a_parquet_value_that_is_no_number_is_named_by_its_row(tmp_path: Path, value: Any) -> None:
    parquet_refused(tmp_path, {"test_accuracy": [value]}, "row 1: column 'test_accuracy' holds .*, which is no number")


@pytest.mark.slow(reason="measures the memory of processes of its own")
def test_ignored_parquet_columns_are_not_read_whatever_they_hold(tmp_path: Path) -> None:
    rows = 60_000
    dictionary = pyarrow.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * 10_000])
    nested = pyarrow.array([{"a": [1]}] * rows)
    cells = pyarrow.DictionaryArray.from_arrays(np.arange(rows, dtype=np.int32) % 4, [f"0+{n}" for n in range(4)])
    epochs = pyarrow.array(np.arange(rows) // 4 + 1)
    columns = {"architecture": cells, "epochs": epochs, "test_accuracy": pyarrow.array(np.full(rows, 0.5))}
    pyarrow.parquet.write_table(
        pyarrow.table({**columns, "text": dictionary, "struct": nested}), tmp_path / "a.parquet"
    )
    tracemalloc.start()
    try:
        import_csv(tmp_path / "a.parquet", Pairs(), tmp_path / "table.h5")  # the texts alone would take 600 MB
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_a_parquet_text_or_list_that_is_too_long_is_refused(tmp_path: Path) -> None:
    parquet_refused(tmp_path, {"architecture": ["x" * 20_000] * 500}, "holds a text of 20,000 bytes; expected 10,000")
    parquet_refused(tmp_path, {"architecture": [[1] * 1000] * 9}, "holds lists of more than 256 values")


def test_a_parquet_column_of_more_values_than_stated_is_refused_by_its_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most, words in (("CHUNK_VALUES", 49, "has 50 values of"), ("CHUNK_BYTES", 10, "in one row group")):
        with monkeypatch.context() as patched:
            patched.setattr(parquet_rows, name, most)
            parquet_refused(tmp_path, {"architecture": ["0+1"] * 50, "epochs": [4]}, words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("adjacency", np.full((2, 7, 7), 1.9), "cell 1: adjacency is .* whole, from 0 to 1"),
        ("num_vertices", np.array([3, np.nan]), "cell 2: num_vertices is nan"),
        ("trainable_parameters", np.array([-1, 5]), "cell 1: trainable_parameters is -1"),
        ("metrics", np.full((2, 4, 3, 2, 4), np.inf), "cell 1: halfway/training_seconds is inf"),
        ("metrics", np.full((2, 4, 3, 2, 4), -0.5), "cell 1: halfway/training_seconds is -0.5"),
        ("hash", np.array([[1], [2]]), "hash has the type 'int64'; expected texts"),
        ("hash", np.array([b"\x1b[2J", b"b"]), r"cell 1: .* is no hash"),
        ("operations", np.zeros((2, 7), [("a", "i4")]), "operations has the type .*; expected whole numbers"),
    ],
)
def test_community_files_of_other_content_are_refused(
    shared_file: Path,
    name: str,
    content: Any,
    words: str,
) -> None:
    with h5py.File(shared_file, "r+") as file:
        del file[name]
        file[name] = content
    refused(lambda: import_hdf5(shared_file, NASBench101(), shared_file.with_name("table.h5")), words)


def _group(file: h5py.File) -> None:
    file.create_group("metrics")


def _outside(file: h5py.File) -> None:
    file["metrics"] = h5py.ExternalLink("other.h5", "metrics")


def _huge(file: h5py.File) -> None:
    file.create_dataset("metrics", shape=(10**6, 4, 100, 2, 4), dtype="f8", chunks=(1, 4, 100, 2, 4))


def _huge_chunk(file: h5py.File) -> None:
    shape = (2, 4, 3, 2, 4)
    file.create_dataset("metrics", shape=shape, maxshape=(None, *shape[1:]), dtype="f8", chunks=(10**6, *shape[1:]))


def _references(file: h5py.File) -> None:
    file.create_dataset("metrics", data=np.array([file.ref], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_group, "metrics is no dataset of this file"),
        (_outside, "it lacks metrics"),
        (_huge, "metrics takes 25,600,000,000 bytes; expected at most 16,777,216"),
        (_huge_chunk, "metrics takes 768,000,000 bytes; expected at most 16,777,216"),
        (_references, "metrics has the type"),
    ],
    ids=["group", "link to another file", "huge", "huge chunk", "references"],
)
def test_community_files_of_other_objects_are_refused(
    shared_file: Path,
    make: Callable[[h5py.File], None],
    words: str,
) -> None:
    with h5py.File(shared_file, "r+") as file:
        del file["metrics"]
        make(file)
    refused(lambda: import_hdf5(shared_file, NASBench101(), shared_file.with_name("table.h5")), words)


def tfrecord_refused(folder: Path, content: bytes, words: str) -> None:
    (folder / "a.tfrecord").write_bytes(content)
    refused(lambda: import_tfrecord(folder / "a.tfrecord", NASBench101(), folder / "table.h5"), words)


@pytest.mark.parametrize("length", [LONGEST_RECORD + 1, 2**31, 2**63, 2**64 - 1])
def test_a_record_of_a_huge_length_is_refused_before_it_is_read(tmp_path: Path, length: int) -> None:
    content = length.to_bytes(8, "little")
    tfrecord_refused(tmp_path, content + CHECKSUM.pack(masked_crc(content)) + ROW, "record 1 at byte 0: its length is")


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [None, True, -1, 10**30, 1.5, [], "", "\x1b"], ids=repr)
def test_a_record_of_other_values_is_refused(tmp_path: Path, place: int, value: Any) -> None:
    row = json.loads(ROW)
    row[place] = value
    tfrecord_refused(tmp_path, frame(json.dumps(row).encode()), "record 1")


def test_a_record_that_lacks_a_measurement_or_nests_too_deeply_is_refused(tmp_path: Path) -> None:
    row, raw = json.loads(ROW), base64.b64decode(METRICS)
    for cut, words in (
        (raw[:-9], None),
        (raw[94:], "not enough values|evaluation"),
        (raw.replace(b")", b"\x39"), "lacks test"),
    ):
        row[4] = base64.b64encode(cut).decode()
        if words:
            tfrecord_refused(tmp_path, frame(json.dumps(row).encode()), f"record 1: .*({words})")
    tfrecord_refused(tmp_path, frame(b"[" * 100_000), "record 1: .*no NAS-Bench-101 record")


def archive(content: bytes, *, kind: int = zipfile.ZIP_STORED) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as opened:
        opened.writestr("a/data.pkl", content)
    return bytearray(file.getvalue())


def nasbench201_refused(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    refused(lambda: import_nasbench201(path, NASBench201(), path.with_name("table.h5")), words)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (8, b"\x01\x00", "is an archive, but none that PyTorch saved"),  # encrypted
        (10, b"\x63\x00", "damaged archive .That compression method is not supported"),
        (16, b"\x00\x00\x00\x00", "damaged archive|is no pickle"),  # another checksum
        (24, b"\xff\xff\xff\x7f", "holds no .arch2infos."),  # 2 GB
        (42, b"\xff\xff\xff\x7f", "damaged archive"),  # begins after the end
    ],
)
def test_an_archive_with_another_member_is_refused(tmp_path: Path, field: int, value: bytes, words: str) -> None:
    content = archive(b"\x80\x04}\x94.")
    place = content.rfind(b"PK\x01\x02") + field
    content[place : place + len(value)] = value
    if field in (8, 10):  # the copy of the field in front of the member
        start = content.find(b"PK\x03\x04") + field - 2
        content[start : start + 2] = value
    nasbench201_refused(tmp_path / "a.pth", bytes(content), words)


def test_an_archive_or_a_bz2_file_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    bomb = b"\x80\x04" + b"\x8e" + (20_000_000).to_bytes(8, "little") + bytes(20_000_000) + b"."
    packed = bytes(archive(bomb, kind=zipfile.ZIP_DEFLATED))
    nasbench201_refused(tmp_path / "a.pth", packed, "expands to more than [0-9,]+ bytes")
    nasbench201_refused(tmp_path / "a.pickle.pbz2", bz2.compress(bomb), "expands to more than 16,777,216 bytes")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"adjacency": 3}, "adjacency cannot be 3"),
        ({"operations": ["0"]}, "operations.0 cannot be '0'"),
        ({"operations": [9]}, "it is no cell of this space"),
        ({"epochs": 0}, "epochs cannot be 0"),
        ({"epochs": True}, "epochs cannot be True"),
        ({"repeat": -1}, "repeat cannot be -1"),
        ({"parameters": -1}, "parameters cannot be -1"),
        ({"parameters": 1.5}, "parameters cannot be 1.5"),
        ({"final": {}}, "key 'final.seconds' is missing"),
        ({"final": None}, "final cannot be None"),
        (
            {"final": {"seconds": 1, "train_accuracy": "0.5", "validation_accuracy": 1, "test_accuracy": 1}},
            "cannot be '0.5'",
        ),
    ],
)
def test_a_journal_with_another_row_is_refused_and_says_what_is_intact(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    header = {"space": "nasbench101-v5", "recipe": {}, "repeats": 1}
    rows = [journal_row(0, 0.5), journal_row(1, 0.5) | change]
    (tmp_path / "a").write_text("".join(json.dumps(line) + "\n" for line in (header, *rows)))
    refused(lambda: import_journal(tmp_path / "a", NASBench101(vertices=5), tmp_path / "t.h5"), f"row 2.*{words}")
