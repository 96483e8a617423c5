"""How far runs are, and how long they will yet take: every expected number is worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.core.budget import Budget, Cost
from harness.execution.messages import BestScore, CheckpointSaved, RunFailed, RunFinished
from harness.live.forecast import RunTracker, duration_text
from tests.fakes.runs_in_progress import VALIDATION, Clock, beat, job
from tests.fakes.stored_runs import checkpoint


def test_a_run_with_a_budget_takes_as_long_again_as_its_share_says() -> None:
    clock, one = Clock(), job(1, budget=Budget(queries=100))
    tally = RunTracker([one], 1, clock)
    tally.receive(beat(one, 0))
    assert tally.left(tally.going[0]) is None  # nothing is done yet
    clock.now += 30
    tally.receive(beat(one, 25))
    assert (tally.queries(tally.going[0]), tally.share(tally.going[0])) == ("25 of 100", 0.25)
    assert tally.left(tally.going[0]) == pytest.approx(90)  # a quarter in 30 s
    assert tally.total_seconds_left() == pytest.approx(90)


def test_the_side_of_a_budget_that_is_spent_first_decides() -> None:
    one = job(1, budget=Budget(queries=100, seconds=720.0))
    tally = RunTracker([one], 1, Clock())
    tally.receive(beat(one, 10))  # 360 of 720 seconds, as a query costs 36
    assert tally.share(tally.going[0]) == 0.5


def test_without_a_budget_nothing_is_known_until_a_run_like_it_is_done() -> None:
    clock, (one, two) = Clock(), (job(1), job(2))
    tally = RunTracker([one, two], 2, clock)
    tally.receive(beat(one, 0))
    clock.now += 20
    tally.receive(beat(one, 40))
    assert (tally.queries(tally.going[0]), tally.share(tally.going[0]), tally.total_seconds_left()) == (
        "40",
        None,
        None,
    )
    tally.receive(RunFinished(one.run, "a cell"))
    tally.receive(beat(two, 0))
    clock.now += 5
    tally.receive(beat(two, 10))
    assert (tally.queries(tally.going[0]), tally.share(tally.going[0])) == ("10 of 40", 0.25)
    assert tally.total_seconds_left() == pytest.approx(15)


def test_of_a_budget_and_a_run_like_it_the_one_counts_that_is_reached_first() -> None:
    one, two = job(1, budget=Budget(queries=100)), job(2, budget=Budget(queries=100))
    tally = RunTracker([one, two], 2, Clock())
    tally.receive(beat(one, 40))
    tally.receive(RunFinished(one.run, "a cell"))
    tally.receive(beat(two, 10))
    assert (tally.queries(tally.going[0]), tally.share(tally.going[0])) == ("10 of 40", 0.25)
    tally.receive(beat(two, 50))  # it goes beyond the other
    assert (tally.queries(tally.going[0]), tally.share(tally.going[0])) == ("50 of 100", 1.0)


def test_a_run_that_failed_tells_nothing_of_the_others() -> None:
    one, two = job(1), job(2)
    tally = RunTracker([one, two], 2, Clock())
    tally.receive(beat(one, 40))
    ended = tally.receive(RunFailed(one.run, "no memory"))
    assert ended is not None
    assert (ended.reason, tally.ended, tally.failed) == ("no memory", 1, 1)
    tally.receive(beat(two, 10))
    assert tally.share(tally.going[0]) is None


def test_the_pace_of_a_run_that_was_taken_up_is_that_since_then() -> None:
    clock, fresh = Clock(), job(1, budget=Budget(queries=100))
    taken = replace(fresh, checkpoint=checkpoint(120, spent=Cost(60, 0.0, 0.0)))
    tally = RunTracker([taken], 1, clock)
    tally.receive(beat(taken, 60))
    clock.now += 10
    tally.receive(beat(taken, 80))
    assert tally.left(tally.going[0]) == pytest.approx(10)  # a fifth in 10 s, a fifth is left


def test_runs_that_wait_take_as_long_as_those_like_them_as_many_at_a_time_as_there_were() -> None:
    clock, jobs = Clock(), [job(seed) for seed in range(6)]
    tally = RunTracker(jobs, 10, clock)
    tally.receive(beat(jobs[0], 0))
    tally.receive(beat(jobs[1], 0))
    clock.now += 60
    tally.receive(beat(jobs[0], 100))
    tally.receive(RunFinished(jobs[0].run, "a cell"))
    tally.receive(beat(jobs[1], 50))
    assert tally.ended == 5
    # the second run has 60 s to go; four wait, of 60 s (the first) and 120 s (the second's pace), 90 s on average
    assert tally.total_seconds_left() == pytest.approx((60 + 4 * 90) / 2)


def test_all_take_at_least_as_long_as_the_slowest_in_progress() -> None:
    clock, jobs = Clock(), [job(1, budget=Budget(queries=100)), job(2, budget=Budget(queries=100))]
    tally = RunTracker(jobs, 2, clock)
    for each in jobs:
        tally.receive(beat(each, 0))
    clock.now += 10
    tally.receive(beat(jobs[0], 10))
    tally.receive(beat(jobs[1], 50))
    assert tally.total_seconds_left() == pytest.approx(90)


def test_the_baseline_that_asks_nothing_takes_no_time() -> None:
    clock, jobs = Clock(), [job(1, budget=Budget(queries=100)), job(1, "random")]
    tally = RunTracker(jobs, 2, clock)
    tally.receive(beat(jobs[0], 0))
    clock.now += 10
    tally.receive(beat(jobs[0], 50))
    assert tally.total_seconds_left() == pytest.approx(10)


def test_the_best_score_stays_where_a_message_brings_none() -> None:
    one = job(1)
    tally = RunTracker([one], 1, Clock())
    tally.receive(beat(one, 1, 0.5))
    tally.receive(beat(one, 2))
    assert tally.going[0].best == BestScore(0.5, VALIDATION)
    tally.receive(CheckpointSaved(one.run, [], checkpoint(9, spent=Cost(7)), BestScore(0.75, VALIDATION)))
    assert (tally.going[0].best, tally.going[0].progress.spent.queries) == (BestScore(0.75, VALIDATION), 7)


def test_at_the_end_nothing_is_left() -> None:
    one = job(1)
    tally = RunTracker([one], 30, Clock())
    tally.receive(RunFinished(one.run, "a cell"))  # faster than any beat
    assert (tally.ended, tally.going, tally.total_seconds_left()) == (30, (), 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0.4, "0 s"), (99.4, "99 s"), (99.6, "2 min"), (5900, "98 min"), (6000, "1.7 h"), (4e6, "1,111.1 h")],
)
def test_a_duration_is_said_in_one_unit(seconds: float | None, words: str) -> None:
    assert duration_text(seconds) == words


def test_a_run_that_only_began_takes_as_long_as_the_one_before() -> None:
    clock, (one, two) = Clock(), (job(1), job(2))
    tally = RunTracker([one, two], 2, clock)
    tally.receive(beat(one, 0))
    clock.now += 60
    tally.receive(beat(one, 40))
    tally.receive(RunFinished(one.run, "a cell"))
    tally.receive(beat(two, 0))
    clock.now += 20
    assert (tally.left(tally.going[0]), tally.total_seconds_left()) == (None, 40)
    clock.now += 90
    assert tally.total_seconds_left() == 0  # it takes longer; nobody knows by how much
