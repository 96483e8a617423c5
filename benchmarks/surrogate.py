"""The quality and cost of surrogates of NAS-Bench-101 fitted to few and many cells, and of searches on them.

    harness table import csv mean_test_108.csv.gz --space nasbench101 --mean-of 3 --output FILE.h5
    python -m benchmarks.surrogate --table FILE.h5 [--part fits|searches] [--workers N]

FILE is a table of all 423,624 cells, such as the table of mean test accuracies after 108 epochs, which has no
validation column: surrogate and search then see the test metric, and the results of searches are too good. ``fits``
fits each model to several numbers of random cells, with three seeds, and evaluates it on a tenth of all cells, which
the seed holds out. ``searches`` runs the same searches on the table and on a forest of 50,000 cells; the table judges
both. Writes ``benchmarks/results/surrogate.json`` after every step, and resumes from the file's figures of the same
table. Times are processor times; ``load_average`` is the load of the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from backends.surrogate.examples import examples_of_table
from backends.surrogate.files import Surrogate
from backends.tabular import Table
from benchmarks.recording import machine, stored, write
from benchmarks.timing import processor_seconds
from harness.core.space import SearchSpace
from harness.planning.settings import create_space
from harness.studies.surrogate.measure import FitRequest, fit_surrogate

RESULTS = Path(__file__).parent / "results" / "surrogate.json"
MODELS = ("forest", "boosting")
CELLS = (500, 5_000, 50_000)
SEEDS = (0, 1, 2)
POLICIES = ("random-search", "evolution", "nao")
SINGLE, BATCH = 200, 2_000
"""The numbers of queries that are timed one by one, and in one batch."""

KEPT = ("mean", "std", "best_rank", "queries", "values")
"""What is written of each policy of a leaderboard."""

SHOWN = ("tau", "sparse_tau", "r2", "rmse", "calibration_error")


def fit(table: Table, space: SearchSpace, metric: str, request: FitRequest, folder: Path) -> dict[str, float]:
    """Fit once; returns the quality, and the costs of fitting (with evaluation and writing), querying and storing."""
    path = folder / f"{request.model}-{request.cells}-{request.seed}.surrogate.h5"
    start = time.process_time()
    surrogate = fit_surrogate(examples_of_table(table, metric), space, request, path, lambda done, total: None)
    figures = {"fit_processor_seconds": time.process_time() - start, "file_mb": path.stat().st_size / 1e6}
    held = surrogate.facts.held_out
    figures |= {name: held[name] for name in SHOWN}
    figures |= {f"inside_{level}": share for level, share in held["inside"].items()}
    return figures | _queries(surrogate, space, table)


def _queries(surrogate: Surrogate, space: SearchSpace, table: Table) -> dict[str, float]:
    keys = np.random.default_rng(0).choice(table.keys, BATCH)
    single = processor_seconds(lambda: [surrogate.predict(space, keys[i : i + 1]) for i in range(SINGLE)])
    batch = processor_seconds(lambda: surrogate.predict(space, keys))
    return {"query_milliseconds": 1e3 * single / SINGLE, "batched_queries_per_second": BATCH / batch}


def fits(table: Table, metric: str, folder: Path, document: dict[str, Any]) -> None:
    """Run the fits that the document lacks, and compute the means and deviations over the seeds."""
    space, known = create_space(table.space), document.setdefault("fits", {})
    for cells, model, seed in product(CELLS, MODELS, SEEDS):
        name = f"{model}, {cells:,} cells, seed {seed}"
        if name not in known:
            request = FitRequest(model=model, cells=cells, seed=seed)
            known[name] = _rounded(fit(table, space, metric, request, folder))
            _save(document)
            print(name, known[name], flush=True)
    named = {f"{model}, {cells:,} cells": (model, cells) for model, cells in product(MODELS, CELLS)}
    document["means over seeds"] = {name: _summed([known[f"{name}, seed {seed}"] for seed in SEEDS]) for name in named}
    _save(document)


def _summed(rows: list[Mapping[str, float]]) -> dict[str, list[float]]:
    """The mean and standard deviation of each figure."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: [_short(statistics.mean(all_)), _short(statistics.stdev(all_))] for name, all_ in columns.items()}


def searches(table: Table, metric: str, folder: Path, document: dict[str, Any], workers: int) -> None:
    """Run the same searches on the table and on a surrogate of it, with ten seeds a policy."""
    from harness.leaderboard.end_to_end import compare
    from harness.live.display import display_for
    from harness.planning.experiment import Experiment

    file = folder / "searched.surrogate.h5"
    request = FitRequest(cells=CELLS[-1])
    if not file.is_file():
        fit_surrogate(examples_of_table(table, metric), create_space(table.space), request, file, lambda *_: None)
    for oracle in ("tabular", "surrogate"):
        settings = {"oracle.surrogate": str(file)} if oracle == "surrogate" else {}
        experiment = Experiment(
            policies=POLICIES,
            oracles=(oracle,),
            table=str(table.path),
            search_metric=metric.partition("_")[0],
            settings=settings,
            workers=workers,
            store=f"sqlite:///{folder / 'searches.db'}",
            equal_cost=False,
        )
        board = compare(experiment, display_for(True, None))
        document.setdefault("searches", {})[oracle] = {
            "policies": {entry.policy: {name: getattr(entry, name) for name in KEPT} for entry in board.entries},
            "warnings": list(board.warnings),
        }
        _save(document)


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: _short(value) for name, value in figures.items()}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _save(document: dict[str, Any]) -> None:
    document["load_average"] = round(os.getloadavg()[0], 1)
    part = RESULTS.with_suffix(".part")
    write(part, document)
    part.replace(RESULTS)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True, help="a table of the whole space nasbench101")
    parser.add_argument("--metric", default="test_accuracy", help="what is learnt and searched by")
    parser.add_argument("--part", choices=("fits", "searches"), help="one of the parts alone")
    parser.add_argument("--folder", type=Path, help="where surrogates and runs go (default: removed afterwards)")
    parser.add_argument("--workers", type=int, default=1, help="searches at a time")
    options = parser.parse_args()
    table = Table.open(options.table)
    document = stored(RESULTS)
    what = {"table": table.digest, "metric": options.metric}
    if {name: document.get(name) for name in what} != what:
        document = what
    document["machine"] = machine(f"NumPy {np.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.part != "searches":
            fits(table, options.metric, folder, document)
        if options.part != "fits":
            searches(table, options.metric, folder, document, options.workers)


if __name__ == "__main__":
    main()
