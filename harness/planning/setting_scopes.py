"""Settings by the part of a run that they belong to: dotted names and flags, sorted by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.errors import SettingError
from harness.planning import settings
from harness.planning.experiment import BY_TABLE, Experiment

Classes = Mapping[str, Any]
"""Policies or oracles by name."""


@dataclass(frozen=True, slots=True)
class ScopedSettings:
    """What the user set, by the setting's name: of the space, and of each policy and oracle."""

    policies: dict[str, dict[str, Any]]
    oracles: dict[str, dict[str, Any]]
    space: dict[str, Any] = field(default_factory=dict)


def scoped_settings(experiment: Experiment, policies: Classes, oracles: Classes) -> ScopedSettings:
    """Sort an experiment's settings and flags, the flags over the settings.

    ``policy.x`` and ``oracle.x`` go to every asked one that has a setting ``x``, under what names a single one. Raises
    SettingError for a setting that belongs to nothing, and for a flag that no asked oracle has a setting for.
    """
    scopes = ScopedSettings({name: {} for name in policies}, {name: {} for name in oracles})
    shared = {"policy": (policies, scopes.policies), "oracle": (oracles, scopes.oracles)}
    single = {**scopes.oracles, **scopes.policies, "space": scopes.space}
    for key, value in experiment.settings.items():
        scope, dot, name = key.rpartition(".")  # the last dot: a part may be called package.module:Class
        if dot and scope in shared:
            classes, found = shared[scope]
            for owner in (
                _names_with_setting(classes, name) or list(classes)[:1]
            ):  # resolving it there names the nearest setting
                found[owner].setdefault(name, value)
        elif dot and scope in single:
            single[scope][name] = value
        else:
            known = ", ".join(f"{scope}.…" for scope in dict.fromkeys((*shared, "space", *policies, *oracles)))
            raise SettingError(f"setting {key!r} belongs to no part of this run; expected one of {known}")
    for owner, values in _flags(experiment, oracles).items():
        scopes.oracles[owner].update(values)
    return scopes


def _names_with_setting(classes: Classes, setting: str) -> list[str]:
    return [name for name, each in classes.items() if setting in settings.defaults(each)]


def _flags(experiment: Experiment, oracles: Classes) -> dict[str, dict[str, Any]]:
    """The flags that are settings, by the oracles that have them."""
    given = {
        "--search-metric": ("search_metric", experiment.search_metric),
        "--gpus" if experiment.gpus else "--device": ("device", "cuda" if experiment.gpus else experiment.device),
        "--no-verify": ("verify", experiment.verify),
        "--table": ("table", experiment.table),
    }
    # whoever answers, a table judges, and a judge that trains does so on a device
    judged = {"table"} if experiment.judge == BY_TABLE else {"table", "device"}
    found: dict[str, dict[str, Any]] = {name: {} for name in oracles}
    for flag, (setting, value) in given.items():
        if value is None:
            continue
        owners = _names_with_setting(oracles, setting)
        if not owners and setting not in judged:
            named = " and ".join(oracles)
            raise SettingError(f"{flag} has no use for oracle {named}, which has no setting {setting!r}; leave it out")
        for owner in owners:
            found[owner][setting] = value
    return found
