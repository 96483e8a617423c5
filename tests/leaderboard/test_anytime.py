"""Any-time curves against brute force: the best score of each beginning of a run, and its truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness.core.budget import Budget, Cost
from harness.core.errors import SpaceError
from harness.core.judgement import NoVerdict, TruthLookup, Verdict
from harness.core.numbers import Undefined
from harness.core.space import Architecture
from harness.judging.judge import Judge
from harness.leaderboard.anytime import (
    AXES,
    Incumbent,
    Trajectory,
    at_cost,
    charged_queries,
    incumbents_and_cost,
    on_grid,
    shared_grid,
    trajectory,
)
from harness.storage.records import ScoreRow
from harness.storage.store import Store
from tests.fakes.spaces import Pairs
from tests.fakes.stored_runs import checkpoint, spec
from tests.fakes.tables import TRUTH, FakeTable

SPACE = Pairs()


def row(number: int, cell: str, value: float | None, seconds: float = 1.0, epochs: float = 8.0) -> ScoreRow:
    return ScoreRow(number, cell, None, value, None if value is not None else "diverged", epochs, seconds)


def incumbents(rows: Iterable[ScoreRow]) -> tuple[Incumbent, ...]:
    found = list(rows)
    return incumbents_and_cost(found, [True] * len(found))[0]


def test_on_a_table_a_cell_that_was_trained_before_costs_no_query() -> None:
    """The fourth is another labelling of the second; what the table lacks (no epochs) costs a query each time."""
    asked = [row(0, "0+0", 0.5), row(1, "0+1", 0.6), row(2, "0+0", 0.5, 0.0, 0.0), row(3, "1+0", 0.6, 0.0, 0.0)]
    asked += [
        row(4, "2+2", None),
        row(5, "2+2", None, 0.0, 0.0),
        row(6, "1+1", None, 0.0, 0.0),
        row(7, "1+1", None, 0.0, 0.0),
    ]
    assert charged_queries(asked, SPACE, repeats_free=True) == [True, True, False, False, True, False, True, True]
    assert charged_queries(asked, SPACE, repeats_free=False) == [True] * 8
    (first, second), cost = incumbents_and_cost(asked, charged_queries(asked, SPACE, repeats_free=True))
    assert (first.queries, second.queries, cost.queries) == (1, 2, 5)


ROWS = [
    row(0, "2+2", None, 2.0),
    row(1, "0+0", 0.5, 0.5),
    row(3, "1+1", 0.5),
    row(4, "0+1", 0.7, 4.0),
    row(7, "1+1", 0.6),
    row(8, "1+2", 0.9, 1.5),
]


def test_incumbents_worked_by_hand() -> None:
    """A failure costs what it costs, the first of two equal scores stays, and numbers of other queries do not count."""
    assert incumbents(ROWS) == (
        Incumbent(2, 16.0, 2.5, "0+0", 0.5),
        Incumbent(4, 32.0, 7.5, "0+1", 0.7),
        Incumbent(6, 48.0, 10.0, "1+2", 0.9),
    )


def test_a_run_without_a_score_has_no_incumbent() -> None:
    assert incumbents([]) == incumbents([row(0, "2+2", None)]) == ()


def test_at_a_cost_the_longest_beginning_counts_that_costs_no_more() -> None:
    steps = incumbents(ROWS)
    assert at_cost(steps, queries=1) is None
    assert [at_cost(steps, queries=n).queries for n in (2, 3, 4, 5, 6, 99)] == [2, 2, 4, 4, 6, 6]  # type: ignore[union-attr]
    assert at_cost(steps, seconds=7.5) == steps[1]
    assert at_cost(steps, seconds=math.nextafter(7.5, 0)) == steps[0]
    assert at_cost(steps, queries=6, seconds=3.0) == steps[0]
    assert at_cost(steps) == steps[2]


scores = st.one_of(st.none(), st.integers(-3, 3).map(float))
asked = st.lists(st.tuples(scores, st.integers(0, 5).map(float)), max_size=25)


@given(asked)
def test_each_beginning_has_the_first_of_its_best_scores(pairs: list[tuple[float | None, float]]) -> None:
    rows = [row(i, f"cell {i}", value, seconds) for i, (value, seconds) in enumerate(pairs)]
    steps = incumbents(rows)
    for count in range(len(rows) + 1):
        known = [each for each in rows[:count] if each.value is not None]
        best = max(known, key=lambda each: each.value or 0.0, default=None)
        found = at_cost(steps, queries=count)
        assert (best.architecture if best else None) == (found.architecture if found else None)


@given(asked, st.integers(0, 60))
def test_seconds_cut_a_run_where_its_sum_exceeds_them(pairs: list[tuple[float | None, float]], limit: int) -> None:
    rows = [row(i, f"cell {i}", value, seconds) for i, (value, seconds) in enumerate(pairs)]
    sums = list(itertools.accumulate(row.cost_seconds for row in rows))
    affordable = [row for row, spent in zip(rows, sums, strict=True) if spent <= limit]
    found, wanted = at_cost(incumbents(rows), seconds=limit), incumbents(affordable)
    assert found == (wanted[-1] if wanted else None)


@given(asked)
def test_scores_only_rise_and_costs_never_fall(pairs: list[tuple[float | None, float]]) -> None:
    steps = incumbents(row(i, "cell", value, seconds) for i, (value, seconds) in enumerate(pairs))
    for before, after in itertools.pairwise(steps):
        assert before.value < after.value
        assert before.queries < after.queries
        assert before.seconds <= after.seconds


def stored(store: Store, rows: Sequence[ScoreRow], spent: Cost, seed: int = 1) -> Any:
    """A run with these Scores and this total."""
    made = spec(seed, oracle="paper", space="pairs4", table=None, table_digest=None, budget=Budget())
    store.begin(made, {})
    store.commit(made.digest, rows, checkpoint(99, spent=spent))
    store.finish(made.digest, "0+1")
    return store.show(made.digest)


def judge(store: Store, **options: Any) -> Judge:
    return Judge(FakeTable(TRUTH), SPACE, record=store.record_lookup, **options)


WHOLE = Cost(6, 48.0, 10.0)


def test_a_course_has_the_truth_of_each_incumbent_by_one_look(store: Store) -> None:
    found = trajectory(stored(store, ROWS, WHOLE), judge(store), store, SPACE)
    assert [step.architecture for step in found.steps] == ["0+0", "0+1", "1+2"]
    assert found.truths[:2] == (Verdict(0.7, 5, 5, pytest.approx(0.2), 20), Verdict(0.9, 1, 5, 0.0, 100))
    assert isinstance(found.truths[2], NoVerdict)
    assert "cell 1+2" in found.truths[2].reason
    assert (found.policy, found.seed, found.unknown) == ("nao", 1, ())
    assert [look.architecture for look in store.looks()] == ["3 incumbents"]


def test_the_look_is_recorded_before_anything_is_told() -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no disk")

    blind = Judge(FakeTable(TRUTH), SPACE, record=broken)
    with pytest.raises(RuntimeError, match="no disk"):
        blind.many([Architecture((0, 1))])


def test_many_verdicts_are_those_of_each_alone() -> None:
    cells = [Architecture((a, b)) for a in range(4) for b in range(4)]
    looks = list[TruthLookup]()
    one, all_ = Judge(FakeTable(TRUTH), SPACE), Judge(FakeTable(TRUTH), SPACE, record=looks.append)
    for alone, together in zip([one.judge(cell) for cell in cells], all_.many(cells, run="r"), strict=True):
        assert alone == together or {type(alone), type(together)} == {NoVerdict}
    assert [(look.run, look.architecture) for look in looks] == [("r", "16 incumbents")]


def test_nothing_is_no_look_and_a_foreign_cell_is_refused_before_one() -> None:
    looks = list[TruthLookup]()
    judge = Judge(FakeTable(TRUTH), SPACE, record=looks.append)
    assert judge.many([]) == []
    with pytest.raises(SpaceError):
        judge.many([Architecture((0, 1)), Architecture((9, 9, 9))])
    assert looks == []


def test_a_run_without_scores_has_a_course_without_steps_and_no_look(store: Store) -> None:
    found = trajectory(stored(store, [], Cost()), judge(store), store, SPACE)
    assert (found.steps, found.truths, found.unknown) == ((), (), ())
    assert store.looks() == []


@pytest.mark.parametrize(
    ("spent", "unknown"),
    [
        (WHOLE, set()),
        (Cost(6, 248.0, 10.0), {"epochs"}),
        (Cost(6, 48.0, 10.5), {"seconds"}),
        (Cost(7, 48.0, 10.0), {"queries"}),
    ],
)
def test_an_axis_that_scores_do_not_add_up_to_is_undefined(store: Store, spent: Cost, unknown: set[str]) -> None:
    found = trajectory(stored(store, ROWS, spent), judge(store), store, SPACE)
    assert {axis for axis in AXES if isinstance(found.costs(axis), Undefined)} == unknown
    assert all("on more than Scores" in reason.reason for _, reason in found.unknown)


def test_an_oracle_without_times_has_no_axis_of_seconds(store: Store) -> None:
    rows = [row(i, "0+1", 0.1, 0.0) for i in range(3)]
    found = trajectory(stored(store, rows, Cost(3, 24.0, 0.0)), judge(store), store, SPACE)
    assert found.costs("seconds") == Undefined("oracle paper knows no seconds of training")
    assert found.costs("queries") == (1.0,)


def made(seed: int, pairs: Sequence[tuple[float, float | None]], spent: float = 100.0) -> Trajectory:
    """A course from (queries, regret) of each incumbent; ``None`` has no truth."""
    steps = tuple(Incumbent(int(cost), cost, cost, "cell", float(i)) for i, (cost, _) in enumerate(pairs))
    truths = tuple(
        NoVerdict("gone") if regret is None else Verdict(0.9 - regret, 1, 9, regret, 50) for _, regret in pairs
    )
    return Trajectory("nao", "paper", "pairs4", seed, Cost(int(spent), spent, spent), steps, truths)


def test_a_grid_worked_by_hand() -> None:
    runs = [made(1, [(1, 0.4), (5, 0.1)]), made(2, [(2, 0.2), (7, None)])]
    curve = on_grid(runs, "queries", [0.5, 1, 2, 4.9, 5, 6, 7, 1000])
    assert not isinstance(curve, Undefined)
    np.testing.assert_allclose(curve.mean, [np.nan, 0.4, 0.3, 0.3, 0.15, 0.15, 0.1, 0.1])
    assert curve.seeds.tolist() == [0, 1, 2, 2, 2, 2, 1, 1]
    assert np.isnan(curve.low).tolist() == np.isnan(curve.high).tolist() == [True, True, *[False] * 4, True, True]


regrets = st.lists(
    st.lists(st.tuples(st.integers(1, 30), st.one_of(st.none(), st.integers(0, 9))), max_size=6), min_size=1, max_size=4
)


@given(regrets, st.lists(st.integers(0, 35), min_size=1, max_size=5))
def test_a_grid_is_the_mean_of_what_each_seed_holds(runs: list[list[tuple[int, int | None]]], grid: list[int]) -> None:
    runs = [sorted({cost: (cost, regret) for cost, regret in run}.values(), key=lambda pair: pair[0]) for run in runs]
    curve = on_grid([made(seed, run) for seed, run in enumerate(runs)], "queries", grid)  # type: ignore[arg-type]
    assert not isinstance(curve, Undefined)
    for place, cost in enumerate(grid):
        held = [[regret for at, regret in run if at <= cost][-1:] for run in runs]
        values = [each[0] for each in held if each and each[0] is not None]
        assert curve.seeds[place] == len(values)
        if values:
            assert curve.mean[place] == pytest.approx(sum(values) / len(values))
        else:
            assert np.isnan(curve.mean[place])
        if len(values) > 1:
            assert min(values) <= curve.low[place] <= curve.mean[place] + 1e-9
            assert curve.mean[place] - 1e-9 <= curve.high[place] <= max(values)


def test_intervals_are_those_of_scipys_bootstrap() -> None:
    values = np.random.default_rng(3).gamma(2.0, 1.0, 10)
    curve = on_grid([made(seed, [(1, value)]) for seed, value in enumerate(values)], "queries", [1, 2])
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert not isinstance(curve, Undefined)
    np.testing.assert_allclose(curve.low, theirs.low, rtol=0.03)
    np.testing.assert_allclose(curve.high, theirs.high, rtol=0.03)


def test_values_and_ranks_can_be_drawn_too() -> None:
    curve = on_grid([made(1, [(1, 0.4)])], "queries", [1], quality="value")
    assert not isinstance(curve, Undefined)
    assert curve.mean.tolist() == [0.5]


def test_an_axis_undefined_for_one_run_is_undefined_for_all(store: Store) -> None:
    runs = [stored(store, ROWS, WHOLE), stored(store, ROWS, Cost(6, 48.0, 99.0), seed=2)]
    found = [trajectory(run, judge(store), store, SPACE) for run in runs]
    assert not isinstance(on_grid(found, "queries", [1]), Undefined)
    assert isinstance(on_grid(found, "seconds", [1]), Undefined)


def test_a_grid_reaches_from_the_first_incumbent_to_the_end_of_the_longest_run() -> None:
    runs = [made(1, [(3, 0.4), (5, 0.1)], spent=40), made(2, [(2, 0.2)], spent=70)]
    grid = shared_grid(runs, "queries", points=500)
    assert (grid[0], grid[-1]) == (2, 70)
    assert grid == [float(n) for n in range(2, 71)]
    seconds = shared_grid(runs, "seconds", points=50)
    assert (seconds[0], seconds[-1], len(seconds)) == (2, 70, 50)
    assert seconds == sorted(seconds)


def test_no_incumbent_no_grid() -> None:
    assert shared_grid([made(1, [])], "queries") == []
    assert shared_grid([made(1, [(1, 0.1)], spent=1)], "queries") == [1]
