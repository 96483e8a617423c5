"""The runs behind the studies of weight sharing: the policy ``uniform-sharing`` for each seed, and its scorings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from backends.networks.adapters import DataKind
from harness.core.errors import HarnessError, ResourceError
from harness.core.probe import probe_cells
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.leaderboard.end_to_end import Watcher, finished_runs, perform_missing, workers_for
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan, make_plan, require_buildable
from harness.storage.store import Store
from harness.studies.sharing_amount.cells import kind_of
from harness.studies.step_timing import measure_step_seconds

Floats = npt.NDArray[np.float64]

POLICY = "uniform-sharing"

FACTORS: Mapping[DataKind, tuple[str, ...]] = {
    "images": ("batch_norm", "widths", "running_momentum", "slices"),
    "text": ("sharing", "average", "norm"),
}
"""Settings of an oracle that decide how shared weights rank, by the kind of data."""

ALWAYS = ("recipe", "precision")

OWN = ("auto", None)
"""Values of settings that leave the choice to the recipe."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """The scores of one finished run: ``scores[epoch]`` (cells,), larger being better, NaN where a score failed."""

    run: str
    seed: int
    cells: tuple[str, ...]
    scores: Mapping[int, Floats]


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """The finished runs of a study, and the reasons, by seed, why the others did not finish."""

    runs: tuple[ScoredRun, ...]
    failed: Mapping[int, str]


def sharing_plan(experiment: Experiment, score_epochs: Sequence[int] | None) -> Plan:
    """The runs of ``uniform-sharing`` with the oracle of an experiment, scored after these epochs and the last.

    ``None`` scores before the training, after each quarter of it, and after the last epoch.
    """
    asked = experiment.model_copy(update={"policies": (POLICY,)})
    plan = make_plan(asked)
    return replace(plan, specs=tuple(_scored(spec, score_epochs) for spec in plan.specs if spec.policy == POLICY))


def _scored(spec: RunSpec, score_epochs: Sequence[int] | None) -> RunSpec:
    policy = spec.settings["policy"]
    epochs = policy["epochs"]
    asked = [round(epochs * i / 4) for i in range(4)] if score_epochs is None else score_epochs
    return replace(spec, settings={**spec.settings, "policy": {**policy, "score_epochs": sorted({*asked, epochs})}})


def without_table(plan: Plan) -> Plan:
    """The runs of a plan as ``train`` performs and stores them."""
    return replace(plan, specs=tuple(replace(spec, table=None, table_digest=None) for spec in plan.specs))


def train(plan: Plan, experiment: Experiment, watcher: Watcher) -> FinishedRuns:
    """Announce the time, and perform the runs that the store lacks; raises HarnessError if no run finished.

    The runs do not read the truth, so the table is no part of them: other tables can judge the same runs.
    """
    bare = without_table(plan)
    for note in bare.notes:
        watcher.note(note)
    finished = finished_runs(experiment.store)
    require_buildable(bare, finished)
    _announce([spec for spec in bare.specs if spec.digest not in finished], bare, experiment, watcher)
    with Store.open(experiment.store) as store:
        perform_missing(bare, store, watcher, experiment)
        found = {spec.seed: _scorings(store, spec) for spec in bare.specs}
    runs = tuple(each for each in found.values() if isinstance(each, ScoredRun))
    failed = {seed: each for seed, each in found.items() if isinstance(each, str)}
    if not runs:
        raise HarnessError(f"no run finished, so there is nothing to rank: {next(iter(failed.values()))}")
    return FinishedRuns(runs, failed)


def _announce(waiting: Sequence[RunSpec], plan: Plan, experiment: Experiment, watcher: Watcher) -> None:
    if not waiting:
        return None
    policy, space = waiting[0].settings["policy"], plan.space
    chosen = [space.parse(cell) for cell in policy["cells"]]
    scored = len(chosen) or len(probe_cells(space, policy["scored"]))
    probed = 0 if chosen else len(probe_cells(space))
    try:
        found = measure_step_seconds(waiting[0], space, chosen)
    except ResourceError as error:  # the runs will say so too, each alone
        return watcher.note(f"no estimate of the time: {error}")
    forecast = found.forecast(
        runs=len(waiting),
        updates=policy["epochs"] * policy["updates"],
        scores=len(policy["score_epochs"]) * scored + probed,
        workers=workers_for(experiment, waiting),
    )
    return watcher.note(forecast)


def _scorings(store: Store, spec: RunSpec) -> ScoredRun | str:
    """The scores of a run, or why it has none: every scoring asks the same cells in the same order."""
    run = store.show(spec.digest)
    if run.status != "finished":
        return run.reason or f"the run is {run.status}"
    rows, epochs = store.trials(run.id), spec.settings["policy"]["score_epochs"]
    size = len(rows) // len(epochs)
    values = np.array([math.nan if row.value is None else row.value for row in rows], dtype=np.float64)
    scores = dict(zip(epochs, values.reshape(len(epochs), size), strict=True))
    return ScoredRun(run.id, spec.seed, tuple(row.architecture for row in rows[:size]), scores)


def factors(spec: RunSpec, space: SearchSpace) -> dict[str, str | int | float | bool | None]:
    """The factors that decide how shared weights rank, by name: settings of the oracle, length of the training."""
    oracle, policy = spec.settings["oracle"], spec.settings["policy"]
    names = (*ALWAYS, *FACTORS[kind_of(space)])
    known = {name: "as the recipe has it" if oracle[name] in OWN else oracle[name] for name in names if name in oracle}
    return {"oracle": spec.oracle, **known, "epochs": policy["epochs"], "updates per epoch": policy["updates"]}
