"""Contract checks of search spaces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.core.errors import SpaceError
from harness.core.random import stream
from harness.core.space import ENUMERABLE, Architecture, SearchSpace
from harness.testing.contract import require, require_refused

SAMPLES = 100
SMALL_SPACE = 120
"""The largest space, in cells, of which sampling must reach every cell."""


def _samples(space: SearchSpace) -> list[Architecture]:
    rng = stream(1, "check", space.name)
    return [space.sample(rng) for _ in range(SAMPLES)]


def samples_lie_inside(space: SearchSpace) -> None:
    """Every sample is in the space, and a description with an impossible choice is not."""
    for architecture in _samples(space):
        require(space.contains(architecture), f"sampled {architecture.choices!r}, which `contains` refuses")
    require(not space.contains(Architecture(space.options)), "a choice beyond the options must lie outside")
    require(not space.contains(Architecture(())), "an architecture without choices must lie outside")


def sampling_reaches_everything(space: SearchSpace) -> None:
    """In a small space, 60 draws for each cell reach every cell that can be enumerated."""
    if space.size > SMALL_SPACE:
        return
    rng, cells = stream(2, "check", space.name), set(space.enumerate())
    seen = {space.canonical(space.sample(rng)) for _ in range(60 * len(cells))}
    require(seen == cells, f"sampling met {len(seen & cells)} of {len(cells)} cells")


def canonical_is_idempotent(space: SearchSpace) -> None:
    """The canonical form is its own canonical form, and has the same canonical key as the original."""
    for architecture in _samples(space):
        canonical = space.canonical(architecture)
        require(space.canonical(canonical) == canonical, f"canonical({canonical.choices!r}) is not itself")
        keys = space.canonical_keys(np.asarray([space.key(architecture), space.key(canonical)], dtype=np.int64))
        require(keys[0] == keys[1], f"{architecture.choices!r} and its canonical form have different canonical keys")


def enumeration_is_complete(space: SearchSpace) -> None:
    """Enumerated cells are distinct, canonical and in the space; a space that is too large refuses to be enumerated."""
    if space.size > ENUMERABLE:
        rule = f"a space of {space.size} cells must refuse to be enumerated"
        require_refused(SpaceError, rule, space.enumerate_keys)
        return
    keys = space.enumerate_keys()
    require(len(np.unique(keys)) == len(keys), "a cell was enumerated twice")
    require(bool((space.canonical_keys(keys) == keys).all()), "an enumerated key is not canonical")
    require(bool(space.owns(keys).all()), "an enumerated cell is not owned by the space")
    require(bool((space.keys(space.from_keys(keys[:1000])) >= 0).all()), "an enumerated cell is not in the space")


def neighbours_are_near(space: SearchSpace) -> None:
    """Neighbours differ in one decision, lie inside, and are neighbours of each other."""
    for architecture in _samples(space)[:10]:
        for near in space.neighbours(architecture):
            different = sum(a != b for a, b in zip(architecture.choices, near.choices, strict=True))
            require(different == 1, f"neighbours differ in one decision, not in {different}")
            require(space.contains(near), f"neighbour {near.choices!r} lies outside the space")
            require(architecture in space.neighbours(near), "being neighbours must be mutual")


def text_round_trips(space: SearchSpace) -> None:
    """``parse(format(a))`` is the same cell, and nonsense is refused with SpaceError."""
    for architecture in _samples(space):
        text = space.format(architecture)
        require("\n" not in text, "the text form is one line")
        require(space.canonical(space.parse(text)) == space.canonical(architecture), f"{text!r} does not read back")
    require_refused(SpaceError, "a text that is no cell must be refused with SpaceError", space.parse, "no such cell")


def one_hot_round_trips(space: SearchSpace) -> None:
    """A one-hot mixture has all its weight on the choices."""
    for architecture in _samples(space)[:20]:
        rows = space.one_hot(architecture)
        require(tuple(map(len, rows)) == space.options, "one row a decision, one weight an option")
        require(all(sum(row) == 1 and max(row) == 1 for row in rows), "a one-hot row has a single 1")
        require(tuple(row.index(1.0) for row in rows) == architecture.choices, "the 1 stands at the choice")


def keys_agree_with_choices(space: SearchSpace) -> None:
    """``from_keys`` and ``keys`` undo each other on canonical keys, and ``aliases`` finds every sample's cell."""
    architectures = _samples(space)
    keys = space.keys(np.asarray([a.choices for a in architectures], dtype=np.int64))
    canonical = np.unique(space.canonical_keys(keys))
    back = space.canonical_keys(space.keys(space.from_keys(canonical)))
    require(bool((back == canonical).all()), "from_keys must describe the cell of the key")
    aliases, rows = space.aliases(canonical)
    require(bool((np.diff(aliases) > 0).all()), "aliases are sorted and unique")
    found = np.searchsorted(aliases, keys).clip(max=len(aliases) - 1)
    require(bool((aliases[found] == keys).all()), "aliases must hold every labelling of the cells")
    same_cell = canonical[rows[found]] == space.canonical_keys(keys)
    require(bool(same_cell.all()), "an alias must point at its own cell")


def optional_members_are_right(space: SearchSpace) -> None:
    """``encoding`` is a name, ``reach`` counts the cells of each encoding, ``hashes`` gives a text for each cell."""
    require(isinstance(space.encoding, str), f"encoding is {space.encoding!r}; expected a name")
    reach = space.reach
    require(reach.get(space.encoding) == space.reachable, "reach must give the encoding as many cells as reachable")
    require(all(0 < cells <= space.size for cells in reach.values()), "an encoding reaches from 1 to all cells")
    keys = space.require(_samples(space))
    canonical = space.canonical_keys(keys)
    if (hashes := space.hashes(keys)) is None:
        return
    found = list(hashes)
    require(len(found) == len(keys) and all(isinstance(each, str) for each in found), "hashes are a text a key")
    require(found == list(space.hashes(canonical) or ()), "hashes must be of the cell, whatever its labelling")
    require(len(set(found)) == len(np.unique(canonical)), "different cells must have different hashes")


SPACE_CHECKS: tuple[Callable[[SearchSpace], None], ...] = (
    samples_lie_inside,
    sampling_reaches_everything,
    canonical_is_idempotent,
    enumeration_is_complete,
    neighbours_are_near,
    text_round_trips,
    one_hot_round_trips,
    keys_agree_with_choices,
    optional_members_are_right,
)
