"""Settings: the keyword-only parameters of a policy, an oracle or a space, checked against their annotations."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Mapping
from typing import Any

from harness.core.errors import SettingError, UnknownNameError
from harness.core.quoting import quoted
from harness.core.space import SearchSpace
from harness.planning import registry


def defaults(factory: Any) -> dict[str, Any]:
    """The settings that a class takes, with their default values."""
    parameters = inspect.signature(factory).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def resolve(owner: str, factory: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of ``factory``: its defaults overridden by ``given``, each checked; ``owner`` names it in errors.

    Raises UnknownNameError for a name that it does not take and SettingError for a value of the wrong type.
    """
    known = defaults(factory)
    for name in given:
        if name not in known:
            raise UnknownNameError.among(f"setting of {owner}", name, known)
    checked = {name: _check(f"{owner}.{name}", _hints(factory).get(name, Any), value) for name, value in given.items()}
    return known | checked


def recorded(values: Mapping[str, Any], implied: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a run records: without those at their implied value (see ``PolicyFeatures``)."""
    return {name: value for name, value in values.items() if name not in implied or value != implied[name]}


@functools.cache
def _hints(factory: Any) -> dict[str, Any]:
    return typing.get_type_hints(factory.__init__)


def _check(name: str, annotation: Any, value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(annotation).validate_python(value, strict=not isinstance(value, list))
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise SettingError(f"setting {name} cannot be {quoted(value)}: {reason}") from error


def resolve_space(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a space's name leaves open, as ``resolve`` does; raises SettingError for one that it fixes."""
    fixed = registry.find("space", name).fixed
    for setting in given:
        if setting in fixed:
            raise SettingError(f"setting space.{setting} is fixed by the name {name!r}; choose another space instead")
    settings = resolve("space", registry.load("space", name), given)
    return {setting: value for setting, value in settings.items() if setting not in fixed}


def create_space(name: str, given: Mapping[str, Any] | None = None) -> SearchSpace:
    """Build the space of a name with the settings that its name leaves open."""
    settings = resolve_space(name, given or {})
    space: SearchSpace = registry.load("space", name)(**settings, **registry.find("space", name).fixed)
    return space
