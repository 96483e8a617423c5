"""From an oracle's settings to shared weights on their data: images for NAS-Bench cells, text for recurrent ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import torch

from backends.data import corpora, datasets
from backends.data.images import Images
from backends.networks.nasbench101 import Skeleton
from backends.supernet.batches import ImageBatches
from backends.supernet.bptt_batches import BpttBatches
from backends.supernet.cells import NASBench101Cells, NASBench201Cells
from backends.supernet.image_task import Chunk, ImageTask, Statistics
from backends.supernet.recurrent_cells import RecurrentCells
from backends.supernet.task import SupernetCells
from backends.supernet.text_task import TextTask
from backends.supernet.weights import SharedWeights
from backends.training.recipes.files import SupernetRecipe, full_name, load_supernet_recipe
from backends.training.recipes.images import ImageRecipe
from backends.training.recipes.text import Average, Sharing, StateNorm, TextRecipe
from harness.core.errors import IncompatibleError, SettingError
from harness.core.measures import ACCURACY, PERPLEXITY
from harness.core.oracle import Metric
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench201 import NASBench201
from harness.spaces.rnn_cell import RNNCell

DEFAULT_FAMILY = "auto"
"""The family of recipes that a space has by default."""

Widths = Literal["nasbench", "doubled"]

SupernetParts: TypeAlias = tuple[SupernetCells[Any], SharedWeights[Any], Metric]
"""The cells as points of a network, its weights, and what a Score of them means."""


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The settings of an oracle that networks of images alone have."""

    batch_norm: Statistics = "recalibrated"
    widths: Widths = "nasbench"
    running_momentum: float | None = None
    slices: Chunk = "first"
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, slots=True)
class TextSettings:
    """The settings of an oracle that recurrent cells alone have; ``auto`` takes the recipe's."""

    sharing: Sharing | Literal["auto"] = "auto"
    average: Average | Literal["auto"] = "auto"
    norm: StateNorm | Literal["auto"] = "auto"

    def applied(self, recipe: TextRecipe) -> TextRecipe:
        """The recipe with its network as these settings want it."""
        wanted = {key: value for key, value in asdict(self).items() if value != "auto"}
        return replace(recipe, network=replace(recipe.network, **wanted))


@dataclass(frozen=True, slots=True)
class SupernetContext:
    """What every supernet is built for: a space, a run's seed, the searched split and a device."""

    space: SearchSpace
    seed: int
    searched: Literal["validation", "test"]
    device: torch.device
    verify: bool

    @property
    def initial_seed(self) -> int:
        """The seed of the first weights."""
        return int(stream(self.seed, "oracle", "weights").integers(2**62))


def recipe_name(space: SearchSpace, recipe: str, protocol: str) -> str:
    """A recipe's full name, ``auto`` being the family of a space; raises IncompatibleError for a space without one."""
    own = {NASBench101: "digits", NASBench201: "digits", RNNCell: "austen"}
    family = next((name for kind, name in own.items() if isinstance(space, kind)), None)
    if family is None:
        raise IncompatibleError(
            f"oracle 'supernet' holds NAS-Bench-101, NAS-Bench-201 and recurrent cells, not those of {space.name!r}"
        )
    return full_name(family if recipe == DEFAULT_FAMILY else recipe, protocol)


def fitting_recipe(space: SearchSpace, name: str, digest: str = "") -> SupernetRecipe:
    """The recipe of a full name; raises SettingError for one of images where a space needs text, and the reverse."""
    recipe = load_supernet_recipe(name, digest)
    if isinstance(recipe, TextRecipe) == isinstance(space, RNNCell):
        return recipe
    found, needed = ("text", "images") if isinstance(recipe, TextRecipe) else ("images", "text")
    families = "'austen', 'ptb-small' or 'ptb'" if needed == "text" else "'digits' or 'cifar10'"
    raise SettingError(f"recipe {name!r} trains on {found}, space {space.name!r} needs {needed}: take {families}")


def build_supernet(
    run: SupernetContext, recipe: SupernetRecipe, images: ImageSettings, text: TextSettings
) -> SupernetParts:
    """The shared weights of a recipe that fits the run's space.

    Raises SettingError for a setting of the other kind of networks that is not at its default, DataError where data is
    missing.
    """
    if isinstance(recipe, TextRecipe) and isinstance(run.space, RNNCell):
        _require_default(images, ImageSettings(), run.space)
        return _build_text_supernet(run, run.space, text.applied(recipe))
    if isinstance(recipe, ImageRecipe) and isinstance(run.space, NASBench101 | NASBench201):
        _require_default(text, TextSettings(), run.space)
        if isinstance(run.space, NASBench201):
            of_101 = ImageSettings(widths=images.widths, slices=images.slices)
            _require_default(of_101, ImageSettings(), run.space)
        return _build_image_supernet(run, run.space, recipe, images)
    raise IncompatibleError(f"this recipe does not fit space {run.space.name!r}")


def _require_default(settings: Any, standard: Any, space: SearchSpace) -> None:
    for name, value in asdict(settings).items():
        if value != getattr(standard, name):
            raise SettingError(
                f"setting {name!r} cannot be {value!r}: the networks of space {space.name!r} have no use for it; "
                f"leave it at {getattr(standard, name)!r}"
            )


def _build_image_supernet(
    run: SupernetContext, space: NASBench101 | NASBench201, recipe: ImageRecipe, settings: ImageSettings
) -> SupernetParts:
    part = recipe.data
    data = datasets.load(
        part.dataset,
        train_images=part.train_images,
        validation_images=part.validation_images,
        noise=part.noise,
        verify=run.verify,
    ).to(run.device)
    sizes = skeleton(recipe, data, settings.widths, settings.running_momentum)
    cells = _cells(space, sizes, run)
    task = ImageTask(
        cells,
        ImageBatches(data, getattr(data, run.searched), recipe, run.seed),
        recipe,
        run.seed,
        statistics=settings.batch_norm,
        chunk=settings.slices,
        mixed=settings.precision == "bfloat16",
    )
    return cells, SharedWeights(task, recipe.optimizer_settings), ACCURACY.metric(run.searched)


def _cells(
    space: NASBench101 | NASBench201, sizes: Skeleton, run: SupernetContext
) -> NASBench101Cells | NASBench201Cells:
    if isinstance(space, NASBench201):
        return NASBench201Cells(space, sizes, run.initial_seed, run.device)
    return NASBench101Cells(space, sizes, run.initial_seed, run.device)


def _build_text_supernet(run: SupernetContext, space: RNNCell, recipe: TextRecipe) -> SupernetParts:
    part = recipe.data
    found = corpora.load(part.dataset, vocabulary=part.vocabulary, train_tokens=part.train_tokens, verify=run.verify)
    text = found.to(run.device)
    cells = RecurrentCells(space, recipe.network, len(text.vocabulary), seed=run.initial_seed, device=run.device)
    task = TextTask(cells, BpttBatches(text, getattr(text, run.searched), recipe, run.seed), recipe)
    return cells, SharedWeights(task, recipe.optimizer_settings), PERPLEXITY.metric(run.searched)


def skeleton(recipe: ImageRecipe, data: Images, widths: Widths, running_momentum: float | None) -> Skeleton:
    """The sizes of a recipe's supernet on these images."""
    part, doubled = recipe.network, widths == "doubled"
    return Skeleton(
        width=part.width * (2 if doubled else 1),
        stem=part.width if doubled else None,
        stacks=part.stacks,
        modules=part.modules,
        image_channels=data.channels,
        classes=data.classes,
        batch_norm_momentum=part.batch_norm_momentum if running_momentum is None else running_momentum,
    )
