"""Whether a table separates its cells: spread between cells and between repeats, and its agreement with another table.

    python -m benchmarks.table_quality nasbench101-v5-digits [OTHER.h5]

Prints a line a metric and budget: the mean over cells, the standard deviation between the cells' means, the root mean
square of the standard deviation between a cell's repeats (all in percentage points), and, with another table, Kendall's
tau-b of the cells' means with the other's mean test accuracy at its full budget, over the cells that both hold.
"""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
from scipy.stats import kendalltau

from backends.tabular.shelf import open_table
from backends.tabular.table import Table


def line(table: Table, other: Table | None, metric: str, epochs: int) -> str:
    """The figures of one metric at one budget."""
    values = table.values(metric, epochs)
    means, within = values.mean(axis=1), np.sqrt(values.var(axis=1, ddof=1).mean())
    text = f"{metric:20} {epochs:4} epochs: mean {100 * means.mean():.2f}, between cells {100 * means.std():.2f}, "
    text += f"between repeats {100 * within:.2f}"
    if other is None:
        return text
    rows = other.rows(table.keys)
    shared = rows >= 0
    tau = kendalltau(means[shared], other.mean("test_accuracy")[rows[shared]]).statistic
    return f"{text}, tau {tau:.3f} over {shared.sum():,} cells"


def main() -> None:
    """Print the figures of the table named on the command line."""
    table, *others = (open_table(name) for name in sys.argv[1:3])
    for metric, epochs in product(("validation_accuracy", "test_accuracy"), table.epochs):
        print(line(table, others[0] if others else None, metric, epochs))


if __name__ == "__main__":
    main()
