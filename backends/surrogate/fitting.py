"""Fits a surrogate to examples: computes the features, fits the trees, and collects the facts of its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.surrogate.examples import Examples
from backends.surrogate.features import encoded, encoding_of
from backends.surrogate.files import SurrogateFacts
from backends.surrogate.model import ProgressCallback, SurrogateModel, fit
from backends.surrogate.tree_fitting import ENSEMBLE_FITTERS
from harness import __version__
from harness.core.errors import UnknownNameError
from harness.core.space import SearchSpace


def fit_from_examples(
    examples: Examples, space: SearchSpace, model: str, *, seed: int, workers: int = 1, report: ProgressCallback
) -> SurrogateModel:
    """Fit a model to examples of a space; raises UnknownNameError for an unknown model name."""
    if model not in ENSEMBLE_FITTERS:
        raise UnknownNameError.among("model", model, ENSEMBLE_FITTERS)
    return fit(examples, encoded(space, examples.keys), model, seed=seed, workers=workers, report=report)


def facts_of(
    examples: Examples, space: SearchSpace, model: str, *, seed: int, held_out: Mapping[str, Any]
) -> SurrogateFacts:
    """The facts of a surrogate that was fitted to these examples."""
    import sklearn

    return SurrogateFacts(
        space=space.name,
        scheme=space.scheme,
        space_size=space.size,
        encoding=encoding_of(space),
        metric=examples.metric,
        epochs=examples.epochs,
        model=model,
        seed=seed,
        cells=len(examples),
        repeats=int(examples.counts.max()),
        source=examples.source,
        held_out=held_out,
        versions={"harness": __version__, "scikit-learn": sklearn.__version__},
    )
