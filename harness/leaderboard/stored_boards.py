"""The leaderboards of a store: its runs as they are, none performed, those that are not judged yet judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from harness.core.errors import StoreError
from harness.core.numbers import Number
from harness.core.policy import BASELINE
from harness.judging.judge import Judge
from harness.judging.judge_runs import AnyJudge, judge_run
from harness.judging.judged_runs import Judged
from harness.judging.truth_sources import TruthSources
from harness.leaderboard import leaderboard
from harness.leaderboard.equal_cost import APART, SEARCH, equal_cost
from harness.leaderboard.grouping import Named, named
from harness.leaderboard.leaderboard import EqualCost, Leaderboard
from harness.storage.records import Run
from harness.storage.store import Store

Key: TypeAlias = tuple[str, str, str]
"""The policy, oracle and space that a row is called by."""


@dataclass(frozen=True, slots=True)
class StoredBoard:
    """A leaderboard, the runs behind each of its rows by seed, and all of them as they were judged."""

    board: Leaderboard
    runs: Mapping[Key, tuple[Run, ...]]
    judged: tuple[Judged, ...]


@dataclass(slots=True)
class _Pile:
    """Runs of one space that one judge judges."""

    space: str
    judge: AnyJudge
    runs: list[Run] = field(default_factory=list)


def boards(
    store: Store, runs: Sequence[Run], *, metric: str | None = None, group_by: Sequence[str] = ()
) -> list[Leaderboard]:
    """One leaderboard a space and truth; see ``stored_boards``."""
    return [found.board for found in stored_boards(store, runs, metric=metric, group_by=group_by)]


def stored_boards(
    store: Store,
    runs: Sequence[Run],
    *,
    metric: str | None = None,
    group_by: Sequence[str] = (),
    searches: bool = True,
) -> list[StoredBoard]:
    """One leaderboard a space and truth, the oldest run's first; nothing is run.

    A run that was not judged yet is, by its table or closed form, and that look is recorded. ``metric`` is the one to
    judge by (``None``: that of the test data), and each key of ``group_by`` makes rows of their own. ``searches``
    compares with random search at equal cost, where the store holds such runs; each time that is a look as well.
    Raises StoreError where no run has ended or can be judged, TableError for a table that is not to be found.
    """
    sources = TruthSources(store, metric)
    piles = _piled([run for run in runs if run.status != "running"], sources)
    if not piles:
        raise StoreError(_nothing(runs, metric))
    return [_board(pile, store, sources, (group_by, runs, searches)) for pile in piles]


def _piled(ended: Sequence[Run], sources: TruthSources) -> list[_Pile]:
    piles: dict[tuple[str, str, str], _Pile] = {}
    homeless = []
    for run in ended:
        main = sources.main(run)
        judges = [*([main] if main else []), *sources.others(run, main)]
        for judge in judges:
            key = (run.spec.space, judge.truth.digest, judge.truth.metric)
            piles.setdefault(key, _Pile(run.spec.space, judge)).runs.append(run)
        if not judges and run.status == "failed":
            homeless.append(run)
    for run in homeless:  # without a table, what failed was never judged: it stands with the others of its space
        for pile in piles.values():
            if pile.space == run.spec.space:
                pile.runs.append(run)
    return list(piles.values())


def _nothing(runs: Sequence[Run], metric: str | None) -> str:
    if not runs:
        return "the store holds no run yet; `harness run` makes some"
    if not any(run.status == "finished" for run in runs):
        return f"none of {len(runs)} runs is finished; give their `harness run` command again to go on"
    by = f" by {metric!r}" if metric else ""
    return f"none of {len(runs)} runs is judged{by}; `harness run --judge RECIPE` judges by training from scratch"


def _board(
    pile: _Pile, store: Store, sources: TruthSources, asked: tuple[Sequence[str], Sequence[Run], bool]
) -> StoredBoard:
    group_by, runs, searches = asked
    rows = named(_asked_for(pile.runs), group_by)
    judged = [_judged(row, pile.judge, store, sources) for row in rows]
    costs = _searches(rows, pile.judge, store, sources) if searches else {}
    board = leaderboard.build(judged, pile.judge.truth, searches=costs)
    grouped = {key: tuple(sorted(group, key=_seed)) for key, group in _grouped(rows).items()}
    warned = replace(board, warnings=(*board.warnings, *_left_out(pile, runs, sources)))
    return StoredBoard(warned, grouped, tuple(judged))


def _asked_for(runs: Sequence[Run]) -> list[Run]:
    """The runs without random searches that are there for the comparison at equal cost, unless there are no others."""
    asked = [run for run in runs if run.spec.policy != SEARCH or run.spec.seed < APART]
    return asked if any(run.spec.policy != BASELINE for run in asked) else list(runs)


def _seed(run: Run) -> int:
    return run.spec.seed


def _judged(row: Named, judge: AnyJudge, store: Store, sources: TruthSources) -> Judged:
    judged = judge_run(row.run, judge, store, sources.space(row.run.spec))
    return replace(judged, policy=row.policy, oracle=row.oracle, space=row.space)


def _grouped(rows: Iterable[Named]) -> dict[Key, list[Run]]:
    groups: dict[Key, list[Run]] = {}
    for row in rows:
        groups.setdefault((row.policy, row.oracle, row.space), []).append(row.run)
    return groups


def _searches(rows: Sequence[Named], judge: AnyJudge, store: Store, sources: TruthSources) -> EqualCost:
    """What random search finds at each row's cost, for a table that is at hand."""
    found: dict[Key, Mapping[str, tuple[Number, ...]]] = {}
    if not isinstance(judge, Judge):
        return found
    for key, group in _grouped(rows).items():
        for costs in equal_cost(group, judge, store, sources.space(group[0].spec)).values():
            found[key] = costs
    return found


def _left_out(pile: _Pile, runs: Sequence[Run], sources: TruthSources) -> list[str]:
    """What a reader must know of the selected runs of this space that no row counts."""
    counted = {run.id for run in pile.runs}
    here = [run for run in runs if run.spec.space == pile.space and run.id not in counted]
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
