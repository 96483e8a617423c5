"""One comparison from end to end: plan, perform or find the runs, judge them, and rank the policies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from harness import leaderboard
from harness.core.errors import StoreError
from harness.engine import Broken, Done, Job, Message, Saved, perform_all
from harness.experiment import Experiment
from harness.plan import Plan, make_plan, require_buildable
from harness.records import Run
from harness.runspec import RunSpec, provenance
from harness.store import Store
from harness.verdicts import judge_all, require_judge


class Watcher(Protocol):
    """Shows how the runs go, from when it is entered to when it is left."""

    def __call__(self, jobs: Sequence[Job], total: int) -> AbstractContextManager[Watcher]:
        """Begin with the jobs that are left of ``total`` runs."""

    def see(self, message: Message) -> None:
        """Show a message."""

    def note(self, text: str) -> None:
        """Show one line that a user should know."""


def compare(experiment: Experiment, watcher: Watcher) -> leaderboard.Leaderboard:
    """Run whatever of the experiment is not in the store yet, judge every run, and return the leaderboard."""
    plan = make_plan(experiment)
    for note in plan.notes:
        watcher.note(note)
    require_judge(experiment, plan)
    require_buildable(plan, finished_runs(experiment.store))
    with Store.open(experiment.store) as store:
        perform_missing(plan, store, watcher, experiment)
        return leaderboard.build(*judge_all(plan, store, experiment))


def finished_runs(url: str) -> set[str]:
    """The finished runs of a store; none where it cannot be read, of which ``Store.open`` will say more."""
    try:
        with Store.read(url) as store:
            return {run.id for run in store.runs(status="finished")}
    except StoreError:
        return set()


def perform_missing(plan: Plan, store: Store, watcher: Watcher, experiment: Experiment) -> None:
    """Perform the runs of a plan that are not finished in the store, each from its last checkpoint."""
    circumstances, jobs = provenance(), []
    for spec in plan.specs:
        found = store.begin(spec, circumstances)
        if not isinstance(found, Run):
            jobs.append(Job(spec.digest, spec, found))
    workers = workers_for(experiment, [job.spec for job in jobs])
    if jobs and (idle := experiment.gpus[workers:]):
        watcher.note(
            f"idle: GPU {', '.join(map(str, idle))}, as {workers} of {len(jobs)} runs that are left go at a time"
        )

    with watcher(jobs, len(plan.specs)) as watch:

        def receive(message: Message) -> None:
            if isinstance(message, Saved):
                store.commit(message.run, message.rows, message.checkpoint)
            elif isinstance(message, Done):
                store.finish(message.run, message.recommendation, message.probe)
            elif isinstance(message, Broken):
                store.fail(message.run, message.reason)
            watch.see(message)

        perform_all(jobs, receive, workers=workers, gpus=experiment.gpus)


def workers_for(experiment: Experiment, specs: Sequence[RunSpec]) -> int:
    """How many of these runs go at a time: as asked, or one on each GPU that is used, or one a core."""
    on_gpu = any(spec.settings["oracle"].get("device", "cpu") != "cpu" for spec in specs)
    default = len(experiment.gpus) or (1 if on_gpu else os.cpu_count() or 1)
    return min(experiment.workers or default, len(specs))
