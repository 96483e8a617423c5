"""Finds and reads recipes: those of this package, those in the folders of tables, and a user's own YAML files.

A recipe of shared weights is named ``FAMILY/PROTOCOL``, such as ``digits/spos`` and ``cifar10/darts``: the family is
the data and their scale, the protocol is that of a publication. If the name is a family alone, the policy determines
the protocol. Recipes of both kinds are for text if they have ``task: language``, else for images.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from backends.training.recipes.images import ImageRecipe, Recipe
from backends.training.recipes.text import LanguageRecipe, TextRecipe
from harness.core.errors import SettingError, UnknownNameError
from harness.files.folders import table_folders
from harness.files.validation import validated
from harness.files.yaml_text import read_yaml_keys

FOLDER = Path(__file__).parent
"""Holds ``standalone/NAME.yaml`` and ``supernet/FAMILY/PROTOCOL.yaml``."""

SupernetRecipe: TypeAlias = ImageRecipe | TextRecipe

OfImages = TypeVar("OfImages", Recipe, ImageRecipe)
OfText = TypeVar("OfText", LanguageRecipe, TextRecipe)

SUBSTITUTE_PROTOCOLS: Mapping[str, str] = {
    "fairnas": "spos",
    "nao": "spos",
    "fbnet": "darts",
    "bayesnas": "darts",
    "gdas": "darts",
}
"""Substitutes for protocols that a family lacks: not all were published for recurrent cells and NAS-Bench-201."""


def known_recipes() -> dict[str, Path]:
    """The files of all named stand-alone recipes: those in the folders of tables, and those of this package."""
    places = [*table_folders(), FOLDER / "standalone"]
    return {path.stem: path for folder in reversed(places) for path in sorted(folder.glob("*.yaml"))}


def recipe_path(name_or_path: str) -> Path:
    """The file of a named stand-alone recipe, or the path itself; raises `UnknownNameError` for other names."""
    if _is_path(name_or_path):
        return Path(name_or_path)
    known = known_recipes()
    if name_or_path not in known:
        raise UnknownNameError.among("recipe", name_or_path, known)
    return known[name_or_path]


def load_recipe(path: Path) -> Recipe:
    """Read a recipe for images; raises `SettingError` for a missing file, and an unknown, missing or wrong key."""
    recipe = _standalone(path)
    if isinstance(recipe, LanguageRecipe):
        raise SettingError(f"{str(path)!r} is a recipe of task 'language'; expected one of task 'image'")
    return recipe


def load_language_recipe(path: Path) -> LanguageRecipe:
    """Read a recipe for language models, which has `task: language`; raises `SettingError` as `load_recipe` does."""
    recipe = _standalone(path)
    if isinstance(recipe, Recipe):
        raise SettingError(f"{str(path)!r} is a recipe of task 'image'; expected one of task 'language'")
    return recipe


def recipe_digest(path: Path) -> str:
    """The digest of a stand-alone recipe of either task; raises `SettingError` as `load_recipe` does."""
    return _standalone(path).digest()


def recipe_names() -> list[str]:
    """The names of the recipes of shared weights in this package."""
    folder = FOLDER / "supernet"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml"))


def full_name(name: str, protocol: str) -> str:
    """The recipe's full name: a family alone gets ``protocol`` or its substitute; names and paths do not change.

    Raises UnknownNameError, with the nearest name, if ``name`` is not a family, a recipe or a path.
    """
    if _is_path(name):
        return name
    known = recipe_names()
    families = {each.partition("/")[0] for each in known}
    whole = f"{name}/{protocol}" if name in families else name
    if name in families and whole not in known:
        whole = f"{name}/{SUBSTITUTE_PROTOCOLS.get(protocol, protocol)}"
    if whole not in known:
        raise UnknownNameError.among("recipe", name if name not in families else whole, [*known, *families])
    return whole


def supernet_recipe_path(name_or_path: str) -> Path:
    """The file of the recipe of shared weights with this full name, or the path itself."""
    return Path(name_or_path) if _is_path(name_or_path) else FOLDER / "supernet" / f"{name_or_path}.yaml"


def load_supernet_recipe(name: str, digest: str = "") -> SupernetRecipe:
    """Read a recipe of shared weights by its full name or path; ``digest``, if given, must be its digest.

    Raises SettingError, which names the file and the wrong key.
    """
    recipe = _read(supernet_recipe_path(name), f"recipe {name!r}", ImageRecipe, TextRecipe)
    if digest not in ("", recipe.digest()):
        raise SettingError(f"recipe {name!r} is no longer the one that this run was begun with; start it again")
    return recipe


def _is_path(name_or_path: str) -> bool:
    return name_or_path.endswith((".yaml", ".yml"))


def _standalone(path: Path) -> Recipe | LanguageRecipe:
    return _read(path, f"recipe {str(path)!r}", Recipe, LanguageRecipe)


def _read(path: Path, source: str, images: type[OfImages], text: type[OfText]) -> OfImages | OfText:
    """Read a recipe, for text if it has a ``task``, else for images; errors name the file as ``source``."""
    content = read_yaml_keys(path, source, "dataset: digits")
    return validated(text, content, source) if "task" in content else validated(images, content, source)
