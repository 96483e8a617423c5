"""How well a table separates its cells: the spread between cells and repeats, and the agreement with other rankings.

    python -m benchmarks.table_quality nasbench101-v5-digits [OTHER.h5]
    python -m benchmarks.table_quality rnn2-ptb [rnn2-austen|eval-nas]

Prints a line for each metric and budget: the mean over cells, the standard deviation between the cells' means, the root
mean square of the standard deviation between a cell's repeats (percentage points for accuracies), and Kendall's tau-b
between the means of the first and of the second half of the repeats. With another table it adds tau-b between the
cells' means and the other table's means of the same metric at its full budget, over the common cells. ``eval-nas`` is
the published order of the 32 recurrent cells of two nodes, whose perplexities were not published. The last line of each
measure compares validation and test at the full budget: within a repeat, which is one training, and across repeats.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

from backends.tabular.named_tables import open_table
from backends.tabular.table import Table
from harness.core.measures import ACCURACY, QUALITIES, measure_of

PUBLISHED = "2 16 12 15 6 20 26 30 23 19 8 25 1 13 11 5 21 29 14 22 0 17 10 18 3 24 28 9 4 7 27 31"
"""Keys of the cells, best first (eval-nas, visualization/best_configs.py)."""

Floats = npt.NDArray[np.float64]
RankingSource = Callable[[str], tuple[Floats, npt.NDArray[np.bool_]]]
"""Another ranking: maps a metric to a number for each cell of the table, and a mask of the cells with a number."""


def published(table: Table) -> RankingSource:
    """The published ranks; smaller is better, as for perplexities."""
    order = [int(key) for key in PUBLISHED.split()]
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order))
    if table.scheme != "rnn2":
        raise SystemExit(f"the published order is of the cells of rnn2, not of {table.scheme}")
    return lambda metric: (ranks[table.keys], np.ones(len(table), bool))


def tabled(table: Table, other: Table) -> RankingSource:
    """The ranking by the means of another table."""
    rows = other.rows(table.keys)
    return lambda metric: (other.mean(metric)[rows], rows >= 0)


def line(table: Table, other: RankingSource | None, metric: str, epochs: int) -> str:
    """The figures of one metric at one budget."""
    values = table.values(metric, epochs)
    scale = 100 if measure_of(metric) is ACCURACY else 1
    means, within = values.mean(axis=1), np.sqrt(values.var(axis=1, ddof=1).mean())
    half = values.shape[1] // 2
    text = f"{metric:21} {epochs:4} epochs: mean {scale * means.mean():.2f}, between cells {scale * means.std():.2f}, "
    text += f"between repeats {scale * within:.2f}, "
    text += f"tau between halves {_tau(values[:, :half].mean(axis=1), values[:, half:].mean(axis=1)):.3f}"
    if other is None:
        return text
    numbers, shared = other(metric)
    return f"{text}, tau {_tau(means[shared], numbers[shared]):.3f} over {shared.sum():,} cells"


def same_trainings(values: Floats, others: Floats) -> tuple[float, float, float]:
    """The mean tau of two metrics (cells, repeats) within a repeat and across repeats, and the tau of their means."""
    taus = np.array([[_tau(one, other) for other in others.T] for one in values.T])
    within, count = float(np.trace(taus)), len(taus)
    return within / count, (float(taus.sum()) - within) / (count * (count - 1)), _tau(values.mean(1), others.mean(1))


def _tau(one: Floats, other: Floats) -> float:
    return float(kendalltau(one, other).statistic)


def main() -> None:
    """Print the figures of the table named on the command line."""
    table = open_table(sys.argv[1])
    other = None
    if len(sys.argv) > 2:
        name = sys.argv[2]
        other = published(table) if name == "eval-nas" else tabled(table, open_table(name))
    qualities = [metric for metric in table.metrics if measure_of(metric) in QUALITIES]
    for metric, epochs in product(qualities, table.epochs):
        print(line(table, other, metric, epochs))
    for name in (measure.name for measure in QUALITIES):
        if {f"validation_{name}", f"test_{name}"} <= set(table.metrics) and table.repeats > 1:
            within, across, means = same_trainings(table.values(f"validation_{name}"), table.values(f"test_{name}"))
            print(f"tau of validation and test {name}: {within:.3f} within a repeat, ", end="")
            print(f"{across:.3f} across repeats, {means:.3f} between the means")


if __name__ == "__main__":
    main()
