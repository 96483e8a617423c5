"""Performs a whole comparison: plan the runs, perform the missing ones, judge them, and rank the policies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from harness.core.errors import StoreError
from harness.core.runspec import RunSpec, provenance
from harness.execution.engine import RunJob, perform_all
from harness.execution.executor import Workers
from harness.execution.messages import CheckpointSaved, Message, RunFailed, RunFinished
from harness.judging.judge import Judge
from harness.judging.judge_runs import judge_all, require_judge
from harness.leaderboard import leaderboard
from harness.leaderboard.anytime import Trajectory, trajectory
from harness.leaderboard.equal_cost import equal_cost, missing_searches, stored_searches
from harness.planning.experiment import BY_TABLE, Experiment
from harness.planning.plan import Plan, build_truth, make_plan, require_buildable
from harness.storage.records import Run
from harness.storage.store import Store


class Watcher(Protocol):
    """Shows the progress of runs while its context is open."""

    def __call__(self, jobs: Sequence[RunJob], total: int) -> AbstractContextManager[Watcher]:
        """Begin with these jobs, the rest of ``total`` runs."""

    def receive(self, message: Message) -> None:
        """Show a message."""

    def note(self, text: str) -> None:
        """Show one line for the user."""


def compare(experiment: Experiment, watcher: Watcher) -> leaderboard.Leaderboard:
    """Perform the runs of an experiment that the store lacks, judge every run, and return the leaderboard."""
    plan = make_plan(experiment)
    for note in plan.notes:
        watcher.note(note)
    require_judge(experiment, plan)
    require_buildable(plan, finished_runs(experiment.store))
    with Store.open(experiment.store) as store:
        perform_missing(plan, store, watcher, experiment)
        judged, truth = judge_all(plan, store, experiment)
        searches = search_equal_cost(plan, store, watcher, experiment)
        return leaderboard.build(judged, truth, searches=searches, margin=experiment.margin)


def search_equal_cost(plan: Plan, store: Store, watcher: Watcher, experiment: Experiment) -> leaderboard.EqualCost:
    """Random search at the cost of each policy that queried a table; performs the runs that the store lacks."""
    if not experiment.equal_cost or experiment.judge != BY_TABLE:
        return {}
    runs = [store.show(spec.digest) for spec in plan.specs]
    if specs := missing_searches(runs, store, plan.space):
        watcher.note(f"random search at equal cost: {len(specs)} runs; --no-equal-cost leaves it out")
        perform_missing(Plan(specs, plan.space), store, watcher, experiment)
    return equal_cost(runs, judge_of(plan, store), store, plan.space)


def judge_of(plan: Plan, store: Store) -> Judge:
    """The judge that reads a plan's table; the store records each lookup."""
    return Judge(build_truth(plan.specs[0], plan.space), plan.space, record=store.record_lookup)


def trajectories_of_experiment(experiment: Experiment) -> list[Trajectory]:
    """The any-time trajectories of an experiment's performed runs, which a table judges by one lookup a run.

    They include random search at equal cost.
    """
    plan = make_plan(experiment)
    with Store.open(experiment.store) as store:
        runs = [store.show(spec.digest) for spec in plan.specs]
        searches = stored_searches(runs, store) if experiment.equal_cost else []
        judge = judge_of(plan, store)
        return [trajectory(run, judge, store, plan.space) for run in (*runs, *searches)]


def finished_runs(url: str) -> set[str]:
    """The ids of a store's finished runs; none if it cannot be read, which ``Store.open`` reports later."""
    try:
        with Store.read(url) as store:
            return {run.id for run in store.runs(status="finished")}
    except StoreError:
        return set()


def perform_missing(plan: Plan, store: Store, watcher: Watcher, experiment: Experiment) -> None:
    """Perform the runs of a plan that are not finished in the store, each from its last checkpoint.

    A run that fails does not stop the others; the store keeps the reason.
    """
    circumstances = provenance()

    def job_of(spec: RunSpec) -> RunJob | None:
        found = store.begin(spec, circumstances)
        if isinstance(found, Run):
            return None
        return RunJob(spec.digest, spec, found, store.best_score(spec.digest) if found else None)

    jobs = [job for spec in plan.specs if (job := job_of(spec))]
    if found := _found_before(jobs, len(plan.specs)):
        watcher.note(found)
    workers = workers_for(experiment, [job.spec for job in jobs])
    if jobs and (idle := experiment.gpus[workers:]):
        unused = ", ".join(map(str, idle))
        watcher.note(f"idle: GPU {unused}, as {workers} of {len(jobs)} runs that are left go at a time")

    with watcher(jobs, len(plan.specs)) as watch:

        def receive(message: Message) -> None:
            if isinstance(message, CheckpointSaved):
                store.commit(message.run, message.rows, message.checkpoint)
            elif isinstance(message, RunFinished):
                store.finish(message.run, message.recommendation, message.probe, message.metric)
            elif isinstance(message, RunFailed):
                store.fail(message.run, message.reason, message.traceback)
            watch.receive(message)

        def renew(job: RunJob) -> RunJob:
            return job_of(job.spec) or job

        shared = Workers(workers, experiment.gpus)
        perform_all(jobs, receive, workers=shared, renew=renew, note=watcher.note)


def _found_before(jobs: Sequence[RunJob], total: int) -> str:
    """What an earlier command has left: finished runs, and checkpoints; empty if there is nothing."""
    resumed = sum(job.checkpoint is not None for job in jobs)
    parts = [(total - len(jobs), "finished before"), (resumed, "resumed from a checkpoint")]
    words = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return f"of {total:,} runs: {words}" if words and jobs else ""


def workers_for(experiment: Experiment, specs: Sequence[RunSpec]) -> int:
    """The number of runs at a time: as requested, or else one a GPU in use, or else one a core."""
    on_gpu = any(spec.settings["oracle"].get("device", "cpu") != "cpu" for spec in specs)
    default = len(experiment.gpus) or (1 if on_gpu else os.cpu_count() or 1)
    return min(experiment.workers or default, len(specs))
