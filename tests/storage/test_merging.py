"""Stores are merged whole, once and in any order; what contradicts itself is told and not overwritten."""

import gzip
import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import StoreError
from harness.core.judgement import Correlation, Truth, TruthLookup, Verdict
from harness.core.numbers import Undefined
from harness.storage.merging import MergeConflict, merge
from harness.storage.records import ProbeCorrelation, Result
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, ended, going, rows, spec
from tests.storage.test_schema_versions import FIRST

TRUTH = Truth("test_accuracy", 3, 8, "table", "t", "ab" * 32, True, Undefined("no rank"))
JUDGED = Result("cell 1", "test_accuracy", "ab" * 32, Verdict(0.75, 2, 32, 0.125, 96.875))
ALSO = Result("cell 1", "validation_accuracy", "ab" * 32, Verdict(0.5, 3, 32, 0.25, 90.625))
RANKED = ProbeCorrelation("test_accuracy", "ab" * 32, Correlation(0.5, 2))


@pytest.fixture
def places(tmp_path):
    """URLs of stores that are not there yet."""
    return [f"sqlite:///{tmp_path}/{name}.db" for name in "abcd"]


def look(run, second=0, what="cell 1"):
    return TruthLookup(run, datetime(2026, 1, 2, 3, 4, second, tzinfo=UTC), what, "test_accuracy", "ab" * 32)


def content(url):
    """Everything that a store holds, by run id where it is of a run, in no order that its rows' numbers decide."""
    with Store.read(url) as store:
        runs = {run.id: run for run in store.runs()}
        below = {
            run: (store.trials(run), store.probe(run), store.results(run), store.correlations(run)) for run in runs
        }
        return runs, below, sorted(map(repr, store.looks())), store.truths()


def judged(store, run):
    store.record_truth("rnn2", TRUTH)
    store.record_lookup(look(run))
    store.record_result(run, JUDGED)
    store.record_correlation(run, RANKED)


def test_everything_of_a_run_is_copied(places):
    source, target, *_ = places
    with Store.open(source) as store:
        judged(store, ended(store, spec(1), trials=12, probe=[("cell 1", 0.5), ("cell 2", None)]))
        going(store, spec(2), 3)
        store.record_lookup(look(""))
    merged = merge(target, source)
    assert (len(merged.added), merged.replaced, merged.known, merged.conflicts, merged.looks) == (2, [], [], [], 2)
    assert content(target) == content(source)
    with Store.open(target) as store:
        assert store.begin(spec(2), {}) == checkpoint(3)


def test_merging_again_adds_nothing_and_doubles_no_look(places):
    source, target, *_ = places
    with Store.open(source) as store:
        run = ended(store, spec(1), trials=4)
        for _ in range(2):
            judged(store, run)
    merge(target, source)
    before = content(target)
    again = merge(target, source)
    assert (again.added, again.replaced, again.known, again.looks) == ([], [], [run], 0)
    assert content(target) == before
    assert len(before[2]) == 2


def test_a_look_that_is_told_twice_counts_twice(places):
    source, target, *_ = places
    with Store.open(source) as store:
        for _ in range(3):
            store.record_lookup(look("x"))
    with Store.open(target) as store:
        store.record_lookup(look("x"))
    assert merge(target, source).looks == 2
    assert len(content(target)[2]) == 3


def test_the_source_stays_as_it_is(places):
    source, target, *_ = places
    with Store.open(source) as store:
        judged(store, ended(store, spec(1), trials=4))
    with Store.open(target) as store:
        going(store, spec(1), 9)
        going(store, spec(2), 9)
    before = content(source)
    merge(target, source)
    assert content(source) == before


@pytest.mark.parametrize("status", ["running", "failed"])
def test_a_finished_run_takes_the_place_of_an_unfinished_one(places, status):
    source, target, *_ = places
    with Store.open(source) as store:
        judged(store, ended(store, spec(1), trials=2))
    with Store.open(target) as store:
        run = going(store, spec(1), 9)
        if status == "failed":
            store.fail(run, "out of memory")
    merged = merge(target, source)
    assert (merged.added, merged.replaced) == ([], [run])
    assert content(target) == content(source)
    with Store.open(target) as store:
        assert store.begin(spec(1), {}).recommendation == "cell 1"


def test_an_unfinished_run_leaves_a_finished_one_alone(places):
    source, target, *_ = places
    with Store.open(source) as store:
        going(store, spec(1), 9)
    with Store.open(target) as store:
        judged(store, ended(store, spec(1), trials=2))
    before = content(target)
    assert merge(target, source).known == [spec(1).digest]
    assert content(target) == before


def test_of_two_finished_runs_the_targets_stays_whatever_they_asked(places):
    source, target, *_ = places
    for url, trials in ((source, 9), (target, 4)):
        with Store.open(url) as store:
            run = ended(store, spec(1), trials=trials)
    merged = merge(target, source)
    assert (merged.known, merged.conflicts) == ([run], [])
    with Store.read(target) as store:
        assert store.trials(run) == rows(0, 4)


def test_of_two_unfinished_runs_the_one_that_is_further_stays_with_its_checkpoint(places):
    first, second, target, _ = places
    for url, trials in ((first, 3), (second, 7)):
        with Store.open(url) as store:
            going(store, spec(1), trials)
    for order in ((first, second), (second, first)):
        for source in order:
            merge(target, source)
        with Store.open(target) as store:
            assert store.begin(spec(1), {}) == checkpoint(7)
            assert store.trials(spec(1).digest) == rows(0, 7)


def test_judgements_that_only_the_source_has_are_added(places):
    source, target, *_ = places
    for url, results in ((source, (JUDGED, ALSO)), (target, (JUDGED,))):
        with Store.open(url) as store:
            run = ended(store, spec(1))
            for result in results:
                store.record_result(run, result)
    merge(target, source)
    with Store.read(target) as store:
        assert store.results(run) == [JUDGED, ALSO]


def test_two_ends_of_one_run_are_a_conflict_and_the_target_stays(places):
    source, target, *_ = places
    for url, end in ((source, "cell 2"), (target, "cell 1")):
        with Store.open(url) as store:
            run = ended(store, spec(1), end, trials=4)
    with Store.open(source) as store:
        store.record_result(run, ALSO)
    before = content(target)
    merged = merge(target, source)
    assert merged.conflicts == [MergeConflict(run, "nao", "1", "cell 1", "cell 2")]
    assert content(target) == before


def test_a_source_that_breaks_in_the_middle_leaves_the_target_as_it_was(places, tmp_path):
    source, target, *_ = places
    with Store.open(source) as store:
        ended(store, spec(1), trials=4)
        ended(store, spec(2), trials=4)
    with Store.open(target) as store:
        ended(store, spec(3), trials=4)
    before = content(target)

    def broken(done, total):
        if done > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge(target, source, broken)
    assert content(target) == before


def test_progress_is_told_in_trials(places):
    source, target, *_ = places
    with Store.open(source) as store:
        ended(store, spec(1), trials=4)
        ended(store, spec(2), trials=6)
    told = []
    merge(target, source, lambda done, total: told.append((done, total)))
    assert told == [(4, 10), (10, 10)]


def test_a_store_of_the_first_version_is_merged_and_left_as_it_is(places, tmp_path):
    old = tmp_path / "old.db"
    old.write_bytes(gzip.decompress(FIRST.read_bytes()))
    before = old.read_bytes()
    merge(places[0], f"sqlite:///{old}")
    assert old.read_bytes() == before
    with Store.read(places[0]) as store, Store.read(f"sqlite:///{old}") as first:
        assert store.runs() == first.runs()
        assert [store.trials(run.id) for run in store.runs()] == [first.trials(run.id) for run in first.runs()]
        assert store.looks() == first.looks()


def test_into_a_store_of_the_first_version_everything_is_merged_too(places, tmp_path):
    old = tmp_path / "old.db"
    old.write_bytes(gzip.decompress(FIRST.read_bytes()))
    with Store.open(places[0]) as store:
        judged(store, ended(store, spec(5), probe=[("cell 1", 0.5)]))
    merge(f"sqlite:///{old}", places[0])
    with Store.read(f"sqlite:///{old}") as store:
        assert store.probe(spec(5).digest) == [("cell 1", 0.5)]
        assert len(store.runs()) == 3


def test_a_store_is_not_merged_into_itself_nor_from_nowhere(places, tmp_path, monkeypatch):
    with Store.open(places[0]) as store:
        ended(store, spec(1))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="cannot be merged into itself"):
        merge(places[0], "sqlite:///a.db")
    with pytest.raises(StoreError, match="there is no run store"):
        merge(places[1], places[2])
    assert not (tmp_path / "b.db").exists()
    with sqlite3.connect(tmp_path / "b.db") as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="is no run store but a database with a table 'bookmarks'"):
        merge(places[1], places[0])


STATES = st.sampled_from([("finished", 0), ("running", 1), ("running", 2), ("failed", 1), ("failed", 2)])
STORES = st.lists(st.dictionaries(st.integers(1, 3), STATES, max_size=3), min_size=1, max_size=3)


def made(url, states):
    with Store.open(url) as store:
        for seed, (status, trials) in states.items():
            if status == "finished":
                judged(store, ended(store, spec(seed), trials=5))
            else:
                run = going(store, spec(seed), trials)
                if status == "failed":
                    store.fail(run, "out of memory")


@settings(max_examples=12)
@given(stores=STORES)
def test_the_order_of_merging_changes_nothing_and_twice_is_once(tmp_path_factory, stores):
    folder = tmp_path_factory.mktemp("merging")
    urls = [f"sqlite:///{folder}/{i}.db" for i in range(len(stores))]
    for url, states in zip(urls, stores, strict=True):
        made(url, states)
    found = set()
    for i, order in enumerate((urls, urls[::-1])):
        target = f"sqlite:///{folder}/target-{i}.db"
        for url in (*order, *order[:1]):
            merge(target, url)
        runs, below, looks, truths = content(target)
        told = sorted(
            (run.id, run.status, run.trials, run.recommendation, repr(below[run.id])) for run in runs.values()
        )
        found.add(repr((told, looks, truths)))
    assert len(found) == 1
    best = {}
    for states in stores:
        for seed, (status, trials) in states.items():
            key = (status == "finished", trials, status == "failed")
            best[spec(seed).digest] = max(best.get(spec(seed).digest, key), key)
    assert {run.id: run.status == "finished" for run in runs.values()} == {run: key[0] for run, key in best.items()}
