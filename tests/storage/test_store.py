"""What the run store keeps of runs and their trials, and how it finds them again."""

from dataclasses import replace

import pytest

from harness.core.budget import Cost
from harness.core.driver import AnswerCount
from harness.core.errors import UnknownNameError
from harness.core.oracle import Failed, Gradient, Score, Scored, Slope, Trial, Update, Updated
from harness.core.space import Architecture
from harness.storage.records import Run, ScoreRow, score_rows
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, going, rows, spec


def test_a_new_run_starts_a_committed_one_goes_on_and_a_finished_one_comes_back(store):
    run = spec().digest
    assert store.begin(spec(), {"python": "3.11"}) is None
    store.commit(run, rows(0, 5), checkpoint(5, repeated=2))
    resumed = store.begin(spec(), {})
    assert resumed == checkpoint(5, repeated=2)
    assert resumed.policy_state["w"].tolist() == [5.0, 5.0, 5.0]
    assert resumed.oracle_state == {"drawn": 5}
    store.commit(run, rows(5, 9), checkpoint(9, repeated=3))
    store.finish(run, "cell 3")
    finished = store.begin(spec(), {})
    assert isinstance(finished, Run)
    assert finished == store.show(run)
    assert finished.recommendation == "cell 3"
    assert (finished.status, finished.trials, finished.scores, finished.repeated) == ("finished", 9, 9, 3)
    assert finished.spent == Cost(9, 72.0, 22.5)
    assert finished.spec == spec()
    assert finished.provenance == {"python": "3.11"}
    assert store.trials(run) == rows(0, 9)


def test_a_run_without_a_commit_starts_again(store):
    assert store.begin(spec(), {}) is None
    assert store.begin(spec(), {}) is None
    assert [run.status for run in store.runs()] == ["running"]


def test_a_policy_that_asks_nothing_finishes_at_no_cost(store):
    store.begin(spec(), {})
    store.finish(spec().digest, "cell 0")
    assert store.show(spec().digest).spent == Cost()


def test_a_failed_run_keeps_its_reason_until_it_goes_on_from_its_checkpoint(store):
    run = spec().digest
    store.begin(spec(), {})
    store.commit(run, rows(0, 5), checkpoint(5))
    store.fail(run, "the oracle broke")
    assert (store.show(run).status, store.show(run).reason) == ("failed", "the oracle broke")
    assert store.begin(spec(), {}) == checkpoint(5)
    assert (store.show(run).status, store.show(run).reason) == ("running", None)


def test_only_scores_become_rows_and_all_answers_count_as_trials(store):
    cell, price = Architecture((1, 0)), Cost(1, 8.0, 2.5)
    mixture = ((1.0, 0.0), (0.5, 0.5))
    trials = [
        Trial(0, Update((cell,)), Updated(None, Cost())),
        Trial(1, Score(cell, 8), Scored(0.5, price)),
        Trial(2, Gradient(mixture), Slope(1.0, mixture, Cost())),
        Trial(3, Score(cell), Failed("diverged", price)),
        Trial(4, Update((cell,)), Failed("diverged", Cost())),
    ]
    batch = score_rows(trials, lambda architecture: "-".join(map(str, architecture.choices)))
    assert batch == [
        ScoreRow(1, "1-0", 8, 0.5, None, 8.0, 2.5),
        ScoreRow(3, "1-0", None, None, "diverged", 8.0, 2.5),
    ]
    store.begin(spec(), {})
    store.commit(spec().digest, batch, checkpoint(5))
    assert store.trials(spec().digest) == batch
    assert (store.show(spec().digest).trials, store.show(spec().digest).scores) == (5, 2)


def test_runs_are_listed_and_chosen_by_what_they_are(store):
    for seed, policy in enumerate(("nao", "enas", "nao")):
        store.begin(spec(seed, policy=policy), {})
    store.finish(spec(2).digest, "cell 0")
    assert [run.spec.seed for run in store.runs()] == [0, 1, 2]
    assert [run.spec.seed for run in store.runs(policy="nao")] == [0, 2]
    assert [run.spec.seed for run in store.runs(policy="nao", status="finished")] == [2]
    assert store.runs(space="elsewhere") == []


def test_show_takes_a_unique_beginning_of_an_id_and_names_near_ones(store):
    for seed in range(40):
        store.begin(spec(seed), {})
    run = spec(7).digest
    assert store.show(run[:12]).spec.seed == 7
    with pytest.raises(UnknownNameError, match=r"is not unique: .* begin so; give more digits"):
        store.show("")
    wrong = f"{run[:6]}zz{run[8:12]}"
    with pytest.raises(UnknownNameError, match=f"unknown run '{wrong}'; did you mean '{run[:12]}'"):
        store.show(wrong)
    with pytest.raises(UnknownNameError, match="unknown run '%'"):
        store.show("%")


def test_a_store_in_memory_works():
    with Store.open("sqlite://") as store:
        assert store.begin(spec(), {}) is None
        store.commit(spec().digest, rows(0, 2), checkpoint(2))
        assert store.begin(spec(), {}) == checkpoint(2)


def test_trials_come_in_parts_as_they_come_at_once(store, monkeypatch):
    monkeypatch.setattr("harness.storage.store.BATCH_ROWS", 3)
    going(store, spec(), 10)
    going(store, spec(2), 4)
    assert list(store.stream(spec().digest)) == store.trials(spec().digest) == rows(0, 10)


def test_the_best_score_of_a_run_is_the_largest_value_and_of_none_there_is_none(store):
    store.begin(spec(1), {})
    assert store.best_score(spec(1).digest) is None
    failed = ScoreRow(20, "cell 0", 8, None, "diverged", 8.0, 2.5)
    store.commit(spec(1).digest, [*rows(0, 20), failed], checkpoint(21))
    store.begin(spec(2), {})
    store.commit(spec(2).digest, rows(40, 50), checkpoint(50))
    assert store.best_score(spec(1).digest) == 0.019
    assert store.best_score(spec(2).digest) == 0.049


def test_the_counts_of_answers_are_those_of_the_last_commit_and_survive_a_resume(url):
    first, later = ({"Score": AnswerCount(n, n - 1, "absent"), "Update": AnswerCount(7)} for n in (2, 4))
    with Store.open(url) as store:
        store.begin(spec(), {})
        store.commit(spec().digest, rows(0, 2), replace(checkpoint(2), answers=first))
        store.commit(spec().digest, rows(2, 4), replace(checkpoint(4), answers=later))
    with Store.open(url) as store:
        assert store.begin(spec(), {}).answers == later
        store.finish(spec().digest, "cell 1")
        assert store.answers(spec().digest) == later


def test_a_run_of_an_earlier_version_has_the_counts_of_its_scores(url):
    failed = replace(rows(2, 3)[0], value=None, reason="absent")
    with Store.open(url) as store:
        store.begin(spec(), {})
        store.commit(spec().digest, [*rows(0, 2), failed], checkpoint(3))
        assert store.answers(spec().digest) == {"Score": AnswerCount(3, 1, "absent")}
        store.begin(spec(2), {})
        assert store.answers(spec(2).digest) == {}


def test_a_traceback_is_kept_until_the_run_goes_on(url):
    with Store.open(url) as store:
        store.begin(spec(), {})
        store.fail(spec().digest, "ValueError: wrong", "in line 3")
        assert store.traceback(spec().digest) == "in line 3"
        store.begin(spec(), {})
        assert store.traceback(spec().digest) is None
