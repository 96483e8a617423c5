"""Architectures as tuples of choices, and the spaces that give them meaning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError

DecisionWeights = tuple[float, ...]
Mixture = tuple[DecisionWeights, ...]
"""A point of the relaxed space: one row of weights for each decision; an architecture is one-hot."""

Choices = npt.NDArray[np.int64]
"""Many architectures at once, of shape (architectures, decisions)."""

GraphDescription: TypeAlias = tuple[str, str]
"""A matrix of 0 and 1 row by row, and the comma-joined labels of its vertices, as NAS-Bench-101's records hold them."""

CellDescription: TypeAlias = str | GraphDescription
"""A text of the space, or a graph."""

ENUMERABLE = 10_000_000
"""The largest number of cells that is enumerated."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One choice for each decision; it has a meaning only in its space."""

    choices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CellDrawing:
    """A cell as a graph to draw: ``vertices`` are labels, and whether each is an operation rather than an end.

    A vertex stands behind all those that lead to it; ``edges`` are pairs of their places.
    """

    vertices: tuple[tuple[str, bool], ...]
    edges: tuple[tuple[int, int], ...]


class SearchSpace(ABC):
    """A finite set of architectures, described by decisions with a fixed number of options each.

    Not every combination of choices need lie in the space (``contains``), and several may describe the same
    cell (``canonical``). Subclasses implement the batched ``keys`` and ``canonical_keys``; the scalar methods follow.
    """

    name: str
    options: tuple[int, ...]
    """Decision ``i`` has ``options[i]`` choices, numbered from 0."""

    scheme: str
    """Spaces of one scheme give the same cell the same key, so that one table serves them all."""

    family: str = ""
    """Whose adapter trains its cells: a name of ``backends.networks.adapters``, or ``module:object``; '' no one's."""

    graph_encoding: str = ""
    """Name and version of the form of ``graph_features``; '' for a space that has none."""

    encoding: str = "choices"
    """The name of the encoding of cells as decisions, for a space that has several."""

    samplers: ClassVar[tuple[str, ...]] = ("cells", "decisions")
    """The names of the distributions that ``sample`` can follow; ``cells`` is uniform over unique cells."""

    implied: ClassVar[Mapping[str, object]] = {}
    """Settings, with the values at which a run does not record them: see ``PolicyFeatures``."""

    @property
    def operations(self) -> tuple[int, ...]:
        """The decisions that choose an operation, ascending; the others choose the wiring. By default all decisions."""
        return tuple(range(len(self.options)))

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of unique cells (of canonical forms)."""

    @property
    def reachable(self) -> int:
        """The number of unique cells that the decisions can describe; by default all."""
        return self.size

    @property
    def reach(self) -> dict[str, int]:
        """The number of unique cells that each encoding of the space can describe, by name."""
        return {self.encoding: self.reachable}

    def hashes(self, keys: npt.NDArray[np.int64]) -> Iterable[str] | None:
        """The published hash of the cells of these keys, a text each; ``None`` where the space has none.

        Hashes of 32 hexadecimal digits are kept in tables, and checked.
        """
        return None

    def drawing(self, architecture: Architecture) -> CellDrawing | None:
        """The cell of an architecture as a graph; ``None`` where the space's cells are none."""
        return None

    def described(self, adjacency: str, operations: Sequence[int]) -> CellDescription:
        """The cell that a journal of trainings calls so: by default the text form of these choices."""
        return self.format(Architecture(tuple(operations)))

    def graph_key(self, adjacency: str, labels: str) -> int:
        """The key of a cell that a source describes by a graph; raises SpaceError with what was expected."""
        raise SpaceError(
            f"space {self.name!r} has no adjacency matrices; give the column 'architecture', its text form"
        )

    def graph_keys(self, graphs: Sequence[GraphDescription]) -> npt.NDArray[np.int64]:
        """The keys of many, shape (graphs,), or -1 where a graph is none."""
        return np.array([self._graph_key_or_none(graph) for graph in graphs], dtype=np.int64)

    def _graph_key_or_none(self, graph: GraphDescription) -> int:
        try:
            return self.graph_key(*graph)
        except SpaceError:
            return -1

    def graph_features(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Numbers of the graphs of canonical ``keys``, shape (keys, features), where ``graph_encoding`` names them."""
        raise NotImplementedError

    @abstractmethod
    def keys(self, choices: Choices) -> npt.NDArray[np.int64]:
        """Integer keys, shape (architectures,): equal keys mean equal cells, and -1 means outside of the space.

        A key describes the labelled cell without its dead parts, not its isomorphism class, so it costs only a few
        array operations; ``aliases`` gives all keys of a cell.
        """

    @abstractmethod
    def canonical_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """For each key the smallest key of its cell, which is the key of the canonical form (-1 stays -1)."""

    @abstractmethod
    def from_keys(self, keys: npt.NDArray[np.int64]) -> Choices:
        """The choices, shape (keys, decisions), that describe the cells of these keys."""

    def owns(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these keys of the scheme, shape (keys,), lie in this space."""
        return keys >= 0

    def aliases(self, keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """All keys that describe the cells of these canonical ``keys``: (sorted alias keys, index into ``keys``)."""
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def path_features(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Features for a predictor: 0/1 features of the cells of these keys, shape (keys, features).

        Equal cells have equal features. By default they are the one-hot choices of the canonical form.
        """
        choices = self.from_keys(self.canonical_keys(keys))
        parts = [np.arange(n) == choices[:, i, None] for i, n in enumerate(self.options)]
        return np.hstack(parts).astype(np.uint8)

    @abstractmethod
    def format(self, architecture: Architecture) -> str:
        """The text form, which ``parse`` reads back."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """Read the text form; raises SpaceError with what was expected."""

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw one architecture of the space by the space's sampler."""

    def sample_many(self, rng: np.random.Generator, count: int) -> Choices:
        """Independent draws from the same distribution, shape (count, decisions); not always equal to single draws."""
        rows = [self.sample(rng).choices for _ in range(count)]
        return np.array(rows, dtype=np.int64).reshape(count, len(self.options))

    @abstractmethod
    def enumerate_keys(self) -> npt.NDArray[np.int64]:
        """The canonical keys of all reachable cells, in the space's order; raises SpaceError if they are too many."""

    def contains(self, architecture: Architecture) -> bool:
        """Whether the choices fit the decisions and describe a cell of the space."""
        choices = architecture.choices
        if len(choices) != len(self.options) or any(not 0 <= c < n for c, n in zip(choices, self.options, strict=True)):
            return False
        return self.key(architecture) >= 0

    def require(self, architectures: Sequence[Architecture]) -> npt.NDArray[np.int64]:
        """The keys of these architectures, shape (architectures,); raises SpaceError for one outside the space."""
        for architecture in architectures:
            if len(architecture.choices) != len(self.options):
                raise self._foreign(architecture)
        choices = np.array([a.choices for a in architectures], dtype=np.int64).reshape(-1, len(self.options))
        fits: npt.NDArray[np.bool_] = np.all((choices >= 0) & (choices < np.array(self.options)), axis=1)
        keys = np.full(len(choices), -1, dtype=np.int64)
        keys[fits] = self.keys(choices[fits])
        if (keys < 0).any():
            raise self._foreign(architectures[int(np.argmax(keys < 0))])
        return keys

    def _foreign(self, architecture: Architecture) -> SpaceError:
        return SpaceError(f"{architecture.choices!r} is no cell of space {self.name!r}")

    def key(self, architecture: Architecture) -> int:
        """The key of one architecture as written, or -1 outside the space."""
        return int(self.keys(np.asarray([architecture.choices], dtype=np.int64))[0])

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical form, the same for all descriptions of a cell; raises SpaceError outside the space."""
        key = self.canonical_keys(np.asarray([self.key(architecture)], dtype=np.int64))
        if key[0] < 0:
            raise self._foreign(architecture)
        return self.from_key(int(key[0]))

    def from_key(self, key: int) -> Architecture:
        """The architecture of one key."""
        return Architecture(tuple(self.from_keys(np.asarray([key], dtype=np.int64))[0].tolist()))

    def enumerate(self) -> Iterator[Architecture]:
        """Every cell once, in canonical form; raises SpaceError if the space is too large."""
        for start in range(0, len(keys := self.enumerate_keys()), 4096):
            for row in self.from_keys(keys[start : start + 4096]).tolist():
                yield Architecture(tuple(row))

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """The architectures of the space that differ in exactly one decision."""
        choices = architecture.choices
        for i, n in enumerate(self.options):
            for choice in range(n):
                near = Architecture((*choices[:i], choice, *choices[i + 1 :]))
                if choice != choices[i] and self.contains(near):
                    yield near

    def read_off(self, weights: npt.NDArray[np.float64]) -> Architecture | None:
        """The architecture that weights of all choices mean, by the published rule of the space's encoding.

        ``weights`` has a row for each decision, padded to the most options. ``None`` where no such rule was published.
        """
        return None

    def one_hot(self, architecture: Architecture) -> Mixture:
        """The mixture with all weight on the architecture's choices."""
        pairs = zip(architecture.choices, self.options, strict=True)
        return tuple(tuple(float(i == choice) for i in range(n)) for choice, n in pairs)

    def enumeration_error(self) -> SpaceError:
        """The error of a space that is too large to enumerate."""
        return SpaceError(
            f"space {self.name!r} has {self.size:,} cells, too many to enumerate "
            f"(at most {ENUMERABLE:,}); sample it instead"
        )
