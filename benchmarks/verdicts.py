"""How often a leaderboard says "better" or "worse than one random draw" of a policy that is neither.

    python -m benchmarks.verdicts [--table FILE] [--quick] [--output FILE]

Each simulated board has one policy and the baseline, ten seeds each, from the truth of a table. The policies: ``draws``
draws uniformly at every seed, as the baseline; ``constant at the mean`` always ends at the cell of the value nearest to
the mean of all cells; ``constant at the median`` at the one nearest to the median; ``one draw`` draws one cell a board,
at which all seeds end. By Welch's test of ten draws (the paper's) and by the exact test of the mean percentile, each at
0.05. Neither level is promised for ``one draw``, whose seeds are ten copies of one observation. By the exact test a
constant is judged by its percentile, which is given: the cell at the mean is not in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.tabular.named_tables import open_table
from benchmarks.command_line import command_line, print_and_write, results_file
from harness import statistics
from harness.core.measures import measure_of
from harness.leaderboard.comparison import is_significant
from harness.statistics import UniformDraws

Floats: TypeAlias = npt.NDArray[np.float64]

SEEDS = 10
BOARDS = 2_000
TABLES = ("nasbench101-v5-digits", "rnn2-ptb", "rnn2-austen")


def policies(cells: Floats, rng: np.random.Generator) -> Mapping[str, Callable[[], Floats]]:
    """Each policy as a function that gives the values of one board's seeds, (seeds,)."""
    mean, median = (cells[np.argmin(np.abs(cells - middle))] for middle in (cells.mean(), np.median(cells)))
    return {
        "draws": lambda: rng.choice(cells, SEEDS),
        "constant at the mean": lambda: np.full(SEEDS, mean),
        "constant at the median": lambda: np.full(SEEDS, median),
        "one draw": lambda: np.full(SEEDS, rng.choice(cells)),
    }


def findings(cells: Floats, boards: int, rng: np.random.Generator, *, larger_is_better: bool) -> dict[str, Any]:
    """The share of boards on which each test finds a difference, by policy."""
    draws = UniformDraws(cells, larger_is_better=larger_is_better)
    found: dict[str, Any] = {}
    for name, policy in policies(cells, rng).items():
        counts = {"welch": 0, "exact": 0}
        for _ in range(boards):
            values = policy().tolist()
            test = statistics.welch(values, rng.choice(cells, SEEDS).tolist())
            counts["welch"] += isinstance(test, statistics.Welch) and is_significant(test.p)
            counts["exact"] += is_significant(draws.p_of_mean(values))
        found[name] = {test: round(count / boards, 4) for test, count in counts.items()}
        if name.startswith("constant"):
            found[name]["percentile"] = round(100 * float(draws.percentiles(values)[0]), 1)
    return found


def measured(name: str, boards: int) -> dict[str, Any]:
    """The findings on one table, by its test metric."""
    table = open_table(name)
    metric = next(metric for metric in table.metrics if metric.startswith("test_"))
    measure, means = measure_of(metric), table.mean(metric)
    better = measure is not None and measure.larger_is_better
    cells = means[np.isfinite(means)]
    head = {"metric": metric, "cells": len(cells), "seeds": SEEDS, "boards": boards}
    return head | findings(cells, boards, np.random.default_rng(14), larger_is_better=better)


def main() -> None:
    """Measure on the tables that ship, and on those of the command line."""
    parser = command_line(__doc__)
    parser.add_argument("--table", action="append", default=[], help="another table; may be repeated")
    options = parser.parse_args()
    boards = 20 if options.quick else BOARDS
    document = {open_table(name).name: measured(name, boards) for name in (*TABLES, *options.table)}
    print_and_write(results_file(options, "verdicts.json"), document)


if __name__ == "__main__":
    main()
