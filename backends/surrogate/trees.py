"""Regression trees as plain arrays, and their predictions; files hold no executable code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import TableError

Keys: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Features: TypeAlias = npt.NDArray[np.uint8]
Array: TypeAlias = npt.NDArray[Any]

MAX_PAIRS = 1_000_000
"""The number of (cell, tree) pairs that are evaluated at a time, which takes 20 MB."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: the test of each node (``x[feature] <= threshold``), its children for yes and no, and the leaf values.

    All arrays have one entry a node, ``children`` two. The children of a leaf are the leaf itself, those of other nodes
    have larger indices. Features and thresholds are whole numbers from 0 to 255.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.uint8]
    children: npt.NDArray[np.int32]
    value: Floats


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """One ensemble of trees, whose prediction is ``bias`` plus the sum of the trees' values."""

    trees: tuple[Tree, ...]
    bias: float


@dataclass(frozen=True, slots=True)
class TreeEnsembles:
    """Ensembles (members) of equally many trees: a member predicts its ``bias`` plus the values of the reached leaves.

    The arrays concatenate the nodes of all trees, as in Tree; ``roots`` are the indices of the roots, (members, trees).
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.uint8]
    children: npt.NDArray[np.int32]
    value: Floats
    roots: npt.NDArray[np.int32]
    bias: Floats

    @classmethod
    def joined(cls, members: Sequence[TreeEnsemble]) -> Self:
        """Join the trees of all members."""
        trees = [tree for member in members for tree in member.trees]
        starts = np.cumsum([0, *(len(tree.value) for tree in trees)])[:-1].astype(np.int32)
        children = [tree.children + start for tree, start in zip(trees, starts, strict=True)]
        return cls(
            np.concatenate([tree.feature for tree in trees]),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate(children).astype(np.int32),
            np.concatenate([tree.value for tree in trees]),
            starts.reshape(len(members), -1),
            np.array([member.bias for member in members], dtype=np.float64),
        )

    def predict(self, features: Features) -> Floats:
        """The prediction of each member for each cell, (cells, members), from features of shape (cells, features)."""
        predicted = np.empty((len(features), len(self.roots)))
        step = max(1, MAX_PAIRS // self.roots.size)
        for start in range(0, len(features), step):
            predicted[start : start + step] = self._values(features[start : start + step]).sum(axis=2) + self.bias
        return predicted

    def _values(self, features: Features) -> Floats:
        """The values of the leaves that each cell reaches, (cells, members, trees)."""
        flat = np.ascontiguousarray(features).ravel()
        first = np.arange(len(features))[:, None] * features.shape[1]
        nodes = np.tile(self.roots.ravel(), (len(features), 1))
        while True:
            above = flat[first + self.feature[nodes]] > self.threshold[nodes]
            following = self.children[nodes, above.view(np.int8)]
            if np.array_equal(nodes, following):
                return self.value[nodes].reshape(len(features), *self.roots.shape)
            nodes = following

    def arrays(self, name: str) -> Iterator[tuple[str, Array]]:
        """The arrays with their names in a file: ``NAME/feature`` and so on."""
        return ((f"{name}/{part.name}", getattr(self, part.name)) for part in fields(self))

    @classmethod
    def read(cls, arrays: Mapping[str, Array], name: str, *, features: int) -> Self:
        """Read trees over this number of features from a file's arrays.

        Raises TableError for arrays that are no trees, such as arrays with cycles.
        """
        try:
            found = cls(*(np.asarray(arrays[f"{name}/{part}"], kind) for part, kind in KINDS.items()))
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"its {name} trees cannot be read ({error})") from error
        if not found._valid(features):
            raise TableError(f"its {name} trees are none")
        return found

    def _valid(self, features: int) -> bool:
        nodes, roots = len(self.value), self.roots
        one_a_node = {array.shape for array in (self.feature, self.threshold, self.value)} == {(nodes,)}
        if not one_a_node or self.children.shape != (nodes, 2) or roots.ndim != 2 or not roots.size:
            return False
        places = np.arange(nodes)[:, None]
        leaf = self.children == places
        inner = (self.children > places) & (self.children < nodes)
        return bool(
            (leaf.all(axis=1) | inner.all(axis=1)).all()
            and ((roots >= 0) & (roots < nodes)).all()
            and ((self.feature >= 0) & (self.feature < features)).all()
            and self.bias.shape == roots.shape[:1]
            and np.isfinite(self.value).all()
            and np.isfinite(self.bias).all()
        )


KINDS = {"feature": "<i4", "threshold": "u1", "children": "<i4", "value": "<f8", "roots": "<i4", "bias": "<f8"}
