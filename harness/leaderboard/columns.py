"""A leaderboard as printed cells: the form that the terminal, Markdown and LaTeX share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.leaderboard.comparison import ONE_DRAW, SEARCH_NAMES, Comparison
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.units import CellPart, TableCell, fixed, probability, unit_of, whole, with_deviation, with_interval

CONTEXT_COLUMNS = ("oracle", "space")

RANKS_NOTE = (
    "p(beats random) = (1 - r/rmax)^n: the chance that all n uniform draws, one a seed, rank worse than r, the best "
    "rank of rmax (Yu et al. 2020 print the complement in Eq. 1). Rank 1 is best; ties share the best rank."
)
SCRATCH_NOTE = (
    "Each recommended cell was trained from scratch by the recipe, every one from the same seeds (Yu et al. 2020, "
    "Sec. 4.1)."
)
NOISE_NOTE = "A cell's truth is a mean of {} trainings, whose own error no number of seeds removes."
SMALLER_NOTE = "The smaller, the better."
COMMON_NOTE = (
    "Welch p: two-sided, against random. Hours of training: a table charges the times that it recorded, a live oracle "
    "those that it took."
)
FEW_REPEATS = 10
"""Yu et al. 2020 train each of their 32 recurrent cells so often."""

SUMMARIES_TITLE = "Over the seeds, with 95 % intervals in brackets"
BOOTSTRAP_NOTE = (
    "Intervals over the seeds: percentile bootstrap. Interquartile mean: of the middle half of the seeds (Agarwal et "
    "al. 2021, Sec. 4.3)."
)
TESTS_NOTE = (
    "Interval of a difference: Welch's. Holm p: Welch's, corrected for all policies of the table. P(better): that a "
    "run beats one of those that it is compared with, a tie counting half (Agarwal et al. 2021, Sec. 4.3)."
)
POWER_NOTE = (
    "Equivalence p: two one-sided tests; below 0.05 the means surely differ by less than the margin, by default half a "
    "standard deviation of what is compared with. Detectable: the difference that is found four times in five. Seeds "
    "needed: on each side, to find the present difference so often."
)

EntryColumn: TypeAlias = tuple[str, Callable[[LeaderboardEntry], TableCell]]
"""A head, and what stands below it for an entry."""

ComparisonColumn: TypeAlias = tuple[str, Callable[[Comparison, float], TableCell]]
"""A head, and what stands below it for a comparison whose differences are multiplied by a number."""


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Heads (a line break where a narrow table may break them), cells by row, and the reasons behind the dashes.

    ``note`` explains the columns. Where ``first_is_best`` is true the first row has the best mean.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    reasons: tuple[str, ...]
    note: str
    first_is_best: bool

    def mark(self, part: Undefined) -> int:
        """The number of the footnote that says why a number is missing."""
        return self.reasons.index(part.reason) + 1


def printed_table(board: Leaderboard) -> PrintedTable:
    """The printed form: what differs between entries is a column, and what they share stands in the title."""
    first_is_best = bool(board.entries) and not isinstance(board.entries[0].mean, Undefined)
    return _printed(title(board), tuple(_columns(board)), board.entries, _note(board), first_is_best=first_is_best)


def statistics(board: Leaderboard) -> tuple[PrintedTable, ...]:
    """What stands behind the verdicts: summaries with intervals, and a sheet for each comparison that was made."""
    unit, sheets = (
        unit_of(board.truth.metric),
        [_printed(SUMMARIES_TITLE, tuple(_summaries(board)), board.entries, BOOTSTRAP_NOTE)],
    )
    differences = f"differences in {unit.word.removeprefix('in ')}"
    for other in (ONE_DRAW, *SEARCH_NAMES.values()):
        if rows := [entry for entry in board.entries if _is_compared(entry, other)]:
            tests, limits = (
                (*_named(board), *_tests(other, unit.scale, cells)) for cells in (TEST_COLUMNS, POWER_COLUMNS)
            )
            sheets.append(_printed(f"Against {other}; {differences}, positive where better", tests, rows, TESTS_NOTE))
            sheets.append(_printed(f"What the seeds can show against {other}; {differences}", limits, rows, POWER_NOTE))
    return tuple(sheets)


def _printed(
    text: str,
    columns: Sequence[EntryColumn],
    entries: Sequence[LeaderboardEntry],
    note: str,
    *,
    first_is_best: bool = False,
) -> PrintedTable:
    rows = tuple(tuple(cell(entry) for _, cell in columns) for entry in entries)
    reasons = dict.fromkeys(part.reason for row in rows for cell in row for part in cell if isinstance(part, Undefined))
    return PrintedTable(text, tuple(head for head, _ in columns), rows, tuple(reasons), note, first_is_best)


def title(board: Leaderboard) -> str:
    """The metric, its split, repeats and budget, the number of seeds, and what all entries share."""
    counts = sorted({len(entry.seeds) for entry in board.entries})
    seeds = "one seed" if counts == [1] else f"{' or '.join(map(str, counts)) or 'no'} seeds"
    shared = [
        f"{name} {value}"
        for name in CONTEXT_COLUMNS
        for value in _places(board, name)
        if len(_places(board, name)) == 1
    ]
    truth = board.truth
    text = truth.text[0].upper() + truth.text[1:]
    return f"{text}; {seeds} a policy; {', '.join((*shared, f'{truth.kind} {truth.name}'))}"


def _places(board: Leaderboard, name: str) -> set[str]:
    return {getattr(entry, name) for entry in board.entries}


def _note(board: Leaderboard) -> str:
    notes = [] if board.truth.larger_is_better else [SMALLER_NOTE]
    notes += [SCRATCH_NOTE if isinstance(board.truth.ranking, Undefined) else RANKS_NOTE, COMMON_NOTE]
    if 1 < board.truth.repeats < FEW_REPEATS:
        notes.append(NOISE_NOTE.format(board.truth.repeats))
    if probed := sorted({entry.probed for entry in board.entries if entry.probed}):
        numbers = str(probed[0]) if len(probed) == 1 else f"{probed[0]} to {probed[-1]}"
        notes.append(
            f"Kendall's tau-b: between the final shared weights' scores of {numbers} sampled cells and the truth, mean "
            "and deviation over the seeds."
        )
    return " ".join(notes)


def _columns(board: Leaderboard) -> Iterator[EntryColumn]:
    """The columns of this board; the number of runs is one only where it differs or some failed."""
    unit = unit_of(board.truth.metric)
    scale, sign = unit.scale, unit.sign.replace(" ", "\n")
    yield from _named(board)
    if any(entry.failed for entry in board.entries) or len({len(entry.seeds) for entry in board.entries}) > 1:
        yield "runs", _runs
    yield f"mean ± std{sign}", lambda entry: with_deviation(entry.mean, entry.std, scale)
    yield f"best{sign}", lambda entry: (fixed(entry.best, 2, scale),)
    yield _rank_head(board), lambda entry: (whole(entry.best_rank),)
    yield f"mean\nregret{sign}", lambda entry: (fixed(entry.mean_regret, 2, scale),)
    yield "p(beats\nrandom)", lambda entry: (fixed(entry.p_beats_random, 3),)
    yield "Welch\np", lambda entry: (probability(entry.welch_p),)
    if any(entry.probed for entry in board.entries):
        yield "Kendall's\ntau", lambda entry: with_deviation(entry.tau, entry.tau_std)
    yield "queries", lambda entry: (f"{entry.queries:,.0f}",)
    yield "hours", lambda entry: (_hours(entry.hours),)


def _named(board: Leaderboard) -> Iterator[EntryColumn]:
    """What a row is of, as far as the rows differ in it."""
    yield "policy", lambda entry: (entry.policy,)
    for name in CONTEXT_COLUMNS:
        if len(_places(board, name)) > 1:
            yield name, lambda entry, name=name: (getattr(entry, name),)  # type: ignore[misc]


def _summaries(board: Leaderboard) -> Iterator[EntryColumn]:
    unit = unit_of(board.truth.metric)
    scale, sign = unit.scale, unit.sign.replace(" ", "\n")
    yield from _named(board)
    yield f"mean{sign}", lambda entry: with_interval(entry.mean, entry.mean_interval, scale)
    yield f"median{sign}", lambda entry: with_interval(entry.median, entry.median_interval, scale)
    yield f"interquartile mean{sign}", lambda entry: with_interval(entry.iqm, entry.iqm_interval, scale)


def _tests(other: str, scale: float, cells: Sequence[ComparisonColumn]) -> Iterator[EntryColumn]:
    """The columns of a comparison with ``other``, whose differences are multiplied by ``scale``."""
    for head, cell in cells:
        yield head, lambda entry, cell=cell: _comparison_cell(_comparison(entry, other), cell, scale)  # type: ignore[misc]


def _comparison_cell(
    comparison: Comparison | Undefined, cell: Callable[[Comparison, float], TableCell], scale: float
) -> TableCell:
    return (comparison,) if isinstance(comparison, Undefined) else cell(comparison, scale)


def _comparison(entry: LeaderboardEntry, other: str) -> Comparison | Undefined:
    """A row's comparison with ``other``, or why there is none."""
    if other == ONE_DRAW:
        return entry.against_random
    found = (comparison for comparison in entry.against_search if comparison.other == other)
    return next(found, Undefined(f"nothing is known of {other}"))


def _is_compared(entry: LeaderboardEntry, other: str) -> bool:
    """Whether a row is compared with ``other``: all but random itself with one random draw, or there is a reason."""
    if other == ONE_DRAW:
        return entry.policy != BASELINE
    return isinstance(_comparison(entry, other), Comparison)


TEST_COLUMNS: tuple[ComparisonColumn, ...] = (
    ("difference", lambda found, scale: with_interval(found.difference, found.interval, scale, sign="+")),
    ("Welch\np", lambda found, _: (probability(found.welch_p),)),
    ("Holm\np", lambda found, _: (probability(found.holm_p),)),
    ("Mann-\nWhitney p", lambda found, _: (probability(found.mann_whitney_p),)),
    ("Hedges'\ng", lambda found, _: (fixed(found.hedges_g, 2, sign="+"),)),
    ("P(better)", lambda found, _: with_interval(found.improvement, found.improvement_interval)),
)

POWER_COLUMNS: tuple[ComparisonColumn, ...] = (
    ("margin", lambda found, scale: (fixed(found.margin, 2, scale),)),
    ("equivalence\np", lambda found, _: (probability(found.equivalence_p),)),
    ("detectable", lambda found, scale: (fixed(found.detectable, 2, scale),)),
    ("seeds\nneeded", lambda found, _: (whole(found.seeds_needed),)),
)


def _rank_head(board: Leaderboard) -> str:
    ranking = board.truth.ranking
    return "best\nrank" if isinstance(ranking, Undefined) else f"best\nrank of\n{ranking.size:,}"


def _runs(entry: LeaderboardEntry) -> TableCell:
    asked, failed = len(entry.seeds), len(entry.failed)
    return (f"{asked - failed}/{asked}" if failed else f"{asked}",)


def _hours(number: Number) -> CellPart:
    """Two significant digits of a part of an hour, and tenths where there are few hours."""
    if isinstance(number, float) and 0 < number < 0.995:
        return f"{number:.2g}"
    return fixed(number, 1 if isinstance(number, Undefined) or number < 100 else 0)
