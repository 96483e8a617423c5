"""Finds and reads recipes: those that come with the project, those beside the tables, and a user's own YAML files."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from backends.training.recipes.language import LanguageRecipe
from backends.training.recipes.recipe import Recipe
from harness.core.errors import SettingError, UnknownNameError
from harness.files.folders import table_folders

Kind = TypeVar("Kind", Recipe, LanguageRecipe)


def known_recipes() -> dict[str, Path]:
    """Every recipe that has a name: a table's lies beside it, the others lie in this folder."""
    places = [*table_folders(), Path(__file__).parent]
    return {path.stem: path for folder in reversed(places) for path in sorted(folder.glob("*.yaml"))}


def recipe_path(name_or_path: str) -> Path:
    """The file of a recipe that has a name, or the path itself; raises `UnknownNameError`."""
    if name_or_path.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    known = known_recipes()
    if name_or_path not in known:
        raise UnknownNameError.among("recipe", name_or_path, known)
    return known[name_or_path]


def load_recipe(path: Path) -> Recipe:
    """Read a recipe for images; raises `SettingError` on no such file, an unknown or missing key, or a wrong value."""
    return _load(path, Recipe, "image")


def load_language_recipe(path: Path) -> LanguageRecipe:
    """Read a recipe for language models, which has `task: language`; raises `SettingError` as `load_recipe` does."""
    return _load(path, LanguageRecipe, "language")


def recipe_digest(path: Path) -> str:
    """The digest of a recipe of either task; raises `SettingError` as `load_recipe` does."""
    language = _settings(path).get("task", "image") == "language"
    return (load_language_recipe(path) if language else load_recipe(path)).digest()


def _load(path: Path, kind: type[Kind], task: str) -> Kind:
    settings = _settings(path)
    if (found := settings.get("task", "image")) != task:
        raise SettingError(f"{str(path)!r} is a recipe of task {found!r}; expected one of task {task!r}")
    kinds = {field.name: field.type for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    if different := sorted(map(str, (needed - settings.keys()) | (settings.keys() - kinds.keys()))):
        raise SettingError(
            f"{str(path)!r} has missing or unknown keys {different}; a recipe has {sorted(needed)}"
            f" and may have {sorted(kinds.keys() - needed)}"
        )
    return kind(**{name: _typed(name, value, kinds[name]) for name, value in settings.items()})


def _settings(path: Path) -> dict[Any, Any]:
    if not path.is_file():
        raise SettingError(f"there is no recipe file {str(path)!r}; expected a YAML file")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise SettingError(f"{str(path)!r} is not a recipe: expected keys and values")
    return settings


def _typed(name: str, value: Any, kind: object) -> Any:
    if kind == tuple[int, ...] and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is kind:
        return value
    raise SettingError(f"recipe key {name!r} is {value!r}; expected {getattr(kind, '__name__', kind)}")
