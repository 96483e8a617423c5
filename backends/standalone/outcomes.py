"""Trains the architectures of a space for the stand-alone oracle, and returns their scores."""

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
    """The result of one training: its score, larger is better (None if it diverged), and its seconds."""

    score: float | None
    seconds: float


class CellOutcomes:
    """Trains cells on images by a recipe for images; the scores are validation accuracies.

    As in ``LanguageOutcomes``, ``budgets`` are numbers of epochs, ``known_budgets`` is their description, and ``name``
    gives what identifies a training besides its epochs, here the canonical cell.
    """

    metric = ACCURACY.metric("validation")

    def __init__(self, space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool) -> None:
        read = replace(IMAGES.recipe(recipe), seed=seed)
        self.budgets = read.epochs
        self.known_budgets = repr(read.epochs)
        self._space = space
        self._trainer = CellTrainer(read, device, verify=verify)

    def name(self, architecture: Architecture) -> ArchitectureGraphs:
        """The canonical cell, which is the same for isomorphic cells."""
        key = np.array([self._space.key(architecture)], dtype=np.int64)
        return graphs_of(self._space, self._space.canonical_keys(key).tolist())[0]

    def train(self, architecture: Architecture, epochs: int) -> TrainingOutcome:
        """Train to the end of a budget; the score is the accuracy, None if all attempts of the recipe diverged.

        Raises ResourceError if memory is too small.
        """
        (curve,) = self._trainer.curves(self.name(architecture), epochs, repeats=[0])
        return TrainingOutcome(None if curve.diverged else curve.final.validation_accuracy, curve.final.seconds)


class LanguageOutcomes:
    """Trains recurrent cells by a language recipe; scores are negated natural logarithms of validation perplexities."""

    metric = PERPLEXITY.metric("validation")

    def __init__(self, space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool) -> None:
        read = replace(TEXT.recipe(recipe), seed=seed)
        self.budgets = tuple(range(1, read.epochs + 1))
        self.known_budgets = f"1 to {read.epochs}"
        self._space = space
        self._trainer = LanguageTrainer(read, device, verify=verify)

    def name(self, architecture: Architecture) -> str:
        """The cell's text form."""
        return self._space.format(architecture)

    def train(self, architecture: Architecture, epochs: int) -> TrainingOutcome:
        """Train to the end of `epochs`, a budget; the score is None if the perplexity is not finite.

        Raises ResourceError if memory is too small.
        """
        curve = self._trainer.curve(self.name(architecture), epochs, repeat=0)
        perplexity = np.array([curve.moments[-1].validation_perplexity])
        score = None if curve.diverged else float(PERPLEXITY.scores(perplexity)[0])
        return TrainingOutcome(score, sum(moment.seconds for moment in curve.moments))


def outcomes_of(
    space: SearchSpace, seed: int, recipe: str, *, device: str, verify: bool
) -> CellOutcomes | LanguageOutcomes:
    """The trainer for a space's cells; raises IncompatibleError if there is none, HarnessErrors for the recipe."""
    adapter = adapter_of(space.family)
    if adapter is None:
        raise IncompatibleError(
            f"oracle 'standalone' trains NAS-Bench-101, NAS-Bench-201 and recurrent cells, not those of {space.name!r}"
        )
    trainer = CellOutcomes if adapter.data == "images" else LanguageOutcomes
    return trainer(space, seed, recipe, device=device, verify=verify)
