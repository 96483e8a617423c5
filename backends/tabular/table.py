"""Reads a table file: its header at once, its numbers through a memory map when they are asked for."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import h5py
import numpy as np
import numpy.typing as npt

from backends.tabular.layout import DIGESTED_ATTRIBUTES, METRICS, SCHEMA, VERSION, Array, spans
from harness.core.errors import HarnessError, IncompatibleError, TableError
from harness.core.space import SearchSpace

Keys = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RowIndices: TypeAlias = Keys | Sequence[int] | None
"""Rows of a table; ``None`` for all of them."""

REBUILD_HINT = "import or build it again"


class Table:
    """The recorded trainings of the cells of one space, read-only; ``Table.open(path)`` makes one.

    ``keys`` (cells,) are canonical and sorted; a *row* is a cell's place in them. ``epochs`` are the training budgets,
    ascending, the last one being the full one: each a training of its own, or moments in the course of one training.
    """

    def __init__(self, path: Path, attributes: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        self.path = path
        self.space = str(attributes["space"])
        self.scheme = str(attributes["scheme"])
        self.recipe = str(attributes["recipe"])
        self.digest = str(attributes["digest"])
        self.provenance: dict[str, Any] = json.loads(attributes["provenance"])
        self.arrays = dict(arrays)
        self.epochs: tuple[int, ...] = tuple(arrays["epochs"].tolist())
        self._budgets = {epochs: place for place, epochs in enumerate(self.epochs)}
        self.repeats = int(arrays["recorded"].shape[-1])
        final = [name.removeprefix("final/") for name in arrays if name.startswith("final/")]
        self.metrics = tuple(sorted(final, key=lambda name: METRICS.index(name) if name in METRICS else len(METRICS)))

    @classmethod
    def open(cls, path: str | Path) -> Table:
        """Open the table at ``path``; raises TableError for a file that is missing, damaged or of another schema."""
        path = Path(path)
        attributes, layout = _header(path)
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        arrays = {name: _mapped(path, content, *place) for name, place in layout.items()}
        return cls(path, attributes, arrays)

    def __len__(self) -> int:
        return len(self.keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; arrays that were taken from the table stay valid."""
        self.arrays.clear()

    @property
    def name(self) -> str:
        """How messages call the table: its file's name without the ending."""
        return self.path.stem

    @property
    def keys(self) -> Keys:
        """The cells' canonical keys, shape (cells,), sorted."""
        return self.arrays["keys"]

    @property
    def parameters(self) -> Keys | None:
        """Trainable parameters, shape (cells,), where the source knew them."""
        return self.arrays.get("parameters")

    @property
    def hashes(self) -> npt.NDArray[np.uint8] | None:
        """The source's hashes, shape (cells, 16), as bytes."""
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
        """What ``rows`` gives for one key, without the cost of arrays."""
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
    """The part of a (cells, budgets, repeats) array; for a row of -1 NaN, or 0 in integers."""
    if rows is None:
        return array[:, budget]
    chosen = np.asarray(rows, dtype=np.int64)
    part: Array = array[chosen, budget]
    part[chosen < 0] = np.nan if part.dtype.kind == "f" else 0
    return part


DatasetLayout = tuple[int | None, tuple[int, ...], np.dtype[Any]]


def _header(path: Path) -> tuple[dict[str, Any], dict[str, DatasetLayout]]:
    """The attributes, and where each dataset lies in the file."""
    if not path.is_file():
        raise TableError(f"there is no table file {str(path)!r}")
    try:
        with h5py.File(path, "r") as file:
            attributes = dict(file.attrs)
            _require_schema(path, attributes)
            places: dict[str, DatasetLayout] = {}
            file.visititems(lambda name, item: places.update(_place(name, item)))
    except HarnessError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{str(path)!r} is no readable HDF5 file, or a truncated one ({reason})") from error
    if missing := {"keys", "epochs", "recorded"} - places.keys():
        raise TableError(f"table {str(path)!r} lacks {', '.join(sorted(missing))}; {REBUILD_HINT}")
    return attributes, places


def _require_schema(path: Path, attributes: Mapping[str, Any]) -> None:
    if attributes.get("schema") != SCHEMA:
        raise TableError(f"{str(path)!r} is an HDF5 file, but no {SCHEMA}; `harness table import` reads others")
    if attributes.get("schema_version") != VERSION:
        version = attributes.get("schema_version")
        raise TableError(f"table {str(path)!r} has schema version {version}, not {VERSION}; {REBUILD_HINT}")
    if missing := {*DIGESTED_ATTRIBUTES, "provenance", "digest"} - attributes.keys():
        raise TableError(f"table {str(path)!r} lacks the attributes {', '.join(sorted(missing))}; {REBUILD_HINT}")


def _place(name: str, item: object) -> dict[str, DatasetLayout]:
    return {name: (item.id.get_offset(), item.shape, item.dtype)} if isinstance(item, h5py.Dataset) else {}


def _mapped(path: Path, content: mmap.mmap, offset: int | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    count = int(np.prod(shape))
    if offset is None or offset + count * dtype.itemsize > len(content):
        raise TableError(f"table {str(path)!r} is truncated or holds a compressed dataset; {REBUILD_HINT}")
    return np.frombuffer(content, dtype=dtype, count=count, offset=offset).reshape(shape)
