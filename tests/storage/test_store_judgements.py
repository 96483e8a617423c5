"""The run store keeps what was judged, and every look at the truth."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.core.errors import StoreError, UnknownNameError
from harness.core.judgement import Correlation, NoVerdict, Ranking, Truth, TruthLookup, UnrankedVerdict, Verdict
from harness.core.numbers import Undefined
from harness.storage.records import ProbeCorrelation, Result
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, rows, spec


def test_results_come_back_and_a_new_word_replaces_the_old_one(store):
    run = spec().digest
    store.begin(spec(), {})
    store.finish(run, "cell 3")
    judged = Result("cell 3", "test_accuracy", "ab" * 32, Verdict(1 / 3, 2, 32, 0.1, 100 * 31 / 32))
    absent = Result("cell 3", "validation_accuracy", "ab" * 32, NoVerdict("the table does not hold it"))
    for result in (replace(judged, judgement=NoVerdict("not yet")), judged, absent):
        store.record_result(run, result)
    assert store.results(run) == [judged, absent]
    with pytest.raises(UnknownNameError, match="unknown run 'nobody'"):
        store.record_result("nobody", judged)


def test_looks_are_kept_in_order(store):
    looks = [
        TruthLookup(run, datetime.now(UTC), f"cell {i}", "test_accuracy", "ab" * 32) for i, run in enumerate("xyx")
    ]
    for look in looks:
        store.record_lookup(look)
    assert store.looks() == looks
    assert store.looks("x") == [looks[0], looks[2]]


def test_what_was_trained_from_scratch_has_a_value_and_no_rank(store):
    store.begin(spec(), {})
    store.finish(spec().digest, "cell 3")
    judged = Result("cell 3", "test_accuracy", "cd" * 32, UnrankedVerdict(2 / 3))
    store.record_result(spec().digest, judged)
    assert store.results(spec().digest) == [judged]


def test_a_probe_comes_back_in_its_order_with_the_scores_that_failed(store):
    run, probe = spec().digest, [("cell 9", 0.5), ("cell 10", None), ("cell 1", 1 / 3)]
    store.begin(spec(), {})
    store.commit(run, rows(0, 3), checkpoint(3))
    assert store.probe(run) == []
    store.finish(run, "cell 3", probe)
    assert store.probe(run) == probe
    assert store.show(run).status == "finished"
    store.begin(spec(2), {})
    store.finish(spec(2).digest, "cell 3")
    assert store.probe(spec(2).digest) == []


def test_a_probe_that_cannot_be_written_leaves_the_run_unfinished(store):
    run = spec().digest
    store.begin(spec(), {})
    store.commit(run, rows(0, 3), checkpoint(3))
    with pytest.raises(StoreError, match="run store"):
        store.finish(run, "cell 3", [("cell 1", 0.5), (None, 0.5)])
    assert store.show(run).status == "running"
    assert store.probe(run) == []
    assert store.begin(spec(), {}) == checkpoint(3)


def test_correlations_come_back_and_a_new_word_replaces_the_old_one(store):
    run = spec().digest
    store.begin(spec(), {})
    store.finish(run, "cell 3")
    found = ProbeCorrelation("test_accuracy", "ab" * 32, Correlation(-1 / 3, 200))
    missing = ProbeCorrelation("test_accuracy", "cd" * 32, Correlation(Undefined("too few pairs"), 2))
    first = ProbeCorrelation("test_accuracy", "ab" * 32, Correlation(Undefined("not yet"), 0))
    for ranked in (first, found, missing):
        store.record_correlation(run, ranked)
    assert store.correlations(run) == [found, missing]
    with pytest.raises(UnknownNameError, match="unknown run 'nobody'"):
        store.record_correlation("nobody", found)


def test_files_of_a_store_lie_beside_a_database_file_or_in_the_folder_runs(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/deep/harness.db") as store:
        assert store.folder == tmp_path / "deep"
    with Store.open("sqlite://") as store:
        assert store.folder == Path("runs")


RANKED_TRUTH = Truth(
    metric="test_perplexity",
    repeats=10,
    epochs=6,
    kind="table",
    name="rnn2-austen",
    digest="ab" * 32,
    larger_is_better=False,
    ranking=Ranking(32, 32, 54.5, 57.5, 1 / 3),
)
UNRANKED_TRUTH = replace(RANKED_TRUTH, kind="recipe", digest="cd" * 32, ranking=Undefined("trained from scratch"))


def test_what_runs_were_judged_by_is_kept_once_a_space(store):
    for space, truth in (("rnn2", RANKED_TRUTH), ("rnn3", RANKED_TRUTH), ("rnn2", UNRANKED_TRUTH)):
        store.record_truth(space, truth)
        store.record_truth(space, replace(truth, name="called otherwise"))
    assert store.truths() == {
        ("rnn2", "test_perplexity", "ab" * 32): RANKED_TRUTH,
        ("rnn3", "test_perplexity", "ab" * 32): RANKED_TRUTH,
        ("rnn2", "test_perplexity", "cd" * 32): UNRANKED_TRUTH,
    }
