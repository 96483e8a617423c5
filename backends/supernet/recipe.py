"""Recipes for shared weights: everything that decides how a supernet is trained and evaluated, read from YAML files.

A recipe is called ``FAMILY/PROTOCOL``: the data and their scale, and whose published protocol it is, as in
``digits/spos`` and ``cifar10/darts``. A family alone leaves the protocol to the policy.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.core.errors import SettingError, UnknownNameError

FOLDER = Path(__file__).parent / "recipes"

Count = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of a recipe: no key is unknown, and an int is no float's stand-in except where it is exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Part):
    """The data set and its splits in its own order, the rest being test; ``noise`` in standard deviations."""

    dataset: str
    train_images: Count
    validation_images: Count
    noise: Rate = 0.0
    crop: Annotated[int, Field(ge=0)] = 0
    flip: bool = False
    cutout: Annotated[int, Field(ge=0)] = 0


class Network(Part):
    """The sizes around the cells, as in ``backends.networks.nasbench101.Skeleton``."""

    width: Count
    stacks: Count
    modules: Count
    batch_norm_momentum: Annotated[float, Field(ge=0, le=1)]


class Training(Part):
    """SGD: the rate falls from ``learning_rate`` to ``final_rate`` along a half cosine over ``epochs``, epoch by epoch.

    ``weight_decay`` applies to every weight, used in a step or not; gradients are clipped to the norm ``clip``.
    """

    epochs: Count
    batch_size: Count
    learning_rate: Rate
    final_rate: Rate
    momentum: Rate
    weight_decay: Rate
    clip: Annotated[float, Field(gt=0)]


class Evaluation(Part):
    """``quick_batch`` images make the batch of a Gradient and of a quick Score, ``batch`` those of a whole Score.

    ``recalibration_images`` of the training split set the statistics of batch normalisation before a Score.
    """

    quick_batch: Count
    batch: Count
    recalibration_images: Count


class Recipe(Part):
    """One recipe; ``search`` holds settings of the policies that it is used with, such as the number of epochs."""

    data: Data
    network: Network
    training: Training
    evaluation: Evaluation
    search: dict[str, Any] = Field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of everything but ``search``: equal digests, equal trainings of the same points."""
        return hashlib.sha256(self.model_dump_json(exclude={"search"}).encode()).hexdigest()

    @property
    def steps_per_epoch(self) -> int:
        """Batches of the training split; the last one may be smaller."""
        return math.ceil(self.data.train_images / self.training.batch_size)


def full_name(name: str, protocol: str) -> str:
    """``name`` with the protocol where it is a family alone; paths stay as they are.

    Raises UnknownNameError, with the nearest name, for what is neither a family, a recipe nor a path.
    """
    if name.endswith((".yaml", ".yml")):
        return name
    known = names()
    families = {each.partition("/")[0] for each in known}
    whole = f"{name}/{protocol}" if name in families else name
    if whole not in known:
        raise UnknownNameError.among("recipe", name if name not in families else whole, [*known, *families])
    return whole


def names() -> list[str]:
    """The recipes that ship."""
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.yaml"))


def load_recipe(name: str, digest: str = "") -> Recipe:
    """Read a recipe by its full name or its path, of this ``digest`` where one is given.

    Raises SettingError naming the file and the key that is wrong.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"recipe {name!r} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingError(f"recipe {name!r} is not YAML: {' '.join(str(error).split())}") from error
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"])) or "the file"
        raise SettingError(f"recipe {name!r}: {key} cannot be {problem['input']!r}: {problem['msg']}") from error
    if digest not in ("", recipe.digest()):
        raise SettingError(f"recipe {name!r} is no longer the one that this run was begun with; start it again")
    return _sound(recipe, name)


def _sound(recipe: Recipe, name: str) -> Recipe:
    """Refuse batches larger than their split."""
    data, sizes = recipe.data, recipe.evaluation
    pairs: Mapping[str, tuple[int, int]] = {
        "training.batch_size": (recipe.training.batch_size, data.train_images),
        "evaluation.quick_batch": (sizes.quick_batch, data.validation_images),
        "evaluation.recalibration_images": (sizes.recalibration_images, data.train_images),
    }
    for key, (size, images) in pairs.items():
        if size > images:
            raise SettingError(f"recipe {name!r}: {key} cannot be {size}: its split has {images} images")
    return recipe
