"""A leaderboard as printed cells: the form that the terminal, Markdown and LaTeX share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.leaderboard import Entry, Leaderboard
from harness.statistics import Number, Undefined

PLACES = ("oracle", "space", "table")

NOTE = (
    "p(beats random) = (1 - r/rmax)^n: the chance that all n uniform draws, one a seed, rank worse than r, the best "
    "rank of rmax (Yu et al. 2020 print the complement in Eq. 1). Welch p: two-sided, against random. Rank 1 is best; "
    "ties share the best rank."
)

Part: TypeAlias = str | Undefined
Cell: TypeAlias = tuple[Part, ...]
"""Text, or a reason wherever there is no number."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Heads (a line break where a narrow table may break them), cells by row, and the reasons behind the dashes.

    Where ``leads`` is true the first row has the best mean.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    reasons: tuple[str, ...]
    leads: bool

    def mark(self, part: Undefined) -> int:
        """The number of the footnote that says why a number is missing."""
        return self.reasons.index(part.reason) + 1


def sheet(board: Leaderboard) -> Sheet:
    """The printed form; oracle, space and table are columns where they differ, and stand in the title otherwise."""
    differing = [name for name in PLACES if len({getattr(entry, name) for entry in board.entries}) > 1]
    scale, sign = (100.0, " %") if board.truth.metric.endswith("accuracy") else (1.0, "")
    rows = tuple(_cells(entry, differing, scale) for entry in board.entries)
    reasons = dict.fromkeys(part.reason for row in rows for cell in row for part in cell if isinstance(part, Undefined))
    leads = bool(board.entries) and not isinstance(board.entries[0].mean, Undefined)
    return Sheet(_title(board, differing), _heads(board, differing, sign), rows, tuple(reasons), leads)


def _title(board: Leaderboard, differing: Sequence[str]) -> str:
    """The metric, its split, repeats and budget, the number of seeds, and what all entries share."""
    counts = sorted({len(entry.seeds) for entry in board.entries})
    seeds = "one seed" if counts == [1] else f"{' or '.join(map(str, counts)) or 'no'} seeds"
    shared = [
        f"{name} {getattr(entry, name)}" for entry in board.entries[:1] for name in PLACES if name not in differing
    ]
    text = board.truth.text
    return f"{text[0].upper()}{text[1:]}; {seeds} a policy{'; ' * bool(shared)}{', '.join(shared)}"


def _heads(board: Leaderboard, differing: Sequence[str], sign: str) -> tuple[str, ...]:
    return (
        "policy",
        *differing,
        "seeds",
        f"mean ± std{sign}",
        f"best{sign}",
        f"best rank\nof {board.truth.size:,}",
        f"mean\nregret{sign}",
        "p(beats\nrandom)",
        "Welch\np",
        "queries",
        "simulated\nhours",
    )


def _cells(entry: Entry, differing: Sequence[str], scale: float) -> tuple[Cell, ...]:
    asked, failed = len(entry.seeds), len(entry.failed)
    mean, rank = _fixed(entry.mean, 2, scale), entry.best_rank
    return (
        (entry.policy,),
        *((getattr(entry, name),) for name in differing),
        (f"{asked - failed}/{asked}" if failed else f"{asked}",),
        (mean,) if isinstance(mean, Undefined) else (mean, " ± ", _fixed(entry.std, 2, scale)),
        (_fixed(entry.best, 2, scale),),
        (rank if isinstance(rank, Undefined) else f"{rank:,}",),
        (_fixed(entry.mean_regret, 2, scale),),
        (_fixed(entry.p_beats_random, 3),),
        (entry.welch_p if isinstance(entry.welch_p, Undefined) else f"{entry.welch_p:.2g}",),
        (f"{entry.queries:,.0f}",),
        (_fixed(entry.simulated_hours, 1),),
    )


def _fixed(number: Number, digits: int, scale: float = 1.0) -> Part:
    return number if isinstance(number, Undefined) else f"{number * scale:,.{digits}f}"
