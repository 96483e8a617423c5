"""The table format: what is written reads back, and damaged or foreign files are refused."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from backends.tabular import Table, named_tables, open_table, write_table
from harness.core.errors import IncompatibleError, TableError, UnknownNameError
from tests.fakes.spaces import OrderedPairs, Pairs

NAN = float("nan")


def test_a_table_reads_back_what_was_written(table_file: Path) -> None:
    with Table.open(table_file) as table:
        assert (table.name, table.space, table.scheme, table.recipe) == ("small", "pairs4", "pairs", "by hand")
        assert (table.epochs, table.repeats, len(table)) == ((4, 8), 2, 3)
        assert table.metrics == ("validation_accuracy", "test_accuracy", "training_seconds")
        assert table.provenance["importer"] == "test"
        assert table.keys.tolist() == [1, 11, 23]
        assert table.parameters is not None
        assert table.parameters.tolist() == [10, 11, 12]
        np.testing.assert_array_equal(table.values("validation_accuracy", 4), [[0.25, 0.5], [0.1, 0.2], [NAN, 0.5]])
        np.testing.assert_array_equal(table.values("training_seconds", halfway=True)[0], [1.0, 3.0])


def test_the_digest_is_the_one_that_the_format_describes(table_file: Path) -> None:
    sha = hashlib.sha256()
    with h5py.File(table_file) as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in sorted(names):
            sha.update(f"{name} {file[name].dtype.str} {file[name].shape}\n".encode() + file[name][()].tobytes())
        for name in ("schema", "schema_version", "space", "scheme", "recipe"):
            sha.update(f"{name}={file.attrs[name]}\n".encode())
        assert file.attrs["digest"] == sha.hexdigest()


def test_every_labelling_of_a_cell_leads_to_its_row(table_file: Path) -> None:
    table = Table.open(table_file)
    expected = {1: 0, 10: 0, 11: 1, 23: 2, 32: 2}
    assert table.rows(np.arange(-1, 17)).tolist() == [expected.get(key, -1) for key in range(-1, 17)]
    assert [table.row(key) for key in range(-1, 17)] == table.rows(np.arange(-1, 17)).tolist()
    assert table.written.tolist() == [1, 11, 32]


def test_a_space_without_isomorphism_needs_no_aliases(
    tmp_path: Path, ordered: OrderedPairs, content: dict[str, Any]
) -> None:
    write_table(tmp_path / "ordered.h5", space=ordered, **content)
    table = Table.open(tmp_path / "ordered.h5")
    assert not {"aliases", "alias_rows", "written"} & table.arrays.keys()
    assert table.rows(np.array([32, 23, 11, 1, 99])).tolist() == [2, -1, 1, 0, -1]
    assert table.row(32) == 2


def test_absence_and_divergence_are_told_apart(table_file: Path) -> None:
    table = Table.open(table_file)
    rows = np.array([2, -1])
    np.testing.assert_array_equal(table.values("validation_accuracy", 4, rows), [[NAN, 0.5], [NAN, NAN]])
    np.testing.assert_array_equal(table.recorded(4, rows), [[True, True], [False, False]])
    np.testing.assert_array_equal(table.recorded(8)[2], [True, False])


def test_a_mean_is_over_recorded_repeats_and_has_no_value_where_one_diverged(table_file: Path) -> None:
    table = Table.open(table_file)
    np.testing.assert_allclose(table.mean("validation_accuracy", 4), [0.375, 0.15, NAN])
    np.testing.assert_allclose(table.mean("validation_accuracy"), [0.625, 0.3, 0.875])


def test_a_training_that_is_nowhere_recorded_has_no_mean(
    make_table: Callable[..., Table], content: dict[str, Any]
) -> None:
    recorded = content["recorded"].copy()
    recorded[1] = False
    final = {"test_accuracy": np.where(recorded, 0.5, np.nan)}
    table = make_table(recorded=recorded, final=final, halfway=None)
    np.testing.assert_array_equal(table.mean("test_accuracy"), [0.5, NAN, 0.5])


def test_a_metric_or_budget_that_the_table_lacks_is_named(table_file: Path) -> None:
    table = Table.open(table_file)
    with pytest.raises(IncompatibleError, match="no trainings of 5 epochs, only of 4, 8"):
        table.values("test_accuracy", 5)
    with pytest.raises(IncompatibleError, match="no 'final/train_accuracy'; it has"):
        table.values("train_accuracy")
    with pytest.raises(IncompatibleError, match="scheme 'ordered'"):
        table.require(OrderedPairs())


def test_accuracies_that_fit_in_four_bytes_take_four_and_others_eight(make_table: Callable[..., Table]) -> None:
    table = make_table()
    assert table.arrays["final/training_seconds"].dtype == np.float64  # 3.1 is not a float32
    counted = np.float32(np.full((3, 2, 2), 9451 / 9984)).astype(np.float64)
    table = make_table(final={"test_accuracy": counted}, recorded=np.ones((3, 2, 2), dtype=bool), halfway=None)
    assert table.arrays["final/test_accuracy"].dtype == np.float32
    assert (table.values("test_accuracy") == counted[:, 1]).all()


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_partial_table_survives_the_round_trip(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = Pairs()
    cells = data.draw(st.lists(st.sampled_from(space.enumerate_keys().tolist()), min_size=1, unique=True))
    turned = data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    keys = np.array([key % 10 * 10 + key // 10 if turn else key for key, turn in zip(cells, turned, strict=True)])
    epochs = sorted(data.draw(st.sets(st.integers(1, 200), min_size=1, max_size=3)))
    shape = (len(cells), len(epochs), data.draw(st.integers(1, 3)))
    recorded = data.draw(npst.arrays(bool, shape))
    values = data.draw(npst.arrays(float, shape, elements=st.one_of(st.floats(0, 1), st.just(NAN))))
    values = np.where(recorded, values, np.nan)
    path = tmp_path_factory.mktemp("round") / "table.h5"
    digest = write_table(
        path, space=space, keys=keys, epochs=epochs, recorded=recorded, final={"test_accuracy": values}
    )
    table = Table.open(path)
    rows = table.rows(keys)
    assert table.digest == digest
    assert (table.keys[rows] == space.canonical_keys(keys)).all()
    assert (table.written[rows] == keys).all()
    for budget, count in enumerate(epochs):
        np.testing.assert_array_equal(table.values("test_accuracy", count, rows), values[:, budget])
        np.testing.assert_array_equal(table.recorded(count, rows), recorded[:, budget])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": np.array([1, 11, 99])}, "1 of 3 cells lie outside space 'pairs4'"),
        ({"keys": np.array([1, 10, 11])}, r"1 cells are given twice, the first is '0\+1'"),
        ({"epochs": (8, 4)}, "ascending"),
        ({"epochs": ()}, "ascending"),
        ({"parameters": np.array([1])}, r"parameters has the shape \(1,\), but the table needs \(3,\)"),
        ({"final": {"test_accuracy": np.zeros((3, 2, 1))}}, "test_accuracy has the shape"),
        ({"final": {"test_accuracy": np.zeros((3, 2, 2))}}, "test_accuracy has values of trainings"),
        ({"keys": np.array([], dtype=np.int64)}, "at least one cell"),
    ],
)
def test_contradictory_content_is_refused_and_nothing_is_written(
    make_table: Callable[..., Table], tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(TableError, match=words):
        make_table(**change)
    assert not list(tmp_path.iterdir())


def test_a_truncated_file_is_refused_at_any_length(table_file: Path) -> None:
    whole = table_file.read_bytes()
    for length in [0, 7, 100, len(whole) // 2, len(whole) - 1]:
        table_file.write_bytes(whole[:length])
        with pytest.raises(TableError) as caught:
            Table.open(table_file)
        assert "\n" not in str(caught.value)


def test_foreign_files_and_other_versions_are_refused(tmp_path: Path, table_file: Path) -> None:
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(TableError, match="no readable HDF5 file"):
        Table.open(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["metrics"] = np.zeros(3)
    with pytest.raises(TableError, match="but no nas-search-harness table"):
        Table.open(tmp_path / "other.h5")
    with h5py.File(table_file, "r+") as file:
        file.attrs["schema_version"] = 2
    with pytest.raises(TableError, match="schema version 2, not 1"):
        Table.open(table_file)
    with pytest.raises(TableError, match="there is no table file"):
        Table.open(tmp_path / "absent.h5")


@pytest.mark.parametrize("name", ["keys", "recorded", "epochs"])
def test_a_table_without_a_necessary_part_is_refused(table_file: Path, name: str) -> None:
    with h5py.File(table_file, "r+") as file:
        del file[name]
    with pytest.raises(TableError, match=f"lacks {name}"):
        Table.open(table_file)


def test_a_table_without_a_necessary_attribute_is_refused(table_file: Path) -> None:
    with h5py.File(table_file, "r+") as file:
        del file.attrs["digest"]
    with pytest.raises(TableError, match="lacks the attribute 'digest'"):
        Table.open(table_file)


def test_a_full_disk_leaves_the_old_table_and_no_temporary_file(
    table_file: Path, pairs: Pairs, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table_file.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TableError, match="No space left on device; nothing was written"):
        write_table(table_file, space=pairs, **content)
    assert table_file.read_bytes() == before
    assert [path.name for path in table_file.parent.iterdir()] == ["small.h5"]


LIMITED = """
import resource, sys
import numpy as np
from backends.tabular import write_table
from harness.core.errors import TableError
from tests.backends.tabular.conftest import Pairs

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
shape = (10, 4, 1000)
try:
    write_table(sys.argv[1], space=Pairs(), keys=Pairs().enumerate_keys(), epochs=(1, 2, 3, 4),
                recorded=np.ones(shape, dtype=bool), final={"test_accuracy": np.full(shape, 1 / 3)})
except TableError as error:
    print(error)
"""


def test_hitting_the_limit_of_file_sizes_is_one_line(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "large.h5")], capture_output=True, text=True, check=True
    )
    assert "cannot write table" in result.stdout
    assert "File too large; nothing was written" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, pairs: Pairs, content: dict[str, Any]) -> None:
    with pytest.raises(TableError, match="No such file or directory; nothing was written"):
        write_table(tmp_path / "none" / "table.h5", space=pairs, **content)


def test_tables_are_found_by_name_or_path(table_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_tables, "table_folders", lambda: (table_file.parent,))
    assert named_tables.known_tables() == {"small": table_file}
    assert open_table("small").path == open_table(str(table_file)).path == open_table(table_file).path
    with pytest.raises(UnknownNameError, match="unknown table 'smal'; did you mean 'small'"):
        open_table("smal")


def test_closing_lets_go_of_the_file_but_not_of_what_was_taken(table_file: Path) -> None:
    with Table.open(table_file) as table:
        keys = table.keys
    assert keys.tolist() == [1, 11, 23]
    assert not table.arrays
