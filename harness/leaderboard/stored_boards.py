"""Makes the leaderboards of a store: it performs no runs, and judges those that were not judged yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.core.errors import StoreError
from harness.core.numbers import Number
from harness.core.policy import BASELINE
from harness.judging.judge import Judge
from harness.judging.judge_runs import AnyJudge, judge_run
from harness.judging.judged_runs import JudgedRun
from harness.judging.truth_sources import RunJudges
from harness.leaderboard import leaderboard
from harness.leaderboard.equal_cost import RANDOM_SEARCH, SEED_OFFSET, equal_cost
from harness.leaderboard.grouping import NamedRun, grouped, named_runs
from harness.leaderboard.leaderboard import EntryKey, EqualCost, Leaderboard
from harness.storage.records import Run
from harness.storage.store import Store


@dataclass(frozen=True, slots=True)
class StoredBoard:
    """A leaderboard, the runs behind each of its rows by seed, and all of its judged runs."""

    board: Leaderboard
    runs: Mapping[EntryKey, tuple[Run, ...]]
    judged: tuple[JudgedRun, ...]


@dataclass(slots=True)
class _BoardGroup:
    """Runs of one space with the same judge."""

    space: str
    judge: AnyJudge
    runs: list[Run] = field(default_factory=list)


def stored_boards(
    store: Store,
    runs: Sequence[Run],
    *,
    metric: str | None = None,
    group_by: Sequence[str] = (),
    searches: bool = True,
    margin: float | None = None,
) -> list[StoredBoard]:
    """One leaderboard a space and truth, the oldest run's first; nothing is run.

    A run not judged yet is judged by its table or closed form, and this lookup is recorded. ``metric`` judges the runs
    (``None``: that of the test data), and the values of each ``group_by`` key separate rows. ``searches`` compares with
    stored random searches at equal cost, each by a recorded lookup. ``margin`` is that of ``leaderboard.build``. Raises
    StoreError if no run has ended or can be judged, TableError if a table is not found.
    """
    sources = RunJudges(store, metric)
    board_groups = _grouped_by_judge([run for run in runs if run.status != "running"], sources)
    if not board_groups:
        raise StoreError(_nothing(runs, metric))
    return [_board(board_group, store, sources, (group_by, runs, searches, margin)) for board_group in board_groups]


def _grouped_by_judge(ended: Sequence[Run], sources: RunJudges) -> list[_BoardGroup]:
    board_groups: dict[tuple[str, str, str], _BoardGroup] = {}
    failed_unjudged = []
    for run in ended:
        main = sources.main(run)
        judges = [*([main] if main else []), *sources.others(run, main)]
        for judge in judges:
            key = (run.spec.space, judge.truth.digest, judge.truth.metric)
            board_groups.setdefault(key, _BoardGroup(run.spec.space, judge)).runs.append(run)
        if not judges and run.status == "failed":
            failed_unjudged.append(run)
    for run in failed_unjudged:  # a failed run without a table has no judge: every leaderboard of its space shows it
        for board_group in board_groups.values():
            if board_group.space == run.spec.space:
                board_group.runs.append(run)
    return list(board_groups.values())


def _nothing(runs: Sequence[Run], metric: str | None) -> str:
    if not runs:
        return "the store holds no run yet; `harness run` makes some"
    if not any(run.status == "finished" for run in runs):
        return f"none of {len(runs)} runs is finished; give their `harness run` command again to go on"
    by = f" by {metric!r}" if metric else ""
    return f"none of {len(runs)} runs is judged{by}; `harness run --judge RECIPE` judges by training from scratch"


def _board(
    board_group: _BoardGroup,
    store: Store,
    sources: RunJudges,
    asked: tuple[Sequence[str], Sequence[Run], bool, float | None],
) -> StoredBoard:
    group_by, runs, searches, margin = asked
    rows = named_runs(_without_companions(board_group.runs), group_by)
    judged = [_judged(row, board_group.judge, store, sources) for row in rows]
    pairs = grouped(rows, lambda row: row.key).items()
    groups = {key: tuple(sorted((row.run for row in group), key=lambda run: run.spec.seed)) for key, group in pairs}
    costs = _searches(groups, board_group.judge, store, sources) if searches else {}
    board = leaderboard.build(judged, board_group.judge.truth, searches=costs, margin=margin)
    warned = replace(board, warnings=(*board.warnings, *_omission_warnings(board_group, runs, sources)))
    return StoredBoard(warned, groups, tuple(judged))


def _without_companions(runs: Sequence[Run]) -> list[Run]:
    """The runs without the random searches at equal cost, unless nothing but the baseline would be left."""
    asked = [run for run in runs if run.spec.policy != RANDOM_SEARCH or run.spec.seed < SEED_OFFSET]
    return asked if any(run.spec.policy != BASELINE for run in asked) else list(runs)


def _judged(row: NamedRun, judge: AnyJudge, store: Store, sources: RunJudges) -> JudgedRun:
    judged = judge_run(row.run, judge, store, sources.space(row.run.spec))
    return replace(judged, policy=row.policy, oracle=row.oracle, space=row.space)


def _searches(groups: Mapping[EntryKey, Sequence[Run]], judge: AnyJudge, store: Store, sources: RunJudges) -> EqualCost:
    """The results of random search at each row's cost; none if the judge is not a table."""
    found: dict[EntryKey, Mapping[str, tuple[Number, ...]]] = {}
    if not isinstance(judge, Judge):
        return found
    for key, group in groups.items():
        for costs in equal_cost(group, judge, store, sources.space(group[0].spec)).values():
            found[key] = costs
    return found


def _omission_warnings(board_group: _BoardGroup, runs: Sequence[Run], sources: RunJudges) -> list[str]:
    """Warnings about the selected runs of this space that no row counts."""
    counted = {run.id for run in board_group.runs}
    here = [run for run in runs if run.spec.space == board_group.space and run.id not in counted]
    running = [run for run in here if run.status == "running"]
    unjudged = [run for run in here if run.status == "finished" and sources.main(run) is None]
    notes = []
    if running:
        notes.append(f"{_counted(running)} not finished and left out; give the `harness run` command again to go on")
    if unjudged:
        notes.append(
            f"{_counted(unjudged)} not judged and left out; `harness run --judge RECIPE` trains what is missing"
        )
    return notes


def _counted(runs: Sequence[Run]) -> str:
    policies = ", ".join(dict.fromkeys(run.spec.policy for run in runs))
    return f"{len(runs)} run{'s' if len(runs) > 1 else ''} of {policies} {'are' if len(runs) > 1 else 'is'}"
