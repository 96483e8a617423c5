"""Every policy of a leaderboard against every other, with one correction for all of these tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from harness import statistics
from harness.core.numbers import Undefined
from harness.leaderboard.columns import title
from harness.leaderboard.comparison import Comparison, compare_samples, default_margin, holm_adjusted
from harness.leaderboard.document import plain_fields
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry, names_of
from harness.output.page import Page, TextTable
from harness.output.units import TableCell, Unit, fixed, probability, unit_of, with_interval

UNPAIRED_NOTE = (
    "Tests are unpaired. A seed starts the random streams of both policies alike, so two that begin with random draws "
    "begin with the same cells; beyond that their runs share nothing that pairing would remove, and where they do, an "
    "unpaired test is the more cautious one. Difference: of the means, with Welch's 95 % interval, "
    "positive where the first is better. Holm p: Welch's, corrected for all pairs. P(better): the chance that a run of "
    "the first beats one of the second, a tie counting half (Agarwal et al. 2021, Sec. 4.3)."
)

PAIR_FIELDS = (
    "difference",
    "interval",
    "welch_p",
    "holm_p",
    "mann_whitney_p",
    "hedges_g",
    "improvement",
    "improvement_interval",
    "detectable",
    "seeds_needed",
)
"""What a pair has of a comparison: no test of equivalence, as neither of two policies sets a scale for a margin."""


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Two entries by their names, the better mean first; the first one is compared with the second."""

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
    """The page of all pairs: how far apart two policies are, and whether these seeds show it."""
    unit, rows = unit_of(board.truth.metric), pairs(board)
    heads = ("policy", "against", f"difference\n{unit.word}", "Welch\np", "Holm\np", "Hedges'\ng", "P(better)")
    grid = TextTable(f"All {len(rows)} pairs of policies", heads, tuple(_row(row, unit) for row in rows))
    plain = [_plain(row) for row in rows]
    missing = [f"–: {reason}" for reason in dict.fromkeys(text for row in plain for text in row["reasons"].values())]
    content = {"pairs": plain, "warnings": list(board.warnings)}
    return Page(
        title(board), (grid,), (UNPAIRED_NOTE, *missing, *(f"warning: {text}" for text in board.warnings)), content
    )


def _compared(first: LeaderboardEntry, second: LeaderboardEntry, board: Leaderboard) -> Comparison:
    """A pair before the correction; all pairs have one name, since they are one family."""
    values, others = ([v for v in entry.values if not isinstance(v, Undefined)] for entry in (first, second))
    better, margin = board.truth.larger_is_better, default_margin(statistics.std(others))
    return compare_samples(values, others, "another policy", larger_is_better=better, margin=margin)


def _row(row: PairComparison, unit: Unit) -> tuple[str, ...]:
    found = row.comparison
    cells = (
        with_interval(found.difference, found.interval, unit.scale, sign="+"),
        (probability(found.welch_p),),
        (probability(found.holm_p),),
        (fixed(found.hedges_g, 2, sign="+"),),
        with_interval(found.improvement, found.improvement_interval),
    )
    return (row.first, row.second, *map(_text, cells))


def _text(cell: TableCell) -> str:
    return "".join("–" if isinstance(part, Undefined) else part for part in cell)


def _plain(row: PairComparison) -> dict[str, Any]:
    """A pair as plain types: the fields that are ``PAIR_FIELDS``, and why any of them is ``None``."""
    found = plain_fields(row.comparison)
    reasons = {name: reason for name, reason in found["reasons"].items() if name in PAIR_FIELDS}
    return {
        "policy": row.first,
        "against": row.second,
        **{name: found[name] for name in PAIR_FIELDS},
        "reasons": reasons,
    }
