"""Surrogates as files: read back as written, and refused in one line where anything is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backends.surrogate import files
from backends.surrogate.files import Surrogate, require_name, write
from backends.tabular import write_table
from harness.core.errors import IncompatibleError, SettingError, TableError
from harness.core.space import SearchSpace
from harness.planning.settings import create_space
from tests.backends.surrogate.small import HELD_OUT, cells_of, examples, made, written
from tests.fakes.spaces import Pairs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of a small surrogate, to be damaged."""
    return Path(shutil.copy(written(), tmp_path / "copy.surrogate.h5"))


def test_what_was_written_is_read_back(tmp_path: Path, path: Path) -> None:
    first = Surrogate.open(path)
    digest = write(tmp_path / "again.surrogate.h5", first.facts, first.model)
    again = Surrogate.open(tmp_path / "again.surrogate.h5")
    assert digest == again.digest == first.digest
    assert again.facts == first.facts
    space, keys = create_space("nasbench101-v5"), cells_of(5)
    one, other = first.predict(space, keys), again.predict(space, keys)
    for name in ("mean", "spread", "noise", "seconds"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_the_facts_say_what_it_was_fitted_to(path: Path) -> None:
    facts = Surrogate.open(path).facts
    assert (facts.space, facts.scheme, facts.space_size) == ("nasbench101-v5", "nasbench101", 2532)
    assert (facts.metric, facts.split, facts.epochs, facts.cells, facts.repeats) == (
        "validation_accuracy",
        "validation",
        12,
        200,
        3,
    )
    assert (facts.model, facts.seed, facts.held_out) == ("forest", 0, HELD_OUT)
    assert facts.source.digest == "ba3571e5341adf005874a93150f0db7a786dec722872dbe7008ac2522a714e44"
    assert set(facts.versions) == {"harness", "scikit-learn"}


def test_a_surrogate_without_noise_and_seconds_has_neither(tmp_path: Path) -> None:
    keys = cells_of(4)
    found = made(
        tmp_path / "plain.surrogate.h5", examples(keys, np.arange(91)[:, None] / 91), create_space("nasbench101")
    )
    assert found.model.noise is None
    assert found.model.seconds is None


@pytest.mark.parametrize("name", ["nasbench101-v3", "nasbench101-v5"])
def test_it_serves_its_space_and_parts_of_it_alike(path: Path, name: str) -> None:
    surrogate, space = Surrogate.open(path), create_space(name)
    surrogate.require(space)
    keys = space.enumerate_keys()
    whole = surrogate.predict(create_space("nasbench101-v5"), keys)
    assert np.array_equal(surrogate.predict(space, keys).mean, whole.mean)


@pytest.mark.parametrize("space", [create_space("nasbench101-v6"), create_space("rnn2"), Pairs()], ids=lambda s: s.name)
def test_a_larger_and_a_foreign_space_are_refused(path: Path, space: SearchSpace) -> None:
    with pytest.raises(IncompatibleError, match=rf"space 'nasbench101-v5'.*{space.name}.*--space nasbench101-v5"):
        Surrogate.open(path).require(space)


def test_another_encoding_of_cells_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "encoding_of", lambda space: "version 2")
    with pytest.raises(IncompatibleError, match=r"version 1.*not as this version does"):
        Surrogate.open(path).require(create_space("nasbench101-v5"))


def test_no_file_and_no_hdf5_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no surrogate file"):
        Surrogate.open(tmp_path / "none.surrogate.h5")
    (tmp_path / "text.surrogate.h5").write_text("no HDF5 at all")
    with pytest.raises(TableError, match="no readable HDF5 file"):
        Surrogate.open(tmp_path / "text.surrogate.h5")


def test_a_table_is_no_surrogate(tmp_path: Path) -> None:
    table = tmp_path / "table.h5"
    final = {"test_accuracy": np.ones((1, 1, 1))}
    recorded = np.ones((1, 1, 1), dtype=bool)
    write_table(table, space=Pairs(), keys=np.array([0]), epochs=(1,), recorded=recorded, final=final)
    with pytest.raises(TableError, match="no surrogate"):
        Surrogate.open(table)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TableError, match=r"copy\.surrogate\.h5"):
        Surrogate.open(path)


@pytest.mark.slow(reason="reads a surrogate for each changed byte")
def test_a_changed_byte_anywhere_changes_nothing_unseen(path: Path) -> None:
    content, space = path.read_bytes(), create_space("nasbench101-v5")
    expected = Surrogate.open(path).predict(space, cells_of(5)).mean
    for place in np.random.default_rng(0).integers(len(content), size=60).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = Surrogate.open(path)
        except TableError:
            continue
        assert np.array_equal(found.predict(space, cells_of(5)).mean, expected)  # a byte that holds nothing


def changed(path: Path, **attributes: Any) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs.update(attributes)


def test_another_version_and_missing_attributes_are_refused(path: Path) -> None:
    changed(path, schema_version=2)
    with pytest.raises(TableError, match="schema version 2, not 1"):
        Surrogate.open(path)
    changed(path, schema_version=1)
    with h5py.File(path, "r+") as file:
        del file.attrs["facts"]
    with pytest.raises(TableError, match="lacks the attributes facts"):
        Surrogate.open(path)


def test_changed_facts_are_noticed(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        facts = json.loads(file.attrs["facts"])
        file.attrs["facts"] = json.dumps(facts | {"held_out": {**facts["held_out"], "tau": 0.99}}, sort_keys=True)
    with pytest.raises(TableError, match="changed or damaged"):
        Surrogate.open(path)


def forged(path: Path, facts: dict[str, Any] | None = None, **arrays: Any) -> None:
    """Replace facts and arrays, and make the digest fit."""
    with h5py.File(path, "r+") as file:
        text = json.dumps(json.loads(file.attrs["facts"]) | (facts or {}), sort_keys=True)
        for name, array in arrays.items():
            del file[name]
            if array is not None:
                file[name] = array
        content = dict[str, Any]()
        file.visititems(lambda name, item: content.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
        file.attrs.update({"facts": text, "digest": files.digest_of(content, text)})


FORGED: list[dict[str, Any]] = [
    {"scale": np.array([np.nan])},
    {"scale": np.array([-1.0])},
    {"scale": np.zeros(0)},
    {"columns": np.array([-1])},
    {"columns": np.zeros((2, 2), int)},
    {"columns": None},
    {"members/roots": np.zeros((0, 1), int)},
    {"members/roots": np.zeros((1, 4), int)},
    {"members/value": None},
    {"noise/children": np.zeros((3, 2), int)},
    {"facts": {"extra": 1}},
    {"facts": {"source": {"kind": "table"}}},
]


@pytest.mark.parametrize("changes", FORGED, ids=lambda changes: next(iter(changes)))
def test_content_that_fits_its_digest_but_makes_no_sense_is_refused(path: Path, changes: dict[str, Any]) -> None:
    forged(path, **changes)
    with pytest.raises(TableError, match="cannot be used"):
        Surrogate.open(path)


def test_columns_beyond_the_features_are_refused(path: Path) -> None:
    columns = Surrogate.open(path).model.columns
    forged(path, columns=columns + 400)
    with pytest.raises(IncompatibleError, match="predicts no cells"):
        Surrogate.open(path).predict(create_space("nasbench101-v5"), cells_of(3))


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, path: Path) -> None:
    before, surrogate = path.read_bytes(), Surrogate.open(path)
    (tmp_path / "folder.surrogate.h5").mkdir()
    with pytest.raises(TableError, match="nothing was written"):
        write(tmp_path / "folder.surrogate.h5", surrogate.facts, surrogate.model)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.surrogate.h5", "folder.surrogate.h5"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a.h5", "surrogate.h5", "a.surrogate", "nowhere/a.surrogate.h5"])
def test_the_name_of_a_file_must_end_as_no_table_does_in_a_folder_that_is_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=r"must end in|does not exist"):
        require_name(tmp_path / name)
    assert require_name(tmp_path / "a.surrogate.h5").name == "a.surrogate.h5"


def test_nothing_in_a_file_is_pickled(path: Path) -> None:
    with h5py.File(path, "r") as file:
        kinds = list[Any]()
        file.visititems(lambda name, item: kinds.append(item.dtype) if isinstance(item, h5py.Dataset) else None)
        assert {kind.kind for kind in kinds} <= {"i", "u", "f"}
        assert set(file.attrs) == {"schema", "schema_version", "digest", "facts"}


def _deep(file: h5py.File) -> None:
    file.create_group("noise/" + "/".join(["g"] * 3000))


def _references(file: h5py.File) -> None:
    file.create_dataset("columns", data=np.array([file.ref], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)


def _huge(file: h5py.File) -> None:
    file.create_dataset("columns", shape=(90_000,), dtype=np.dtype(("<i8", (1000,))), chunks=(1,))


def _outside(file: h5py.File) -> None:
    file["columns"] = h5py.ExternalLink("other.h5", "columns")


def _text(file: h5py.File) -> None:
    file["columns"] = "text"


@pytest.mark.parametrize("make", [_deep, _references, _huge, _outside, _text])
def test_other_objects_in_place_of_arrays_are_refused_unread(path: Path, make: Any) -> None:
    with h5py.File(path, "r+") as file:
        for name in ("columns", "noise"):
            del file[name]
        make(file)
    with pytest.raises(TableError, match=r"cannot be used: (it lacks|columns (has|is))") as caught:
        Surrogate.open(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "value", [np.zeros(3), 1.5, b"\xff", h5py.Empty("f4")], ids=["array", "number", "bytes", "empty"]
)
@pytest.mark.parametrize("name", ["schema", "schema_version", "facts", "digest"])
def test_attributes_of_other_types_are_refused(path: Path, name: str, value: Any) -> None:
    changed(path, **{name: value})
    with pytest.raises(TableError):
        Surrogate.open(path)


@pytest.mark.parametrize(
    "facts",
    [
        {"space_size": "many"},
        {"epochs": 0},
        {"epochs": 1.5},
        {"metric": "validation_speed"},
        {"metric": 3},
        {"source": []},
        {"source": None},
        {"held_out": 3},
        {"repeats": None},
    ],
    ids=str,
)
def test_facts_of_other_types_are_refused(path: Path, facts: dict[str, Any]) -> None:
    forged(path, facts=facts)
    with pytest.raises(TableError, match="cannot be used:"):
        Surrogate.open(path)


def test_numbers_that_would_lose_their_fraction_are_refused(path: Path) -> None:
    forged(path, columns=Surrogate.open(path).model.columns + 0.5)
    with pytest.raises(TableError, match="columns has the type 'float64'; expected whole numbers"):
        Surrogate.open(path)
