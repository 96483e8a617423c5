"""What stand-alone trainings of a space's architectures come to, as the oracle asks for it."""

from dataclasses import dataclass, replace

import numpy as np

from backends.networks.adapters import adapter_of, graphs_of
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.language_trainer import LanguageTrainer
from backends.standalone.tasks import IMAGES, TEXT
from harness.core.errors import IncompatibleError
from harness.core.measures import ACCURACY, PERPLEXITY
from harness.core.space import Architecture, SearchSpace


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """Of one training: its score, larger being better (None where it diverged), and its seconds."""

    score: float | None
    seconds: float


class CellOutcomes:
    """Of cells that are trained on images: validation accuracies by a recipe for images.

    As in ``LanguageOutcomes``, ``budgets`` are numbers of epochs, ``known_budgets`` these in words, and ``name`` is the
    canonical cell, which trainings are told apart by.
    """

    metric = ACCURACY.metric("validation")

    def __init__(self, space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool) -> None:
        read = replace(IMAGES.recipe(recipe), seed=seed)
        self.budgets = read.epochs
        self.known_budgets = repr(read.epochs)
        self._space = space
        self._trainer = CellTrainer(read, device, verify=verify)

    def name(self, architecture: Architecture) -> ArchitectureGraphs:
        """The cell itself, isomorphic ones being one."""
        key = np.array([self._space.key(architecture)], dtype=np.int64)
        return graphs_of(self._space, self._space.canonical_keys(key).tolist())[0]

    def train(self, architecture: Architecture, epochs: int) -> TrainingOutcome:
        """Train to the end of a budget: the accuracy, None where all attempts of the recipe diverged.

        Raises ResourceError where memory is too small.
        """
        (curve,) = self._trainer.curves(self.name(architecture), epochs, repeats=[0])
        return TrainingOutcome(None if curve.diverged else curve.final.validation_accuracy, curve.final.seconds)


class LanguageOutcomes:
    """Of recurrent cells: negated logarithms of validation perplexities by a recipe for language models."""

    metric = PERPLEXITY.metric("validation")

    def __init__(self, space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool) -> None:
        read = replace(TEXT.recipe(recipe), seed=seed)
        self.budgets = tuple(range(1, read.epochs + 1))
        self.known_budgets = f"1 to {read.epochs}"
        self._space = space
        self._trainer = LanguageTrainer(read, device, verify=verify)

    def name(self, architecture: Architecture) -> str:
        """The cell's text."""
        return self._space.format(architecture)

    def train(self, architecture: Architecture, epochs: int) -> TrainingOutcome:
        """The score after the last of these epochs, a budget; None where the perplexity is no finite number.

        Raises ResourceError where memory is too small.
        """
        curve = self._trainer.curve(self.name(architecture), epochs, repeat=0)
        perplexity = np.array([curve.moments[-1].validation_perplexity])
        score = None if curve.diverged else float(PERPLEXITY.scores(perplexity)[0])
        return TrainingOutcome(score, sum(moment.seconds for moment in curve.moments))


def outcomes_of(
    space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool
) -> CellOutcomes | LanguageOutcomes:
    """What trains a space's cells; raises IncompatibleError where nothing does, and HarnessErrors for the recipe."""
    adapter = adapter_of(space.family)
    if adapter is None:
        raise IncompatibleError(
            f"oracle 'standalone' trains NAS-Bench-101, NAS-Bench-201 and recurrent cells, not those of {space.name!r}"
        )
    trainer = CellOutcomes if adapter.data == "images" else LanguageOutcomes
    return trainer(space, seed, recipe, device=device, verify=verify)
