"""One comparison from end to end: plan, perform or find the runs, judge them, and rank the policies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from harness import leaderboard
from harness.core.errors import StoreError
from harness.core.space import SearchSpace
from harness.engine import Broken, Done, Job, Message, Saved, perform_all
from harness.experiment import Experiment
from harness.judge import Judge, Judgement
from harness.plan import Plan, build_truth, make_plan, require_buildable
from harness.records import Result, Run
from harness.runspec import RunSpec, provenance
from harness.store import Store


class Watcher(Protocol):
    """Shows how the runs go, from when it is entered to when it is left."""

    def __call__(self, jobs: Sequence[Job], total: int) -> AbstractContextManager[Watcher]:
        """Begin with the jobs that are left of ``total`` runs."""

    def see(self, message: Message) -> None:
        """Show a message."""


def compare(experiment: Experiment, watcher: Watcher, *, gpus: Sequence[int] = ()) -> leaderboard.Leaderboard:
    """Run whatever of the experiment is not in the store yet, judge every run, and return the leaderboard."""
    plan = make_plan(experiment)
    workers = experiment.workers or len(gpus) or os.cpu_count() or 1
    require_buildable(plan, _finished(experiment.store))
    with Store.open(experiment.store) as store:
        _search(plan, store, watcher, workers=workers, gpus=gpus)
        judge = Judge(build_truth(plan.specs[0], plan.space), plan.space, record=store.record_look)
        judged = [_judged(store.show(spec.digest), spec, judge, store, plan.space) for spec in plan.specs]
    return leaderboard.build(judged, judge.truth)


def _finished(url: str) -> set[str]:
    """The finished runs of a store; none where it cannot be read, of which ``Store.open`` will say more."""
    try:
        with Store.read(url) as store:
            return {run.id for run in store.runs(status="finished")}
    except StoreError:
        return set()


def _search(plan: Plan, store: Store, watcher: Watcher, *, workers: int, gpus: Sequence[int]) -> None:
    circumstances, jobs = provenance(), []
    for spec in plan.specs:
        found = store.begin(spec, circumstances)
        if not isinstance(found, Run):
            jobs.append(Job(spec.digest, spec, found))

    with watcher(jobs, len(plan.specs)) as watch:

        def receive(message: Message) -> None:
            if isinstance(message, Saved):
                store.commit(message.run, message.rows, message.checkpoint)
            elif isinstance(message, Done):
                store.finish(message.run, message.recommendation)
            elif isinstance(message, Broken):
                store.fail(message.run, message.reason)
            watch.see(message)

        perform_all(jobs, receive, workers=workers, gpus=gpus)


def _judged(run: Run, spec: RunSpec, judge: Judge, store: Store, space: SearchSpace) -> leaderboard.Judged:
    return leaderboard.Judged(
        policy=spec.policy,
        oracle=spec.oracle,
        space=spec.space,
        table=judge.truth.table,
        seed=spec.seed,
        judgement=_judgement(run, judge, store, space),
        spent=run.spent,
        repeated=run.repeated,
        search_metric=spec.search_metric,
    )


def _judgement(run: Run, judge: Judge, store: Store, space: SearchSpace) -> Judgement:
    """What was judged of the run before, or a new look at the truth, recorded."""
    truth = judge.truth
    for known in store.results(run.id):
        if (known.metric, known.table_digest) == (truth.metric, truth.table_digest):
            return known.judgement
    text = run.recommendation or ""
    judgement = judge.judge(space.parse(text), run=run.id)
    store.record_result(run.id, Result(text, truth.metric, truth.table_digest, judgement))
    return judgement
