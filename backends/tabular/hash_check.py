"""Compares the hashes that a source gives its cells with their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from backends.tabular.cell_keys import GRAPH_SCHEME
from backends.tabular.layout import Array
from backends.tabular.table import Keys
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_hash import hashes

HASH_BATCH = 4096
"""Cells between two reports of progress."""


def hashes_of(keys: Keys) -> npt.NDArray[np.uint8]:
    """The NAS-Bench-101 hashes of cells as bytes, shape (cells, 16); about 70 microseconds a cell."""
    return np.frombuffer(bytes.fromhex("".join(hashes(keys.tolist()))), dtype=np.uint8).reshape(-1, 16)


def first_wrong_hash(
    space: SearchSpace, keys: Keys, given: Array, on_progress: ProgressCallback = silent
) -> int | None:
    """The first of the cells whose given hash, shape (cells, 16), is not its own; progress is in cells.

    None where all are right, or where the space's cells have no hash that we know how to compute.
    """
    if space.scheme != GRAPH_SCHEME:
        return None
    for start in range(0, len(keys), HASH_BATCH):
        wrong = (hashes_of(keys[start : start + HASH_BATCH]) != given[start : start + HASH_BATCH]).any(axis=1)
        if wrong.any():
            return start + int(np.argmax(wrong))
        on_progress(min(start + HASH_BATCH, len(keys)), len(keys))
    return None
