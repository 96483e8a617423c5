"""Draws and selects distinct cells: rows of choices with the same canonical key are one cell."""

from __future__ import annotations

import numpy as np

from harness.core.space import Choices, SearchSpace
from policies.parts.step import draw

ROUNDS = 20
"""A space counts as used up when this many rounds of draws find too few new cells."""


def canonical(space: SearchSpace, rows: Choices) -> Choices:
    """The canonical keys of rows of choices, shape (rows,); -1 outside the space."""
    return space.canonical_keys(space.keys(rows))


def unseen(space: SearchSpace, rows: Choices, seen: Choices) -> Choices:
    """The indices of the ``rows`` that are cells and neither in ``seen`` (canonical keys) nor repeat an earlier row."""
    keys = canonical(space, rows)
    _, first = np.unique(keys, return_index=True)
    return np.sort(first[(keys[first] >= 0) & ~np.isin(keys[first], seen)])


def draw_by(space: SearchSpace, rng: np.random.Generator, count: int, sampler: str) -> Choices:
    """``count`` draws by a sampler's name, whichever the space has, shape (count, decisions).

    ``cells`` is uniform over the cells that the decisions reach, ``decisions`` over the choices that are a cell.
    """
    if sampler == "cells":
        known = space.enumerate_keys()
        return space.from_keys(known[rng.integers(len(known), size=count)])
    rows = np.empty((0, len(space.options)), np.int64)
    while len(rows) < count:
        drawn = rng.integers(space.options, size=(2 * (count - len(rows)), len(space.options)))
        rows = np.concatenate([rows, drawn[space.keys(drawn) >= 0]])
    return rows[:count]


def draw_unseen(space: SearchSpace, rng: np.random.Generator, count: int, seen: Choices) -> Choices:
    """``count`` samples of the space that are distinct cells outside ``seen``; fewer if the space is used up."""
    rows = np.empty((0, len(space.options)), np.int64)
    for _ in range(ROUNDS):
        if len(rows) >= count:
            break
        rows = np.concatenate([rows, draw(space, rng, count - len(rows))])
        rows = rows[unseen(space, rows, seen)]
    return rows
