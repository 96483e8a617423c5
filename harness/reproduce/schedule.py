"""The schedule of an item's runs: which are done, which are to do, and what these will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backends.data import corpora, datasets
from backends.data.known_datasets import TextDataset, known_dataset
from harness.core.errors import DataError, ResourceError
from harness.core.features import OracleFeatures
from harness.core.oracle import Update
from harness.core.runspec import RunSpec
from harness.leaderboard.end_to_end import finished_runs, workers_for
from harness.live.forecast import duration_text
from harness.planning import registry
from harness.planning.plan import Plan
from harness.reproduce.steps import ReproduceStep, has_table
from harness.reproduce.timing import seconds_per_step, training_steps
from harness.storage.records import Run
from harness.storage.store import Store


@dataclass(frozen=True, slots=True)
class ScheduleGroup:
    """Runs of one policy on one oracle; ``done`` is ``None`` if the table that identifies them is missing."""

    policy: str
    oracle: str
    space: str
    seeds: int
    done: int | None
    cost: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The groups of a step, the command that performs them, and what must be fetched first."""

    command: str
    groups: tuple[ScheduleGroup, ...]
    lacking: tuple[str, ...]

    @property
    def waiting(self) -> int:
        """The number of runs to do."""
        return sum(group.seeds - (group.done or 0) for group in self.groups)


def schedule(step: ReproduceStep, *, timed: bool) -> Schedule:
    """The schedule of a step; ``timed``: whether to time the first queries of runs that share weights."""
    if not has_table(step):
        table, seeds = step.experiment.table, len(step.experiment.seeds)
        space = step.experiment.space or ""
        groups = tuple(ScheduleGroup(policy, oracle, space, seeds, None, "") for policy, oracle in step.pairs)
        return Schedule(step.command, groups, (f"table {table!r} (`harness table fetch {table}`)", *_data(step)))
    plan, finished = step.plan(), finished_runs(step.experiment.store)
    waiting = [spec for spec in plan.specs if spec.digest not in finished]
    lacking = tuple(_data(step)) if any(_trains(spec) for spec in waiting) else ()
    groups = tuple(_groups(plan, waiting, step, timed=timed and not lacking))
    return Schedule(step.command, groups, lacking)


def _data(step: ReproduceStep) -> Iterator[str]:
    """A line if the training data are missing or damaged, with the command that gets them or tells how."""
    if step.data is None:
        return
    known, verify = known_dataset(step.data), step.experiment.verify is not False
    try:
        if isinstance(known, TextDataset):
            corpora.load(known.name, verify=verify)
        else:
            datasets.load(known.name, train_images=1, validation_images=0, verify=verify)
    except DataError:
        command = f"harness data fetch {known.name}`" if known.files else "harness data list` says how to get it"
        yield f"data set {known.name!r} (`{command})"


def _groups(plan: Plan, waiting: Sequence[RunSpec], step: ReproduceStep, *, timed: bool) -> Iterator[ScheduleGroup]:
    known = _costs(step)
    left = Counter((spec.policy, spec.oracle) for spec in waiting)
    for (policy, oracle), seeds in Counter((spec.policy, spec.oracle) for spec in plan.specs).items():
        mine = [spec for spec in waiting if (spec.policy, spec.oracle) == (policy, oracle)]
        cost = _cost(mine, plan, step, known.get((policy, oracle)), timed=timed) if mine else ""
        yield ScheduleGroup(policy, oracle, plan.space.name, seeds, seeds - left[policy, oracle], cost)


def _costs(step: ReproduceStep) -> Mapping[tuple[str, str], Run]:
    """A finished run of each policy and oracle on the step's space, to estimate the cost of the next ones."""
    store = step.experiment.store
    if not finished_runs(store):
        return {}
    with Store.read(store) as opened:
        runs = opened.runs(status="finished", space=step.plan().space.name)
    return {(run.spec.policy, run.spec.oracle): run for run in runs}


def _cost(waiting: Sequence[RunSpec], plan: Plan, step: ReproduceStep, known: Run | None, *, timed: bool) -> str:
    """The cost of runs in words: one draw, look-ups in a table, or the time of training."""
    spec, workers = waiting[0], workers_for(step.experiment, waiting)
    if not registry.load("policy", spec.policy).needs:
        return "one draw a run"
    if not _trains(spec):
        return "looked up" if known is None else f"looked up, {known.spent.queries:,} queries a run"
    turns = -(-len(waiting) // workers)
    if known is not None:
        return f"about {duration_text(turns * known.spent.seconds)} ({workers} at a time, as those that are done)"
    steps = training_steps(spec)
    if not timed:
        return f"{steps:,} training steps a run, not timed"
    try:
        mean = seconds_per_step(spec, plan.space)
    except ResourceError as error:
        return f"{steps:,} training steps a run; {error}"
    return f"about {duration_text(turns * steps * mean)} ({workers} at a time, {steps:,} steps of {1000 * mean:.2g} ms)"


def _trains(spec: RunSpec) -> bool:
    policy, oracle = registry.load("policy", spec.policy), registry.load("oracle", spec.oracle)
    return Update in policy.needs and OracleFeatures.of(oracle).shares_weights
