"""Compares every policy of a leaderboard with every other, with one correction for all of these tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from harness.core.numbers import Undefined
from harness.leaderboard.column import Column
from harness.leaderboard.columns import COMPARISON_COLUMNS
from harness.leaderboard.comparison import Comparison, compare_samples, holm_adjusted, margin_of
from harness.leaderboard.document import plain_fields
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry, names_of
from harness.leaderboard.printed_tables import title
from harness.output.page import Page, TextTable
from harness.output.units import Unit, text, unit_of

UNPAIRED_NOTE = (
    "Tests are unpaired. A seed starts the random streams of both policies alike, so two that begin with random draws "
    "begin with the same cells; beyond that their runs share nothing that pairing would remove, and where they do, an "
    "unpaired test is the more cautious one. Difference: of the means, with Welch's 95 % interval, "
    "positive where the first is better. Holm p: Welch's, corrected for all pairs. P(better): the chance that a run of "
    "the first beats one of the second, a tie counting half (Agarwal et al. 2021, Sec. 4.3)."
)

NOT_OF_PAIRS = ("other", "margin", "equivalence_p")
"""Columns that pairs lack: their sentences claim no equivalence."""


@dataclass(frozen=True, slots=True)
class PairComparison:
    """The names of two entries, the better mean first, and the comparison of the first with the second."""

    first: str
    second: str
    comparison: Comparison


def pairs(board: Leaderboard) -> list[PairComparison]:
    """All pairs of entries, in the order of the leaderboard; ``holm_p`` is corrected for all of them together."""
    names = names_of([entry.key for entry in board.entries])
    both = list(combinations(board.entries, 2))
    found = holm_adjusted([_compared(first, second, board) for first, second in both])
    return [
        PairComparison(names[first.key], names[second.key], replace(each, other=names[second.key]))
        for (first, second), each in zip(both, found, strict=True)
    ]


def pairs_page(board: Leaderboard) -> Page:
    """The page of all pairs: the difference of two policies, and whether these seeds show it."""
    unit, rows = unit_of(board.truth.metric), pairs(board)
    shown = [each for each in COMPARISON_COLUMNS if "tests" in each.shows and each.name != "mann_whitney_p"]
    heads = [each.shows["tests"].text.replace("difference", f"difference\n{unit.word}") for each in shown]
    cells = tuple(_row(row, shown, unit) for row in rows)
    grid = TextTable(f"All {len(rows)} pairs of policies", ("policy", "against", *heads), cells)
    plain = [_plain(row) for row in rows]
    missing = [f"–: {reason}" for reason in dict.fromkeys(text for row in plain for text in row["reasons"].values())]
    content = {"pairs": plain, "warnings": list(board.warnings)}
    notes = (UNPAIRED_NOTE, *missing, *(f"warning: {text}" for text in board.warnings))
    return Page(title(board), (grid,), notes, content)


def _compared(first: LeaderboardEntry, second: LeaderboardEntry, board: Leaderboard) -> Comparison:
    """A pair before the correction; all pairs have the same ``other``, since they are one family."""
    values, others = ([v for v in entry.values if not isinstance(v, Undefined)] for entry in (first, second))
    better, margin = board.truth.larger_is_better, margin_of(board.truth.metric, others)
    return compare_samples(values, others, "another policy", larger_is_better=better, margin=margin)


def _row(row: PairComparison, shown: Sequence[Column[Comparison]], unit: Unit) -> tuple[str, ...]:
    cells = (column.cell(column.shows["tests"], row.comparison, unit.scale) for column in shown)
    return (row.first, row.second, *map(text, cells))


def _plain(row: PairComparison) -> dict[str, Any]:
    """A pair as plain types, and the reason for each number that is ``None``."""
    found = {name: value for name, value in plain_fields(row.comparison).items() if name not in NOT_OF_PAIRS}
    found["reasons"] = {name: reason for name, reason in found["reasons"].items() if name not in NOT_OF_PAIRS}
    return {"policy": row.first, "against": row.second, **found}
