"""Writes a record file in NAS-Bench-101's format, with all 423,624 real cells and invented numbers, for benchmarks.

python benchmarks/synthetic_tfrecord.py FILE [--full] [--vertices 7] [--seed 0]
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backends.tabular.model_metrics import METRICS_CLASS
from backends.tabular.tfrecord import frame
from harness.spaces.nasbench101_graphs import cells
from harness.spaces.nasbench101_hash import hashes
from harness.spaces.nasbench101_keys import INPUT, OPERATIONS, OUTPUT, matrix_of_key

REPEATS = 3
IMAGES = 9984
"""The number of images behind an accuracy: 39 batches of 256 (NAS-Bench-101, lib/evaluate.py)."""


def write_synthetic(path: Path, *, vertices: int = 7, budgets: Iterable[int] = (108,), seed: int = 0) -> int:
    """Write three records for every cell of at most ``vertices`` vertices and every budget; returns their number."""
    keys = cells(vertices)
    rng = np.random.default_rng(seed)
    quality = rng.beta(8, 2, size=len(keys))
    count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for cell, (key, module_hash) in enumerate(zip(keys.tolist(), hashes(keys), strict=True)):
            adjacency, labels = _text(key)
            for epochs in budgets:
                for evaluations in _trainings(rng, quality[cell], epochs):
                    raw = base64.b64encode(_metrics(evaluations, 882_570 + key % 4_000_000)).decode()
                    file.write(frame(json.dumps([module_hash, epochs, adjacency, labels, raw]).encode()))
                    count += 1
    return count


def _text(key: int) -> tuple[str, str]:
    matrix, operations = matrix_of_key(key)
    labels = (INPUT, *(OPERATIONS[code] for code in operations), OUTPUT)
    return "".join(str(entry) for row in matrix for entry in row), ",".join(labels)


def _trainings(rng: np.random.Generator, quality: float, epochs: int) -> npt.NDArray[np.float64]:
    """Evaluations (repeats, 3 moments, [epoch, seconds, train, validation, test]), better with more ``quality``."""
    moments = np.array([0, epochs / 2, epochs])
    reach = 0.1 + (0.85 * quality) * (moments / (moments + 6))
    noise = rng.normal(0, 0.004, size=(REPEATS, 3, 3))
    accuracies = np.clip(reach[:, None] + [0.04, 0.0, -0.006] + noise, 0, 1)
    counted = np.float32(np.round(accuracies * IMAGES) / IMAGES).astype(np.float64)
    seconds = moments * rng.uniform(8, 25, size=(REPEATS, 1))
    return np.concatenate([np.broadcast_to(moments, seconds.shape)[..., None], seconds[..., None], counted], axis=2)


def _metrics(evaluations: npt.NDArray[np.float64], parameters: int) -> bytes:
    metrics = METRICS_CLASS(trainable_parameters=parameters, total_time=float(evaluations[2, 1]) * 1.25)
    for epoch, seconds, train, validation, test in evaluations.tolist():
        metrics.evaluation_data.add(
            current_epoch=epoch,
            training_time=seconds,
            train_accuracy=train,
            validation_accuracy=validation,
            test_accuracy=test,
        )
    return metrics.SerializeToString()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--full", action="store_true", help="all four budgets, like nasbench_full.tfrecord")
    parser.add_argument("--vertices", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    budgets = (4, 12, 36, 108) if options.full else (108,)
    print(write_synthetic(options.file, vertices=options.vertices, budgets=budgets, seed=options.seed), "records")


if __name__ == "__main__":
    main()
