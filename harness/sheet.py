"""A leaderboard as printed cells: the form that the terminal, Markdown and LaTeX share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.measures import ACCURACY, measure_of
from harness.leaderboard import Entry, Leaderboard
from harness.statistics import Number, Undefined

PLACES = ("oracle", "space")

PLUS_MINUS = " ± "

RANKS = (
    "p(beats random) = (1 - r/rmax)^n: the chance that all n uniform draws, one a seed, rank worse than r, the best "
    "rank of rmax (Yu et al. 2020 print the complement in Eq. 1). Rank 1 is best; ties share the best rank."
)
SCRATCH = (
    "Each recommended cell was trained from scratch by the recipe, every one from the same seeds (Yu et al. 2020, "
    "Sec. 4.1)."
)
SMALLER = "The smaller, the better."
COMMON = (
    "Welch p: two-sided, against random. Hours of training: a table charges the times that it recorded, a live oracle "
    "those that it took."
)

Part: TypeAlias = str | Undefined
Cell: TypeAlias = tuple[Part, ...]
"""Text, or a reason wherever there is no number."""

Column: TypeAlias = tuple[str, Callable[[Entry], Cell]]
"""A head, and what stands below it for an entry."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Heads (a line break where a narrow table may break them), cells by row, and the reasons behind the dashes.

    ``note`` explains the columns. Where ``leads`` is true the first row has the best mean.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    reasons: tuple[str, ...]
    note: str
    leads: bool

    def mark(self, part: Undefined) -> int:
        """The number of the footnote that says why a number is missing."""
        return self.reasons.index(part.reason) + 1


def sheet(board: Leaderboard) -> Sheet:
    """The printed form: what differs between entries is a column, and what they share stands in the title."""
    columns = tuple(_columns(board))
    rows = tuple(tuple(cell(entry) for _, cell in columns) for entry in board.entries)
    reasons = dict.fromkeys(part.reason for row in rows for cell in row for part in cell if isinstance(part, Undefined))
    leads = bool(board.entries) and not isinstance(board.entries[0].mean, Undefined)
    return Sheet(_title(board), tuple(head for head, _ in columns), rows, tuple(reasons), _note(board), leads)


def _title(board: Leaderboard) -> str:
    """The metric, its split, repeats and budget, the number of seeds, and what all entries share."""
    counts = sorted({len(entry.seeds) for entry in board.entries})
    seeds = "one seed" if counts == [1] else f"{' or '.join(map(str, counts)) or 'no'} seeds"
    shared = [f"{name} {value}" for name in PLACES for value in _places(board, name) if len(_places(board, name)) == 1]
    truth = board.truth
    text = truth.text[0].upper() + truth.text[1:]
    return f"{text}; {seeds} a policy; {', '.join((*shared, f'{truth.kind} {truth.name}'))}"


def _places(board: Leaderboard, name: str) -> set[str]:
    return {getattr(entry, name) for entry in board.entries}


def _note(board: Leaderboard) -> str:
    notes = [] if board.truth.larger_is_better else [SMALLER]
    notes += [SCRATCH if isinstance(board.truth.ranking, Undefined) else RANKS, COMMON]
    if probed := sorted({entry.probed for entry in board.entries if entry.probed}):
        numbers = str(probed[0]) if len(probed) == 1 else f"{probed[0]} to {probed[-1]}"
        notes.append(
            f"Kendall's tau-b: between the final shared weights' scores of {numbers} sampled cells and the truth, mean "
            "and deviation over the seeds."
        )
    return " ".join(notes)


def _columns(board: Leaderboard) -> Iterator[Column]:
    """The columns of this board; the number of runs is one only where it differs or some failed."""
    scale, sign = (100.0, " %") if measure_of(board.truth.metric) == ACCURACY else (1.0, "")
    yield "policy", lambda entry: (entry.policy,)
    for name in PLACES:
        if len(_places(board, name)) > 1:
            yield name, lambda entry, name=name: (getattr(entry, name),)  # type: ignore[misc]
    if any(entry.failed for entry in board.entries) or len({len(entry.seeds) for entry in board.entries}) > 1:
        yield "runs", _runs
    yield "mean ± std" + sign.replace(" ", "\n"), lambda entry: _spread(entry.mean, entry.std, scale)
    yield "best" + sign.replace(" ", "\n"), lambda entry: (_fixed(entry.best, 2, scale),)
    yield _rank_head(board), lambda entry: (_whole(entry.best_rank),)
    yield "mean\nregret" + sign.replace(" ", "\n"), lambda entry: (_fixed(entry.mean_regret, 2, scale),)
    yield "p(beats\nrandom)", lambda entry: (_fixed(entry.p_beats_random, 3),)
    yield "Welch\np", lambda entry: (_probability(entry.welch_p),)
    if any(entry.probed for entry in board.entries):
        yield "Kendall's\ntau", lambda entry: _spread(entry.tau, entry.tau_std)
    yield "queries", lambda entry: (f"{entry.queries:,.0f}",)
    yield "hours", lambda entry: (_hours(entry.hours),)


def _rank_head(board: Leaderboard) -> str:
    ranking = board.truth.ranking
    return "best\nrank" if isinstance(ranking, Undefined) else f"best\nrank of\n{ranking.size:,}"


def _runs(entry: Entry) -> Cell:
    asked, failed = len(entry.seeds), len(entry.failed)
    return (f"{asked - failed}/{asked}" if failed else f"{asked}",)


def _spread(mean: Number, std: Number, scale: float = 1.0) -> Cell:
    middle = _fixed(mean, 2, scale)
    return (middle,) if isinstance(middle, Undefined) else (middle, PLUS_MINUS, _fixed(std, 2, scale))


def _fixed(number: Number, digits: int, scale: float = 1.0) -> Part:
    return number if isinstance(number, Undefined) else f"{number * scale:,.{digits}f}"


def _whole(number: int | Undefined) -> Part:
    return number if isinstance(number, Undefined) else f"{number:,}"


def _probability(p: Number) -> Part:
    """Five characters whatever the size: 0.016, 2e-05."""
    if isinstance(p, Undefined):
        return p
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def _hours(number: Number) -> Part:
    """Two significant digits of a part of an hour, and tenths where there are few hours."""
    if isinstance(number, float) and 0 < number < 0.995:
        return f"{number:.2g}"
    return _fixed(number, 1 if isinstance(number, Undefined) or number < 100 else 0)
