"""A run is judged once: what was said is kept, a run that failed has no value, and looks are counted."""

from dataclasses import replace

import pytest
import scipy.stats

from harness.core.budget import Cost
from harness.core.judgement import NoVerdict, Verdict
from harness.core.numbers import Undefined
from harness.judging.judge import Judge
from harness.judging.judge_runs import judge_run
from tests.fakes.live import SHARED
from tests.fakes.spaces import Pairs
from tests.fakes.stored_runs import checkpoint, spec
from tests.fakes.tables import TRUTH, BlindTable, FakeTable

SPACE = Pairs()
PROBE = [("0+0", 0.1), ("2+2", 0.4), ("1+1", 0.3), ("0+1", 0.2), ("1+2", 0.9), ("0+2", None)]
TAU = scipy.stats.kendalltau([0.1, 0.4, 0.3, 0.2], [0.70, 0.75, 0.80, 0.90]).statistic


def begun(store, oracle="synthetic"):
    """The id of a run in progress."""
    made = spec(1, oracle=oracle, space="pairs4", table=None, table_digest=None)
    store.begin(made, {})
    store.commit(made.digest, [], checkpoint(5, 1, Cost(5, 40.0, 2.5)))
    return made.digest


def judged(store, run, table=None):
    judge = Judge(table or FakeTable(TRUTH), SPACE, record=store.record_lookup)
    return judge_run(store.show(run), judge, store, SPACE)


def test_a_finished_run_is_judged_with_what_it_spent(store):
    run = begun(store)
    store.finish(run, "1+1")
    found = judged(store, run)
    assert found.judgement == Verdict(0.8, 3, 5, pytest.approx(0.1), 60)
    assert (found.policy, found.oracle, found.space, found.seed) == ("nao", "synthetic", "pairs4", 1)
    assert (found.spent, found.repeated, found.search_metric) == (Cost(5, 40.0, 2.5), 1, "validation")


def test_shared_weights_that_were_probed_are_correlated_with_the_truth(store):
    run = begun(store)
    store.finish(run, "1+1", PROBE)
    found = judged(store, run)
    assert (found.tau, found.probed) == (pytest.approx(TAU), 6)


def test_what_was_judged_once_is_not_looked_at_again(store):
    run = begun(store)
    store.finish(run, "1+1", PROBE)
    first = judged(store, run)
    assert [look.architecture for look in store.looks(run)] == ["1+1", "6 probed cells"]

    assert judged(store, run, BlindTable(TRUTH)) == first
    assert len(store.looks(run)) == 2


def test_another_table_is_another_look(store):
    run = begun(store)
    store.finish(run, "1+1", PROBE)
    judged(store, run)
    other = judged(store, run, FakeTable({key: 1 - value for key, value in TRUTH.items()}, digest="e" * 64))
    assert other.tau == pytest.approx(-TAU)
    assert other.judgement.value == pytest.approx(0.2)
    assert len(store.looks(run)) == 4


def test_why_there_is_no_tau_is_kept_too(store):
    run = begun(store)
    store.finish(run, "1+1", [("0+0", 0.5), ("1+1", 0.5), ("2+2", 0.5)])
    for _ in range(2):
        assert judged(store, run).tau == Undefined("one side does not vary, so Kendall's tau has no order to compare")
    assert len(store.looks(run)) == 2


def test_a_failed_run_has_no_value_but_its_reason_and_is_not_looked_at(store):
    run = begun(store)
    store.fail(run, "CUDA out of memory; lower batch_size")
    found = judged(store, run)
    assert found.judgement == NoVerdict("CUDA out of memory; lower batch_size")
    assert found.tau == Undefined("CUDA out of memory; lower batch_size")
    assert store.looks() == store.results(run) == []


def test_a_failed_run_that_goes_on_is_judged_by_what_it_finds(store):
    run = begun(store)
    store.fail(run, "CUDA out of memory")
    judged(store, run)
    begun(store)
    store.finish(run, "0+1")
    assert judged(store, run).judgement.rank == 1


def test_without_a_probe_there_is_a_reason_instead_of_a_tau(store):
    run = begun(store)
    store.finish(run, "1+1")
    found = judged(store, run)
    assert (found.tau, found.probed) == (Undefined("shares no weights"), 0)


def test_shared_weights_that_were_never_trained_are_not_said_to_be_none(store):
    run = begun(store, SHARED)
    store.finish(run, "1+1")
    assert judged(store, run).tau == Undefined("trained no shared weights")


def test_a_run_is_compared_with_uniform_draws_only_if_random_draws_so(store):
    run = begun(store)
    store.finish(run, "1+1")
    assert judged(store, run).draws.size == 5
    other = spec(2, oracle="synthetic", space="pairs4", table=None, table_digest=None)
    other = replace(other, settings={**other.settings, "space": {"sampler": "decisions"}})
    store.begin(other, {})
    store.commit(other.digest, [], checkpoint(5, 1, Cost(5, 40.0, 2.5)))
    store.finish(other.digest, "1+1")
    assert "sampler 'decisions'" in judged(store, other.digest).draws.reason
