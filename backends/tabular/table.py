"""Reads a ground-truth table: its header when it is opened, its numbers when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.tabular.intact_files import is_known_intact, remember_intact
from backends.tabular.layout import METRICS, Array, content_problem, digest_of, spans
from backends.tabular.table_file import REBUILD_HINT, FileArrays, open_file, provenance_of
from harness.core.errors import IncompatibleError, TableError
from harness.core.space import SearchSpace

Keys = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RowIndices: TypeAlias = Keys | Sequence[int] | None
"""Rows of a table; ``None`` for all of them."""


class Table:
    """The recorded trainings of the cells of one space, read-only; ``Table.open(path)`` makes one.

    ``keys`` (cells,) are canonical and sorted; a *row* is a cell's place in them. ``epochs`` are the training budgets,
    ascending, the last one being the full one: each a training of its own, or moments in the course of one training.
    """

    def __init__(self, path: Path, attributes: Mapping[str, Any], arrays: FileArrays) -> None:
        self.path, self._attributes = path, attributes
        self.space = str(attributes["space"])
        self.scheme = str(attributes["scheme"])
        self.recipe = str(attributes["recipe"])
        self.digest = str(attributes["digest"])
        self.provenance: dict[str, Any] = provenance_of(attributes) or {}
        self.arrays = arrays
        self.epochs: tuple[int, ...] = tuple(arrays["epochs"].tolist())
        self._budgets = {epochs: place for place, epochs in enumerate(self.epochs)}
        self.repeats = arrays.shape("recorded")[-1]
        final = [name.removeprefix("final/") for name in arrays if name.startswith("final/")]
        self.metrics = tuple(sorted(final, key=lambda name: METRICS.index(name) if name in METRICS else len(METRICS)))

    @classmethod
    def open(cls, path: str | Path) -> Table:
        """Open the table at ``path``; raises TableError for a file that is missing, damaged or of another schema."""
        return cls(Path(path), *open_file(Path(path)))

    @property
    def found_digest(self) -> str:
        """The digest of the content, which equals ``digest`` if the table is intact; reads the whole file."""
        return digest_of(self.arrays.passing(), self._attributes)

    def require_intact(self) -> None:
        """Raise TableError if the content contradicts itself, or the digest that the file states.

        A file that was found intact is read again only after its inode, size or times have changed.
        """
        if is_known_intact(self.path, self.arrays.state, self.digest):
            return
        if self.found_digest != self.digest:
            raise TableError(
                f"table {str(self.path)!r} is damaged: its content does not match its digest {self.digest[:12]}; "
                f"copy or fetch it again, or {REBUILD_HINT} (`harness table verify` lists what is wrong)"
            )
        if problem := content_problem(self.arrays.passing()):
            raise TableError(f"table {str(self.path)!r}: {problem}; {REBUILD_HINT}")
        remember_intact(self.path, self.arrays.state, self.digest)

    def __len__(self) -> int:
        return len(self.keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; arrays that were taken from the table stay valid."""
        self.arrays.close()

    @property
    def name(self) -> str:
        """The table's name in messages: its file name without the ending."""
        return self.path.stem

    @property
    def keys(self) -> Keys:
        """The cells' canonical keys, shape (cells,), sorted."""
        return self.arrays["keys"]

    @property
    def parameters(self) -> Keys | None:
        """Trainable parameters, shape (cells,); ``None`` if the source does not have them."""
        return self.arrays.get("parameters")

    @property
    def hashes(self) -> npt.NDArray[np.uint8] | None:
        """The source's hashes as bytes, shape (cells, 16); ``None`` if it has none."""
        return self.arrays.get("hashes")

    @property
    def written(self) -> Keys:
        """The cells' keys in the labelling that the source published, shape (cells,)."""
        return self.arrays.get("written", self.keys)

    def rows(self, keys: Keys) -> Keys:
        """The rows, shape (keys,), of the cells of these keys in any labelling; -1 where the table lacks the cell."""
        known = self.arrays.get("aliases", self.keys)
        place = np.searchsorted(known, keys)
        place[place == len(known)] = 0
        rows = self.arrays["alias_rows"][place].astype(np.int64) if "alias_rows" in self.arrays else place
        return np.where(known[place] == keys, rows, -1)

    def row(self, key: int) -> int:
        """The row of the cell of one key, as in ``rows`` but faster for a single key."""
        known = self.arrays.get("aliases", self.keys)
        place = int(known.searchsorted(key))
        if place == len(known) or known[place] != key:
            return -1
        return int(self.arrays["alias_rows"][place]) if "alias_rows" in self.arrays else place

    def budget(self, epochs: int | None = None) -> int:
        """The place of a budget in ``epochs`` (``None``: the full one); raises IncompatibleError for another."""
        if epochs is None:
            return len(self.epochs) - 1
        place = self._budgets.get(epochs)
        if place is None:
            known = spans(self.epochs)
            raise IncompatibleError(f"table {self.name!r} has no trainings of {epochs!r} epochs, only of {known}")
        return place

    def values(self, metric: str, epochs: int | None = None, rows: RowIndices = None, halfway: bool = False) -> Floats:
        """One metric at a budget, shape (rows, repeats): NaN where nothing is recorded or the training diverged.

        ``rows=None`` gives all rows, a row of -1 gives NaN. ``halfway`` gives the values in the middle of the training.
        Raises IncompatibleError for a metric or a budget that the table lacks.
        """
        name = f"{'halfway' if halfway else 'final'}/{metric}"
        if name not in self.arrays:
            known = ", ".join(n for n in self.arrays if "/" in n)
            raise IncompatibleError(f"table {self.name!r} has no {name!r}; it has {known or 'no metrics'}")
        return _taken(self.arrays[name], self.budget(epochs), rows).astype(np.float64)

    def recorded(self, epochs: int | None = None, rows: RowIndices = None) -> Bools:
        """Which trainings of a budget took place, shape (rows, repeats); False for a row of -1."""
        taken: Bools = _taken(self.arrays["recorded"], self.budget(epochs), rows).astype(np.bool_)
        return taken

    def mean(self, metric: str, epochs: int | None = None) -> Floats:
        """The mean over the recorded repeats, shape (cells,).

        NaN where there is none, and also where one of them diverged: leaving it out would flatter unstable cells.
        """
        return mean_of_recorded(self.values(metric, epochs), self.recorded(epochs))

    def require(self, space: SearchSpace) -> None:
        """Raise IncompatibleError unless the table holds cells of the space's scheme."""
        if space.scheme != self.scheme:
            raise IncompatibleError(
                f"table {self.name!r} is of space {self.space!r} (scheme {self.scheme!r}), which does not serve space "
                f"{space.name!r} (scheme {space.scheme!r}); choose a table of that scheme"
            )


def mean_of_recorded(values: Floats, recorded: Bools) -> Floats:
    """Each row's mean over its recorded repeats, NaN if there is none or one is NaN: (rows, repeats) -> (rows,)."""
    count = recorded.sum(axis=1)
    total = np.where(recorded, values, 0.0).sum(axis=1)
    means: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means


def _taken(array: Array, budget: int, rows: RowIndices) -> Array:
    """The rows at one budget of a (cells, budgets, repeats) array; a row of -1 gives NaN, or 0 in integers."""
    if rows is None:
        return array[:, budget]
    chosen = np.asarray(rows, dtype=np.int64)
    part: Array = array[chosen, budget]
    part[chosen < 0] = np.nan if part.dtype.kind == "f" else 0
    return part
