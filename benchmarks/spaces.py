"""Speed of the NAS-Bench-101 space and of the command line's start, compared with the plain Python of the tests.

    python -m benchmarks.spaces [--quick]

Prints its figures and writes them to ``benchmarks/results/spaces.json``.
"""

from __future__ import annotations

import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.command_line import command_line, print_and_write, results_file
from harness.core.random import stream
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import matrix_of_key
from tests.spaces.plain_cells import Cell, canonical, every_cell, matrix_of, pruned

BATCH, QUICK_BATCH = 300_000, 3_000


def seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    """The median time of a call in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def enumeration() -> dict[str, float]:
    """Seconds and peak memory of enumerating all 423,624 cells, without hashes, in a new process."""
    code = (
        "import resource, time; from harness.spaces.nasbench101 import NASBench101; start = time.perf_counter();"
        "assert len(NASBench101().enumerate_keys()) == 423_624;"
        "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True).split() for _ in range(3)]
    took, memory = (statistics.median(float(run[i]) for run in runs) for i in (0, 1))
    return {"enumerate_423624_seconds": took, "enumerate_peak_mb": memory}


def plain_enumeration(vertices: int) -> set[Cell]:
    """The cells of exactly ``vertices`` vertices, found by nested Python loops."""
    found = (pruned(cell) for cell in every_cell(vertices))
    return {canonical(cell) for cell in found if cell is not None and cell[0] == vertices}


def against_plain_python(vertices: int) -> dict[str, float]:
    """Ratios on the cells of (five) ``vertices``, 2,441, and on canonical forms of single matrices."""
    ours = seconds(lambda: NASBench101(vertices=vertices).enumerate_keys())
    plain = seconds(lambda: plain_enumeration(vertices), 1)
    space = NASBench101()
    sample = [space.sample(stream(1, "benchmark")) for _ in range(200)]
    matrices = [matrix_of_key(space.key(architecture)) for architecture in sample]
    cells = [_plain(*matrix) for matrix in matrices]
    assert [list(map(list, matrix)) for matrix, _ in matrices] == [matrix_of(cell) for cell in cells]
    scalar = seconds(lambda: [space.canonical(architecture) for architecture in sample]) / len(sample)
    slow = seconds(lambda: [canonical(cell) for cell in cells]) / len(cells)
    return {
        "enumerate_5_vertices_plain_over_ours": plain / ours,
        "canonical_microseconds": scalar * 1e6,
        "canonical_plain_over_ours": slow / scalar,
    }


def _plain(matrix: Any, operations: tuple[int, ...]) -> Cell:
    edges = frozenset((x, y) for x, row in enumerate(matrix) for y, edge in enumerate(row) if edge)
    return len(matrix), edges, operations


def batches(size: int) -> dict[str, float]:
    """The speed of pruning and canonical forms of arbitrary choices, and of hashes."""
    space = NASBench101()
    choices = np.random.default_rng(1).integers(space.options, size=(size, len(space.options)))
    rate = size / seconds(lambda: space.canonical_keys(space.keys(choices)))
    keys = space.enumerate_keys()[:: 120_000_000 // size]
    return {
        "canonical_keys_per_second": rate,
        "hashes_per_second": len(keys) / seconds(lambda: list(space.hashes(keys))),
    }


def startup() -> dict[str, Any]:
    """The time of ``harness --help``; checks that a tabular run of the random policy does not import torch."""
    help_command = [sys.executable, "-m", "harness", "--help"]
    code = (
        "import sys; sys.argv = ['harness', 'run', '--policy', 'random', '--oracle', 'tabular', '--seeds', '1', "
        "'--workers', '1', '--json', '--store', 'sqlite://']\nfrom harness.cli import main\n"
        "try: main()\nexcept SystemExit as ended: assert not ended.code\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    took = seconds(lambda: subprocess.run(help_command, check=True, capture_output=True), 5)
    return {"help_seconds": took, "tabular_random_imports_torch": False}


def main() -> None:
    """Measure, print and store."""
    options = command_line(__doc__).parse_args()
    figures = enumeration() | against_plain_python(4 if options.quick else 5)
    figures |= batches(QUICK_BATCH if options.quick else BATCH) | startup()
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    document = {"machine": platform.platform(), "python": platform.python_version(), "figures": figures}
    print_and_write(results_file(options, "spaces.json"), document)


if __name__ == "__main__":
    main()
