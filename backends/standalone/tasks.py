"""Images and text as what architectures are trained on from scratch: recipes, trainers and jobs, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from backends.networks.adapters import DataKind, adapter_of, graphs_of
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.tabular.journal import JournalGroup
from backends.training.recipes import LanguageRecipe, Recipe, load_language_recipe, load_recipe, recipe_path
from harness.core.measures import ACCURACY, PERPLEXITY, Measure
from harness.core.space import SearchSpace

JournalCell: TypeAlias = str | tuple[str, tuple[int, ...]]
"""What a journal calls a cell: one of text by its text form, others by their adjacency and operations."""

Target = TypeVar("Target")
TaskRecipe = TypeVar("TaskRecipe")


class StandaloneTask(Protocol[Target, TaskRecipe]):
    """How architectures are trained by recipes of one kind of data.

    A target is what a trainer takes. Trainers are ``module:object``, imported in workers alone; ``same_seed`` trains
    all cells from one seed, ``unverified`` does so on data files that are not checked to be the published ones.
    """

    measure: ClassVar[Measure]
    trainer: ClassVar[str]
    same_seed: ClassVar[str]
    unverified: ClassVar[str]

    def recipe(self, name_or_path: str) -> TaskRecipe:
        """Read a recipe; raises SettingError for none, or one of another task."""

    def whole(self, recipe: TaskRecipe) -> TaskRecipe:
        """The recipe with its full budget alone."""

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[Target]:
        """The architectures of these keys of a space that has an adapter for these data."""

    def journal_cell(self, target: Target) -> JournalCell:
        """What a journal calls it."""

    def jobs(self, targets: Sequence[Target], recipe: TaskRecipe) -> dict[JournalGroup, tuple[Target, int]]:
        """What a trainer's ``rows`` takes for each group of a journal, in the order of training."""


class StandaloneImages:
    """A group is all repeats of a cell at a budget."""

    measure: ClassVar[Measure] = ACCURACY
    trainer: ClassVar[str] = "backends.standalone.cell_trainer:CellTrainer"
    same_seed: ClassVar[str] = "backends.standalone.same_seed:same_seed_trainer"
    unverified: ClassVar[str] = "backends.standalone.same_seed:unverified_trainer"

    def recipe(self, name_or_path: str) -> Recipe:
        """A recipe for images."""
        return load_recipe(recipe_path(name_or_path))

    def whole(self, recipe: Recipe) -> Recipe:
        """The last budget alone."""
        return replace(recipe, epochs=recipe.epochs[-1:])

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[ArchitectureGraphs]:
        """The graphs of the cells."""
        return graphs_of(space, keys)

    def journal_cell(self, target: ArchitectureGraphs) -> JournalCell:
        """Adjacency and operations."""
        return target.adjacency, target.operations

    def jobs(
        self, targets: Sequence[ArchitectureGraphs], recipe: Recipe
    ) -> dict[JournalGroup, tuple[ArchitectureGraphs, int]]:
        """Every cell at every budget."""
        return {(each.adjacency, each.operations, n): (each, n) for each in targets for n in recipe.epochs}


class StandaloneText:
    """A group is one training with the course of its perplexities; every cell starts from one seed anyway."""

    measure: ClassVar[Measure] = PERPLEXITY
    trainer: ClassVar[str] = "backends.standalone.language_trainer:LanguageTrainer"
    same_seed: ClassVar[str] = trainer
    unverified: ClassVar[str] = "backends.standalone.same_seed:unverified_language_trainer"

    def recipe(self, name_or_path: str) -> LanguageRecipe:
        """A recipe for language models."""
        return load_language_recipe(recipe_path(name_or_path))

    def whole(self, recipe: LanguageRecipe) -> LanguageRecipe:
        """The recipe itself: its shorter budgets are moments of one training."""
        return recipe

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[str]:
        """The text forms of the cells."""
        return [space.format(space.from_key(key)) for key in keys]

    def journal_cell(self, target: str) -> JournalCell:
        """The text form."""
        return target

    def jobs(self, targets: Sequence[str], recipe: LanguageRecipe) -> dict[JournalGroup, tuple[str, int]]:
        """The first repeat of every cell, then the second: a journal that is not whole yet is still balanced."""
        return {(text, n): (text, n) for n in range(recipe.repeats) for text in targets}


IMAGES, TEXT = StandaloneImages(), StandaloneText()

TASKS: Mapping[DataKind, StandaloneTask[Any, Any]] = {"images": IMAGES, "text": TEXT}


def task_of(space: SearchSpace) -> StandaloneTask[Any, Any] | None:
    """What the cells of a space are trained on, None where they cannot be trained."""
    adapter = adapter_of(space.family)
    return None if adapter is None else TASKS[adapter.data]


def task_by(recipe: Recipe | LanguageRecipe) -> StandaloneTask[Any, Any]:
    """The task of a recipe."""
    return TASKS["text" if isinstance(recipe, LanguageRecipe) else "images"]
