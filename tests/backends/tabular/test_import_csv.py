"""Importing CSV and Parquet files, of any space."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from backends.tabular import Table
from backends.tabular.import_csv import import_csv
from backends.tabular.verify import verify
from harness.core.errors import TableError
from harness.core.space import SearchSpace
from harness.spaces.nasbench101 import NASBench101
from tests.backends.tabular.conftest import Pairs
from tests.fakes.published_data import MISSING, PUBLISHED

needs_data = pytest.mark.skipif(not PUBLISHED.is_dir(), reason=MISSING)

PAIRS = """architecture,epochs,repeat,validation_accuracy,training_seconds,trainable_parameters
0+1,4,0,0.25,10,100
1+0,4,1,0.5,12,100
2+2,4,0,nan,9.5,101
2+2,8,0,0.75,20,101
"""

CHAIN = 'b49ac8c578b4561d79ac7087988f1c61,010001000,"input,conv3x3-bn-relu,output"'
CELLS = f"module_hash,adjacency,operations,epochs,test_accuracy\n{CHAIN},108,0.9\n"


def imported(folder: Path, text: str, space: SearchSpace, **options: Any) -> Table:
    (folder / "source.csv").write_text(text)
    import_csv(folder / "source.csv", space, folder / "table.h5", **options)
    return Table.open(folder / "table.h5")


def test_rows_become_trainings_of_any_space(tmp_path: Path, pairs: Pairs) -> None:
    table = imported(tmp_path, PAIRS, pairs)
    assert (table.keys.tolist(), table.epochs, table.repeats) == ([1, 22], (4, 8), 2)
    np.testing.assert_array_equal(table.values("validation_accuracy", 4), [[0.25, 0.5], [np.nan, np.nan]])
    np.testing.assert_array_equal(table.recorded(4), [[True, True], [True, False]])
    np.testing.assert_array_equal(table.recorded(8), [[False, False], [True, False]])
    assert table.parameters is not None
    assert table.parameters.tolist() == [100, 101]
    assert table.recipe == "as recorded in source.csv"


def test_the_row_order_does_not_matter_and_equal_duplicates_are_one(tmp_path: Path, pairs: Pairs) -> None:
    header, *rows = PAIRS.splitlines()
    turned = "\n".join([header, *reversed(rows), rows[0].replace("0+1", "1+0")])
    digest = imported(tmp_path, PAIRS, pairs).digest
    (tmp_path / "source.csv").unlink()
    table = imported(tmp_path, turned, pairs)
    assert table.rows(np.array([1, 10])).tolist() == [0, 0]
    assert table.recorded().sum() == 1
    np.testing.assert_array_equal(table.values("training_seconds", 4), [[10, 12], [9.5, np.nan]])
    assert len(digest) == 64


def test_gzip_and_parquet_give_the_same_table_as_plain_text(tmp_path: Path, pairs: Pairs) -> None:
    digest = imported(tmp_path, PAIRS, pairs, recipe="r").digest
    with gzip.open(tmp_path / "source.csv.gz", "wt") as file:
        file.write(PAIRS)
    header, *rows = (line.split(",") for line in PAIRS.splitlines())
    columns = {name: [row[i] if i == 0 else float(row[i]) for row in rows] for i, name in enumerate(header)}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "source.parquet")
    for name in ("source.csv.gz", "source.parquet"):
        import_csv(tmp_path / name, pairs, tmp_path / "other.h5", recipe="r")
        assert Table.open(tmp_path / "other.h5").digest == digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("architecture,", "cell,", "lacks the column 'architecture' .or 'adjacency' and 'operations'.; it has cell"),
        (",epochs", ",budget", "lacks the column 'epochs'"),
        ("validation_accuracy", "accuracy", "lacks the column one of 'train_accuracy'"),
        ("0.25", "good", "line 2: column 'validation_accuracy' holds 'good', which is no number"),
        ("0.25", "", "line 2: column 'validation_accuracy' holds '', which is no number; write nan"),
        ("0.25", "25.5", "line 2: validation_accuracy is 25.5, but must be a fraction.*percents by 100"),
        ("0.25", "-0.1", "line 2: validation_accuracy is -0.1"),
        ("9.5", "-9.5", "line 4: training_seconds is -9.5, but must be seconds"),
        ("9.5", "inf", "line 4: training_seconds is inf"),
        ("2+2,8", "2+2,eight", "line 5: column 'epochs' holds 'eight', which is no number"),
        ("2+2,8", "2+2,8.5", "line 5: column 'epochs' holds '8.5', not a whole number from 1 on"),
        ("2+2,8", "2+2,0", "line 5: column 'epochs' holds '0', not a whole number from 1 on"),
        ("1+0,4,1", "1+0,4,-1", "line 3: column 'repeat' holds '-1', not a whole number from 0 on"),
        (
            "1+0,4,1",
            "1+0,4,0",
            "line 3: the same cell, epochs and repeat as 2, but column 'validation_accuracy' differs",
        ),
        ("12,100", "12,101", "line 3: the cell of line 2 again, in another labelling, but parameter counts differ"),
        ("2+2,4", "2+7,4", "line 4: '2\\+7' is no pair"),
        ("9.5,101", "9.5", "line 4: 5 values for 6 columns"),
        ("repeat", "epochs", "has 2 columns for 'epochs'"),
        ("0+1,4", '"0+1,4', "cannot read"),
    ],
)
def test_trouble_is_named_by_line_and_column(tmp_path: Path, pairs: Pairs, old: str, new: str, words: str) -> None:
    assert old in PAIRS
    with pytest.raises(TableError, match=words) as caught:
        imported(tmp_path, PAIRS.replace(old, new, 1), pairs)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["source.csv"]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00", b"PAR1PAR1", b"architecture,epochs\n\xff\xfe"])
def test_files_that_do_not_read_are_refused_in_one_line(tmp_path: Path, pairs: Pairs, content: bytes) -> None:
    (tmp_path / "source").write_bytes(content)
    with pytest.raises(TableError) as caught:
        import_csv(tmp_path / "source", pairs, tmp_path / "table.h5")
    assert "\n" not in str(caught.value)


def test_a_matrix_may_be_text_brackets_or_nested_lists(tmp_path: Path) -> None:
    space = NASBench101(vertices=3)
    keys = [imported(tmp_path, CELLS, space).keys.tolist()]
    brackets = CELLS.replace("010001000", '"[[0, 1, 0], [0, 0, 1], [0, 0, 0]]"').replace(CHAIN[:33], ",")
    keys.append(imported(tmp_path, brackets.replace("module_hash", "note"), space).keys.tolist())
    columns = {
        "adjacency": [[[0, 1, 0], [0, 0, 1], [0, 0, 0]]],
        "operations": [["input", "conv3x3-bn-relu", "output"]],
        "epochs": [108],
        "test_accuracy": [0.9],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "lists.parquet")
    import_csv(tmp_path / "lists.parquet", space, tmp_path / "lists.h5")
    keys.append(Table.open(tmp_path / "lists.h5").keys.tolist())
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("b49ac8", "b49ac9", "line 2: the hash b49ac9c578b4561d79ac7087988f1c61 is not that of its cell"),
        ("b49ac8", "xyz", "line 2: 'xyzc578b4561d79ac7087988f1c61' is no hash"),
        ("010001000", "010001001", "line 2: an adjacency matrix holds 0 and 1 above"),
        ("010001000", "01000100", "line 2: '01000100' is no square matrix"),
        ("010001000", "000001000", "line 2.*outside"),
        ("conv3x3-bn-relu", "conv9x9", "line 2.*conv9x9"),
    ],
)
def test_a_wrong_hash_or_graph_is_named_by_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        imported(tmp_path, CELLS.replace(old, new, 1), NASBench101())


def test_graphs_are_refused_in_a_space_without_graphs(tmp_path: Path, pairs: Pairs) -> None:
    with pytest.raises(TableError, match="line 2: space 'pairs4' has no adjacency matrices"):
        imported(tmp_path, CELLS, pairs)


def test_means_are_one_repeat_and_the_provenance_says_so(tmp_path: Path, pairs: Pairs) -> None:
    text = "architecture,epochs,mean_test_accuracy,note\n0+1,4,0.5,x\n"
    table = imported(tmp_path, text, pairs, mean_of=3)
    assert table.repeats == 1
    assert table.provenance["repeats"] == "mean of 3 repeats"
    assert table.provenance["ignored_columns"] == ["note"]
    assert imported(tmp_path, text, pairs).provenance["repeats"] == "mean of repeats"


@needs_data
def test_the_published_means_of_91_cells_import_as_they_are(tmp_path: Path) -> None:
    space = NASBench101(vertices=4)
    import_csv(PUBLISHED / "means_up_to_4_vertices.csv", space, tmp_path / "table.h5", mean_of=3)
    table = Table.open(tmp_path / "table.h5")
    assert (len(table), table.epochs) == (91, (4, 12, 36, 108))
    assert table.rows(space.enumerate_keys()).tolist() == list(range(91))
    assert verify(table, space) == []


@needs_data
def test_the_published_means_of_cells_of_all_sizes_import_as_they_are(tmp_path: Path) -> None:
    with (
        gzip.open(PUBLISHED / "mean_test_108.csv.gz", "rt") as whole,
        gzip.open(tmp_path / "part.csv.gz", "wt") as part,
    ):
        part.writelines(line for place, line in enumerate(whole) if place % 100 == 0)  # the header is line 0
    import_csv(tmp_path / "part.csv.gz", NASBench101(), tmp_path / "table.h5", mean_of=3)
    means = Table.open(tmp_path / "table.h5").mean("test_accuracy")
    assert len(means) == 4236
    assert abs(means.mean() - 0.89680) < 5 * 0.05800 / 4236**0.5  # mean and deviation of all 423,624 cells
    assert means.max() <= 0.943175752957662  # the best of all, as others found it in the data set
