"""Training recipes: what decides a stand-alone training, and the recipes that come with the project, one YAML each.

A recipe is for images, or has `task: language` and is for language models.
"""

from backends.training.recipes.files import load_language_recipe, load_recipe, recipe_digest, recipe_path
from backends.training.recipes.language import LanguageRecipe
from backends.training.recipes.recipe import Recipe

__all__ = ["LanguageRecipe", "Recipe", "load_language_recipe", "load_recipe", "recipe_digest", "recipe_path"]
