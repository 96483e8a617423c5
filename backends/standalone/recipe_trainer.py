"""The common part of the trainers for images and for text: device, fingerprint of the data, checkpoints and seeds."""

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
    """Trains by one recipe on its data, on one CPU thread or a GPU.

    Every `interval` seconds a training writes a checkpoint to the folder `checkpoints` (None: `checkpoint_folder()`);
    if the training is requested again, it continues from there.
    """

    libraries: ClassVar[tuple[ModuleType, ...]] = (numpy, torch)
    """The libraries whose versions affect the results."""

    def __init__(
        self, recipe: StandaloneRecipe, data: Images | Text, checkpoints: Path | None, interval: float = INTERVAL
    ) -> None:
        torch.set_num_threads(1)
        self._document, self._content = recipe.document(), data
        self._folder, self._interval = checkpoints or checkpoint_folder(), interval

    def fingerprint(self) -> Mapping[str, str]:
        """The data's digest and the library versions, which affect results besides recipe and cell."""
        return {"data_digest": self._data_digest} | {each.__name__: str(each.__version__) for each in self.libraries}

    def checkpoint(self, *deciding: object) -> TrainingCheckpoint:
        """The checkpoint of a training; its name is a digest of all that determines the training."""
        known = [self._document, *deciding, dict(self.fingerprint()), __version__, self._content.device.type]
        name = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
        return TrainingCheckpoint(self._folder, name, self._interval)

    @cached_property
    def _data_digest(self) -> str:
        return self._content.digest()


def seed_of(name: str) -> int:
    """A seed of 63 bits from the name of a training."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
