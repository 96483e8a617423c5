"""Watching a store that another process fills."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.budget import Budget, Cost
from harness.core.errors import StoreError
from harness.core.runspec import RunSpec
from harness.live.watch import IDLE_SECONDS, RunCounts, StoreSnapshot, StoreWatch, changed, follow, metric_of
from harness.storage.records import ScoreRow
from harness.storage.store import Store
from tests.fakes.runs_in_progress import Clock
from tests.fakes.stored_runs import checkpoint, spec


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'harness.db'}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(url(tmp_path)) as opened:
        yield opened


@pytest.fixture
def watched(store: Store, tmp_path: Path) -> Iterator[StoreWatch]:
    watch = StoreWatch.of(url(tmp_path), Clock())
    yield watch
    watch.close()


def begin(store: Store, *specs: RunSpec) -> None:
    for each in specs:
        store.begin(each, {})


def commit(store: Store, run: RunSpec, trials: int, *values: float | None) -> None:
    """Commit values as the newest of so many trials, a query each."""
    rows = [ScoreRow(trials - len(values) + i, "a cell", 8, value, None, 8.0, 2.5) for i, value in enumerate(values)]
    store.commit(run.digest, rows, checkpoint(trials, spent=Cost(trials, 8.0, 2.5)))


def test_runs_are_counted_by_what_became_of_them(store: Store, watched: StoreWatch) -> None:
    nao, other = [spec(seed) for seed in range(4)], spec(1, policy="enas", space="rnn3")
    begin(store, *nao, other)
    for each in nao[:3]:
        commit(store, each, 5, 0.5)
    store.finish(nao[0].digest, "a cell")
    store.fail(nao[1].digest, "no memory")
    picture = watched.look()
    assert picture.groups == (
        RunCounts("nao", "tabular", "rnn2", finished=1, failed=1, going=1, waiting=1),
        RunCounts("enas", "tabular", "rnn3", finished=0, failed=0, going=0, waiting=1),
    )
    assert [seen.run for seen in picture.going] == [nao[2].digest]
    assert (picture.busy, picture.total("waiting")) == (True, 2)


def test_a_run_in_progress_has_its_best_score_and_what_finished_ones_took(store: Store, watched: StoreWatch) -> None:
    runs = [spec(seed, budget=Budget()) for seed in range(3)]
    begin(store, *runs)
    for each, queries in zip(runs[:2], (100, 121), strict=True):
        commit(store, each, queries, 0.99)
        store.finish(each.digest, "a cell")
    commit(store, runs[2], 5, 0.25, 0.75, None)
    commit(store, runs[2], 9, 0.5)
    (seen,) = watched.look().going
    assert (seen.spec, seen.trials, seen.spent) == (runs[2], 9, Cost(9, 8.0, 2.5))
    assert seen.best is not None
    assert (seen.best.value, seen.best.metric.name, seen.best.metric.split) == (0.75, "accuracy", "validation")
    assert seen.usual == 110  # (100 + 121) / 2 is 110.5, which rounds to even


def test_a_run_whose_scores_all_failed_has_no_best_one(store: Store, watched: StoreWatch) -> None:
    begin(store, spec(1))
    commit(store, spec(1), 2, None)
    (seen,) = watched.look().going
    assert (seen.best, seen.usual) == (None, None)


def test_the_seconds_without_a_commit_are_those_while_watching(store: Store, watched: StoreWatch) -> None:
    clock = watched.clock
    assert isinstance(clock, Clock)

    def silent() -> dict[int, float | None]:
        return {seen.spec.seed: seen.silent for seen in watched.look().going}

    begin(store, spec(1), spec(2))
    commit(store, spec(1), 1, 0.5)
    assert silent() == {1: None}  # nobody knows for how long
    clock.now += 10
    assert silent() == {1: 10}
    commit(store, spec(1), 2, 0.5)
    commit(store, spec(2), 1, 0.5)
    clock.now += 5
    assert silent() == {1: 0, 2: 0}
    clock.now += 7
    commit(store, spec(2), 2, 0.5)
    assert silent() == {1: 7, 2: 0}


@pytest.mark.parametrize(
    ("oracle", "score", "name"),
    [
        ("tabular", 0.9, "accuracy"),
        ("supernet", 1.0, "accuracy"),
        ("tabular", -math.log(54.57), "negated log perplexity"),
        ("synthetic", 0.9, "score"),
        ("synthetic+score-gradient", 0.9, "score"),
        ("plugin:Oracle", 3.5, "score"),
    ],
)
def test_what_a_score_means_is_told_by_its_range(oracle: str, score: float, name: str) -> None:
    assert metric_of(spec(1, oracle=oracle), score).name == name


def test_nothing_is_written_while_watching(store: Store, watched: StoreWatch, tmp_path: Path) -> None:
    begin(store, spec(1))
    commit(store, spec(1), 1, 0.5)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    watched.look()
    watched.close()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")} == before


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no run store"):
        StoreWatch.of(url(tmp_path))
    assert not list(tmp_path.iterdir())


def test_watching_ends_after_half_a_minute_without_a_run(store: Store, watched: StoreWatch) -> None:
    clock, told = watched.clock, []
    assert isinstance(clock, Clock)
    begin(store, spec(1))
    commit(store, spec(1), 1, 0.5)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        told.append(clock.now)
        if len(told) == 3:
            store.finish(spec(1).digest, "a cell")

    pictures = list(follow(watched, 10.0, sleep=sleep))
    # three looks at a run that goes, at 1000, 1010 and 1020, then it is over: idle at 1030, 1040 and 1050
    assert [picture.busy for picture in pictures] == [True] * 3 + [False] * 3
    assert clock.now == 1020 + IDLE_SECONDS


def test_a_run_that_waits_is_watched_for(store: Store, watched: StoreWatch) -> None:
    begin(store, spec(1))
    looks = follow(watched, 100.0, sleep=lambda seconds: None)
    assert [next(looks).busy for _ in range(3)] == [True] * 3


def test_two_looks_differ_where_a_run_moved(store: Store, watched: StoreWatch) -> None:
    def looked() -> StoreSnapshot:
        return watched.look()

    begin(store, spec(1))
    first = looked()
    assert changed(None, first)
    assert not changed(first, looked())
    commit(store, spec(1), 1, 0.5)
    second = looked()
    assert changed(first, second)
    assert not changed(second, looked())
    commit(store, spec(1), 2, 0.5)
    assert changed(second, looked())
