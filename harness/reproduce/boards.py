"""Reads cells from leaderboards, in the paper's units: accuracies in per cent, perplexities as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from backends.tabular.named_tables import open_table
from harness.core.judgement import Ranking, Truth
from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.judging.judge import Judge
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.planning.settings import create_space
from harness.reproduce import published
from harness.reproduce.cells import Missing, Ours, ReproducedRow, ReproducedSection, mean_and_std, number
from harness.reproduce.published import NO_VALUE
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import RunStep, entry, has_table

EntryReader: TypeAlias = Callable[[LeaderboardEntry], Ours | None]
BoardColumn: TypeAlias = tuple[Leaderboard | None, EntryReader]
"""The leaderboard of a column, and the function that reads the column's value from a row."""

SPACE = "space"
"""The name of the printed row about all cells of the space."""

DEVIATIONS = "Mean ± std: over a policy's seeds; in the row of the space over all of its cells."

SMALL_TRUTH = (
    "The truth about the 32 recurrent cells is table rnn2-ptb, of six epochs of small cells: the published scale takes "
    "1,000 epochs and about 5,000 GPU hours. `harness table build rnn-ptb --space rnn2 --output FILE` makes it, and "
    "--table FILE takes it."
)

PER_CENT, UNSCALED = 100.0, 1.0


def cell_of(step: RunStep, board: Leaderboard | None, pair: tuple[str, str], read: EntryReader) -> Ours | None:
    """The value of the row of ``pair`` (policy, oracle), or the command that measures it."""
    found = entry(board, *pair)
    return step.unmeasured if found is None else read(found)


def mean(scale: float) -> EntryReader:
    """The mean and the deviation over the seeds."""
    return lambda each: mean_and_std(each.mean, each.std, scale=scale)


def best(scale: float) -> EntryReader:
    """The best of the seeds."""
    return lambda each: number(each.best, 2, scale=scale)


def best_rank(each: LeaderboardEntry) -> Ours:
    """The best rank of the seeds."""
    return number(each.best_rank, 0)


def chance(each: LeaderboardEntry) -> Ours:
    """The chance that as many uniform draws all rank worse."""
    return number(each.p_beats_random, 2)


def tau(each: LeaderboardEntry) -> Ours | None:
    """Kendall's tau of the final shared weights, mean and deviation over the seeds; random trains none."""
    return None if each.policy == BASELINE else mean_and_std(each.tau, each.tau_std)


def space_mean(truth: Truth | Missing, scale: float) -> Ours:
    """The mean and population standard deviation of all cells' true values."""
    ranking = _ranking(truth)
    return ranking if isinstance(ranking, Missing) else mean_and_std(ranking.mean, ranking.std, scale=scale)


def space_best(truth: Truth | Missing, scale: float) -> Ours:
    """The best true value of all cells."""
    ranking = _ranking(truth)
    return ranking if isinstance(ranking, Missing) else number(ranking.best, 2, scale=scale)


def _ranking(truth: Truth | Missing) -> Ranking | Missing:
    if isinstance(truth, Missing):
        return truth
    return Missing(truth.ranking.reason) if isinstance(truth.ranking, Undefined) else truth.ranking


def truth_of(step: RunStep, metric: str) -> Truth | Missing:
    """The truth of the step's table about its whole space; ``Missing`` if the table is not here."""
    experiment = step.experiment
    if not has_table(step) or experiment.table is None or experiment.space is None:
        return Missing(f"table {experiment.table!r} is not here", f"harness table fetch {experiment.table}")
    return Judge(open_table(experiment.table), create_space(experiment.space), metric).truth


def truth_description(truth: Truth | Missing, request: ReproduceRequest) -> str:
    """The truth and the seeds behind our numbers, in words."""
    if isinstance(truth, Missing):
        return f"ours at {request.scale} scale: {truth.reason}"
    seeds = "one seed" if request.seeds == 1 else f"{request.seeds} seeds"
    return f"ours at {request.scale} scale: {truth.text} of {truth.kind} {truth.name}, {seeds} a policy"


def rows_of(
    step: RunStep, columns: Sequence[BoardColumn], printed: published.PublishedSection, *, oracle: str
) -> list[ReproducedRow]:
    """A row for each printed policy, and one for random, whose oracle the step chooses."""
    names = dict.fromkeys([*(name for name in printed.rows if name != SPACE), BASELINE])
    nothing = (None,) * len(columns)
    return [
        ReproducedRow.of(name, [_ours(step, each, name, oracle) for each in columns], printed.rows.get(name, nothing))
        for name in names
    ]


def _ours(step: RunStep, column: BoardColumn, policy: str, oracle: str) -> Ours | None:
    board, read = column
    asked = dict(step.pairs)[BASELINE] if policy == BASELINE else oracle
    return cell_of(step, board, (policy, asked), read)


def unmeasured(printed: published.PublishedSection, missing: Missing, title: str) -> ReproducedSection:
    """A printed section that is not measured here; a cell that the paper does not print either is not ``missing``."""
    rows = [
        ReproducedRow.of(name, [None if cell.text == NO_VALUE else missing for cell in cells], cells)
        for name, cells in printed.rows.items()
    ]
    return ReproducedSection.of(title, printed, rows)


def truth_notes(request: ReproduceRequest) -> tuple[str, ...]:
    """The note on the truth about recurrent cells at the published scale, if it applies."""
    return (SMALL_TRUTH,) if request.scale == "paper" and request.table is None else ()
