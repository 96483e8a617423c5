"""Recipes for shared weights: everything that decides how a supernet is trained and evaluated, read from YAML files.

A recipe is called ``FAMILY/PROTOCOL``: the data and their scale, and whose published protocol it is, as in
``digits/spos`` and ``cifar10/darts``. A family alone leaves the protocol to the policy. A recipe is one of text where
it says ``task: language``, else one of images.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError

from backends.supernet.image_recipe import ImageRecipe
from backends.supernet.text_recipe import TextRecipe
from harness.core.errors import SettingError, UnknownNameError

FOLDER = Path(__file__).parent / "recipes"

SupernetRecipe: TypeAlias = ImageRecipe | TextRecipe

SUBSTITUTE_PROTOCOLS: Mapping[str, str] = {"fairnas": "spos", "nao": "spos", "fbnet": "darts", "bayesnas": "darts"}
"""Which protocol a family that lacks the first takes for it: not all were published for recurrent cells and for
NAS-Bench-201."""


def full_name(name: str, protocol: str) -> str:
    """``name`` with the protocol, or what stands in for it, where it is a family alone; paths stay as they are.

    Raises UnknownNameError, with the nearest name, for what is neither a family, a recipe nor a path.
    """
    if name.endswith((".yaml", ".yml")):
        return name
    known = recipe_names()
    families = {each.partition("/")[0] for each in known}
    whole = f"{name}/{protocol}" if name in families else name
    if name in families and whole not in known:
        whole = f"{name}/{SUBSTITUTE_PROTOCOLS.get(protocol, protocol)}"
    if whole not in known:
        raise UnknownNameError.among("recipe", name if name not in families else whole, [*known, *families])
    return whole


def recipe_names() -> list[str]:
    """The recipes that ship."""
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.yaml"))


def load_supernet_recipe(name: str, digest: str = "") -> SupernetRecipe:
    """Read a recipe by its full name or its path, of this ``digest`` where one is given.

    Raises SettingError naming the file and the key that is wrong.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"recipe {name!r} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingError(f"recipe {name!r} is not YAML: {' '.join(str(error).split())}") from error
    recipe = _validated(content, name)
    if digest not in ("", recipe.digest()):
        raise SettingError(f"recipe {name!r} is no longer the one that this run was begun with; start it again")
    if isinstance(recipe, ImageRecipe) and (problem := recipe.problem()):
        raise SettingError(f"recipe {name!r}: {problem}")
    return recipe


def _validated(content: Any, name: str) -> SupernetRecipe:
    kind = TextRecipe if isinstance(content, dict) and "task" in content else ImageRecipe
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"])) or "the file"
        raise SettingError(f"recipe {name!r}: {key} cannot be {problem['input']!r}: {problem['msg']}") from error
