"""The conditions of the study of noise: what a search sees of a table, and how well that ranks the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.score_gradient import ScoreGradient
from backends.tabular.named_tables import open_table
from backends.tabular.table import Table
from harness.core.errors import IncompatibleError, SettingError
from harness.core.measures import measure_of
from harness.core.numbers import Number, Undefined
from harness.core.oracle import Oracle
from harness.planning import registry, settings
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan, build_oracle
from harness.statistics import TruthNoise, kendall, mean
from harness.studies.agreement import TIE_DECIMALS
from harness.studies.early_stopping.page import evenly_spaced

REPEAT, EPOCHS = "repeat", "epochs"
"""The settings of an oracle that the study varies."""


@dataclass(frozen=True, slots=True)
class NoiseCondition:
    """What a search sees of a table: the mean of its repeats or a sampled one, after ``epochs`` epochs."""

    name: str
    repeat: str
    epochs: int
    full: bool

    @property
    def settings(self) -> dict[str, Any]:
        """The oracle's settings; the full budget is its default, so these runs are also those of ``harness run``."""
        given = {REPEAT: self.repeat} | ({} if self.full else {EPOCHS: self.epochs})
        return {f"oracle.{name}": value for name, value in given.items()}


def conditions_of(table: Table, epochs: Sequence[int] = ()) -> tuple[NoiseCondition, ...]:
    """The conditions of a table; the first is the mean of the repeats at the full budget.

    Raises IncompatibleError for a table with one repeat and one budget, and for ``epochs`` that the table lacks.
    """
    full, shorter = table.epochs[-1], table.epochs[:-1]
    chosen = sorted({table.epochs[table.budget(each)] for each in epochs}) or [
        shorter[i] for i in evenly_spaced(len(shorter))
    ]
    repeats = "one repeat" if table.repeats == 1 else f"mean of {table.repeats} repeats"
    found = [NoiseCondition(f"{repeats}, {_after(full)}", "mean", full, True)]
    if table.repeats > 1:
        found.append(NoiseCondition(f"one repeat, {_after(full)}", "sample", full, True))
    found += [NoiseCondition(f"{repeats}, {_after(each)}", "mean", each, False) for each in chosen if each != full]
    if len(found) == 1:
        raise IncompatibleError(
            f"table {table.name!r} has one repeat at {full} epochs alone, so that a search can see nothing else; "
            "`harness table list` shows the tables"
        )
    return tuple(found)


def _after(epochs: int) -> str:
    return "1 epoch" if epochs == 1 else f"{epochs} epochs"


def require_free(experiment: Experiment) -> None:
    """Raise a HarnessError for an oracle that reads no table, or a setting that the study varies."""
    for name in experiment.settings:
        scope, _, setting = name.rpartition(".")
        if setting in (REPEAT, EPOCHS) and scope in ("oracle", *experiment.oracles):
            raise SettingError(f"--set {name}=…: this study varies it; leave it out, and choose budgets by --epochs")
    for name in experiment.oracles:
        if not {REPEAT, EPOCHS} <= settings.defaults(registry.load("oracle", name)).keys():
            raise IncompatibleError(f"oracle {name} reads no table; choose tabular, or tabular+score-gradient")


def signal(plan: Plan, metric: str) -> Number:
    """Kendall's tau-b between the scores of all cells in a condition and their truth, averaged over the seeds."""
    oracles = {spec.seed: spec for spec in plan.specs}
    drawn = [spec for spec in oracles.values() if spec.settings["oracle"]["repeat"] == "sample"]
    taus = [_tau(_undecorated(build_oracle(spec, plan.space)), metric) for spec in drawn or [plan.specs[0]]]
    known = [tau for tau in taus if not isinstance(tau, Undefined)]
    return mean(known) if known else taus[0]


def ceiling(plan: Plan, metric: str) -> Number:
    """The tau with the truth that a ranking of all cells by their true values would have."""
    table, measure = open_table(plan.specs[0].table or ""), measure_of(metric)
    recorded = table.recorded() & plan.space.owns(table.keys)[:, None]
    noise = TruthNoise.of(table.values(metric), recorded, measure.sign if measure else 1)
    return noise if isinstance(noise, Undefined) else noise.noisy.tau_ceiling(noise.noisy.means)


def _undecorated(oracle: Oracle) -> Any:
    """The oracle that reads the table, without its decorator."""
    return oracle.oracle if isinstance(oracle, ScoreGradient) else oracle


def _tau(oracle: Any, metric: str) -> Number:
    table, measure = oracle.table, measure_of(metric)
    rows = np.flatnonzero(oracle.space.owns(table.keys))
    scores = oracle.look_up(rows, np.full(len(rows), table.budget(oracle.epochs))).values
    truth = table.mean(metric)[rows] * (measure.sign if measure else 1)
    known = np.isfinite(scores) & np.isfinite(truth)
    return kendall(np.round(scores[known], TIE_DECIMALS), np.round(truth[known], TIE_DECIMALS))
