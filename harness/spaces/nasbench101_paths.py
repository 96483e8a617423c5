"""The path encoding of NAS-Bench-101 cells: which sequences of operations lead from the input to the output.

White, Neiswanger, Savani, "BANANAS: Bayesian Optimization with Neural Architectures for Neural Architecture Search",
AAAI 2021, Sec. 3.

A path is numbered by its length, shorter ones first, and then by its operations as digits of base 3, the first one
leading: ``(3^length - 1) / 2`` paths are shorter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.spaces.nasbench101_graphs import Keys, operations_of
from harness.spaces.nasbench101_keys import OPERATIONS, offset

CHUNK = 2**14
"""The number of cells that are encoded at once, which takes 40 MB."""

Paths = npt.NDArray[np.bool_]


def path_count(vertices: int) -> int:
    """The number of paths that cells of at most ``vertices`` vertices can have."""
    return sum(len(OPERATIONS) ** length for length in range(vertices - 1))


def path_features(keys: Keys, vertices: int) -> npt.NDArray[np.uint8]:
    """Which paths the cells of these labelled keys have, shape (keys, paths); equal for all labellings of a cell."""
    found = np.zeros((len(keys), path_count(vertices)), np.uint8)
    for start in range(0, len(keys), CHUNK):
        found[start : start + CHUNK] = _paths(keys[start : start + CHUNK], vertices)
    return found


def _paths(keys: Keys, vertices: int) -> Paths:
    sizes, bits = keys >> 29, keys >> 8
    ends = np.zeros((len(keys), path_count(vertices)), np.bool_)
    operations = np.pad(operations_of(keys, vertices), ((0, 0), (0, 1)), constant_values=-1)  # the last has none
    arrived = [ends.copy()]
    arrived[0][:, 0] = True  # the empty path leads to the input
    for vertex in range(1, vertices):
        into = np.zeros_like(ends)
        for source in range(vertex):
            into |= arrived[source] & (bits >> offset(vertex) + source & 1).astype(bool)[:, None]
        last = sizes == vertex + 1
        ends[last] = into[last]
        arrived.append(_extended(into, operations[:, vertex - 1]))
    return ends


def _extended(paths: Paths, codes: npt.NDArray[np.int64]) -> Paths:
    """Each path with the cell's operation at its end: (3^length - 1)/2 + x becomes (3^(length + 1) - 1)/2 + 3x + op.

    Both are the same number of paths: index i becomes 3i + 1 + op.
    """
    longer = np.zeros_like(paths)
    inner = paths[:, : (paths.shape[1] - 1) // 3]
    for code in range(len(OPERATIONS)):
        here = codes == code
        longer[here, 1 + code :: 3] = inner[here]
    return longer
