"""What the trainers of images and of text share: a device, a fingerprint of the data, checkpoints and seeds."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy
import torch

from backends.data.images import Images
from backends.data.text import Text
from backends.standalone.checkpoints import INTERVAL, TrainingCheckpoint, checkpoint_folder
from backends.training.recipes.recipe_part import StandaloneRecipe
from harness import __version__


class RecipeTrainer:
    """Trains by one recipe on its data, on one processor thread or a GPU.

    A training is written to a checkpoint in the folder `checkpoints` (where None: `checkpoint_folder()`) every
    `interval` seconds, and goes on from there when it is asked for again.
    """

    libraries: ClassVar[tuple[ModuleType, ...]] = (numpy, torch)
    """Results depend on the versions of these."""

    def __init__(
        self, recipe: StandaloneRecipe, data: Images | Text, checkpoints: Path | None, interval: float = INTERVAL
    ) -> None:
        torch.set_num_threads(1)
        self._document, self._content = recipe.document(), data
        self._folder, self._interval = checkpoints or checkpoint_folder(), interval

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell: the data's digest and the library versions."""
        return {"data_digest": self._data_digest} | {each.__name__: str(each.__version__) for each in self.libraries}

    def checkpoint(self, *deciding: object) -> TrainingCheckpoint:
        """Its name holds all that decides the training, so that no other one can go on from it."""
        known = [self._document, *deciding, dict(self.fingerprint()), __version__, self._content.device.type]
        name = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
        return TrainingCheckpoint(self._folder, name, self._interval)

    @cached_property
    def _data_digest(self) -> str:
        return self._content.digest()


def seed_of(name: str) -> int:
    """A seed of 63 bits from the name of a training."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
