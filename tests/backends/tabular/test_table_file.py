"""A table's file: its declared layout, its content against its digest, and changes while it is open."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.tabular import Table, intact_files, open_table, write_table
from backends.tabular.layout import MOST, digest_of
from backends.tabular.named_tables import pinned_table, table_of_digest
from backends.tabular.verify import verify
from harness.core.errors import HarnessError, TableError
from tests.fakes.spaces import Pairs


def flip_bit(path: Path, dataset: str) -> None:
    """Flip the lowest bit in the last byte of a dataset, as a failing disk would."""
    with h5py.File(path) as file:
        last = file[dataset].id.get_offset() + file[dataset].nbytes - 1
    content = bytearray(path.read_bytes())
    content[last] ^= 1
    path.write_bytes(content)


def signed(path: Path, change: Callable[[h5py.File], None]) -> None:
    """Change a table and give it the digest of what it holds then."""
    with h5py.File(path, "r+") as file:
        change(file)
        arrays: dict[str, Any] = {}
        file.visititems(lambda name, item: arrays.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
        file.attrs["digest"] = digest_of(arrays, dict(file.attrs))


@pytest.mark.parametrize("dataset", ["final/validation_accuracy", "recorded", "aliases", "parameters", "keys"])
def test_one_flipped_bit_is_refused(table_file: Path, dataset: str) -> None:
    open_table(table_file)
    digest = Table.open(table_file).digest
    flip_bit(table_file, dataset)
    with pytest.raises(TableError, match=f"damaged: its content does not match its digest {digest[:12]}"):
        open_table(table_file)
    with pytest.raises(TableError, match="is damaged"):
        table_of_digest(digest, str(table_file))


def test_an_intact_file_is_read_once_until_it_changes(table_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(Table, "found_digest", property(lambda table: reads.append(table) or table.digest))
    open_table(table_file)
    open_table(table_file)
    assert len(reads) == 1
    monkeypatch.setattr(intact_files, "_KNOWN", {})  # as in another process
    open_table(table_file)
    assert len(reads) == 1
    os.utime(table_file, ns=(0, 1))
    open_table(table_file)
    assert len(reads) == 2


def test_a_damaged_note_of_an_intact_file_is_ignored(table_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_table(table_file)
    for note in (Path(os.environ["XDG_CACHE_HOME"]) / "nas-search-harness" / "intact").iterdir():
        note.write_text("[" * 100_000)
    monkeypatch.setattr(intact_files, "_KNOWN", {})
    open_table(table_file)
    flip_bit(table_file, "recorded")
    with pytest.raises(TableError, match="damaged"):
        open_table(table_file)


def test_a_file_that_is_replaced_under_an_open_table_changes_nothing(
    table_file: Path, pairs: Pairs, content: dict[str, Any]
) -> None:
    table, other = Table.open(table_file), table_file.with_name("other.h5")
    final = {"validation_accuracy": np.where(content["recorded"], 0.5, np.nan)}
    write_table(other, space=pairs, **{**content, "final": final, "halfway": None})
    other.replace(table_file)
    np.testing.assert_array_equal(table.values("validation_accuracy", 4)[:2], [[0.25, 0.5], [0.1, 0.2]])


@pytest.mark.parametrize("size", [0, 3000])
def test_a_file_that_is_cut_short_under_an_open_table_is_an_error(table_file: Path, size: int) -> None:
    table = Table.open(table_file)
    os.truncate(table_file, size)
    with pytest.raises(TableError, match="was changed while it was read"):
        table.values("validation_accuracy")


def test_a_pinned_table_must_have_the_planned_content(table_file: Path, pairs: Pairs, content: dict[str, Any]) -> None:
    digest = Table.open(table_file).digest
    with pinned_table(table_file, digest):
        assert open_table(table_file).digest == digest
    write_table(table_file, space=pairs, **{**content, "recipe": "another"})
    with pinned_table(table_file, digest), pytest.raises(TableError, match=f"was replaced.*not {digest[:12]}"):
        open_table(table_file)
    assert open_table(table_file).recipe == "another"


LAYOUTS: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "another type": (lambda f: _put(f, "keys", f["keys"][()].astype("<f8")), "'keys' has the type <f8; expected <i8"),
    "big-endian": (lambda f: _put(f, "epochs", f["epochs"][()].astype(">i4")), "'epochs' has the type >i4"),
    "another rank": (lambda f: _put(f, "recorded", np.ones((3, 4), "u1")), "the shape"),
    "another length": (lambda f: _put(f, "parameters", np.ones(4, "<i8")), r"shape \(4,\); expected \(3,\), \(cells\)"),
    "a scalar": (lambda f: _put(f, "epochs", np.int32(4)), "'epochs' has the shape"),
    "an unknown dataset": (lambda f: _put(f, "notes", np.zeros(3)), "dataset 'notes' is unknown to the format"),
    "texts": (lambda f: _put(f, "hashes", np.array([b"a", b"b", b"c"])), "holds no plain numbers"),
    "objects": (lambda f: _put(f, "hashes", ["a", "b", "c"]), "holds no plain numbers"),
    "a compressed dataset": (lambda f: _compress(f, "keys"), "is compressed"),
    "aliases alone": (lambda f: f.__delitem__("alias_rows"), "only one of aliases and alias_rows"),
    "a group as keys": (lambda f: _group(f, "keys"), "lacks keys"),
    "a provenance that is no JSON": (lambda f: f.attrs.__setitem__("provenance", "{"), "no JSON object"),
    "a provenance that is a number": (lambda f: f.attrs.__setitem__("provenance", "3"), "no JSON object"),
    "a deeply nested provenance": (lambda f: f.attrs.__setitem__("provenance", "[" * 10_000), "no JSON object"),
    "a space of numbers": (lambda f: f.attrs.__setitem__("space", np.arange(3)), "lacks the attribute 'space'"),
    "a schema of several": (lambda f: f.attrs.__setitem__("schema", np.arange(3)), "but no nas-search-harness table"),
    "a version of several": (lambda f: f.attrs.__setitem__("schema_version", np.array([1, 1])), "schema version"),
    "far too many datasets": (lambda f: [_put(f, f"final/{i}", 0.5) for i in range(201)], "more than 200 datasets"),
}  # fmt: skip


def _put(file: h5py.File, name: str, value: Any) -> None:
    if name in file:
        del file[name]
    file[name] = value


def _group(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def _compress(file: h5py.File, name: str) -> None:
    value = file[name][()]
    del file[name]
    file.create_dataset(name, data=value, compression="gzip")


@pytest.mark.parametrize("case", LAYOUTS)
def test_another_layout_is_one_line(table_file: Path, case: str) -> None:
    change, words = LAYOUTS[case]
    with h5py.File(table_file, "r+") as file:
        change(file)
    with pytest.raises(TableError, match=words) as caught:
        Table.open(table_file)
    assert "\n" not in str(caught.value)


CONTENTS: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "unsorted keys": (lambda f: _put(f, "keys", f["keys"][()][::-1]), "keys are not sorted"),
    "rows that do not exist": (lambda f: _put(f, "alias_rows", f["alias_rows"][()] + 1), "rows that do not exist"),
    "negative rows": (lambda f: _put(f, "alias_rows", f["alias_rows"][()] - 1), "rows that do not exist"),
    "unsorted labellings": (
        lambda f: _put(f, "aliases", f["aliases"][()][::-1]),
        "labellings of the cells are not sorted",
    ),
    "a budget of no epochs": (lambda f: _put(f, "epochs", np.array([0, 8], "<i4")), "epochs are not ascending"),
    "descending budgets": (lambda f: _put(f, "epochs", np.array([8, 4], "<i4")), "epochs are not ascending"),
    "half a training": (lambda f: _put(f, "recorded", f["recorded"][()] * 2), "other than 0 and 1"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_content_that_contradicts_itself_is_refused_whatever_its_digest(table_file: Path, case: str) -> None:
    change, words = CONTENTS[case]
    signed(table_file, change)
    with pytest.raises(TableError, match=words):
        open_table(table_file)
    assert any(words in finding for finding in verify(Table.open(table_file), Pairs()))


def test_lengths_have_limits_that_are_checked_before_anything_is_read(table_file: Path) -> None:
    with h5py.File(table_file, "r+") as file:
        for name, length in {"epochs": MOST["budgets"] + 1}.items():
            _put(file, name, np.zeros(length, "<i4"))
            _put(file, "recorded", np.zeros((3, length, 2), "u1"))
    with pytest.raises(TableError, match="100,001 budgets; expected 1 to 100,000"):
        Table.open(table_file)


def test_groups_nested_thousands_deep_are_not_followed(table_file: Path) -> None:
    with h5py.File(table_file, "r+") as file:
        group = file
        for _ in range(2000):
            group = group.create_group("g")
    Table.open(table_file)


def test_datasets_of_other_files_are_not_read(table_file: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "elsewhere.h5", "w") as file:
        file["parameters"] = np.zeros(3, "<i8")
    with h5py.File(table_file, "r+") as file:
        del file["parameters"]
        file["parameters"] = h5py.ExternalLink("elsewhere.h5", "parameters")
    assert Table.open(table_file).parameters is None


@settings(max_examples=30, derandomize=True)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), run=st.integers(1, 12))
def test_a_mutated_file_is_refused_in_one_line_or_has_its_digest(
    place: float, value: int, run: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mutated") / "small.h5"
    shape = (3, 2, 2)
    final = {"test_accuracy": np.full(shape, 0.5)}
    keys = np.array([1, 11, 32])
    write_table(path, space=Pairs(), keys=keys, epochs=(4, 8), recorded=np.ones(shape, bool), final=final)
    whole = bytearray(path.read_bytes())
    begin = int(place * len(whole))
    whole[begin : begin + run] = bytes([value]) * len(whole[begin : begin + run])
    path.write_bytes(whole)
    try:
        table = open_table(path)
    except HarnessError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)
        return
    assert table.found_digest == table.digest
    assert json.dumps(table.provenance)
    verify(table, Pairs())
