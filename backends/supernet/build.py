"""Builds shared weights and their data from an oracle's settings: images or text, as the space's adapter requires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import torch

from backends.data import corpora, datasets
from backends.data.images import Images
from backends.networks.adapters import ImageAdapter, SpaceAdapter, TextAdapter, adapter_of
from backends.networks.nasbench101 import Skeleton
from backends.networks.supernet_points import SupernetCells
from backends.supernet.batches import ImageBatches
from backends.supernet.bptt_batches import BpttBatches
from backends.supernet.image_task import Chunk, ImageTask, Statistics
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

DEFAULT_FAMILY = "auto"
"""The name that selects a space's default family of recipes."""

Widths = Literal["nasbench", "doubled"]

SupernetParts: TypeAlias = tuple[SupernetCells[Any, Any], SharedWeights[Any], Metric]
"""The cells as points of a network, the shared weights, and the metric of a Score."""


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The oracle's settings that apply to networks of images alone."""

    batch_norm: Statistics = "recalibrated"
    widths: Widths = "nasbench"
    running_momentum: float | None = None
    slices: Chunk = "first"
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, slots=True)
class TextSettings:
    """The oracle's settings that apply to recurrent cells alone; ``auto`` uses the recipe's value."""

    sharing: Sharing | Literal["auto"] = "auto"
    average: Average | Literal["auto"] = "auto"
    norm: StateNorm | Literal["auto"] = "auto"

    def applied(self, recipe: TextRecipe) -> TextRecipe:
        """The recipe with these settings in its network."""
        wanted = {key: value for key, value in asdict(self).items() if value != "auto"}
        return replace(recipe, network=replace(recipe.network, **wanted))


@dataclass(frozen=True, slots=True)
class SupernetContext:
    """The inputs of every supernet: space, the run's seed, searched split, device, and whether to verify the data."""

    space: SearchSpace
    seed: int
    searched: Literal["validation", "test"]
    device: torch.device
    verify: bool

    @property
    def initial_seed(self) -> int:
        """The seed of the initial weights."""
        return int(stream(self.seed, "oracle", "weights").integers(2**62))


def recipe_name(space: SearchSpace, recipe: str, protocol: str) -> str:
    """A recipe's full name; ``auto`` is the space's default family. Raises IncompatibleError if it has none."""
    return full_name(_adapter(space).supernet_recipes if recipe == DEFAULT_FAMILY else recipe, protocol)


def _adapter(space: SearchSpace) -> SpaceAdapter:
    adapter = adapter_of(space.family)
    if adapter is None:
        raise IncompatibleError(
            f"oracle 'supernet' holds NAS-Bench-101, NAS-Bench-201 and recurrent cells, not those of {space.name!r}"
        )
    return adapter


def fitting_recipe(space: SearchSpace, name: str, digest: str = "") -> SupernetRecipe:
    """The recipe with this full name; raises SettingError if its data, images or text, do not fit the space."""
    recipe, needed = load_supernet_recipe(name, digest), _adapter(space).data
    found = "text" if isinstance(recipe, TextRecipe) else "images"
    if found == needed:
        return recipe
    families = "'austen', 'ptb-small' or 'ptb'" if needed == "text" else "'digits' or 'cifar10'"
    raise SettingError(f"recipe {name!r} trains on {found}, space {space.name!r} needs {needed}: take {families}")


def build_supernet(
    run: SupernetContext, recipe: SupernetRecipe, images: ImageSettings, text: TextSettings
) -> SupernetParts:
    """Build the shared weights of a recipe that fits the run's space.

    Raises SettingError if a setting that these networks do not use differs from its default, DataError if data is
    missing.
    """
    adapter = _adapter(run.space)
    if isinstance(recipe, TextRecipe) and isinstance(adapter, TextAdapter):
        _require_default(images, tuple(asdict(images)), run.space)
        return _build_text_supernet(run, adapter, text.applied(recipe))
    if isinstance(recipe, ImageRecipe) and isinstance(adapter, ImageAdapter):
        _require_default(text, tuple(asdict(text)), run.space)
        _require_default(images, adapter.unused_settings, run.space)
        return _build_image_supernet(run, adapter, recipe, images)
    raise IncompatibleError(f"this recipe does not fit space {run.space.name!r}")


def _require_default(settings: ImageSettings | TextSettings, names: Sequence[str], space: SearchSpace) -> None:
    standard = type(settings)()
    for name in names:
        if (value := getattr(settings, name)) != getattr(standard, name):
            raise SettingError(
                f"setting {name!r} cannot be {value!r}: the networks of space {space.name!r} have no use for it; "
                f"leave it at {getattr(standard, name)!r}"
            )


def _build_image_supernet(
    run: SupernetContext, adapter: ImageAdapter[Any], recipe: ImageRecipe, settings: ImageSettings
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
    cells = adapter.shared(run.space, sizes, run.initial_seed, run.device)
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


def _build_text_supernet(run: SupernetContext, adapter: TextAdapter[Any], recipe: TextRecipe) -> SupernetParts:
    part = recipe.data
    found = corpora.load(part.dataset, vocabulary=part.vocabulary, train_tokens=part.train_tokens, verify=run.verify)
    text = found.to(run.device)
    words = len(text.vocabulary)
    cells = adapter.shared(run.space, recipe.network, words, seed=run.initial_seed, device=run.device)
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
