"""Groups runs into rows by policy, oracle, space and settings; a row's name shows the settings that differ.

Two runs of one policy that differ in a setting answer different questions, so their values are never averaged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.storage.records import Run
from harness.storage.selection import ABSENT, SETTINGS_PREFIX, asks_nothing, full_key, keys_of, short_key, value_text

SPACE_PREFIX = f"{SETTINGS_PREFIX}space."

DECISIVE_PREFIXES = ("budget.", "sources.", SETTINGS_PREFIX)
DECISIVE_KEYS = ("search_metric", "version", "table_digest")
"""A run's digest covers these, the keys below ``DECISIVE_PREFIXES``, the names and the seed."""

RecordedKeys = Mapping[str, Any]

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run with its row's names of policy, oracle and space, which include the settings that differ."""

    run: Run
    policy: str
    oracle: str
    space: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The names of its row."""
        return self.policy, self.oracle, self.space


def named_runs(runs: Sequence[Run], group_by: Sequence[str] = ()) -> list[NamedRun]:
    """The runs with the names of their rows, without repeated draws of the baseline.

    Each key of ``group_by`` that a run has is part of its policy's name. Raises UnknownNameError for an unknown key.
    """
    keys = {run.id: keys_of(run) for run in runs}
    known = {key for each in keys.values() for key in each}
    wanted = [full_key(key, known) for key in group_by]
    drawn = _baseline_oracles(runs, keys)
    kept = [run for run in runs if not asks_nothing(run) or run.id in drawn]
    spaces = _space_names(kept, keys)
    rows = grouped(kept, lambda run: (run.spec.policy, drawn.get(run.id, run.spec.oracle), spaces[run.id]))
    found = []
    for group in rows.values():
        names = _policy_names(group, keys, wanted)
        found += [NamedRun(r, names[r.id], drawn.get(r.id, r.spec.oracle), spaces[r.id]) for r in group]
    return found


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by their key; keys and items keep their order."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _baseline_oracles(runs: Sequence[Run], keys: Mapping[str, RecordedKeys]) -> dict[str, str]:
    """One oracle for all baseline runs of a space, as they asked none, by run id; without repeated draws."""
    found: dict[str, str] = {}
    for group in grouped(filter(asks_nothing, runs), lambda run: _space_key(keys[run.id])).values():
        oracle = group[0].spec.oracle
        once = {(run.spec.seed, run.recommendation or run.id): run for run in reversed(group)}
        found |= {run.id: oracle for run in once.values()}
    return found


def _space_key(keys: RecordedKeys) -> tuple[str, str]:
    mine = {key: value for key, value in keys.items() if key.startswith(SPACE_PREFIX)}
    return str(keys["space"]), json.dumps(mine, sort_keys=True)


def _space_names(runs: Sequence[Run], keys: Mapping[str, RecordedKeys]) -> dict[str, str]:
    """The spaces' names by run, with the settings that differ between runs of the same space."""
    names: dict[str, str] = {}
    for group in grouped(runs, lambda run: run.spec.space).values():
        mine = {run.id: {k: v for k, v in keys[run.id].items() if k.startswith(SPACE_PREFIX)} for run in group}
        differing = differing_keys(list(mine.values()))
        names |= {run.id: row_name(run.spec.space, mine[run.id], differing, strip="space.") for run in group}
    return names


def _policy_names(group: Sequence[Run], keys: Mapping[str, RecordedKeys], wanted: Sequence[str]) -> dict[str, str]:
    """The policies' names by run, for a group that would otherwise be one row."""
    if all(map(asks_nothing, group)):
        return _baseline_names(group, keys)
    mine = {run.id: {k: v for k, v in keys[run.id].items() if _is_decisive(k)} for run in group}
    differing = [key for key in differing_keys(list(mine.values())) if key not in wanted]
    names = {}
    for run in group:
        there = [key for key in wanted if key in keys[run.id]]
        names[run.id] = row_name(run.spec.policy, keys[run.id], [*there, *differing])
    return names


def _baseline_names(group: Sequence[Run], keys: Mapping[str, RecordedKeys]) -> dict[str, str]:
    """Each seed's newest draw of the baseline has the plain name; older, different ones show their version."""
    newest = {run.spec.seed: run.id for run in sorted(group, key=lambda run: run.created)}
    plain = {run.id: run.spec.policy for run in group}
    older = [run for run in group if newest[run.spec.seed] != run.id]
    return plain | {run.id: row_name(run.spec.policy, keys[run.id], ["version", "created"]) for run in older}


def _is_decisive(key: str) -> bool:
    return key in DECISIVE_KEYS or (key.startswith(DECISIVE_PREFIXES) and not key.startswith(SPACE_PREFIX))


def differing_keys(each: Sequence[RecordedKeys]) -> list[str]:
    """The keys whose values differ, sorted; a digest only if it separates more runs than the other keys."""
    names = sorted({key for keys in each for key in keys})
    columns = {name: [_text(keys.get(name, ABSENT)) for keys in each] for name in names}
    differing = [name for name in names if len(set(columns[name])) > 1]
    digests = [name for name in differing if name.endswith("_digest")]
    others = [name for name in differing if name not in digests]
    parts = list(zip(*(columns[name] for name in others), strict=True)) or [()] * len(each)
    return [*others, *(name for name in digests if len(set(zip(parts, columns[name], strict=True))) > len(set(parts)))]


def _text(value: Any) -> str:
    return str(value) if value is ABSENT else json.dumps(value, sort_keys=True)


def row_name(name: str, keys: RecordedKeys, shown: Sequence[str], *, strip: str = "") -> str:
    """A row's name: ``nao (policy.pool=100)``; the plain name if there is nothing to show."""
    told = [f"{short_key(key).removeprefix(strip)}={value_text(keys.get(key, ABSENT))}" for key in shown]
    return f"{name} ({', '.join(told)})" if told else name
