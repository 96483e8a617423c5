"""Trains every cell from the same seed, so that differences between cells are not due to seeds.

Yu et al. 2020, Sec. 4.1, train all architectures that the searches found from one seed; in eval-nas, train_cifar.py, it
is 0 by default.
"""

from backends.networks.cell_graphs import ArchitectureGraphs
from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.language_trainer import LanguageTrainer
from backends.training.recipes import LanguageRecipe, Recipe


def same_seed(recipe: Recipe, cell: ArchitectureGraphs, epochs: int, repeat: int, attempt: int = 0) -> int:
    """The recipe's seed for every cell; repeats and further attempts use the seeds after it."""
    return recipe.seed + repeat + attempt * recipe.repeats


def same_seed_trainer(recipe: Recipe, device: str = "cpu") -> CellTrainer:
    """A trainer that trains each repeat of every cell from the same seed."""
    return CellTrainer(recipe, device, seeding=same_seed)


def unverified_trainer(recipe: Recipe, device: str = "cpu") -> CellTrainer:
    """As `same_seed_trainer`, for data files that are not verified to be the published ones."""
    return CellTrainer(recipe, device, verify=False, seeding=same_seed)


def unverified_language_trainer(recipe: LanguageRecipe, device: str = "cpu") -> LanguageTrainer:
    """A trainer of recurrent cells, which always share their seeds, for unverified data files."""
    return LanguageTrainer(recipe, device, verify=False)
