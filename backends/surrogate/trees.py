"""Regression trees as plain arrays, and what they say: no code is stored and none is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import TableError

Floats: TypeAlias = npt.NDArray[np.float64]
Features: TypeAlias = npt.NDArray[np.uint8]
Array: TypeAlias = npt.NDArray[Any]

AT_ONCE = 1_000_000
"""So many places in trees are walked at a time: 20 MB."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: what a node asks (``x[feature] <= threshold``), where yes and no lead, and what a leaf says.

    All arrays have one entry a node, ``children`` two. A leaf leads to itself, other nodes to later ones. Features are
    whole numbers from 0 to 255, so that thresholds are as well.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.uint8]
    children: npt.NDArray[np.int32]
    value: Floats


@dataclass(frozen=True, slots=True)
class TreeEnsembles:
    """Ensembles of equally many trees: a member's word is its ``bias`` plus the values of the leaves that are reached.

    The nodes of all trees stand one after the other, as in Tree; ``roots`` are where trees begin, (members, trees).
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.uint8]
    children: npt.NDArray[np.int32]
    value: Floats
    roots: npt.NDArray[np.int32]
    bias: Floats

    @classmethod
    def joined(cls, members: Sequence[Sequence[Tree]], bias: Sequence[float]) -> Self:
        """Put the trees of each member together; ``bias`` has a number for each member."""
        trees = [tree for member in members for tree in member]
        starts = np.cumsum([0, *(len(tree.value) for tree in trees)])[:-1].astype(np.int32)
        children = [tree.children + start for tree, start in zip(trees, starts, strict=True)]
        return cls(
            np.concatenate([tree.feature for tree in trees]),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate(children).astype(np.int32),
            np.concatenate([tree.value for tree in trees]),
            starts.reshape(len(members), -1),
            np.asarray(bias, dtype=np.float64),
        )

    def predict(self, features: Features) -> Floats:
        """What each member says of each cell, (cells, members), from features of shape (cells, features)."""
        said = np.empty((len(features), len(self.roots)))
        step = max(1, AT_ONCE // self.roots.size)
        for start in range(0, len(features), step):
            said[start : start + step] = self._values(features[start : start + step]).sum(axis=2) + self.bias
        return said

    def _values(self, features: Features) -> Floats:
        """The values of the leaves that each cell reaches, (cells, members, trees)."""
        flat = np.ascontiguousarray(features).ravel()
        first = np.arange(len(features))[:, None] * features.shape[1]
        here = np.tile(self.roots.ravel(), (len(features), 1))
        while True:
            over = flat[first + self.feature[here]] > self.threshold[here]
            there = self.children[here, over.view(np.int8)]
            if np.array_equal(here, there):
                return self.value[here].reshape(len(features), *self.roots.shape)
            here = there

    def arrays(self, name: str) -> Iterator[tuple[str, Array]]:
        """The arrays by the names that they have in a file: ``NAME/feature`` and so on."""
        return ((f"{name}/{part.name}", getattr(self, part.name)) for part in fields(self))

    @classmethod
    def read(cls, arrays: Mapping[str, Array], name: str, *, features: int) -> Self:
        """Take trees over so many features from a file's arrays.

        Raises TableError for arrays that are no trees, such as nodes that lead round in circles.
        """
        try:
            found = cls(*(np.asarray(arrays[f"{name}/{part}"], kind) for part, kind in KINDS.items()))
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"its {name} trees cannot be read ({error})") from error
        if not found._sound(features):
            raise TableError(f"its {name} trees are none")
        return found

    def _sound(self, features: int) -> bool:
        nodes, roots = len(self.value), self.roots
        one_a_node = {array.shape for array in (self.feature, self.threshold, self.value)} == {(nodes,)}
        if not one_a_node or self.children.shape != (nodes, 2) or roots.ndim != 2 or not roots.size:
            return False
        places = np.arange(nodes)[:, None]
        leaf = self.children == places
        onward = (self.children > places) & (self.children < nodes)
        return bool(
            (leaf.all(axis=1) | onward.all(axis=1)).all()
            and ((roots >= 0) & (roots < nodes)).all()
            and ((self.feature >= 0) & (self.feature < features)).all()
            and self.bias.shape == roots.shape[:1]
            and np.isfinite(self.value).all()
            and np.isfinite(self.bias).all()
        )


KINDS: Mapping[str, str] = {
    "feature": "<i4",
    "threshold": "u1",
    "children": "<i4",
    "value": "<f8",
    "roots": "<i4",
    "bias": "<f8",
}
