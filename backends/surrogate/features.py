"""What a surrogate sees of a cell: numbers that are the same for every labelling of it.

Where the cells are graphs: which edges and operations the canonical form has, which paths lead from the input to the
output, and statistics of the graph. Elsewhere: the choices of the canonical form, how often each operation is chosen,
and the paths where the space has some. Equal numbers of one scheme mean the same in all of its spaces.
"""

from __future__ import annotations

import numpy as np

from backends.surrogate.graphs import Features, Keys, graph_features
from harness.core.space import SearchSpace

ENCODING = "edges, operations, paths and graph statistics, version 1"
GENERAL = "choices, operation counts and paths, version 1"
"""Names of the two forms; a file holds the one that its surrogate was fitted to, and another version is refused."""

GRAPHS = "nasbench101"
"""The scheme whose keys are graphs."""


def encoding_of(space: SearchSpace) -> str:
    """The name of the form in which the cells of a space are encoded."""
    return ENCODING if space.scheme == GRAPHS else GENERAL


def encoded(space: SearchSpace, keys: Keys) -> Features:
    """The features of the cells of these keys in any labelling, shape (cells, features)."""
    canonical = space.canonical_keys(keys)
    return graph_features(canonical) if space.scheme == GRAPHS else _general(space, canonical)


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
