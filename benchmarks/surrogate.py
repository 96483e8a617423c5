"""The quality and cost of surrogates of NAS-Bench-101 fitted to few and many cells, and of searches on them.

    harness table import csv mean_test_108.csv.gz --space nasbench101 --mean-of 3 --output FILE.h5
    python -m benchmarks.surrogate --table FILE.h5 [--part fits|searches] [--workers N] [--quick]

FILE is a table of all 423,624 cells, such as the table of mean test accuracies after 108 epochs, which has no
validation column: surrogate and search then see the test metric, and the results of searches are too good. ``fits``
fits each model to several numbers of random cells, with three seeds, and evaluates it on a tenth of all cells, which
the seed holds out. ``searches`` runs the same searches on the table and on a forest of 50,000 cells; the table judges
both. Writes ``benchmarks/results/surrogate.json`` after every step, and resumes from the file's figures of the same
table. Times are processor times; ``load_average`` is the load of the machine.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from backends.surrogate.examples import examples_of_table
from backends.surrogate.files import Surrogate
from backends.tabular import Table
from benchmarks.command_line import command_line, known_figures, results_file, write_figures
from harness.core.space import SearchSpace
from harness.planning.settings import create_space
from harness.studies.surrogate.measure import FitRequest, fit_surrogate

POLICIES = ("random-search", "evolution", "nao")
SHOWN = ("tau", "sparse_tau", "r2", "rmse", "calibration_error")


@dataclass(frozen=True, slots=True)
class SurrogateScale:
    """Models, numbers of cells and seeds of the fits, and the fields of the experiment of the searches.

    ``queries`` is the number of queries that are timed one by one; ten times as many are timed in one batch.
    """

    models: tuple[str, ...] = ("forest", "boosting")
    cells: tuple[int, ...] = (500, 5_000, 50_000)
    seeds: tuple[int, ...] = (0, 1, 2)
    queries: int = 200
    searches: Mapping[str, Any] = field(default_factory=lambda: {"policies": POLICIES})


QUICK = SurrogateScale(
    ("forest",), (60,), (0, 1), 2, {"policies": POLICIES[:1], "seeds": (1, 2), "budget": {"queries": 5}}
)


@dataclass(frozen=True, slots=True)
class SurrogateTask:
    """The table and metric to learn and search, the scale, and the places of surrogates, runs and figures."""

    table: Table
    metric: str
    scale: SurrogateScale
    folder: Path
    results: Path | None

    def save(self, document: dict[str, Any]) -> None:
        """Write the figures so far."""
        write_figures(self.results, document | {"load_average": round(os.getloadavg()[0], 1)})


def fit(task: SurrogateTask, space: SearchSpace, request: FitRequest) -> dict[str, float]:
    """Fit once; returns the quality, and the costs of fitting (with evaluation and writing), querying and storing."""
    path = task.folder / f"{request.model}-{request.cells}-{request.seed}.surrogate.h5"
    examples, start = examples_of_table(task.table, task.metric), time.process_time()
    surrogate = fit_surrogate(examples, space, request, path, lambda done, total: None)
    figures = {"fit_processor_seconds": time.process_time() - start, "file_mb": path.stat().st_size / 1e6}
    held = surrogate.facts.held_out
    figures |= {name: held[name] for name in SHOWN}
    figures |= {f"inside_{level}": share for level, share in held["inside"].items()}
    return figures | _queries(surrogate, space, task.table, task.scale.queries)


def _queries(surrogate: Surrogate, space: SearchSpace, table: Table, number: int) -> dict[str, float]:
    keys = np.random.default_rng(0).choice(table.keys, 10 * number)
    single = _processor_seconds(lambda: [surrogate.predict(space, keys[i : i + 1]) for i in range(number)])
    batch = _processor_seconds(lambda: surrogate.predict(space, keys))
    return {"query_milliseconds": 1e3 * single / number, "batched_queries_per_second": len(keys) / batch}


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def fits(task: SurrogateTask, document: dict[str, Any]) -> None:
    """Run the fits that the document lacks, and compute the means and deviations over the seeds."""
    space, scale, known = create_space(task.table.space), task.scale, document.setdefault("fits", {})
    for cells, model, seed in product(scale.cells, scale.models, scale.seeds):
        name = f"{model}, {cells:,} cells, seed {seed}"
        if name not in known:
            request = FitRequest(model=model, cells=cells, seed=seed)
            known[name] = _rounded(fit(task, space, request))
            task.save(document)
            print(name, known[name], flush=True)
    names = [f"{model}, {cells:,} cells" for model, cells in product(scale.models, scale.cells)]
    document["means over seeds"] = {
        name: _summed([known[f"{name}, seed {seed}"] for seed in scale.seeds]) for name in names
    }
    task.save(document)


def _summed(rows: list[Mapping[str, float]]) -> dict[str, list[float]]:
    """The mean and standard deviation of each figure."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: [_short(statistics.mean(all_)), _short(statistics.stdev(all_))] for name, all_ in columns.items()}


def searches(task: SurrogateTask, document: dict[str, Any], workers: int) -> None:
    """Run the same searches on the table and on a surrogate of it, with ten seeds a policy."""
    from harness.leaderboard.end_to_end import compare
    from harness.live.display import display_for
    from harness.planning.experiment import Experiment

    table, file = task.table, task.folder / "searched.surrogate.h5"
    request = FitRequest(cells=task.scale.cells[-1])
    if not file.is_file():
        fit_surrogate(examples_of_table(table, task.metric), create_space(table.space), request, file, lambda *_: None)
    for oracle in ("tabular", "surrogate"):
        settings = {"oracle.surrogate": str(file)} if oracle == "surrogate" else {}
        experiment = Experiment(
            oracles=(oracle,),
            table=str(table.path),
            search_metric=task.metric.partition("_")[0],
            settings=settings,
            workers=workers,
            store=f"sqlite:///{task.folder / 'searches.db'}",
            equal_cost=False,
            **task.scale.searches,
        )
        board = compare(experiment, display_for(True, None))
        document.setdefault("searches", {})[oracle] = {
            "policies": {
                entry.policy: {
                    "mean": entry.mean,
                    "std": entry.std,
                    "best_rank": entry.best_rank,
                    "queries": entry.queries,
                    "values": list(entry.values),
                }
                for entry in board.entries
            },
            "warnings": list(board.warnings),
        }
        task.save(document)


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: _short(value) for name, value in figures.items()}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def main() -> None:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--table", required=True, help="a table of the whole space nasbench101")
    parser.add_argument("--metric", default="test_accuracy", help="what is learnt and searched by")
    parser.add_argument("--part", choices=("fits", "searches"), help="one of the parts alone")
    parser.add_argument("--folder", type=Path, help="where surrogates and runs go (default: removed afterwards)")
    parser.add_argument("--workers", type=int, default=1, help="searches at a time")
    options = parser.parse_args()
    table = Table.open(options.table)
    results = results_file(options, "surrogate.json")
    document = known_figures(results)
    what = {"table": table.digest, "metric": options.metric}
    if {name: document.get(name) for name in what} != what:
        document = what
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    document["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, {versions}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        task = SurrogateTask(table, options.metric, QUICK if options.quick else SurrogateScale(), folder, results)
        if options.part != "searches":
            fits(task, document)
        if options.part != "fits":
            searches(task, document, options.workers)


if __name__ == "__main__":
    main()
