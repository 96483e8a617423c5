"""Speed and memory of tables at the size of NAS-Bench-101: import, opening, single and batched queries.

    python benchmarks/tables.py [--folder DIR] [--full]

Writes ``benchmarks/results/tables.json``. The record file is synthetic (benchmarks/synthetic_tfrecord.py): all 423,624
real cells with three repeats. Google's own API is not run here, since it needs TensorFlow; REFERENCE holds its figures
for the same kind of file on another machine. If ``load_average`` exceeds the number of cores, other processes slowed
the wall-clock figures down; processor times are unaffected. --folder keeps the record file for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "tables.json"

VERTICES = 7
SINGLE, BATCH = 20_000, 1_000_000
"""The numbers of cells that are queried one by one, and in one batch."""

REFERENCE = {
    "what": "Google's nasbench.api on a synthetic file of the same kind, measured on another machine",
    "load_seconds": 38,
    "load_memory_mb": 1350,
    "queries_per_second": [1500, 3400],
}
TARGETS = {
    "import_seconds": 90,
    "import_memory_mb": 1500,
    "open_and_first_query_seconds": 0.1,
    "open_memory_above_interpreter_mb": 150,
    "query_microseconds": 50,
    "batched_queries_per_second": 300_000,
}


def measure_write(file: str, full: str) -> dict[str, Any]:
    """Write the synthetic record file, unless an earlier run left it."""
    from benchmarks.synthetic_tfrecord import write_synthetic

    if not Path(file).is_file():
        write_synthetic(Path(file), vertices=VERTICES, budgets=(4, 12, 36, 108) if full == "full" else (108,))
    return {"file_mb": round(Path(file).stat().st_size / 1e6)}


def measure_import(file: str, table: str) -> dict[str, Any]:
    """Import the record file."""
    from backends.tabular import Table
    from backends.tabular.import_tfrecord import import_tfrecord
    from benchmarks.opening import peak_mb
    from harness.spaces.nasbench101 import NASBench101

    start, cpu = time.perf_counter(), time.process_time()
    import_tfrecord(file, NASBench101(vertices=VERTICES), table)
    return {
        "import_seconds": time.perf_counter() - start,
        "import_processor_seconds": time.process_time() - cpu,
        "import_memory_mb": peak_mb(),
        "records": int(Table.open(table).arrays["recorded"].sum()),
        "table_mb": Path(table).stat().st_size / 1e6,
    }


def measure_open(table: str) -> dict[str, Any]:
    """Open the table and answer one query in a new process, which has loaded nothing else."""
    command = [sys.executable, str(Path(__file__).with_name("opening.py")), table]
    figures: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def measure_queries(table: str) -> dict[str, Any]:
    """Single queries of arbitrary matrices through the drop-in API, including their pruning."""
    from harness.nasbench_api import ModelSpec, NASBench
    from harness.spaces.nasbench101 import NASBench101

    space, rng, nasbench = NASBench101(vertices=VERTICES), np.random.default_rng(0), NASBench(table, seed=0)
    choices = space.sample_many(rng, SINGLE)
    names, (targets, sources) = nasbench.config["available_ops"], np.tril_indices(VERTICES, -1)
    cells = []
    for row in choices:
        matrix = np.zeros((VERTICES, VERTICES), dtype=int)
        matrix[sources, targets] = row[: len(targets)]
        cells.append((matrix, ["input", *(names[code] for code in row[len(targets) :]), "output"]))
    valid = [cell for cell in cells if nasbench.is_valid(ModelSpec(*cell))]
    start, cpu = time.perf_counter(), time.process_time()
    for matrix, ops in valid:
        nasbench.query(ModelSpec(matrix, ops))
    return {
        "query_microseconds": (time.perf_counter() - start) / len(valid) * 1e6,
        "query_processor_microseconds": (time.process_time() - cpu) / len(valid) * 1e6,
        "queries": len(valid),
    }


def measure_batches(table: str) -> dict[str, Any]:
    """Batches of queries: as arrays, and as messages to the oracle."""
    from backends.tabular.oracle import TabularOracle
    from harness.core.oracle import Score
    from harness.core.space import Architecture
    from harness.spaces.nasbench101 import NASBench101

    space = NASBench101(vertices=VERTICES)
    oracle = TabularOracle(space, 0, table=table)
    choices = space.sample_many(np.random.default_rng(0), BATCH)
    queries = [Score(Architecture(tuple(row))) for row in choices[: BATCH // 10].tolist()]
    full = np.full(len(choices), oracle.table.budget(), dtype=np.int64)

    def arrays() -> int:
        oracle.look_up(oracle.table.rows(space.keys(choices)), full)
        return len(choices)

    def messages() -> int:
        return len(oracle.answer(queries))

    return {
        "batched_queries_per_second": best_rate(arrays),
        "batched_queries_per_second_as_messages": best_rate(messages),
    }


def best_rate(work: Callable[[], int], times: int = 3) -> float:
    """The best rate of ``times`` runs, in items a second, after a warm-up run."""
    work()
    rates = []
    for _ in range(times):
        start = time.perf_counter()
        rates.append(work() / (time.perf_counter() - start))
    return max(rates)


MEASURES = {f.__name__: f for f in (measure_write, measure_import, measure_open, measure_queries, measure_batches)}


def in_fresh_process(measure: Callable[..., dict[str, Any]], *arguments: str) -> dict[str, Any]:
    """The figures of one measure, run in a new process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", measure.__name__, *arguments]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(result.stdout)
    print(json.dumps(figures), file=sys.stderr, flush=True)
    return figures


def measure_all(folder: Path, full: bool) -> dict[str, Any]:
    """All figures on one synthetic file in ``folder``."""
    name = "full" if full else "only108"
    file, table = str(folder / f"{name}.tfrecord"), str(folder / f"{name}.h5")
    steps: Sequence[tuple[Callable[..., dict[str, Any]], tuple[str, ...]]] = (
        (measure_write, (file, name)),
        (measure_import, (file, table)),
        (measure_open, (table,)),
        (measure_open, (table,)),
        (measure_queries, (table,)),
        (measure_batches, (table,)),
    )
    figures: dict[str, Any] = {}
    for measure, arguments in steps:
        figures |= in_fresh_process(measure, *arguments)
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}


def main() -> None:
    """The command line."""
    from benchmarks.recording import machine, stored, write

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the large files go (default: removed afterwards)")
    parser.add_argument("--full", action="store_true", help="four budgets, as in nasbench_full.tfrecord")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, *arguments = options.measure
        print(json.dumps(MEASURES[name](*arguments)))
        return
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure_all(options.folder or Path(temporary), options.full)
    measured_on = machine(f"NumPy {np.__version__}")
    document = stored(RESULTS) | {"machine": measured_on, "targets": TARGETS, "reference": REFERENCE}
    document["full" if options.full else "only108"] = figures | {"load_average": round(os.getloadavg()[0], 1)}
    print(write(RESULTS, document))


if __name__ == "__main__":
    main()
