"""Recipes: everything that decides a training, and those that come with the project, one YAML each.

There are four kinds. Stand-alone training takes a ``Recipe`` for images or a ``LanguageRecipe`` for recurrent cells;
shared weights take an ``ImageRecipe`` or a ``TextRecipe``. A new key is one line in one of these.
"""

from backends.training.recipes.files import (
    SupernetRecipe,
    full_name,
    load_language_recipe,
    load_recipe,
    load_supernet_recipe,
    recipe_digest,
    recipe_path,
)
from backends.training.recipes.standalone_image import Recipe
from backends.training.recipes.standalone_text import LanguageRecipe
from backends.training.recipes.supernet_image import ImageRecipe
from backends.training.recipes.supernet_text import TextRecipe

__all__ = [
    "ImageRecipe",
    "LanguageRecipe",
    "Recipe",
    "SupernetRecipe",
    "TextRecipe",
    "full_name",
    "load_language_recipe",
    "load_recipe",
    "load_supernet_recipe",
    "recipe_digest",
    "recipe_path",
]
