"""A recipe small enough to train recurrent cells within a test, and a text in which a word foretells the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from backends.data.text import Corpus, Text
from backends.standalone.language_training import EpochMeasurement, LanguageTraining
from backends.training.recipes import LanguageRecipe

NODES = (("tanh", 0), ("sigmoid", 1))

LITTLE = LanguageRecipe(
    task="language",
    dataset="made-up",
    width=8,
    epochs=4,
    batch_size=4,
    learning_rate=0.02,
    optimiser="adam",
    schedule="cosine",
    bptt=10,
    validation_batch=2,
    test_batch=1,
    init_range=0.2,
    repeats=2,
    seed=5,
)

MOST = 0.9
"""How often the next word is the one that follows in the alphabet."""


def _words(number: int, seed: int) -> Iterator[str]:
    rng, word = np.random.default_rng(seed), 0
    for _ in range(number):
        word = (word + 1) % 6 if rng.random() < MOST else int(rng.integers(6))
        yield "abcdef"[word]


def text() -> Text:
    """Six words, 1,000 times; none is likelier than another, the next one is nearly known."""
    return Corpus("made-up", *(list(_words(number, seed)) for seed, number in enumerate((1000, 200, 200)))).encoded()


def write_text(folder: Path) -> Path:
    """The same as a folder of three texts."""
    (folder / "made-up").mkdir()
    for seed, (name, number) in enumerate((("train", 1000), ("valid", 200), ("test", 200))):
        (folder / "made-up" / f"{name}.txt").write_text(" ".join(_words(number, seed)))
    return folder


def written(folder: Path, recipe: LanguageRecipe, **changes: object) -> Path:
    """The recipe as a YAML file."""
    path = folder / "language.yaml"
    path.write_text(yaml.safe_dump(asdict(recipe) | changes))
    return path


def perplexities(moments: list[EpochMeasurement]) -> list[tuple[float, float]]:
    """All that was measured but the seconds."""
    return [(moment.validation_perplexity, moment.test_perplexity) for moment in moments]


def trained(recipe: LanguageRecipe, *, seed: int = 1, epochs: int | None = None) -> LanguageTraining:
    """A training of the small cell to the end of `epochs`."""
    training = LanguageTraining(NODES, recipe, text(), seed=seed)
    training.advance(epochs or recipe.epochs)
    return training
