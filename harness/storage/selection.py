"""Selects runs by what is recorded of them: flat keys, the conditions of ``--where``, and the names of groups."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import yaml

from harness.core.errors import SettingError, UnknownNameError
from harness.core.policy import BASELINE
from harness.core.runspec import flatten
from harness.files.yaml_text import read_yaml
from harness.storage.records import Run

SETTINGS_PREFIX = "settings."

ABBREVIATED_KEYS = ("run", "table_digest")
"""Keys whose values are long hexadecimal texts, which may be given by their first characters."""

CONDITION_PATTERN = re.compile(r"(?P<key>[^!=\s]+)(?P<sign>!=|=)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Absent:
    """The value of a key that only other runs have: a setting of another policy, or of a later version."""

    def __str__(self) -> str:
        return "–"


ABSENT = Absent()


def keys_of(run: Run) -> dict[str, Any]:
    """All that is recorded of a run, by flat keys: ``budget.queries``, ``settings.policy.pool``, ``provenance.python``.

    ``queries``, ``epochs`` and ``seconds`` are its cost.
    """
    spec = run.spec
    named = ("policy", "oracle", "space", "table", "table_digest", "seed", "search_metric", "version")
    flat = {"run": run.id} | {name: getattr(spec, name) for name in named} | asdict(run.spent)
    flat |= {"status": run.status, "created": run.created, "finished": run.finished, "trials": run.trials}
    nested = {"budget": asdict(spec.budget), "settings": spec.settings, "provenance": run.provenance}
    nested |= {"sources": spec.sources}
    return flat | flatten(nested)


def short_key(key: str) -> str:
    """The short form of a key, as it is shown and may be written: ``policy.pool`` for ``settings.policy.pool``."""
    return key.removeprefix(SETTINGS_PREFIX)


def full_key(key: str, known: Iterable[str]) -> str:
    """The recorded key that ``key`` means; raises UnknownNameError with the nearest one if no run has it."""
    names = set(known)
    for candidate in (key, f"{SETTINGS_PREFIX}{key}"):
        if candidate in names:
            return candidate
    raise UnknownNameError.among("key", key, map(short_key, names))


@dataclass(frozen=True, slots=True)
class WhereCondition:
    """One ``--where``: runs whose value of ``key`` is, or is not, ``value``; ``text`` is the value as written."""

    key: str
    equal: bool
    value: Any
    text: str

    @classmethod
    def parse(cls, text: str) -> WhereCondition:
        """Read ``key=value`` or ``key!=value``, where value is a YAML scalar; raises SettingError for another text."""
        match = CONDITION_PATTERN.fullmatch(text)
        if match is None:
            raise SettingError(f"--where {text!r} must look like KEY=VALUE or KEY!=VALUE, for example policy=nao")
        try:
            value = read_yaml(match["value"])
        except yaml.YAMLError:
            value = match["value"]
        return cls(match["key"], match["sign"] == "=", value, match["value"])

    def holds(self, keys: Mapping[str, Any]) -> bool:
        """Whether a run with these keys satisfies the condition; a missing key differs from every value."""
        return self._same(keys.get(self.key, ABSENT)) == self.equal

    def concerns_baseline(self) -> bool:
        """Whether it applies to the baseline too: not if it selects other policies, or is about oracles or queries."""
        asked = ("oracle", "search_metric", "queries", "epochs", "seconds", "trials")
        if self.key == "policy":
            return not self.equal and self.text == BASELINE
        return self.key not in asked and not self.key.startswith(("settings.policy.", "settings.oracle.", "budget."))

    def _same(self, found: Any) -> bool:
        if isinstance(found, str):
            abbreviates = self.key in ABBREVIATED_KEYS and self.text != ""
            return found.startswith(self.text) if abbreviates else found == self.text
        if isinstance(found, bool) or isinstance(self.value, bool):
            return found is self.value
        return bool(found == self.value)


def select(runs: Sequence[Run], wheres: Sequence[str]) -> list[Run]:
    """The runs that satisfy all conditions; raises SettingError or UnknownNameError for a wrong condition."""
    conditions = _conditions(runs, wheres)
    return [run for run in runs if all(condition.holds(keys_of(run)) for condition in conditions)]


def with_baseline(found: Sequence[Run], among: Sequence[Run], wheres: Sequence[str]) -> list[Run]:
    """The runs found, and those of the baseline on the same spaces, in the order of ``among``.

    The baseline asked no oracle, so conditions on oracles and queries do not apply to it.
    """
    conditions = [each for each in _conditions(among, wheres) if each.concerns_baseline()]
    spaces, ids = {run.spec.space for run in found}, {run.id for run in found}
    baselines = [run for run in among if asks_nothing(run) and run.spec.space in spaces]
    ids |= {run.id for run in baselines if all(condition.holds(keys_of(run)) for condition in conditions)}
    return [run for run in among if run.id in ids]


def asks_nothing(run: Run) -> bool:
    """Whether a run of the baseline asked no oracle, so that the oracle's settings do not matter."""
    return run.spec.policy == BASELINE and run.trials == 0


def _conditions(runs: Sequence[Run], wheres: Sequence[str]) -> list[WhereCondition]:
    """The conditions, with the full keys that these runs have."""
    known = {key for run in runs for key in keys_of(run)} if wheres else set()
    read = map(WhereCondition.parse, wheres if runs else ())
    return [replace(each, key=full_key(each.key, known)) for each in read]


def require_runs(found: Sequence[Run], among: Sequence[Run], wheres: Sequence[str]) -> None:
    """Raise SettingError, which lists the existing values, if no run is left."""
    if found:
        return
    if not among:
        raise SettingError("the store holds no run yet; `harness run` makes some")
    keys = dict.fromkeys(condition.key for condition in _conditions(among, wheres))
    values = [f"{short_key(key)} is {_listed(key, among)}" for key in keys]
    raise SettingError(f"none of {len(among)} runs has {' and '.join(wheres)}; {'; '.join(values)}")


def _listed(key: str, runs: Sequence[Run], most: int = 8) -> str:
    values = sorted({value_text(keys_of(run).get(key, ABSENT)) for run in runs})
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]) + more


def value_text(value: Any) -> str:
    """A recorded value as it is written in YAML and on the command line; a digest by its first twelve characters."""
    if isinstance(value, str):
        return value[:12] if re.fullmatch(r"[0-9a-f]{64}", value) else value
    return str(value) if isinstance(value, Absent) else json.dumps(value)
