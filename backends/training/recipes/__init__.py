"""Recipes: everything that decides a training, and those that come with the project, one YAML each.

Stand-alone training takes a `Recipe` for images or a `LanguageRecipe` for recurrent cells; shared weights take an
`ImageRecipe` or a `TextRecipe`. A recipe of text has `task: language`.
"""

from backends.training.recipes.files import load_language_recipe, load_recipe, recipe_digest, recipe_path
from backends.training.recipes.images import Recipe
from backends.training.recipes.text import LanguageRecipe

__all__ = ["LanguageRecipe", "Recipe", "load_language_recipe", "load_recipe", "recipe_digest", "recipe_path"]
