"""A leaderboard as tables of printed cells, which the terminal, Markdown and LaTeX share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.leaderboard.columns import noisy, repeating
from harness.leaderboard.comparison import ONE_DRAW, SEARCH_NAMES, Comparison
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry, names_of
from harness.leaderboard.views import ViewColumn, comparison_with, view_columns
from harness.output.units import TableCell, unit_of

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
ERROR_NOTE = (
    "Truth's error: what the luck of a cell's {} trainings leaves in a mean of any number of seeds; its rank: by "
    "that luck."
)
SMALLER_NOTE = "The smaller, the better."
COMMON_NOTE = (
    "Welch p: two-sided, against random. Hours of training: a table charges the times that it recorded, a live oracle "
    "those that it took."
)
FAMILIES_NOTE = (
    "Sentences rest on {}, after Holm's correction over all rows: one family against one random draw, another against "
    "random search."
)
EXACT_BASIS = "the exact p (of the share of the cells that the runs beat, against as many uniform draws), else Welch's"
WELCH_BASIS = "Welch's p"
FEW_REPEATS = 10
"""The number of trainings of each of the 32 recurrent cells of Yu et al. 2020."""

SUMMARIES_TITLE = "Over the seeds, with 95 % intervals in brackets"
BOOTSTRAP_NOTE = (
    "Intervals over the seeds: percentile bootstrap. Interquartile mean: of the middle half of the seeds (Agarwal et "
    "al. 2021, Sec. 4.3)."
)
UNIFORM_TITLE = "Against uniform draws from the ranked cells"
UNIFORM_NOTE = (
    "Beats: the mean percentage of the ranked cells that a run is above, ties counting half; in brackets, where that "
    "of as many draws lies in 95 % of all cases. Exact p: two-sided, of this percentage. P of the best: the chance "
    "that the best of as many draws is as good as the best run. Holm p: the exact p, corrected for all policies."
)
TESTS_NOTE = (
    "Interval of a difference: Welch's. Holm p: the p that the sentences rest on, corrected for all tests of its "
    "family. P(better): that a run beats one of those that it is compared with, a tie counting half (Agarwal et al. "
    "2021, Sec. 4.3)."
)
POWER_NOTE = (
    "Equivalence p: two one-sided tests; below 0.05 the means surely differ by less than the margin. Detectable: the "
    "difference that is found four times in five. Seeds needed: on each side, to find the present difference so often."
)


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """Heads (with line breaks for narrow tables), cells by row, and the reasons for missing numbers.

    ``note`` explains the columns. If ``first_is_best`` is true, the first row has the best mean.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    reasons: tuple[str, ...]
    note: str
    first_is_best: bool

    def mark(self, part: Undefined) -> int:
        """The number of the footnote with the reason for a missing number."""
        return self.reasons.index(part.reason) + 1


def printed_table(board: Leaderboard) -> PrintedTable:
    """The main table: the title says what all entries share, and columns show what differs."""
    first_is_best = bool(board.entries) and not isinstance(board.entries[0].mean, Undefined)
    return _printed(title(board), view_columns(board, "main"), board.entries, _note(board), first_is_best=first_is_best)


def statistics(board: Leaderboard) -> tuple[PrintedTable, ...]:
    """The numbers behind the verdicts: summaries with intervals, exact tests, and two tables a comparison."""
    sheets = [_printed(SUMMARIES_TITLE, view_columns(board, "summaries"), board.entries, BOOTSTRAP_NOTE)]
    if rows := [entry for entry in board.entries if _is_exact(comparison_with(entry, ONE_DRAW))]:
        sheets.append(_printed(UNIFORM_TITLE, view_columns(board, "uniform"), rows, UNIFORM_NOTE))
    differences = f"differences in {unit_of(board.truth.metric).word.removeprefix('in ')}"
    for other in (ONE_DRAW, *SEARCH_NAMES.values()):
        if rows := [entry for entry in board.entries if _is_compared(entry, other)]:
            tests, limits = view_columns(board, "tests", other), view_columns(board, "power", other)
            sheets.append(_printed(f"Against {other}; {differences}, positive where better", tests, rows, TESTS_NOTE))
            sheets.append(_printed(f"What the seeds can show against {other}; {differences}", limits, rows, POWER_NOTE))
    return tuple(sheets)


def _printed(
    text: str,
    columns: Sequence[ViewColumn],
    entries: Sequence[LeaderboardEntry],
    note: str,
    *,
    first_is_best: bool = False,
) -> PrintedTable:
    rows = tuple(tuple(column.cell(entry) for column in columns) for entry in entries)
    reasons = dict.fromkeys(part.reason for row in rows for cell in row for part in cell if isinstance(part, Undefined))
    return PrintedTable(text, tuple(column.head for column in columns), rows, tuple(reasons), note, first_is_best)


def title(board: Leaderboard) -> str:
    """The metric, its split, repeats and budget, the number of seeds, and what all entries share."""
    counts = sorted({len(entry.seeds) for entry in board.entries})
    seeds = "one seed" if counts == [1] else f"{' or '.join(map(str, counts)) or 'no'} seeds"
    places = {name: {getattr(entry, name) for entry in board.entries} for name in CONTEXT_COLUMNS}
    shared = [f"{name} {value}" for name, values in places.items() for value in values if len(values) == 1]
    truth = board.truth
    text = truth.text[0].upper() + truth.text[1:]
    return f"{text}; {seeds} a policy; {', '.join((*shared, f'{truth.kind} {truth.name}'))}"


def _note(board: Leaderboard) -> str:
    names = names_of([entry.key for entry in board.entries])
    notes = [] if board.truth.larger_is_better else [SMALLER_NOTE]
    notes += [SCRATCH_NOTE if isinstance(board.truth.ranking, Undefined) else RANKS_NOTE, COMMON_NOTE]
    exact = any(_is_exact(entry.against_random) for entry in board.entries)
    notes.append(FAMILIES_NOTE.format(EXACT_BASIS if exact else WELCH_BASIS))
    if noisy(board):
        notes.append(ERROR_NOTE.format(board.truth.repeats))
    elif 1 < board.truth.repeats < FEW_REPEATS:
        notes.append(NOISE_NOTE.format(board.truth.repeats))
    if repeating(board):
        asked = ", ".join(f"{names[e.key]} {e.queries:,.0f}" for e in board.entries if e.queries != e.evaluations)
        notes.append(f"Evaluations leave out cells that were asked again; with them the mean queries are: {asked}.")
    if probed := sorted({entry.probed for entry in board.entries if entry.probed}):
        numbers = str(probed[0]) if len(probed) == 1 else f"{probed[0]} to {probed[-1]}"
        notes.append(
            f"Kendall's tau-b: between the final shared weights' scores of {numbers} sampled cells and the truth, mean "
            "and deviation over the seeds."
        )
    return " ".join(notes)


def _is_exact(comparison: Comparison | Undefined) -> bool:
    return isinstance(comparison, Comparison) and not isinstance(comparison.exact_p, Undefined)


def _is_compared(entry: LeaderboardEntry, other: str) -> bool:
    """Whether a row is compared with ``other``, or has a reason; random is not compared with a random draw."""
    if other == ONE_DRAW:
        return entry.policy != BASELINE
    return isinstance(comparison_with(entry, other), Comparison)
