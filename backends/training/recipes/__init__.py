"""Recipes: all settings that determine a training; the recipes of the project are YAML files in this package.

Stand-alone training takes a `Recipe` for images or a `LanguageRecipe` for recurrent cells; shared weights take an
`ImageRecipe` or a `TextRecipe`. Recipes for text have `task: language`.
"""

from backends.training.recipes.files import load_language_recipe, load_recipe, recipe_digest, recipe_path
from backends.training.recipes.images import Recipe
from backends.training.recipes.text import LanguageRecipe

__all__ = ["LanguageRecipe", "Recipe", "load_language_recipe", "load_recipe", "recipe_digest", "recipe_path"]
