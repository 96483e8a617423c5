"""Keys of cells as table sources write them: a space's text form, or an adjacency matrix with operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.tabular.table import Keys
from harness.core.errors import SpaceError
from harness.core.quoting import quoted
from harness.core.space import CellDescription, SearchSpace


def keys_of(space: SearchSpace, descriptions: Sequence[CellDescription]) -> Keys:
    """The keys as written, shape (descriptions,), or -1 where a description is none or lies outside the space."""
    keys = np.full(len(descriptions), -1, dtype=np.int64)
    graphs = {i: each for i, each in enumerate(descriptions) if not isinstance(each, str)}
    keys[list(graphs)] = space.graph_keys(list(graphs.values()))
    for i, description in enumerate(descriptions):
        if isinstance(description, str):
            keys[i] = _key_or_none(space, description)
    return np.where(space.owns(keys), keys, -1)


def why_outside(space: SearchSpace, description: CellDescription) -> str:
    """Why ``keys_of`` gave -1, for a message."""
    try:
        if isinstance(description, str):
            space.parse(description)
        else:
            space.graph_key(*description)
    except SpaceError as error:
        return str(error)
    except ValueError:  # such as a number of thousands of digits
        pass
    text = description if isinstance(description, str) else ";".join(description)
    return f"{quoted(text)} lies outside space {space.name!r}"


def _key_or_none(space: SearchSpace, text: str) -> int:
    try:
        return space.key(space.parse(text))
    except (SpaceError, ValueError):
        return -1
