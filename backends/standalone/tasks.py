"""The tasks of stand-alone training, images and text: their recipes, trainers and jobs, without importing torch."""

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
"""The name of a cell in a journal: its text form for text, its adjacency and operations for images."""

Target = TypeVar("Target")
TaskRecipe = TypeVar("TaskRecipe")


class StandaloneTask(Protocol[Target, TaskRecipe]):
    """How architectures are trained on one kind of data.

    A target is the trainer's form of an architecture. Trainers are ``module:object``, imported in workers alone;
    ``same_seed`` trains all cells from one seed, and so does ``unverified``, on data files that are not verified.
    """

    measure: ClassVar[Measure]
    trainer: ClassVar[str]
    same_seed: ClassVar[str]
    unverified: ClassVar[str]

    def recipe(self, name_or_path: str) -> TaskRecipe:
        """Read a recipe; raises SettingError if there is none or if it is of another task."""

    def whole(self, recipe: TaskRecipe) -> TaskRecipe:
        """The recipe with only its full budget."""

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[Target]:
        """The targets for these keys of a space whose adapter trains on this kind of data."""

    def journal_cell(self, target: Target) -> JournalCell:
        """The name of a target's cell in a journal."""

    def jobs(self, targets: Sequence[Target], recipe: TaskRecipe) -> dict[JournalGroup, tuple[Target, int]]:
        """The arguments of a trainer's ``rows`` for each group of a journal, in the order of training."""


class StandaloneImages:
    """Training on images; a journal group has all repeats of a cell at one budget."""

    measure: ClassVar[Measure] = ACCURACY
    trainer: ClassVar[str] = "backends.standalone.cell_trainer:CellTrainer"
    same_seed: ClassVar[str] = "backends.standalone.same_seed:same_seed_trainer"
    unverified: ClassVar[str] = "backends.standalone.same_seed:unverified_trainer"

    def recipe(self, name_or_path: str) -> Recipe:
        """A recipe for images."""
        return load_recipe(recipe_path(name_or_path))

    def whole(self, recipe: Recipe) -> Recipe:
        """The recipe with only its last budget."""
        return replace(recipe, epochs=recipe.epochs[-1:])

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[ArchitectureGraphs]:
        """The graphs of the cells."""
        return graphs_of(space, keys)

    def journal_cell(self, target: ArchitectureGraphs) -> JournalCell:
        """The adjacency and the operations of the cell."""
        return target.adjacency, target.operations

    def jobs(
        self, targets: Sequence[ArchitectureGraphs], recipe: Recipe
    ) -> dict[JournalGroup, tuple[ArchitectureGraphs, int]]:
        """One job for every cell and budget."""
        return {(each.adjacency, each.operations, n): (each, n) for each in targets for n in recipe.epochs}


class StandaloneText:
    """Training on text; a journal group has one training with its perplexity curve. Cells share their seeds anyway."""

    measure: ClassVar[Measure] = PERPLEXITY
    trainer: ClassVar[str] = "backends.standalone.language_trainer:LanguageTrainer"
    same_seed: ClassVar[str] = trainer
    unverified: ClassVar[str] = "backends.standalone.same_seed:unverified_language_trainer"

    def recipe(self, name_or_path: str) -> LanguageRecipe:
        """A recipe for language models."""
        return load_language_recipe(recipe_path(name_or_path))

    def whole(self, recipe: LanguageRecipe) -> LanguageRecipe:
        """The recipe itself, since its shorter budgets are epochs of the same training."""
        return recipe

    def targets(self, space: SearchSpace, keys: Sequence[int]) -> list[str]:
        """The text forms of the cells."""
        return [space.format(space.from_key(key)) for key in keys]

    def journal_cell(self, target: str) -> JournalCell:
        """The text form of the cell."""
        return target

    def jobs(self, targets: Sequence[str], recipe: LanguageRecipe) -> dict[JournalGroup, tuple[str, int]]:
        """The first repeat of every cell, then the second, so that an unfinished journal is still balanced."""
        return {(text, n): (text, n) for n in range(recipe.repeats) for text in targets}


IMAGES, TEXT = StandaloneImages(), StandaloneText()

TASKS: Mapping[DataKind, StandaloneTask[Any, Any]] = {"images": IMAGES, "text": TEXT}


def task_of(space: SearchSpace) -> StandaloneTask[Any, Any] | None:
    """The task for the cells of a space, None if they cannot be trained."""
    adapter = adapter_of(space.family)
    return None if adapter is None else TASKS[adapter.data]


def task_by(recipe: Recipe | LanguageRecipe) -> StandaloneTask[Any, Any]:
    """The task of a recipe."""
    return TASKS["text" if isinstance(recipe, LanguageRecipe) else "images"]
