"""The runs behind an item, as steps: each is one command of the harness, performed and read by that command's code.

A step reads what the store has: policies of which a seed is missing are left out, and nothing is performed for them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from backends.networks.adapters import DataKind
from backends.tabular.named_tables import known_tables
from harness.core.errors import StoreError
from harness.core.oracle import Gradient
from harness.core.policy import BASELINE
from harness.judging.judge import Judge
from harness.judging.judge_runs import judge_all, judge_run, known_judgement
from harness.judging.training_judge import ScratchTraining
from harness.leaderboard import leaderboard
from harness.leaderboard.end_to_end import Watcher, compare, finished_runs
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.planning import registry
from harness.planning.experiment import BY_TABLE, Experiment
from harness.planning.plan import Plan, build_truth, make_plan
from harness.storage.store import Store
from harness.studies.penalty import measure as penalty
from harness.studies.sharing_amount import measure as sharing_amount
from harness.studies.uniform_sharing_runs import POLICY, sharing_plan, without_table
from harness.studies.weight_sharing import measure as weight_sharing

SHARED = "supernet"


class ReproduceStep(Protocol):
    """Runs that one command makes."""

    @property
    def command(self) -> str:
        """The command."""

    @property
    def experiment(self) -> Experiment:
        """What the runs have in common; its ``table`` is the one that they need, where they need one."""

    @property
    def data(self) -> str | None:
        """The data set that the runs train on, or ``None`` where they train nothing."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The policies with their oracles, known before any table is opened."""

    def plan(self) -> Plan:
        """The runs; raises a HarnessError where they cannot be planned, such as for want of a table."""

    def perform(self, watcher: Watcher) -> None:
        """Perform what the store lacks."""


@dataclass(frozen=True, slots=True)
class RunStep:
    """Policies against oracles, as ``harness run`` has them."""

    command: str
    experiment: Experiment
    data: str | None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every policy with every oracle, and the baseline once."""
        searching = tuple((p, o) for p in self.experiment.policies for o in self.experiment.oracles)
        return (*searching, (BASELINE, self.experiment.oracles[0]))

    def plan(self) -> Plan:
        """As ``harness run`` plans."""
        return make_plan(self.experiment)

    def perform(self, watcher: Watcher) -> None:
        """As ``harness run`` performs."""
        compare(self.experiment, watcher)

    def ended(self) -> Plan | None:
        """The runs of policies all of whose seeds ended; ``None`` where there are none, or no table to name them."""
        if not has_table(self):
            return None
        kept = ended_part(self.plan(), ended_runs(self.experiment.store))
        return kept if kept.specs else None

    def board(self, metric: str | None = None) -> Leaderboard | None:
        """The leaderboard of what is finished, by a metric (``None``: the test data's); ``None`` where nothing is.

        Where recommendations are judged by training, nothing is trained: there is none until all of them were.
        """
        kept = self.ended()
        if kept is None:
            return None
        with Store.open(self.experiment.store) as store:
            if self.experiment.judge != BY_TABLE:
                return self._trained(kept, store)
            judge = Judge(build_truth(kept.specs[0], kept.space), kept.space, metric, record=store.record_lookup)
            runs = [judge_run(store.show(spec.digest), judge, store, kept.space) for spec in kept.specs]
            return leaderboard.build(runs, judge.truth)

    def _trained(self, kept: Plan, store: Store) -> Leaderboard | None:
        truth = ScratchTraining.of(self.experiment.judge, kept.space).truth
        runs = [store.show(spec.digest) for spec in kept.specs]
        if any(known_judgement(run, truth, store) is None for run in runs):
            return None
        return leaderboard.build(*judge_all(kept, store, self.experiment))


@dataclass(frozen=True, slots=True)
class PenaltyStep(RunStep):
    """Policies on shared weights and on a table, as ``harness study penalty`` has them."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Both sides of each policy, and the baseline on the table."""
        sides = tuple((p, o) for p in self.experiment.policies for o in (_without(p), SHARED))
        return (*sides, (BASELINE, penalty.TABULAR))

    def plan(self) -> Plan:
        """As the study plans."""
        return penalty.penalty_plan(self.experiment, self.experiment.policies)

    def perform(self, watcher: Watcher) -> None:
        """As the study performs."""
        penalty.study_penalty(self.experiment, self.experiment.policies, watcher)


def _without(policy: str) -> str:
    """The oracle that answers a policy without shared weights."""
    return penalty.TABULAR_GRADIENT if Gradient in registry.load("policy", policy).needs else penalty.TABULAR


@dataclass(frozen=True, slots=True)
class WeightSharingStep:
    """Uniformly trained shared weights that score a space's cells, as ``harness study weight-sharing`` has them."""

    command: str
    experiment: Experiment
    data: str | None
    score_epochs: tuple[int, ...] | None = None

    pairs = ((POLICY, SHARED),)

    def plan(self) -> Plan:
        """The runs as they are stored, which know no table."""
        return without_table(sharing_plan(self.experiment, self.score_epochs))

    def perform(self, watcher: Watcher) -> None:
        """As the study performs."""
        self.content(watcher)

    def content(self, watcher: Watcher) -> weight_sharing.WeightSharingResult:
        """What the study finds."""
        return weight_sharing.study_weight_sharing(self.experiment, watcher, score_epochs=self.score_epochs)


@dataclass(frozen=True, slots=True)
class SharingAmountStep:
    """Shared weights trained on the 12 cells alone, as ``harness study sharing-amount`` has them.

    ``recipe`` trains the cells alone for their truth where no table is given.
    """

    command: str
    experiment: Experiment
    data: str | None
    kind: DataKind
    recipe: str

    pairs = ((POLICY, SHARED),)

    def plan(self) -> Plan:
        """The runs as they are stored, which know no table."""
        return without_table(sharing_amount.sharing_amount_plan(self.kind, self.experiment, self.recipe))

    def perform(self, watcher: Watcher) -> None:
        """As the study performs; the truth is trained as well where it is not there."""
        self.content(watcher)

    def content(self, watcher: Watcher) -> sharing_amount.SharingAmountResult:
        """What the study finds."""
        return sharing_amount.study_sharing_amount(self.kind, self.experiment, watcher, recipe=self.recipe)

    def has_truth(self) -> bool:
        """Whether the truth is a table that is here, or was trained before into a table beside the store."""
        if self.experiment.table is not None:
            return has_table(self)
        if not ended_runs(self.experiment.store):
            return False
        return sharing_amount.truth_path(self.kind, self.experiment, self.recipe).is_file()


def ended_runs(url: str) -> set[str]:
    """The runs of a store that finished or failed; none where it cannot be read."""
    try:
        with Store.read(url) as store:
            return {run.id for run in store.runs() if run.status != "running"}
    except StoreError:
        return set()


def ended_part(plan: Plan, ended: Container[str]) -> Plan:
    """The runs of a plan whose policy has all its seeds ended on its oracle; none where only the baseline has."""
    waiting = {(spec.policy, spec.oracle) for spec in plan.specs if spec.digest not in ended}
    kept = tuple(spec for spec in plan.specs if (spec.policy, spec.oracle) not in waiting)
    return replace(plan, specs=kept if any(spec.policy != BASELINE for spec in kept) else ())


def is_finished(step: ReproduceStep) -> bool:
    """Whether the store has every run of a step."""
    finished = finished_runs(step.experiment.store)
    return has_table(step) and all(spec.digest in finished for spec in step.plan().specs)


def has_table(step: ReproduceStep) -> bool:
    """Whether the table that a step names is here; where it names none it needs none."""
    name = step.experiment.table
    return name is None or name in known_tables() or Path(name).is_file()


def entry(board: Leaderboard | None, policy: str, oracle: str) -> LeaderboardEntry | None:
    """A policy's row on an oracle, if it is there."""
    entries: Sequence[Any] = () if board is None else board.entries
    return next((each for each in entries if (each.policy, each.oracle) == (policy, oracle)), None)
