"""Files in the published forms of NAS-Bench-201, with invented numbers: the real ones have 15,625 cells and 1 to 5 GB.

The forms are those that nats_bench 1.x and nas_201_api read, and that AutoDL-Projects' tss-collect.py wrote.
"""

from __future__ import annotations

import bz2
import pickle
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backends.tabular import Table
from backends.tabular.importers import import_table
from harness.spaces.nasbench201 import NASBench201

SPACE = NASBench201()

CONVOLUTIONS = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
SKIPS = "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
NOTHING = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
CELLS = (CONVOLUTIONS, SKIPS, NOTHING)

EVALUATIONS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("ori-test", "x-valid", "x-test"),
    "ImageNet16-120": ("ori-test", "x-valid", "x-test"),
}
SEEDS = {12: ((111, 777), (777,), (777,)), 200: ((777, 888, 999), (777, 999), (888,))}
"""Of each cell, by the epochs of its training."""


def imported(source: Path, **options: Any) -> Table:
    table = source.parent / "table.h5"
    import_table("nasbench201", source, SPACE, table, **options)
    return Table.open(table)


def percent(cell: int, epochs: int, seed: int, dataset: str, evaluation: str) -> float:
    """The accuracy that the files hold at the end of a training, different everywhere."""
    names = ("train", "x-valid", "x-test", "ori-test")
    place = 4 * list(EVALUATIONS).index(dataset) + names.index(evaluation)
    return 10 + 20 * cell + 5 * (epochs == 200) + (seed // 111) / 4 + place / 8


def trial(cell: int, epochs: int, seed: int, dataset: str, *, old: bool = False) -> dict[str, Any]:
    """One training; an ``old`` one was evaluated at every epoch on one set, and on the others at its end alone."""
    at_every_epoch = EVALUATIONS[dataset][:1] if old else EVALUATIONS[dataset]
    last = epochs - 1
    accuracies, times = {}, {}
    for name in EVALUATIONS[dataset]:
        for epoch in range(epochs) if name in at_every_epoch else (last,):
            accuracies[f"{name}@{epoch}"] = percent(cell, epochs, seed, dataset, name) - (last - epoch) / 100
            times[f"{name}@{epoch}"] = 1.5
    return {
        "name": dataset,
        "net_state_dict": None,
        "train_acc1es": {n: percent(cell, epochs, seed, dataset, "train") - (last - n) / 100 for n in range(epochs)},
        "train_acc5es": dict.fromkeys(range(epochs), 99.0),
        "train_losses": dict.fromkeys(range(epochs), 0.5),
        "train_times": OrderedDict((n, 2.0 + cell) for n in range(epochs)),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": CELLS[cell], "class_num": 10},
        "params": np.float64((73_306, 1_531_331, 5)[cell] / 1e6),
        "flop": np.float64(7.78),
        "seed": str(seed),
        "epochs": epochs,
        "latency": [0.01 + cell],
        "eval_names": list(EVALUATIONS[dataset]),
        "eval_acc1es": accuracies,
        "eval_losses": dict.fromkeys(accuracies, 0.7),
        "eval_times": {} if old else times,
    }


def state(cell: int, epochs: int, **options: Any) -> dict[str, Any]:
    """All trainings of a cell for so many epochs, on every data set."""
    seeds = SEEDS[epochs][cell]
    return {
        "arch_index": cell,
        "arch_str": CELLS[cell],
        "all_results": {
            (name, seed): trial(cell, epochs, seed, name, **options) for name in EVALUATIONS for seed in seeds
        },
        "dataset_seed": {name: list(seeds) for name in EVALUATIONS},
        "clear_net_done": True,
    }


def entry(cell: int, names: tuple[str, str] = ("12", "200"), **options: Any) -> dict[str, Any]:
    """What NATS-Bench holds of a cell, or NAS-Bench-201 with the names ``less`` and ``full``."""
    return OrderedDict((name, state(cell, epochs, **options)) for name, epochs in zip(names, (12, 200), strict=True))


def whole(names: tuple[str, str] = ("12", "200")) -> dict[str, Any]:
    """What a file of all cells holds."""
    cells = range(len(CELLS))
    return {
        "meta_archs": list(CELLS),
        "total_archs": len(CELLS),
        "arch2infos": {cell: entry(cell, names) for cell in cells},
        "evaluated_indexes": set(cells),
    }


def compressed(path: Path, content: Any) -> Path:
    """Write as NATS-Bench does."""
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4), 1))
    return path


@cache
def _entry(cell: int) -> bytes:
    return bz2.compress(pickle.dumps(entry(cell), protocol=4), 1)


def folder(path: Path, entries: Callable[[int], Any] | None = None) -> Path:
    """A folder of one file a cell."""
    path.mkdir(exist_ok=True)
    compressed(path / "meta.pickle.pbz2", {"meta_archs": list(CELLS), "arch2infos": None, "evaluated_indexes": set()})
    for cell in range(len(CELLS)):
        file = path / f"{cell:06d}.pickle.pbz2"
        if entries is None:
            file.write_bytes(_entry(cell))
        else:
            compressed(file, entries(cell))
    return path
