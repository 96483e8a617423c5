"""Runs are performed here or by workers, and what they send is all that is known of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.budget import Cost
from harness.core.driver import AnswerCount, SearchProgress, why_failed
from harness.core.errors import ResourceError, StoreError
from harness.core.oracle import Failed, Score, Scored, State, Trial, Update, Updated
from harness.core.probe import PROBE_CELLS, probe_cells
from harness.execution import engine
from harness.execution.engine import CheckpointLog, RunJob, perform, perform_all
from harness.execution.executor import Workers
from harness.execution.local_processes import visible_device
from harness.execution.messages import BestScore, CheckpointSaved, Heartbeat, Message, RunFailed, RunFinished
from harness.planning.experiment import Experiment
from harness.planning.plan import build_oracle, build_space, make_plan
from harness.planning.settings import create_space
from tests.fakes.live import GRADER, SHARED, TRAINER
from tests.fakes.stored_runs import checkpoint


def jobs_of(policy: str, oracle: str, seeds: str, **fields: Any) -> list[RunJob]:
    experiment = Experiment(policies=(policy,), oracles=(oracle,), seeds=seeds, space="nasbench101-v4", **fields)
    return [RunJob(spec.digest, spec) for spec in make_plan(experiment).specs if spec.policy == policy]


def received(jobs: Sequence[RunJob], *, workers: int, gpus: tuple[int, ...] = ()) -> dict[int, list[Message]]:
    """The messages of each seed but the beats, which come when they come."""
    seeds, found = {job.run: job.spec.seed for job in jobs}, dict[int, list[Message]]()
    perform_all(
        jobs, lambda message: found.setdefault(seeds[message.run], []).append(message), workers=Workers(workers, gpus)
    )
    return {seed: [m for m in found[seed] if not isinstance(m, Heartbeat)] for seed in sorted(found)}


class Slow:
    """A part of a search whose state takes ``seconds`` to write down, by a clock that stands still otherwise."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.space = seconds, 100.0, create_space("nasbench101-v4")

    def clock(self) -> float:
        return self.now

    def state_dict(self) -> State:
        self.now += self.seconds
        return {}


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 2.0), (0.05, 2.0), (0.5, 10.0), (30.0, 600.0)])
def test_checkpoints_cost_at_most_a_twentieth_of_the_time(seconds: float, pause: float) -> None:
    part, sent = Slow(seconds), list[Message]()
    log = CheckpointLog(jobs_of(TRAINER, SHARED, "1", device="cpu")[0], sent.append, clock=part.clock)

    def saves_after(wait: float) -> bool:
        part.now += wait
        before = len([m for m in sent if isinstance(m, CheckpointSaved)])
        log.append([], SearchProgress(), Nothing(), part)  # type: ignore[arg-type]
        return len([m for m in sent if isinstance(m, CheckpointSaved)]) > before

    assert not saves_after(1.9)
    assert saves_after(0.2)
    assert not saves_after(pause - 0.1)
    assert saves_after(0.2)


class Timed:
    """A log by a clock that passes so many seconds a batch, and what it sends."""

    def __init__(self, job: RunJob, seconds: float) -> None:
        self.now, self.sent = 100.0, list[Message]()
        self.log, self.seconds = CheckpointLog(job, self.sent.append, clock=lambda: self.now), seconds
        self.oracle = build_oracle(job.spec, build_space(job.spec))
        self.cell = self.oracle.space.sample(np.random.default_rng(1))

    def told(self, *values: float | None) -> list[BestScore | None]:
        """The best scores of the messages after a batch of such values; ``None`` stands for a score that failed."""
        before = len(self.sent)
        answers = [Failed("no value", Cost(1)) if value is None else Scored(value, Cost(1)) for value in values]
        trials = [Trial(0, Score(self.cell), answer) for answer in answers]
        self.now += self.seconds
        update = Trial(0, Update((self.cell,)), Updated(0.5, Cost()))
        self.log.append([update, *trials], SearchProgress(), Nothing(), self.oracle)  # type: ignore[arg-type]
        return [message.best for message in self.sent[before:] if isinstance(message, Heartbeat | CheckpointSaved)]


@pytest.mark.parametrize("seconds", [0.25, 5.0])
def test_each_message_has_the_best_score_so_far_and_what_it_means(seconds: float) -> None:
    """Beats at the shorter pace, checkpoints at the longer."""
    timed = Timed(jobs_of(TRAINER, SHARED, "1", device="cpu")[0], seconds)
    metric = timed.oracle.metric
    assert timed.told() == [None]
    assert timed.told(None) == [None]
    assert timed.told(0.25, 0.75, 0.5) == [BestScore(0.75, metric)]
    assert timed.told(0.5) == [BestScore(0.75, metric)]
    assert timed.told(0.875, None) == [BestScore(0.875, metric)]


def test_a_run_that_goes_on_has_the_best_score_from_before_where_it_is_known() -> None:
    (job,) = jobs_of(TRAINER, SHARED, "1", device="cpu")
    timed = Timed(replace(job, best=0.5), 5.0)
    assert [best and best.value for best in timed.told(0.25)] == [0.5]
    assert [best and best.value for best in timed.told(0.75)] == [0.75]


def test_a_run_says_how_far_it_is_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> None:
        raise TimeoutError("loading takes long")

    (job,) = jobs_of(TRAINER, SHARED, "1", device="cpu")
    taken, sent = checkpoint(9, spent=Cost(7, 1.0, 2.0)), list[Message]()
    monkeypatch.setattr(engine, "build_oracle", slow)
    with pytest.raises(TimeoutError):
        perform(replace(job, checkpoint=taken), sent.append)
    assert sent == [Heartbeat(job.run, SearchProgress(9, Cost(7, 1.0, 2.0)))]


class Nothing:
    def state_dict(self) -> State:
        return {}


def test_a_search_that_trained_shared_weights_ends_with_their_scores_of_the_probe() -> None:
    (job,) = jobs_of(TRAINER, SHARED, "7", device="cpu")
    sent: list[Message] = []
    perform(job, sent.append)
    *_, saved, done = sent
    assert isinstance(saved, CheckpointSaved)
    assert isinstance(done, RunFinished)
    space = create_space("nasbench101-v4")
    expected = {space.format(cell): (5 + space.key(cell) % 997 / 1000) / 1000 for cell in probe_cells(space)}
    assert dict(done.probe) == pytest.approx(expected)  # the recipe asks five updates
    assert len(done.probe) == min(PROBE_CELLS, space.size)
    assert saved.checkpoint.spent.queries == 4  # the search's own Scores: the probe is not charged


def test_a_search_without_shared_weights_has_no_probe() -> None:
    for policy, oracle in ((TRAINER, "tabular"), (GRADER, "synthetic"), ("random", SHARED)):
        sent: list[Message] = []
        perform(jobs_of(policy, oracle, "7")[0], sent.append)
        assert sent[-1].probe == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_needs_more_memory_than_there_is_fails_alone(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").write_text("2")
    found = received(jobs_of(TRAINER, SHARED, "1,2,3", device="cpu"), workers=workers)
    reason = "the GPU has no memory left; lower the batch size"
    assert [type(messages[-1]) for messages in found.values()] == [RunFinished, RunFailed, RunFinished]
    assert [message.reason for message in found[2] if isinstance(message, RunFailed)] == [reason]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_with_an_unexpected_error_fails_alone_with_its_traceback(workers: int) -> None:
    jobs = jobs_of(TRAINER, SHARED, "1,2", device="cpu")
    wrong = replace(jobs[0].spec, settings={**jobs[0].spec.settings, "policy": {"no_such": 1}})
    sent: list[Message] = []
    perform_all([RunJob(jobs[0].run, wrong), jobs[1]], sent.append, workers=Workers(workers))
    _, failed = [message for message in sent if message.run == jobs[0].run]
    assert isinstance(failed, RunFailed)
    assert failed.reason.startswith("TypeError: ")
    assert "no_such" in failed.reason
    assert "in build_policy" in failed.traceback
    assert [type(m) for m in sent if m.run == jobs[1].run and not isinstance(m, Heartbeat)][-1] is RunFinished


def test_a_mistake_that_the_message_explains_has_no_traceback() -> None:
    jobs = jobs_of(TRAINER, SHARED, "1", device="cpu")
    wrong = replace(jobs[0].spec, space="nasbench101-v9")
    sent: list[Message] = []
    perform_all([RunJob(jobs[0].run, wrong)], sent.append, workers=Workers(1))
    assert isinstance(sent[-1], RunFailed)
    assert "nasbench101-v9" in sent[-1].reason
    assert sent[-1].traceback == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_receiver_ends_everything_and_fails_no_run(workers: int) -> None:
    sent: list[Message] = []

    def full(message: Message) -> None:
        sent.append(message)
        if isinstance(message, CheckpointSaved):
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        perform_all(jobs_of(TRAINER, SHARED, "1,2", device="cpu"), full, workers=Workers(workers))
    assert not [message for message in sent if isinstance(message, RunFailed)]


def test_a_run_whose_worker_is_killed_twice_fails_alone_with_its_name(tmp_path: Path) -> None:
    (killed,) = jobs_of("tests.fakes.live:Killed", SHARED, "1", device="cpu")
    others, sent, renewed = jobs_of(TRAINER, SHARED, "2,3", device="cpu"), list[Message](), list[str]()

    def renew(job: RunJob) -> RunJob:
        renewed.append(job.run)
        return job

    perform_all([killed, *others], sent.append, workers=Workers(2), renew=renew)
    assert renewed == [killed.run]
    *beats, failed = [message for message in sent if message.run == killed.run]
    assert [type(beat) for beat in beats] == [Heartbeat, Heartbeat]
    assert isinstance(failed, RunFailed)
    assert failed.reason == (
        f"the worker process of tests.fakes.live:Killed on {SHARED}, seed 1 was killed by SIGKILL "
        "(too little memory?); give the same command again to go on"
    )
    assert [type(m) for m in sent if m.run in {o.run for o in others}].count(RunFinished) == 2


def test_a_run_whose_worker_is_killed_once_is_performed_again_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (whole,) = jobs_of(TRAINER, SHARED, "5", device="cpu")
    expected = received([whole], workers=1)[5][-1]
    (job,) = jobs_of("tests.fakes.live:KilledOnce", SHARED, "5", device="cpu")
    found = received([job, *jobs_of("random", SHARED, "6", device="cpu")], workers=2)[5]
    assert (tmp_path / "killed").is_file()
    assert replace(found[-1], run=expected.run) == expected


def test_a_stopped_worker_is_reported_and_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stopped = "tests.fakes.live:Stopped"
    jobs = [*jobs_of(stopped, SHARED, "5", device="cpu"), *jobs_of(TRAINER, SHARED, "6", device="cpu")]
    notes, sent = list[str](), list[Message]()

    def note(text: str) -> None:
        notes.append(text)
        os.kill(int(text.split()[2]), signal.SIGCONT)

    perform_all(jobs, sent.append, workers=Workers(2), note=note)
    assert [type(message) for message in sent].count(RunFinished) == 2
    (text,) = notes
    pid = text.split()[2]
    who = f"worker process {pid} ({stopped} on {SHARED}, seed 5)"
    assert text == f"{who} is stopped; `kill -CONT {pid}` continues it"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (
            {"Update": AnswerCount(64, 61, "diverged"), "Score": AnswerCount(9)},
            "61 of 64 Update queries failed (diverged)",
        ),
        ({"Score": AnswerCount(1_000, 1_000, "absent")}, "1,000 of 1,000 Score queries failed (absent)"),
        ({"Gradient": AnswerCount(3, 2, "no")}, "2 of 3 Gradient queries failed (no)"),
        ({"Gradient": AnswerCount(4, 2, "no"), "Score": AnswerCount(10, 9, "absent")}, None),
        ({}, None),
    ],
)
def test_a_search_fails_if_most_of_its_training_or_all_of_its_scores_failed(
    answers: dict[str, AnswerCount], reason: str | None
) -> None:
    assert why_failed(answers) == reason


def test_a_search_without_a_single_score_is_a_failed_run_and_its_answers_are_counted() -> None:
    (job,) = jobs_of(TRAINER, SHARED, "5", device="cpu", settings={"oracle.always_fails": True})
    *_, saved, failed = received([job], workers=1)[5]
    assert isinstance(saved, CheckpointSaved)
    assert saved.checkpoint.answers == {"Update": AnswerCount(5), "Score": AnswerCount(4, 4, "a hole")}
    assert failed == RunFailed(job.run, "4 of 4 Score queries failed (a hole)")


def test_a_run_that_failed_goes_on_from_its_checkpoint_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(engine, "CHECKPOINT_SHARE", 0.0)
    jobs = jobs_of(TRAINER, SHARED, "5", device="cpu")
    whole = received(jobs, workers=1)[5][-1]
    (tmp_path / "full").write_text("5")
    *_, saved, broken = received(jobs, workers=1)[5]
    assert isinstance(broken, RunFailed)
    assert isinstance(saved, CheckpointSaved)
    assert saved.checkpoint.trials == 7  # five updates and two scores: memory is full at the third
    (tmp_path / "full").unlink()
    resumed = received([replace(jobs[0], checkpoint=saved.checkpoint)], workers=1)[5]
    assert resumed[-1] == whole
    assert sum(len(m.rows) for m in resumed if isinstance(m, CheckpointSaved)) == 2


def test_memory_that_is_full_at_the_probe_fails_the_run_behind_its_last_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: object) -> None:
        raise ResourceError("no memory for the probe")

    monkeypatch.setattr(engine, "score_probe", full)
    *_, saved, broken = received(jobs_of(TRAINER, SHARED, "5", device="cpu"), workers=1)[5]
    assert isinstance(saved, CheckpointSaved)
    assert saved.checkpoint.trials == 9
    assert broken == RunFailed(broken.run, "no memory for the probe")


def test_each_worker_has_one_gpu_and_more_runs_than_gpus_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    jobs = jobs_of(GRADER, "tests.fakes.live:GpuOracle", "1,2,3", device="cpu", settings={"policy.samples": 2})
    found = received(jobs, workers=2, gpus=(4, 7))
    used = [
        {row.value for m in messages if isinstance(m, CheckpointSaved) for row in m.rows} for messages in found.values()
    ]
    assert all(len(values) == 1 for values in used)  # a run stays where it is
    assert set.union(*used) == {0.4, 0.7}


def test_more_workers_than_gpus_share_them_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gpu4").touch()
    (tmp_path / "gpu5").touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    jobs = jobs_of(GRADER, "tests.fakes.live:GpuOracle", "1,2", device="cpu", settings={"policy.samples": 1})
    found = received(jobs, workers=2, gpus=(4,))
    assert {
        row.value for messages in found.values() for m in messages if isinstance(m, CheckpointSaved) for row in m.rows
    } == {0.4}


@pytest.mark.parametrize(("given", "visible"), [(None, "1"), ("", "1"), ("2,5", "5"), ("GPU-a,GPU-b", "GPU-b")])
def test_gpus_are_counted_among_those_that_this_process_may_see(
    given: str | None, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert visible_device(1) == visible
