"""What a surrogate sees of a cell: numbers that are the same for every labelling of it.

Where the cells are graphs: which edges and operations the canonical form has, which paths lead from the input to the
output, and statistics of the graph. Elsewhere: the choices of the canonical form, how often each operation is chosen,
and the paths where the space has some. Equal numbers of one scheme mean the same in all of its spaces.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.space import SearchSpace

GENERAL = "choices, operation counts and paths, version 1"
"""The name of the second form; a file holds the one that its surrogate was fitted to, and another is refused."""

Keys: TypeAlias = npt.NDArray[np.int64]
Features: TypeAlias = npt.NDArray[np.uint8]


def encoding_of(space: SearchSpace) -> str:
    """The name of the form in which the cells of a space are encoded."""
    return space.graph_encoding or GENERAL


def encoded(space: SearchSpace, keys: Keys) -> Features:
    """The features of the cells of these keys in any labelling, shape (cells, features)."""
    canonical = space.canonical_keys(keys)
    return space.graph_features(canonical) if space.graph_encoding else _general(space, canonical)


def _general(space: SearchSpace, canonical: Keys) -> Features:
    choices = space.from_keys(canonical)
    parts = [np.arange(n) == choices[:, i, None] for i, n in enumerate(space.options)]
    operations = choices[:, list(space.operations)]
    most = max(space.options[i] for i in space.operations)
    counts = (operations[:, :, None] == np.arange(most)).sum(axis=1)
    paths = [space.path_features(canonical)] if _has_paths(space) else []
    return np.hstack([*parts, counts, *paths]).astype(np.uint8)


def _has_paths(space: SearchSpace) -> bool:
    """Whether the space says more than the one-hot choices, which all spaces have."""
    return type(space).path_features is not SearchSpace.path_features
