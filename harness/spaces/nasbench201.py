"""The space of NAS-Bench-201 (Dong, Yang, ICLR 2020): four nodes, with an operation on each of six edges."""

from __future__ import annotations

import re
from functools import cache
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture, Choices, SearchSpace

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""In the order of NAS-Bench-201 (AutoDL-Projects, models/cell_operations.py, NAS_BENCH_201)."""

NODES = 4
EDGES = tuple((source, node) for node in range(1, NODES) for source in range(node))
"""The edges in the order of the decisions and of the text form."""

ZERO = "#"
EDGE = re.compile(r"(\w+)~(\d)", re.ASCII)
EXAMPLE = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"

CellsName = Literal["all", "unique"]
Keys = npt.NDArray[np.int64]

PLACE_VALUES = len(OPERATIONS) ** np.arange(len(EDGES) - 1, -1, -1, dtype=np.int64)
SIZE = len(OPERATIONS) ** len(EDGES)


class NASBench201(SearchSpace):
    """All 15,625 labelled cells, or with ``cells='unique'`` one of each of the 6,466 published classes.

    The key is the number of the choices in base 5, the first edge leading. The benchmark trained every labelled cell,
    so by default all of them are searched and ranked. The classes follow the benchmark's own rule (``class_text``), by
    which the paper counts 6,466. The cell with the smallest key represents its class, and a table's training of that
    cell is the truth of the class. The rule compares the graphs of cells, which is not always what their networks
    compute: it also joins a convolution that is used twice with two convolutions of the same input, and takes a
    convolution of zero for zero, although the bias of its batch normalisation is not.
    """

    scheme = family = "nasbench201"
    samplers: ClassVar[tuple[str, ...]] = ("cells",)

    def __init__(self, *, cells: CellsName = "all") -> None:
        if cells not in get_args(CellsName):
            raise SettingError(f"setting 'cells' cannot be {cells!r}: it must be 'all' or 'unique'")
        self.name = "nasbench201" if cells == "all" else "nasbench201-unique"
        self.cells = cells
        self.options = (len(OPERATIONS),) * len(EDGES)
        self._least = np.arange(SIZE, dtype=np.int64) if cells == "all" else least_keys()

    @property
    def size(self) -> int:
        """The number of cells, 15,625, or of classes, 6,466."""
        return len(self.enumerate_keys())

    def keys(self, choices: Choices) -> Keys:
        """The numbers of the choices, all of which are cells; with ``cells='unique'`` the smallest number of the class.

        So a table of all cells answers for a class with the cell by which the class is judged.
        """
        numbers: Keys = self._least[choices @ PLACE_VALUES]
        return numbers

    def canonical_keys(self, keys: Keys) -> Keys:
        """The smallest key of each key's class, or with ``cells='all'`` the key itself; -1 outside the space."""
        inside = (keys >= 0) & (keys < SIZE)
        return np.where(inside, self._least[np.where(inside, keys, 0)], -1)

    def from_keys(self, keys: Keys) -> Choices:
        """The digits of the keys; raises SpaceError outside the space."""
        if not ((keys >= 0) & (keys < SIZE)).all():
            raise SpaceError(f"{int(keys[(keys < 0) | (keys >= SIZE)][0])} is no key of a cell of space {self.name!r}")
        return keys[:, None] // PLACE_VALUES % len(OPERATIONS)

    def owns(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Which keys are cells of the space: all numbers, or those that are the smallest of their class."""
        inside = (keys >= 0) & (keys < SIZE)
        owned: npt.NDArray[np.bool_] = inside & (self._least[np.where(inside, keys, 0)] == keys)
        return owned

    def aliases(self, keys: Keys) -> tuple[Keys, Keys]:
        """All keys in the classes of these canonical ``keys``, ascending, and the index of each into ``keys``."""
        everything = np.arange(SIZE, dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        place = np.minimum(np.searchsorted(keys[order], self._least), len(keys) - 1)
        held = keys[order][place] == self._least
        return everything[held], order[place[held]]

    def format(self, architecture: Architecture) -> str:
        """The benchmark's architecture string: ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``, an operation for each edge."""
        if not self.contains(architecture):
            raise self._foreign(architecture)
        edges = zip(EDGES, architecture.choices, strict=True)
        words = [(node, f"{OPERATIONS[choice]}~{source}") for (source, node), choice in edges]
        nodes = ("|".join(word for at, word in words if at == node) for node in range(1, NODES))
        return "+".join(f"|{inputs}|" for inputs in nodes)

    def parse(self, text: str) -> Architecture:
        """Read an architecture string; raises SpaceError."""
        nodes = [EDGE.findall(part) for part in text.strip().split("+")]
        found = [(int(source), node) for node, words in enumerate(nodes, 1) for _, source in words]
        names = [name for words in nodes for name, _ in words]
        if tuple(found) != EDGES:
            raise SpaceError(f"{text!r} is no NAS-Bench-201 cell; expected a text such as {EXAMPLE!r}")
        for name in names:
            if name not in OPERATIONS:
                raise SpaceError(f"the operations are {', '.join(OPERATIONS)}; {name!r} is none of them")
        architecture = Architecture(tuple(OPERATIONS.index(name) for name in names))
        if self.format(architecture) != text.strip():
            raise SpaceError(f"{text!r} is no NAS-Bench-201 cell; expected a text such as {EXAMPLE!r}")
        return architecture

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw uniformly from the cells, or from the canonical cells of the classes."""
        return Architecture(tuple(self.sample_many(rng, 1)[0].tolist()))

    def sample_many(self, rng: np.random.Generator, count: int) -> Choices:
        """Independent draws, shape (count, decisions)."""
        known = self.enumerate_keys()
        return self.from_keys(known[rng.integers(len(known), size=count)])

    def enumerate_keys(self) -> Keys:
        """The canonical keys, ascending."""
        return np.unique(self._least)


def class_text(choices: tuple[int, ...]) -> str:
    """The text that identifies a class (AutoDL-Projects, models/cell_searchs/genotypes.py, to_unique_str).

    A node is the sum of its inputs, written in alphabetical order. An edge without operation is a zero, and so is any
    edge from a node whose text is a single zero; a skip connection is the text of its source node.
    """
    nodes = ["0"]
    for node in range(1, NODES):
        edges = [(source, OPERATIONS[c]) for (source, at), c in zip(EDGES, choices, strict=True) if at == node]
        nodes.append("+".join(sorted(_term(nodes[source], name) for source, name in edges)))
    return nodes[-1]


def _term(value: str, operation: str) -> str:
    if operation == "none" or value == ZERO:
        return ZERO
    return value if operation == "skip_connect" else f"({value})@{operation}"


@cache
def least_keys() -> Keys:
    """For each key the smallest key of its class, shape (15625,)."""
    digits = np.arange(SIZE, dtype=np.int64)[:, None] // PLACE_VALUES % len(OPERATIONS)
    first: dict[str, int] = {}
    least = [first.setdefault(class_text(tuple(row)), key) for key, row in enumerate(digits.tolist())]
    found = np.array(least, dtype=np.int64)
    found.flags.writeable = False
    return found
