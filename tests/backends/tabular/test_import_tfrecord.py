"""Importing NAS-Bench-101's record files."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from backends.tabular import Table
from backends.tabular.import_tfrecord import import_tfrecord
from backends.tabular.model_metrics import METRICS_CLASS
from backends.tabular.tfrecord import frame
from benchmarks.synthetic_tfrecord import write_synthetic
from harness.core.errors import TableError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import key_of_matrix
from tests.backends.tabular.test_tfrecord import ROW

# hash, adjacency, operations: input->conv3x3->output, and two labellings of one cell (NAS-Bench-101's hashes)
CHAIN = ("b49ac8c578b4561d79ac7087988f1c61", "010001000", "input,conv3x3-bn-relu,output")
DIAMOND = ("1af995a92568cf42af2c2668f72834ea", "0110000100010000", "input,conv3x3-bn-relu,conv1x1-bn-relu,output")
TURNED = (DIAMOND[0], DIAMOND[1], "input,conv1x1-bn-relu,conv3x3-bn-relu,output")


def record(
    cell: tuple[str, str, str], epochs: int, final: float, *, seconds: float = 100.0, parameters: int = 7
) -> bytes:
    """A framed record whose accuracies are ``final`` and, at half time, half of it."""
    metrics = METRICS_CLASS(trainable_parameters=parameters, total_time=0.0)
    for part in (0.0, 0.5, 1.0):
        accuracies = {f"{split}_accuracy": part * final for split in ("train", "validation", "test")}
        metrics.evaluation_data.add(current_epoch=part * epochs, training_time=part * seconds, **accuracies)
    module_hash, adjacency, operations = cell
    raw = base64.b64encode(metrics.SerializeToString()).decode()
    return frame(json.dumps([module_hash, epochs, adjacency, operations, raw]).encode())


def imported(folder: Path, records: Sequence[bytes], space: NASBench101 | None = None) -> Table:
    (folder / "source.tfrecord").write_bytes(b"".join(records))
    import_tfrecord(folder / "source.tfrecord", space or NASBench101(), folder / "table.h5")
    return Table.open(folder / "table.h5")


def test_the_record_of_known_bytes_becomes_its_numbers(tmp_path: Path) -> None:
    table = imported(tmp_path, [frame(ROW)])
    assert (len(table), table.epochs, table.repeats, table.space) == (1, (108,), 1, "nasbench101")
    assert table.metrics == ("train_accuracy", "validation_accuracy", "test_accuracy", "training_seconds")
    final = [table.values(metric)[0, 0] for metric in table.metrics]
    half = [table.values(metric, halfway=True)[0, 0] for metric in table.metrics]
    assert final == [1.0, 0.9375, 0.875, 1200.25]
    assert half == [0.75, 0.625, 0.5, 600.5]
    assert table.parameters is not None
    assert table.parameters[0] == 2694282
    assert table.hashes is not None
    assert table.hashes[0].tobytes().hex() == "b49ac8c578b4561d79ac7087988f1c61"


def test_repeats_are_numbered_in_the_order_of_the_file_and_missing_ones_are_absent(tmp_path: Path) -> None:
    records = [record(CHAIN, 108, 0.9), record(DIAMOND, 108, 0.8), record(CHAIN, 4, 0.3), record(CHAIN, 108, 0.7)]
    table = imported(tmp_path, records)
    (row,) = table.rows(np.array([key_of_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0])]))
    assert table.epochs == (4, 108)
    assert table.values("test_accuracy", 108, np.array([row])).tolist() == [[0.9, 0.7]]
    assert table.recorded(4, np.array([row])).tolist() == [[True, False]]
    assert table.recorded(108).sum() == 3


def test_the_labelling_of_the_file_is_kept_beside_the_canonical_one(tmp_path: Path) -> None:
    table = imported(tmp_path, [record(TURNED, 108, 0.5)])
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert table.written.tolist() == [key_of_matrix(matrix, [1, 0])]
    assert table.keys.tolist() == [key_of_matrix(matrix, [0, 1])]


def test_importing_the_same_file_twice_gives_the_same_digest(tmp_path: Path) -> None:
    records = [record(CHAIN, 108, 0.9), record(DIAMOND, 108, 0.8)]
    first = imported(tmp_path, records).digest
    assert imported(tmp_path, records).digest == first
    assert imported(tmp_path, [record(CHAIN, 108, 0.9), record(DIAMOND, 108, 0.81)]).digest != first


def test_a_whole_synthetic_space_is_found_cell_by_cell(tmp_path: Path) -> None:
    assert write_synthetic(tmp_path / "v4.tfrecord", vertices=4, budgets=(4, 108)) == 91 * 3 * 2
    calls: list[tuple[int, int]] = []
    space = NASBench101(vertices=4)
    import_tfrecord(
        tmp_path / "v4.tfrecord", space, tmp_path / "v4.h5", lambda done, total: calls.append((done, total))
    )
    table = Table.open(tmp_path / "v4.h5")
    assert table.rows(space.enumerate_keys()).tolist() == list(range(91))
    assert table.recorded(4).all()
    assert (table.values("training_seconds", 108) > table.values("training_seconds", 4)).any()
    size = (tmp_path / "v4.tfrecord").stat().st_size
    assert calls[-1] == (size, size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([frame(ROW), frame(b"not json")], "record 2.*at byte 314, no NAS-Bench-101 record"),
        ([frame(b'["a", 1, "b"]')], "record 1.*no NAS-Bench-101 record"),
        ([frame(b'["b49ac8c578b4561d79ac7087988f1c61", 108, "010001000", "input,output", "!!!"]')], "record 1"),
        ([frame(json.dumps([CHAIN[0], 108, *CHAIN[1:], "CgA="]).encode())], "record 1.*not enough values"),
        ([record(CHAIN, 108, 93.0)], "record 1: train_accuracy is 93.0.*fraction"),
        ([record(CHAIN, 108, 0.9, seconds=-5.0)], "record 1: training_seconds is -5.0"),
        ([record(("no hash", *CHAIN[1:]), 108, 0.9)], "record 1: 'no hash' is no hash"),
        ([record(CHAIN, 108, 0.9), record((CHAIN[0], *DIAMOND[1:]), 108, 0.9)], "record 2.*another cell"),
        ([record(DIAMOND, 108, 0.9), record((CHAIN[0], *TURNED[1:]), 108, 0.9)], "record 2.*record 1 again.*hashes"),
        ([record((CHAIN[0], "010001000", "input,conv5x5,output"), 108, 0.9)], "record 1.*conv5x5"),
        ([record((CHAIN[0], "000001000", CHAIN[2]), 108, 0.9)], "record 1.*outside"),
        ([], "holds no trainings"),
    ],
)
def test_what_is_no_nasbench_file_is_refused_in_one_line_and_writes_nothing(
    tmp_path: Path, content: list[bytes], words: str
) -> None:
    with pytest.raises(TableError, match=words) as caught:
        imported(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.tfrecord"]


def test_a_cell_outside_a_smaller_space_is_refused_with_its_record(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"record 2.*outside space 'nasbench101-v3'"):
        imported(tmp_path, [record(CHAIN, 108, 0.9), record(DIAMOND, 108, 0.9)], NASBench101(vertices=3))


def test_a_missing_file_is_a_table_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        import_tfrecord(tmp_path / "none.tfrecord", NASBench101(), tmp_path / "table.h5")
