"""Compares the hashes that a source gives its cells with their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from backends.tabular.layout import Array
from backends.tabular.table import Keys
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace

HASH_BATCH = 4096
"""Cells between two reports of progress."""


def hashes_of(space: SearchSpace, keys: Keys) -> npt.NDArray[np.uint8] | None:
    """The published hashes of cells as bytes, shape (cells, 16); of NAS-Bench-101 about 70 microseconds a cell.

    None where the space's cells have none, or none of 32 hexadecimal digits.
    """
    found = list(space.hashes(keys) or ())
    if len(found) != len(keys) or any(len(text) != 32 for text in found):
        return None
    return np.frombuffer(bytes.fromhex("".join(found)), dtype=np.uint8).reshape(-1, 16)


def first_wrong_hash(
    space: SearchSpace, keys: Keys, given: Array, on_progress: ProgressCallback = silent
) -> int | None:
    """The first of the cells whose given hash, shape (cells, 16), is not its own; progress is in cells.

    None where all are right, or where the space's cells have no hash that we know how to compute.
    """
    for start in range(0, len(keys), HASH_BATCH):
        own = hashes_of(space, keys[start : start + HASH_BATCH])
        if own is None:
            return None
        wrong = (own != given[start : start + HASH_BATCH]).any(axis=1)
        if wrong.any():
            return start + int(np.argmax(wrong))
        on_progress(min(start + HASH_BATCH, len(keys)), len(keys))
    return None
