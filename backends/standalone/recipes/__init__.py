"""Training recipes: what decides a stand-alone training, and the recipes that come with the project, one YAML each."""

from backends.standalone.recipes.files import load_recipe, recipe_path
from backends.standalone.recipes.recipe import Recipe

__all__ = ["Recipe", "load_recipe", "recipe_path"]
