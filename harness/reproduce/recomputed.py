"""Statistics computed again from the printed numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.core.numbers import Undefined
from harness.reproduce import published
from harness.reproduce.cells import Missing, Ours, ReproducedRow, ReproducedSection, number
from harness.reproduce.published import Printed
from harness.statistics import Sample, p_beats_random, welch_from_summary

CELLS, RUNS = 423_624, 10
"""The number of NAS-Bench-101's cells, and of the runs of Sec. 4.1."""

RANK, P = "best rank", "p(beats random)"


def chances(rows: Mapping[str, Sequence[Printed]], columns: Sequence[str]) -> ReproducedSection:
    """p(beats random) from the printed best ranks, by the right formula and by Eq. 1 as printed."""
    found = []
    for name, cells in rows.items():
        rank, printed = (cells[columns.index(column)] for column in (RANK, P))
        if rank.value is not None:
            p = p_beats_random(int(rank.value), CELLS, RUNS)
            found.append(ReproducedRow.of(name, [number(p, 2), number(1 - p, 2)], [printed, None]))
    heads = ("(1 - r/rmax)^n", "Eq. 1 as printed")
    return ReproducedSection("p of the printed ranks, computed again", heads, tuple(found))


def welch() -> ReproducedSection:
    """Welch's p of the printed means and deviations of Table 1, with ten runs a policy."""
    rows = []
    for key, part in published.load("table1").sections.items():
        for policy, (value, p) in part.rows.items():
            if policy != "random":
                rows.append(ReproducedRow.of(f"{policy}, {key}", [_against(value, part.rows["random"][0])], [p]))
    return ReproducedSection("Welch's p of the printed numbers, n = 10", ("p",), tuple(rows))


def _against(a: Printed, b: Printed) -> Ours:
    if a.value is None or a.std is None or b.value is None or b.std is None:
        return Missing("no mean and deviation are printed")
    test = welch_from_summary(Sample(RUNS, a.value, a.std), Sample(RUNS, b.value, b.std))
    return Missing(test.reason) if isinstance(test, Undefined) else number(test.p, 4)
