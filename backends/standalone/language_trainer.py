"""Trains recurrent cells on a text by one recipe: chooses seeds, loads the text and returns rows for a table."""

import math
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from backends.data import corpora
from backends.networks.rnn_cell import count_parameters
from backends.standalone.checkpoints import INTERVAL
from backends.standalone.language_training import EpochMeasurement, LanguageTraining
from backends.standalone.recipe_trainer import RecipeTrainer, seed_of
from backends.training.devices import memory_guard, resolve_device
from backends.training.recipes import LanguageRecipe
from harness.spaces.rnn_cell import OPERATIONS, RNNCell


@dataclass(frozen=True, slots=True)
class LanguageCurve:
    """The measurements after each epoch of one training."""

    moments: tuple[EpochMeasurement, ...]

    @property
    def diverged(self) -> bool:
        """Whether the last validation perplexity is not finite."""
        return not math.isfinite(self.moments[-1].validation_perplexity)


class LanguageTrainer(RecipeTrainer):
    """Trains any recurrent cell on a text.

    Repeat r of every cell starts from the same seed (`repeat_seed`), so that cells do not differ by their seeds.
    Checkpoints work as in `backends.standalone.cell_trainer`: a longer budget continues from a shorter one.
    """

    def __init__(
        self,
        recipe: LanguageRecipe,
        device: str = "cpu",
        *,
        verify: bool = True,
        checkpoints: Path | None = None,
        interval: float = INTERVAL,
    ) -> None:
        target = resolve_device(device)
        text = corpora.load(
            recipe.dataset, vocabulary=recipe.vocabulary, train_tokens=recipe.train_tokens, verify=verify
        )
        self._recipe, self._text = recipe, text.to(target)
        super().__init__(recipe, self._text, checkpoints, interval)

    def rows(self, architecture: str, repeat: int) -> list[dict[str, Any]]:
        """Train one repeat of the cell with this text form; returns one self-explanatory row."""
        curve = self.curve(architecture, self._recipe.epochs, repeat)
        nodes = len(nodes_of(architecture))
        epochs = list(range(1, len(curve.moments) + 1))
        row: dict[str, Any] = {"architecture": architecture, "repeat": repeat, "epochs": epochs}
        for name in ("validation_perplexity", "test_perplexity"):
            row[name] = [getattr(moment, name) for moment in curve.moments]
        row["seconds"] = list(accumulate(moment.seconds for moment in curve.moments))
        words = len(self._text.vocabulary)
        parameters = count_parameters(nodes, width=self._recipe.width, words=words)
        return [row | {"diverged": curve.diverged, "parameters": parameters}]

    def curve(self, architecture: str, epochs: int, repeat: int) -> LanguageCurve:
        """Train one repeat to the end of `epochs`; raises ResourceError if a GPU's memory is too small."""
        checkpoint = self.checkpoint(architecture, repeat)
        with memory_guard("batch_size or width of the recipe"):
            seed = repeat_seed(self._recipe, repeat)
            training = LanguageTraining(nodes_of(architecture), self._recipe, self._text, seed=seed)
            state = checkpoint.read()
            if state is not None:
                training.load_state_dict(state)
            begun = len(training.moments)
            moments = tuple(training.advance(epochs, checkpoint))
        if epochs == self._recipe.epochs:
            checkpoint.remove()
        elif len(training.moments) > begun:
            checkpoint.write(training.state_dict())
        return LanguageCurve(moments)


def repeat_seed(recipe: LanguageRecipe, repeat: int) -> int:
    """The seed of a repeat, which is the same for all cells."""
    return seed_of(f"{recipe.seed}|{repeat}")


def nodes_of(architecture: str) -> tuple[tuple[str, int], ...]:
    """Activation and predecessor of each node of a text form such as `tanh@0 relu@1`; raises SpaceError."""
    choices = RNNCell(nodes=len(architecture.split())).parse(architecture).choices
    return tuple((OPERATIONS[code], source) for source, code in zip(choices[::2], choices[1::2], strict=True))
