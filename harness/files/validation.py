"""Checks what a file holds against a pydantic model or dataclass, and says in one line what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import SettingError, nearest_or_known
from harness.core.quoting import quoted

Model = TypeVar("Model")

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument", "invalid_key")
"""What pydantic calls a key that a model, or a dataclass, does not have, and one that is no text."""


def validated(model: type[Model], content: Any, source: str) -> Model:
    """The model made of keys and values; raises SettingError naming ``source``, the key, and what was expected."""
    try:
        return TypeAdapter(model).validate_python(content)
    except ValidationError as error:
        raise SettingError(f"{source}: {_first_problem(error, model)}") from error


def _first_problem(error: ValidationError, model: type[Any]) -> str:
    """The first problem in words; that a key is missing comes after that another one is unknown, often its typo."""
    problems = error.errors()
    problem = next((each for each in problems if each["type"] in UNKNOWN), problems[0])
    place = problem["loc"]
    key, words = ".".join(map(str, place)), problem["msg"].removeprefix("Value error, ")
    if problem["type"] in UNKNOWN:
        return f"unknown key {key!r}; {nearest_or_known(str(place[-1]), _keys(model, place[:-1]))}"
    if problem["type"] == "missing":
        return f"key {key!r} is missing"
    return f"{key} cannot be {quoted(problem['input'])}: {words}" if key else words


def _keys(model: Any, place: Sequence[int | str]) -> list[str]:
    """The keys of a model, or of the part of it at a place."""
    for part in place:
        model = _fields(model)[part].annotation
    return list(_fields(model))


def _fields(model: Any) -> Mapping[Any, Any]:
    found: Any = getattr(model, "model_fields", None) or getattr(model, "__pydantic_fields__", None)
    return found or getattr(model, "__dataclass_fields__", {})
