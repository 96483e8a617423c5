"""The features of cells for a surrogate, which are the same for every labelling of a cell.

For graphs: the edges and operations of the canonical form, the paths from the input to the output, and statistics of
the graph. For other spaces: the choices of the canonical form, the count of each operation, and the path features of
the space, if it has any. All spaces of a scheme share the meaning of the features.
"""

from __future__ import annotations

import numpy as np

from backends.surrogate.trees import Features, Keys
from harness.core.space import SearchSpace

GENERAL = "choices, operation counts and paths, version 1"
"""The name of the form for other spaces; a surrogate's file names its form, and cells in another form are refused."""


def encoding_of(space: SearchSpace) -> str:
    """The name of the form in which the cells of a space are encoded."""
    if space.graph_encoding or space.encoding == SearchSpace.encoding:
        return space.graph_encoding or GENERAL
    return f"{GENERAL}, of {space.encoding}"


def encoded(space: SearchSpace, keys: Keys) -> Features:
    """The features of the cells with these keys, in any labelling, shape (cells, features)."""
    canonical = space.canonical_keys(keys)
    return space.graph_features(canonical) if space.graph_encoding else _general(space, canonical)


def _general(space: SearchSpace, canonical: Keys) -> Features:
    choices = space.from_keys(canonical)
    parts = [np.arange(n) == choices[:, i, None] for i, n in enumerate(space.options)]
    operations = choices[:, list(space.operations)]
    most = max((space.options[i] for i in space.operations), default=0)
    counts = (operations[:, :, None] == np.arange(most)).sum(axis=1)
    # only if the space defines path features of its own: the default ones repeat the one-hot choices
    has_paths = type(space).path_features is not SearchSpace.path_features
    paths = [space.path_features(canonical)] if has_paths else []
    return np.hstack([*parts, counts, *paths]).astype(np.uint8)
