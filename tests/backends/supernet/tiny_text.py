"""A recipe of text that trains in milliseconds, as a file, and a supernet by it in double precision."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml

from backends.networks.recurrent_points import RecurrentCells, RecurrentPoint
from backends.supernet.bptt_batches import BpttBatches
from backends.supernet.text_task import TextTask
from backends.supernet.weights import SharedWeights
from backends.training.recipes.text import TextData, TextEvaluation, TextNetwork, TextRecipe, TextTraining
from harness.core.random import stream
from harness.core.space import Mixture
from harness.spaces.rnn_cell import RNNCell
from tests.backends.standalone.language import text, write_text

TINY_TEXT = TextRecipe(
    task="language",
    data=TextData(dataset="made-up", parts=2),
    network=TextNetwork(
        width=6,
        init_range=0.5,
        dropout_output=0.1,
        dropout_hidden=0.2,
        dropout_inputs=0.1,
        dropout_embedding=0.1,
        dropout_words=0.1,
    ),
    training=TextTraining(
        epochs=5,
        batch_size=4,
        bptt=10,
        lengths="jittered",
        restarts=0.2,
        learning_rate=1.0,
        weight_decay=1e-3,
        clip=0.3,
        slowness=0.1,
    ),
    evaluation=TextEvaluation(quick_batch=40, batch=4),
)


def changed(**parts: dict[str, Any]) -> TextRecipe:
    """The tiny recipe with some keys of its parts changed."""
    content = asdict(TINY_TEXT)
    for name, keys in parts.items():
        content[name] |= keys
    return TextRecipe(**content)


class TinyText:
    """Shared weights of rnn2 in double precision, with all that they are made of."""

    def __init__(self, seed: int = 3, recipe: TextRecipe = TINY_TEXT, nodes: int = 2) -> None:
        self.recipe, self.text, self.space = recipe, text(), RNNCell(nodes=nodes)
        words = len(self.text.vocabulary)
        self.cells = RecurrentCells(self.space, recipe.network, words, seed=seed, device=torch.device("cpu"))
        self.cells.module.double()
        self.bptt_batches = BpttBatches(self.text, self.text.validation, recipe, seed)
        self.task = TextTask(self.cells, self.bptt_batches, recipe)
        self.weights: SharedWeights[RecurrentPoint] = SharedWeights(self.task, recipe.optimizer_settings)

    def mixture(self, seed: int) -> Mixture:
        """Rows drawn by a seed."""
        rng = stream(seed, "mixture")
        return tuple(tuple(rng.dirichlet([1.0] * n).tolist()) for n in self.space.options)

    def rows(self, seed: int) -> list[torch.Tensor]:
        """The same in double precision, to take slopes in."""
        return [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in self.mixture(seed)]

    def points(self, seed: int) -> list[RecurrentPoint]:
        """A cell, a mixture, and another cell."""
        rng = stream(seed, "points")
        cells = [self.cells.discrete(self.space.sample(rng)) for _ in range(2)]
        return [cells[0], [row.detach() for row in self.rows(seed)], cells[1]]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Three small texts in a folder that lives as long as the tests."""
    folder = tempfile.TemporaryDirectory()
    write_text(Path(folder.name))
    return folder


def written(folder: Path | None = None, recipe: TextRecipe = TINY_TEXT, **search: Any) -> str:
    """The path of a recipe as a file, which names its text by a path of its own."""
    place = Path(_folder().name)
    content = asdict(recipe) | {"search": search}
    content["data"] |= {"dataset": str(place / "made-up")}
    path = (folder or place) / "tiny-text.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)
