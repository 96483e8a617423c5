"""Gathers the cells and trainings of a source, in its order, and writes them as a table."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np

from backends.tabular.cell_keys import keys_of, why_outside
from backends.tabular.layout import Array
from backends.tabular.table import Keys
from backends.tabular.training_arrays import TrainingColumns
from backends.tabular.writer import write_table
from harness.core.errors import TableError
from harness.core.quoting import quoted
from harness.core.space import CellDescription, SearchSpace

UNKNOWN = -1
"""The stored parameter count of a cell that came without one."""

MOST_PARAMETERS = 10**12

LONGEST_TEXT = 10_000
"""The most characters of a text that describes a cell."""

LONGEST_MESSAGE = 400
"""The most characters that a message says of a place; descriptions that are quoted in full may be longer."""

HASH = re.compile("[0-9a-fA-F]{32}")


class TableImport:
    """What was read so far. ``unit`` is what the source consists of (record, line, row), for messages."""

    def __init__(self, space: SearchSpace, source: str, unit: str, columns: Sequence[str]) -> None:
        self.space, self.source, self.unit = space, source, unit
        self.trainings = TrainingColumns(tuple(columns), self.error)
        self._index: dict[Hashable, int] = {}
        self._descriptions: list[CellDescription] = []
        self._places, self._parameters = array("q"), array("q")
        self._hashes = bytearray()

    def error(self, place: int, message: str) -> TableError:
        """The error of a place in the source."""
        short = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
        return TableError(f"{self.source}, {self.unit} {place}: {short}")

    def find(self, identity: Hashable) -> int | None:
        """The number of a cell that was added before."""
        return self._index.get(identity)

    def description(self, cell: int) -> CellDescription:
        """What a cell was added with."""
        return self._descriptions[cell]

    def add(
        self,
        identity: Hashable,
        description: CellDescription,
        place: int,
        *,
        parameters: int | None = None,
        module_hash: str | None = None,
    ) -> int:
        """Add a cell that ``find`` does not know, first met at ``place``; returns its number, from 0.

        Raises TableError for a parameter count or a hash that is none, and for a description that is too long.
        """
        if max(map(len, [description] if isinstance(description, str) else description)) > LONGEST_TEXT:
            raise self.error(place, f"the cell's description has more than {LONGEST_TEXT:,} characters")
        if parameters is not None and not 0 <= parameters <= MOST_PARAMETERS:
            raise self.error(place, f"a cell of {quoted(parameters)} parameters; expected 0 to {MOST_PARAMETERS:,}")
        if module_hash is not None:
            self._hashes += self._bytes(module_hash, place)
        cell = self._index[identity] = len(self._descriptions)
        self._descriptions.append(description)
        self._places.append(place)
        self._parameters.append(UNKNOWN if parameters is None else parameters)
        return cell

    def require_same(self, cell: int, place: int, *, parameters: int | None, module_hash: str | None) -> None:
        """Raise TableError where a cell that was added before comes with another parameter count or hash."""
        known = self._parameters[cell]
        other = parameters != known and parameters is not None
        if module_hash is not None:
            other |= self._hashes[16 * cell : 16 * cell + 16] != self._bytes(module_hash, place)
        if other:
            first = self._places[cell]
            raise self.error(place, f"the cell of {self.unit} {first} again, but its parameter count or hash differs")

    def check_hashes(self, first_wrong: Callable[[Keys, Array], int | None]) -> None:
        """Raise TableError where a hash is not that of its cell; ``first_wrong`` gives the number of one, or None."""
        hashes = self._hash_array()
        if hashes is not None and (cell := first_wrong(self._keys(), hashes)) is not None:
            raise self.error(self._places[cell], f"the hash {hashes[cell].tobytes().hex()} is not that of its cell")

    def add_hashes(self, hashes_of: Callable[[Keys], Array | None]) -> None:
        """Give all cells the hashes that ``hashes_of`` makes of their keys, shape (cells, 16), unless it makes none."""
        hashes = hashes_of(self._keys())
        self._hashes = bytearray() if hashes is None else bytearray(hashes.tobytes())

    def write(self, output: str | Path, *, recipe: str, provenance: Mapping[str, object]) -> None:
        """Arrange and write all of it; raises TableError with the place of what is wrong."""
        if not self._descriptions:
            raise TableError(f"{self.source} holds no trainings")
        keys, hashes = self._keys(), self._hash_array()
        _, first, rows = np.unique(self.space.canonical_keys(keys), return_index=True, return_inverse=True)
        self._require_agreement("hashes", hashes, first, rows)
        parameters = np.array(self._parameters, dtype=np.int64)
        self._require_agreement("parameter counts", parameters, first, rows)
        arranged = self.trainings.as_arrays(rows.astype(np.int64), len(first))
        write_table(
            output,
            space=self.space,
            keys=keys[first],
            parameters=None if (parameters == UNKNOWN).any() else parameters[first],
            hashes=None if hashes is None else hashes[first],
            recipe=recipe,
            provenance=provenance,
            **arranged,
        )

    def _keys(self) -> Keys:
        keys = keys_of(self.space, self._descriptions)
        if (keys < 0).any():
            cell = int(np.argmax(keys < 0))
            raise self.error(self._places[cell], why_outside(self.space, self._descriptions[cell]))
        return keys

    def _hash_array(self) -> Array | None:
        return np.frombuffer(bytes(self._hashes), dtype=np.uint8).reshape(-1, 16) if self._hashes else None

    def _require_agreement(self, what: str, values: Array | None, first: Array, rows: Array) -> None:
        """Cells that turned out to be the same must carry the same value."""
        if values is None or len(first) == len(rows):
            return
        differs = (values != values[first][rows]).reshape(len(rows), -1).any(axis=1)
        if differs.any():
            cell = int(np.argmax(differs))
            here, there = self._places[cell], self._places[int(first[rows[cell]])]
            raise self.error(here, f"the cell of {self.unit} {there} again, in another labelling, but {what} differ")

    def _bytes(self, module_hash: str, place: int) -> bytes:
        if not isinstance(module_hash, str) or not HASH.fullmatch(module_hash):
            raise self.error(place, f"{quoted(module_hash)} is no hash of 32 hexadecimal digits")
        return bytes.fromhex(module_hash)
