"""All recipes are read alike: numbers, what is no recipe, and the digests of those that come with the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.training.recipes import load_language_recipe, load_recipe, recipe_digest, recipe_path
from backends.training.recipes.files import known_recipes, load_supernet_recipe, recipe_names
from harness.core.errors import SettingError
from tests.backends.standalone.language import LITTLE
from tests.backends.standalone.recipe import TINY
from tests.backends.supernet.tiny import TINY as TINY_SHARED
from tests.backends.supernet.tiny_text import TINY_TEXT

Read = Callable[[Path], Any]

KINDS = {
    "stand-alone images": (TINY, load_recipe),
    "stand-alone text": (LITTLE, load_language_recipe),
    "shared images": (TINY_SHARED, lambda path: load_supernet_recipe(str(path))),
    "shared text": (TINY_TEXT, lambda path: load_supernet_recipe(str(path))),
}

each_kind = pytest.mark.parametrize(("recipe", "read"), KINDS.values(), ids=KINDS)


def written(folder: Path, recipe: Any, rate: str) -> Path:
    """The recipe as a file in which this text is the learning rate."""
    content = yaml.safe_load(json.dumps(asdict(recipe)))
    content.get("training", content)["learning_rate"] = "RATE"
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content).replace("RATE", rate))
    return path


def with_rate(recipe: Any, rate: float) -> Any:
    """The same recipe in Python."""
    if hasattr(recipe, "training"):
        return replace(recipe, training=replace(recipe.training, learning_rate=rate))
    return replace(recipe, learning_rate=rate)


@each_kind
@pytest.mark.parametrize("text", ["0.1", "1e-1", "1.0e-1", ".1", "'0.1'"])
def test_a_number_is_a_number_in_every_recipe_however_it_is_written(
    tmp_path: Path, recipe: Any, read: Read, text: str
) -> None:
    found = read(written(tmp_path, recipe, text))
    assert found == with_rate(recipe, 0.1)
    assert found.digest() == with_rate(recipe, 0.1).digest()


@each_kind
@pytest.mark.parametrize("text", ["20", "2e1", "2_0", "20.0"])
def test_a_whole_number_is_a_learning_rate_too(tmp_path: Path, recipe: Any, read: Read, text: str) -> None:
    assert read(written(tmp_path, recipe, text)).digest() == with_rate(recipe, 20.0).digest()


@each_kind
@pytest.mark.parametrize(
    ("text", "value"), [("-1e-3", "-0.001"), ("fast", "'fast'"), ("true", "True"), (".inf", "inf")]
)
def test_nonsense_is_refused_alike_in_every_recipe(
    tmp_path: Path, recipe: Any, read: Read, text: str, value: str
) -> None:
    path = written(tmp_path, recipe, text)
    key = "training.learning_rate" if hasattr(recipe, "training") else "learning_rate"
    with pytest.raises(SettingError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"recipe {str(path)!r}: {key} cannot be {value}: ")
    assert "\n" not in message


@each_kind
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"- digits", "must hold keys and values"),
        (b"width: [4", "is not YAML"),
        (b"\xff", "cannot be read"),
        (b"{1: 2}", "unknown key '1'"),
    ],
)
def test_what_is_no_recipe_is_refused_alike(
    tmp_path: Path, recipe: Any, read: Read, content: bytes, words: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"recipe {str(path)!r}")
    assert "\n" not in str(caught.value)


@each_kind
def test_a_recipe_that_is_not_there_is_refused_alike(tmp_path: Path, recipe: Any, read: Read) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        read(tmp_path / "none.yaml")


def test_no_digest_of_a_recipe_that_ships_has_changed() -> None:
    """``digests.json`` was written by the readers that came before; runs and tables are told by these digests."""
    found = {f"standalone/{name}": recipe_digest(recipe_path(name)) for name in known_recipes()}
    found |= {f"supernet/{name}": load_supernet_recipe(name).digest() for name in recipe_names()}
    assert found.items() >= json.loads((Path(__file__).parent / "digests.json").read_text()).items()
