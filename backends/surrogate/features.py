"""The features of cells for a surrogate, which are the same for every labelling of a cell.

For graphs: the edges and operations of the canonical form, the paths from the input to the output, and statistics of
the graph. For other spaces: the choices of the canonical form, the count of each operation, and the path features of
the space, if it has any. All spaces of a scheme share the meaning of the features.
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
    """The features of the cells with these keys, in any labelling, shape (cells, features)."""
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
    """Whether the space has path features of its own, beyond the one-hot choices of every space."""
    return type(space).path_features is not SearchSpace.path_features
