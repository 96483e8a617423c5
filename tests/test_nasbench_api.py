"""The drop-in for nasbench.api, against a small re-statement of what NAS-Bench-101's api.py does."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular import Table, write_table
from backends.tabular.import_tfrecord import import_tfrecord
from backends.tabular.model_metrics import METRICS_CLASS
from benchmarks.synthetic_tfrecord import write_synthetic
from harness.core.errors import IncompatibleError, TableError
from harness.nasbench_api import ModelSpec, NASBench, OutOfDomainError
from harness.spaces.nasbench101 import NASBench101

CONV1, CONV3, POOL = "conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3"


@pytest.fixture(scope="module")
def record_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "v5.tfrecord"
    write_synthetic(path, vertices=5, budgets=(4, 108))
    return path


@pytest.fixture(scope="module")
def table_file(record_file: Path) -> Path:
    import_tfrecord(record_file, NASBench101(), record_file.with_suffix(".h5"))
    return record_file.with_suffix(".h5")


@pytest.fixture(scope="module")
def reference(record_file: Path) -> dict[str, Any]:
    """The content of the file as api.py arranges it: hash -> (fixed, epochs -> repeats)."""
    content: dict[str, Any] = {}
    for row in raw_records(record_file.read_bytes()):
        module_hash, epochs, adjacency, operations, raw = json.loads(row)
        metrics = METRICS_CLASS.FromString(base64.b64decode(raw))
        side = int(len(adjacency) ** 0.5)
        fixed = {
            "module_adjacency": np.array(list(map(int, adjacency))).reshape(side, side),
            "module_operations": operations.split(","),
            "trainable_parameters": metrics.trainable_parameters,
        }
        point = {}
        for stage, evaluation in zip(("halfway", "final"), metrics.evaluation_data[1:], strict=True):
            for name in ("training_time", "train_accuracy", "validation_accuracy", "test_accuracy"):
                point[f"{stage}_{name}"] = getattr(evaluation, name)
        content.setdefault(module_hash, (fixed, {}))[1].setdefault(epochs, []).append(point)
    return content


def raw_records(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        yield content[place + 12 : place + 12 + length]
        place += length + 16


def relabelled(fixed: dict[str, Any], rng: np.random.Generator) -> ModelSpec:
    """The cell with its interior vertices in another order that stays upper triangular, and dead vertices added."""
    matrix, ops = fixed["module_adjacency"], fixed["module_operations"]
    size = len(ops)
    while True:
        order = np.array([0, *(rng.permutation(size - 2) + 1), size - 1])
        turned = matrix[np.ix_(order, order)]
        if not np.tril(turned).any():
            break
    larger = np.zeros((size + 2, size + 2), dtype=int)
    kept = np.array([0, *sorted(rng.choice(np.arange(1, size + 1), size - 2, replace=False)), size + 1])
    larger[np.ix_(kept, kept)] = turned
    labels = np.full(size + 2, POOL, dtype=object)
    labels[kept] = [ops[vertex] for vertex in order]
    dead = next(vertex for vertex in range(size + 2) if vertex not in kept)
    larger[0, dead] = 1
    return ModelSpec(larger, labels.tolist())


def same_fixed(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return (
        ours["module_adjacency"].tolist() == theirs["module_adjacency"].tolist()
        and ours["module_operations"] == theirs["module_operations"]
        and ours["trainable_parameters"] == theirs["trainable_parameters"]
    )


def test_every_hash_leads_to_the_published_numbers(table_file: Path, reference: dict[str, Any]) -> None:
    nasbench = NASBench(table_file)
    assert nasbench.valid_epochs == {4, 108}
    assert set(nasbench.hash_iterator()) == set(reference)
    assert len(nasbench.hash_iterator()) == 2532
    for module_hash, (fixed, computed) in reference.items():
        ours = nasbench.get_metrics_from_hash(module_hash)
        assert same_fixed(ours[0], fixed)
        assert ours[1] == computed
    assert nasbench.get_budget_counters() == (0.0, 0)


@pytest.mark.parametrize("seed", [0, 1, 1234])
def test_queries_draw_the_same_repeats_and_count_the_same_costs(
    table_file: Path, reference: dict[str, Any], seed: int
) -> None:
    nasbench, theirs, rng = NASBench(table_file, seed=seed), random.Random(seed), np.random.default_rng(seed)
    seconds, spent = 0.0, 0
    hashes = sorted(reference)
    for _ in range(300):
        fixed, computed = reference[hashes[rng.integers(len(hashes))]]
        epochs, half = int(rng.choice([4, 108])), bool(rng.integers(2))
        ours = nasbench.query(relabelled(fixed, rng), epochs=epochs, stop_halfway=half)
        point = computed[epochs][theirs.randint(0, 2)]
        stage = "halfway" if half else "final"
        for name in ("training_time", "train_accuracy", "validation_accuracy", "test_accuracy"):
            assert ours[name] == point[f"{stage}_{name}"]
        assert same_fixed(ours, fixed)
        seconds, spent = seconds + ours["training_time"], spent + (epochs // 2 if half else epochs)
        assert nasbench.get_budget_counters() == (seconds, spent)
    nasbench.reset_budget_counters()
    assert nasbench.get_budget_counters() == (0.0, 0)


def test_the_global_generator_is_left_alone(table_file: Path) -> None:
    random.seed(5)
    state = random.getstate()
    NASBench(table_file, seed=0).query(ModelSpec([[0, 1], [0, 0]], ["input", "output"]))
    assert random.getstate() == state


def test_a_record_file_is_imported_once_and_answers_the_same(
    record_file: Path, table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.nasbench_api.cache_folder", lambda: tmp_path)
    spec = ModelSpec([[0, 1, 1], [0, 0, 1], [0, 0, 0]], ["input", CONV3, "output"])
    first, second = NASBench(str(record_file), seed=3), NASBench(table_file, seed=3)
    assert first.query(spec)["test_accuracy"] == second.query(spec)["test_accuracy"]
    (cached,) = tmp_path.rglob("*.h5")
    before = cached.stat().st_mtime_ns
    NASBench(record_file)
    assert cached.stat().st_mtime_ns == before


def test_pruning_and_hashes_follow_the_published_vectors() -> None:
    inception = np.zeros((7, 7), dtype=int)
    for edge in [(0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)]:
        inception[edge] = 1
    spec = ModelSpec(inception, ["input", CONV1, CONV3, CONV3, CONV3, POOL, "output"])
    assert spec.hash_spec([CONV3, CONV1, POOL]) == "28cfc7874f6d200472e1a9dcd8650aa0"
    dead = ModelSpec([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], ["input", CONV3, POOL, "output"])
    assert dead.valid_spec
    assert dead.matrix is not None
    assert dead.matrix.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert dead.ops == ["input", CONV3, "output"]
    assert dead.original_matrix.shape == (4, 4)
    assert dead.original_ops == ["input", CONV3, POOL, "output"]
    assert dead.hash_spec([CONV3, CONV1, POOL]) == "b49ac8c578b4561d79ac7087988f1c61"


def test_a_specification_does_not_follow_later_changes_of_its_arguments() -> None:
    matrix, ops = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]), ["input", CONV3, "output"]
    spec = ModelSpec(matrix, ops)
    matrix[0, 2], ops[1] = 1, POOL
    assert spec.matrix is not None
    assert spec.matrix[0, 2] == spec.original_matrix[0, 2] == 0
    assert spec.ops == spec.original_ops == ["input", CONV3, "output"]


@pytest.mark.parametrize("kind", [float, bool, np.int8, np.float32, object])
def test_matrices_of_any_number_type_find_their_cell(table_file: Path, kind: type) -> None:
    nasbench = NASBench(table_file, seed=0)
    spec = ModelSpec(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=kind), ["input", CONV3, "output"])
    assert spec.hash_spec(nasbench.config["available_ops"]) == "b49ac8c578b4561d79ac7087988f1c61"
    assert nasbench.query(spec)["module_operations"] == ["input", CONV3, "output"]


@pytest.mark.parametrize(
    ("matrix", "ops", "words"),
    [
        ([[0, 1]], ["input", "output"], "square"),
        ([0, 1], ["input", "output"], "square"),
        ([[0, 1], [0, 0]], ["input"], "length of ops"),
        ([[0, 1], [1, 0]], ["input", "output"], "upper triangular"),
        ([[0, 2], [0, 0]], ["input", "output"], "0 and 1"),
    ],
)
def test_malformed_specifications_are_value_errors(matrix: Any, ops: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ModelSpec(matrix, ops)


def chain(vertices: int) -> np.ndarray[Any, Any]:
    return np.eye(vertices, k=1, dtype=int)


@pytest.mark.parametrize(
    ("matrix", "ops", "words"),
    [
        (np.zeros((2, 2)), ["input", "output"], "disconnected"),
        (chain(8), ["input", *[CONV3] * 6, "output"], "too many vertices, got 8"),
        (np.triu(np.ones((5, 5), dtype=int), 1), ["input", *[CONV3] * 3, "output"], "too many edges, got 10"),
        (chain(3), [CONV3, CONV3, "output"], "first operation should be 'input'"),
        (chain(3), ["input", CONV3, CONV3], "last operation should be 'output'"),
        (chain(3), ["input", "conv5x5", "output"], "unsupported op conv5x5"),
    ],
)
def test_cells_outside_the_space_are_out_of_domain_and_cost_nothing(
    table_file: Path, matrix: Any, ops: list[str], words: str
) -> None:
    nasbench, spec = NASBench(table_file), ModelSpec(matrix, ops)
    assert not nasbench.is_valid(spec)
    with pytest.raises(OutOfDomainError, match=words):
        nasbench.query(spec)
    with pytest.raises(OutOfDomainError, match=words):
        nasbench.get_metrics_from_spec(spec)
    assert nasbench.get_budget_counters() == (0.0, 0)


def test_what_only_pruning_makes_valid_is_valid(table_file: Path) -> None:
    matrix = np.zeros((9, 9), dtype=int)
    matrix[0, 8] = matrix[0, 1] = matrix[1, 2] = 1
    assert NASBench(table_file).is_valid(ModelSpec(matrix, ["input", *["unknown"] * 7, "output"]))


def test_other_epochs_hashes_and_cells_raise_as_published(table_file: Path) -> None:
    nasbench = NASBench(table_file)
    spec = ModelSpec(chain(3), ["input", CONV3, "output"])
    with pytest.raises(OutOfDomainError, match="invalid number of epochs"):
        nasbench.query(spec, epochs=36)
    with pytest.raises(KeyError):
        nasbench.get_metrics_from_hash("0" * 32)
    with pytest.raises(KeyError, match="lacks this cell"):
        nasbench.query(ModelSpec(chain(7), ["input", *[CONV3] * 5, "output"]))
    with pytest.raises(NotImplementedError, match="answers from a table"):
        nasbench.evaluate(spec, "folder")
    with pytest.raises(OutOfDomainError, match="disconnected"):
        ModelSpec(np.zeros((2, 2)), ["input", "output"]).hash_spec([CONV3])


def test_metrics_from_a_specification_are_copies(table_file: Path) -> None:
    nasbench, spec = NASBench(table_file), ModelSpec(chain(3), ["input", CONV3, "output"])
    fixed, computed = nasbench.get_metrics_from_spec(spec)
    fixed["module_adjacency"][0, 1], computed[108][0]["final_test_accuracy"] = 9, 9.0
    again = nasbench.get_metrics_from_spec(spec)
    assert again[0]["module_adjacency"][0, 1] == 1
    assert again[1][108][0]["final_test_accuracy"] < 1


def test_a_partial_table_gives_what_it_has(tmp_path: Path) -> None:
    space, values = NASBench101(vertices=3), np.full((7, 1, 1), 0.5)
    write_table(
        tmp_path / "test_only.h5",
        space=space,
        keys=space.enumerate_keys(),
        epochs=(108,),
        recorded=np.arange(7)[:, None, None] > 0,
        final={"test_accuracy": np.where(np.arange(7)[:, None, None] > 0, values, np.nan)},
    )
    nasbench = NASBench(tmp_path / "test_only.h5")
    spec = ModelSpec(chain(3), ["input", CONV3, "output"])
    data = nasbench.query(spec)
    assert data.keys() == {"module_adjacency", "module_operations", "test_accuracy"}
    assert nasbench.get_budget_counters() == (0.0, 108)
    with pytest.raises(IncompatibleError, match="no halfway values"):
        nasbench.query(spec, stop_halfway=True)
    with pytest.raises(KeyError, match="no training of 108 epochs"):
        nasbench.query(ModelSpec([[0, 1], [0, 0]], ["input", "output"]))
    assert "b49ac8c578b4561d79ac7087988f1c61" in nasbench.hash_iterator()


def test_a_file_of_no_kind_and_a_table_of_another_space_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.nasbench_api.cache_folder", lambda: tmp_path)
    (tmp_path / "text.tfrecord").write_text("no records, only text")
    with pytest.raises(TableError, match="record 1"):
        NASBench(tmp_path / "text.tfrecord")


def test_the_table_behind_is_open_to_other_questions(table_file: Path) -> None:
    assert isinstance(NASBench(table_file).table, Table)
