"""The runs of an item as steps: each is one command of the harness, performed and read by that command's code.

A step reads what the store has: policies with a missing seed are left out, and nothing is performed for them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from harness.reproduce.cells import NOT_MEASURED_YET, Missing
from harness.storage.store import Store
from harness.studies.penalty import measure as penalty
from harness.studies.sharing_amount import measure as sharing_amount
from harness.studies.uniform_sharing_runs import POLICY, sharing_plan, without_table
from harness.studies.weight_sharing import measure as weight_sharing

SHARED = "supernet"


@dataclass(frozen=True, slots=True)
class ReproduceStep(ABC):
    """Runs that one command makes, and the experiment of all of them; its table is the one that they need, if any.

    ``data`` is the data set that the runs train on, or ``None`` if they train nothing.
    """

    command: str
    experiment: Experiment
    data: str | None

    @property
    def unmeasured(self) -> Missing:
        """A value that the runs have not measured yet."""
        return Missing(NOT_MEASURED_YET, self.command)

    @property
    @abstractmethod
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The policies with their oracles, known before any table is opened."""

    @abstractmethod
    def plan(self) -> Plan:
        """The runs; raises a HarnessError if they cannot be planned, such as without their table."""

    @abstractmethod
    def perform(self, watcher: Watcher) -> None:
        """Perform the runs that the store lacks."""


@dataclass(frozen=True, slots=True)
class RunStep(ReproduceStep):
    """Policies against oracles, as in ``harness run``."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every policy with every oracle, and the baseline once."""
        searching = tuple((p, o) for p in self.experiment.policies for o in self.experiment.oracles)
        return (*searching, (BASELINE, self.experiment.oracles[0]))

    def plan(self) -> Plan:
        """Plan as ``harness run`` does."""
        return make_plan(self.experiment)

    def perform(self, watcher: Watcher) -> None:
        """Perform as ``harness run`` does."""
        compare(self.experiment, watcher)

    def ended(self) -> Plan | None:
        """The runs of policies with all seeds ended; ``None`` if there are none, or if their table is missing."""
        if not has_table(self):
            return None
        kept = ended_part(self.plan(), ended_runs(self.experiment.store))
        return kept if kept.specs else None

    def board(self, metric: str | None = None) -> Leaderboard | None:
        """The leaderboard of ``ended`` runs by a metric (``None``: the test metric); ``None`` if there are none.

        Nothing is trained for it: if the judge trains recommendations, it is ``None`` until all of them were trained.
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
    """Policies on shared weights and on a table, as in ``harness study penalty``."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each policy without and with shared weights, and the baseline on the table."""
        both = tuple((p, o) for p in self.experiment.policies for o in (_without(p), SHARED))
        return (*both, (BASELINE, penalty.TABULAR))

    def plan(self) -> Plan:
        """Plan as the study does."""
        return penalty.penalty_plan(self.experiment, self.experiment.policies)

    def perform(self, watcher: Watcher) -> None:
        """Perform as the study does."""
        penalty.study_penalty(self.experiment, self.experiment.policies, watcher)


def _without(policy: str) -> str:
    """The oracle that answers a policy without shared weights."""
    return penalty.TABULAR_GRADIENT if Gradient in registry.load("policy", policy).needs else penalty.TABULAR


@dataclass(frozen=True, slots=True)
class WeightSharingStep(ReproduceStep):
    """Uniformly trained shared weights that score a space's cells, as in ``harness study weight-sharing``."""

    score_epochs: tuple[int, ...] | None = None

    pairs = ((POLICY, SHARED),)

    def plan(self) -> Plan:
        """The runs as they are stored, without a table."""
        return without_table(sharing_plan(self.experiment, self.score_epochs))

    def perform(self, watcher: Watcher) -> None:
        """Perform as the study does."""
        self.content(watcher)

    def content(self, watcher: Watcher) -> weight_sharing.WeightSharingResult:
        """The result of the study."""
        return weight_sharing.study_weight_sharing(self.experiment, watcher, score_epochs=self.score_epochs)


@dataclass(frozen=True, slots=True)
class SharingAmountStep(ReproduceStep):
    """Shared weights trained on the 12 cells alone, as in ``harness study sharing-amount``.

    ``recipe`` trains each cell alone for its truth if no table is given.
    """

    kind: DataKind
    recipe: str

    pairs = ((POLICY, SHARED),)

    def plan(self) -> Plan:
        """The runs as they are stored, without a table."""
        return without_table(sharing_amount.sharing_amount_plan(self.kind, self.experiment, self.recipe))

    def perform(self, watcher: Watcher) -> None:
        """Perform as the study does; a missing truth is trained, too."""
        self.content(watcher)

    def content(self, watcher: Watcher) -> sharing_amount.SharingAmountResult:
        """The result of the study."""
        return sharing_amount.study_sharing_amount(self.kind, self.experiment, watcher, recipe=self.recipe)

    def has_truth(self) -> bool:
        """Whether the truth exists: the given table, or a table trained earlier in the store's folder."""
        if self.experiment.table is not None:
            return has_table(self)
        if not ended_runs(self.experiment.store):
            return False
        return sharing_amount.truth_path(self.kind, self.experiment, self.recipe).is_file()


def ended_runs(url: str) -> set[str]:
    """The ids of a store's runs that finished or failed; none if it cannot be read."""
    try:
        with Store.read(url) as store:
            return {run.id for run in store.runs() if run.status != "running"}
    except StoreError:
        return set()


def ended_part(plan: Plan, ended: Container[str]) -> Plan:
    """The runs of a plan whose policy has all seeds ended on its oracle; none if only the baseline has."""
    waiting = {(spec.policy, spec.oracle) for spec in plan.specs if spec.digest not in ended}
    kept = tuple(spec for spec in plan.specs if (spec.policy, spec.oracle) not in waiting)
    return replace(plan, specs=kept if any(spec.policy != BASELINE for spec in kept) else ())


def is_finished(step: ReproduceStep) -> bool:
    """Whether the store has every run of a step."""
    finished = finished_runs(step.experiment.store)
    return has_table(step) and all(spec.digest in finished for spec in step.plan().specs)


def has_table(step: ReproduceStep) -> bool:
    """Whether the table that a step names is on this machine; true for a step that names none."""
    name = step.experiment.table
    return name is None or name in known_tables() or Path(name).is_file()


def entry(board: Leaderboard | None, policy: str, oracle: str) -> LeaderboardEntry | None:
    """A policy's row on an oracle, or ``None``."""
    entries: Sequence[Any] = () if board is None else board.entries
    return next((each for each in entries if (each.policy, each.oracle) == (policy, oracle)), None)
