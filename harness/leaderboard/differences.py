"""Finds what differs between two leaderboards: the results of the common rows, and the records of their runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.leaderboard.compared_boards import ComparedRow, ComparedRows, MatchKey
from harness.leaderboard.comparison import Comparison, compare_samples, holm_adjusted, margin_of
from harness.storage.selection import ABSENT, short_key, value_text

IGNORED_KEYS = ("policy", "oracle", "space", "table")
"""The keys that match rows, and the name of a table, since its digest counts."""


@dataclass(frozen=True, slots=True)
class RowMatch:
    """A row of both leaderboards; ``comparison`` compares ``b`` with ``a``, positive if ``b`` is better."""

    a: ComparedRow
    b: ComparedRow
    comparison: Comparison
    differing: Mapping[str, tuple[str, str]]

    @property
    def name(self) -> str:
        """Its policy's name in sentences; both names if they differ."""
        return self.a.key[0] if self.a.key[0] == self.b.key[0] else f"{self.a.key[0]}, {self.b.key[0]}"

    @property
    def moved(self) -> list[int]:
        """The common seeds whose values differ."""
        theirs = dict(zip(self.b.seeds, self.b.values, strict=True))
        pairs = zip(self.a.seeds, self.a.values, strict=True)
        return [seed for seed, value in pairs if seed in theirs and theirs[seed] != value]

    @property
    def same(self) -> bool:
        """Whether both have the same seeds with the same values."""
        return sorted(self.a.seeds) == sorted(self.b.seeds) and not self.moved


@dataclass(frozen=True, slots=True)
class BoardDifferences:
    """The common rows, in the order of the first leaderboard, and the rows of only one leaderboard."""

    matches: tuple[RowMatch, ...]
    only_a: tuple[ComparedRow, ...]
    only_b: tuple[ComparedRow, ...]

    @property
    def shared(self) -> dict[str, tuple[str, str]]:
        """The differences that all matches share; empty for fewer than two matches."""
        if len(self.matches) < 2:
            return {}
        first = self.matches[0].differing
        return {key: pair for key, pair in first.items() if all(m.differing.get(key) == pair for m in self.matches)}


def differences(a: ComparedRows, b: ComparedRows) -> BoardDifferences:
    """Match the rows of two leaderboards, and compare them.

    Holm's correction covers all matches except those with equal values for all seeds, which test nothing.
    """
    pairs = list(_pairs(a, b))
    matches = [_match(a[left], b[right]) for left, right in pairs]
    tests = iter(holm_adjusted([match.comparison for match in matches if not match.same]))
    matches = [match if match.same else replace(match, comparison=next(tests)) for match in matches]
    lefts, rights = {left for left, _ in pairs}, {right for _, right in pairs}
    only_a = tuple(row for key, row in a.items() if key not in lefts)
    only_b = tuple(row for key, row in b.items() if key not in rights)
    return BoardDifferences(tuple(matches), only_a, only_b)


def _pairs(a: Iterable[MatchKey], b: Iterable[MatchKey]) -> Iterator[tuple[MatchKey, MatchKey]]:
    """Pairs of equal keys; then pairs of other keys that are equal without settings, if the pair is unique."""
    left, right = list(a), list(b)
    for key in left:
        if key in right:
            yield key, key
    rest = [[key for key in keys if key not in others] for keys, others in ((left, right), (right, left))]
    for key in rest[0]:
        mine, theirs = ([other for other in keys if _plain(other) == _plain(key)] for keys in rest)
        if len(mine) == len(theirs) == 1:
            yield key, theirs[0]


def _plain(key: MatchKey) -> tuple[str, ...]:
    """A key without the settings in the names of its policy and its space."""
    policy, oracle, space, judge, metric = key
    return policy.partition(" (")[0], oracle, space.partition(" (")[0], judge, metric


def _match(a: ComparedRow, b: ComparedRow) -> RowMatch:
    margin = margin_of(a.metric, a.known)
    test = compare_samples(b.known, a.known, "the other", larger_is_better=a.larger_is_better, margin=margin)
    return RowMatch(a, b, test, _differing(a, b))


def _differing(a: ComparedRow, b: ComparedRow) -> dict[str, tuple[str, str]]:
    """The keys whose values differ, with both values; compares settings only if both sides recorded them."""
    found = {"seeds": (_listed(sorted(a.seeds)), _listed(sorted(b.seeds)))}
    both = len(a.recorded) > 1 and len(b.recorded) > 1
    names = [*a.recorded, *(name for name in b.recorded if name not in a.recorded)] if both else ["truth"]
    for name in names:
        if name not in IGNORED_KEYS:
            found[short_key(name)] = _listed(a.recorded.get(name, [ABSENT])), _listed(b.recorded.get(name, [ABSENT]))
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _listed(values: Sequence[Any]) -> str:
    """Values as text; consecutive whole numbers by their ends."""
    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(whole) == len(values) > 2 and whole == list(range(whole[0], whole[-1] + 1)):
        return f"{whole[0]} to {whole[-1]}"
    return ", ".join(map(value_text, values))


def unexplained(match: RowMatch) -> bool:
    """Whether the value of a seed differs although the recorded settings, version and truth are equal."""
    recorded = len(match.a.recorded) > 1 and len(match.b.recorded) > 1
    circumstances = ("seeds", "provenance.")
    return bool(recorded and match.moved and all(key.startswith(circumstances) for key in match.differing))
