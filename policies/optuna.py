"""Any sampler of Optuna (Akiba, Sano, Yanase, Ohta, Koyama, "Optuna: A Next-generation Hyperparameter Optimization
Framework", KDD 2019) as a policy; ``tpe`` is the one with its TPESampler (Bergstra et al., NeurIPS 2011)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.errors import HarnessError, UnknownNameError
from harness.core.space import SearchSpace
from policies.parts.adapter import AdaptedPolicy, ChoiceRow

if TYPE_CHECKING:
    import optuna


class Optuna(AdaptedPolicy):
    """Scores the suggestions of the named sampler with its default settings; each decision is a categorical parameter.

    Each suggestion comes from a new sampler with its own seed, so that an interrupted search resumes without a change.
    Samplers that need other arguments than a seed are not offered.
    """

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, sampler: str = "TPESampler", samples: int | None = 100
    ) -> None:
        self._library = _optuna()
        self._sampler = _sampler(self._library, sampler)
        categorical = self._library.distributions.CategoricalDistribution
        self._distributions = {f"decision {i}": categorical(tuple(range(n))) for i, n in enumerate(space.options)}
        super().__init__(space, rng, samples=samples)

    def _restart(self) -> None:
        self._study = self._library.create_study(direction="maximize")
        self._trial: optuna.Trial | None = None

    def _suggest(self, seed: int) -> Sequence[int]:
        self._study.sampler = self._sampler(seed=seed)
        self._trial = self._study.ask(self._distributions)
        return [self._trial.params[name] for name in self._distributions]

    def _observe(self, row: ChoiceRow, value: float) -> None:
        states, failed = self._library.trial.TrialState, value != value
        params = dict(zip(self._distributions, row, strict=True))
        if self._trial is not None and self._trial.params == params:
            self._study.tell(self._trial, None if failed else value, state=states.FAIL if failed else None)
        else:
            result = {"state": states.FAIL} if failed else {"value": value}
            trial = self._library.trial.create_trial(params=params, distributions=self._distributions, **result)
            self._study.add_trial(trial)
        self._trial = None


class TPE(Optuna):
    """Optuna's tree-structured Parzen estimator with its own defaults."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, samples: int | None = 100) -> None:
        super().__init__(space, rng, sampler="TPESampler", samples=samples)


def _optuna() -> Any:
    """The library with only warnings logged; raises HarnessError if it is not installed."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise HarnessError(
            "this policy needs the package optuna; `pip install 'nas-search-harness[optuna]'` gets it"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _sampler(library: Any, name: str) -> Any:
    """The class of a sampler; raises UnknownNameError if it does not exist or needs more than a seed."""
    classes = {each: getattr(library.samplers, each) for each in dir(library.samplers) if each.endswith("Sampler")}
    known = {each: found for each, found in classes.items() if _needs_a_seed_alone(found)}
    if name not in known:
        raise UnknownNameError.among("sampler of Optuna", name, known)
    return known[name]


def _needs_a_seed_alone(sampler: Any) -> bool:
    parameters = inspect.signature(sampler.__init__).parameters
    needed = [p for p in list(parameters.values())[1:] if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    return "seed" in parameters and not needed
