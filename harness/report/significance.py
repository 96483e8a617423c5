"""Every row of a leaderboard against every other: the chance to be better, and Holm's p over all pairs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from harness.core.numbers import Number, Undefined
from harness.leaderboard.comparison import Comparison
from harness.leaderboard.pairs import pairs
from harness.output.units import CellPart, fixed, probability
from harness.report.board_report import BoardReport


@dataclass(frozen=True, slots=True)
class PairwiseResult:
    """A row against a column: the chance to be better, also as printed, and the corrected p as printed.

    ``side`` is ``better`` or ``worse`` if the test finds a difference, or else empty.
    """

    improvement: Number
    chance: CellPart
    p_text: CellPart
    side: str


@dataclass(frozen=True, slots=True)
class PairwiseMatrix:
    """Each row against each column, ``None`` on the diagonal; Holm's correction is for ``tests`` tests."""

    labels: tuple[str, ...]
    rows: tuple[tuple[PairwiseResult | None, ...], ...]
    tests: int


def matrix(board_report: BoardReport) -> PairwiseMatrix:
    """All pairs of a leaderboard's entries."""
    found, places = pairs(board_report.board), range(len(board_report.rows))
    cells: dict[tuple[int, int], PairwiseResult] = {}
    for (i, j), pair in zip(combinations(places, 2), found, strict=True):
        cells[i, j], cells[j, i] = _against(pair.comparison, 1), _against(pair.comparison, -1)
    tests = sum(not isinstance(pair.comparison.holm_p, Undefined) for pair in found)
    labels = tuple(row.label for row in board_report.rows)
    return PairwiseMatrix(labels, tuple(tuple(cells.get((i, j)) for j in places) for i in places), tests)


def _against(comparison: Comparison, sign: int) -> PairwiseResult:
    """The comparison from the first of the pair's view (``sign`` 1), or from the second's (-1)."""
    chance, difference = comparison.improvement, comparison.difference
    if sign < 0 and not isinstance(chance, Undefined):
        chance = 1 - chance
    ahead = not isinstance(difference, Undefined) and difference * sign > 0
    side = ("better" if ahead else "worse") if comparison.found else ""
    return PairwiseResult(chance, fixed(chance, 2), probability(comparison.holm_p), side)
