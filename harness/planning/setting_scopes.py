"""Assigns the settings and flags of an experiment to the parts of a run: its space, policies and oracles."""

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
    """The settings that a user gave, by name: of each policy, of each oracle, and of the space."""

    policies: dict[str, dict[str, Any]]
    oracles: dict[str, dict[str, Any]]
    space: dict[str, Any] = field(default_factory=dict)


def scoped_settings(experiment: Experiment, policies: Classes, oracles: Classes) -> ScopedSettings:
    """Assign an experiment's settings and flags to its parts; flags override settings.

    ``policy.x`` and ``oracle.x`` set ``x`` of every policy or oracle of the experiment that has it; a setting of a
    single one, such as ``nao.x``, overrides them. Raises SettingError for a setting that belongs to no part, and for a
    flag for which no oracle of the experiment has a setting.
    """
    scopes = ScopedSettings({name: {} for name in policies}, {name: {} for name in oracles})
    shared = {"policy": (policies, scopes.policies), "oracle": (oracles, scopes.oracles)}
    single = {**scopes.oracles, **scopes.policies, "space": scopes.space}
    for key, value in experiment.settings.items():
        scope, dot, name = key.rpartition(".")  # the last dot: a part may be called package.module:Class
        if dot and scope in shared:
            classes, found = shared[scope]
            # if none has the setting, resolving it for the first one raises an error with the nearest name
            for owner in _names_with_setting(classes, name) or list(classes)[:1]:
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
    """The flags that are oracle settings, by the oracles that have them."""
    given = {
        "--search-metric": ("search_metric", experiment.search_metric),
        "--gpus" if experiment.gpus else "--device": ("device", "cuda" if experiment.gpus else experiment.device),
        "--no-verify": ("verify", experiment.verify),
        "--table": ("table", experiment.table),
    }
    # flags that the judge uses, even if no oracle does
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
