"""Writes a table file, whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from backends.tabular.layout import SCHEMA, VERSION, Array, digest_of
from harness import __version__
from harness.core.errors import TableError
from harness.core.space import SearchSpace
from harness.files.atomic_write import atomic_write

ALIGNMENT = 64
"""Datasets start at multiples of this many bytes, so that mapped arrays are aligned."""


def write_table(
    path: str | Path,
    *,
    space: SearchSpace,
    keys: npt.NDArray[np.int64],
    epochs: Sequence[int],
    recorded: npt.NDArray[np.bool_],
    final: Mapping[str, Array],
    halfway: Mapping[str, Array] | None = None,
    parameters: npt.NDArray[np.int64] | None = None,
    hashes: npt.NDArray[np.uint8] | None = None,
    recipe: str = "",
    provenance: Mapping[str, object] | None = None,
) -> str:
    """Write a table of ``space`` to ``path`` and return its digest.

    ``keys`` (cells,) label the cells in any labelling and order; ``epochs`` (budgets,) ascend; ``recorded`` and each
    array of ``final`` and ``halfway`` (by metric: accuracies as fractions, perplexities, seconds) have the shape
    (cells, budgets, repeats), where NaN in a recorded place is a training that diverged; ``parameters`` (cells,);
    ``hashes`` (cells, 16) bytes. Raises TableError for cells outside the space or given twice, wrong shapes, and
    anything that stops the writing, after which ``path`` is as it was before.
    """
    canonical, order = _canonical(space, np.asarray(keys, dtype=np.int64))
    arrays: dict[str, Array] = {"keys": canonical[order], "epochs": _budgets(epochs)}
    arrays |= _alias_arrays(space, canonical[order])
    shape = (len(canonical), len(epochs), recorded.shape[-1])
    arrays["recorded"] = _ordered("recorded", recorded, shape, order).astype(np.uint8)
    for stage, metrics in (("final", final), ("halfway", halfway or {})):
        for metric, values in metrics.items():
            ordered = _ordered(metric, values, shape, order)
            if not np.isnan(ordered[arrays["recorded"] == 0]).all():
                raise TableError(f"{metric} has values of trainings that `recorded` says never took place")
            arrays[f"{stage}/{metric}"] = _narrowest(ordered)
    if parameters is not None:
        arrays["parameters"] = _ordered("parameters", parameters, shape[:1], order).astype("<i8")
    if hashes is not None:
        arrays["hashes"] = _ordered("hashes", hashes, (shape[0], 16), order).astype(np.uint8)
    if not np.array_equal(canonical, keys):
        arrays["written"] = np.asarray(keys, dtype="<i8")[order]
    attributes = {"schema": SCHEMA, "schema_version": VERSION, "recipe": recipe}
    attributes |= {"space": space.name, "scheme": space.scheme}
    digest = digest_of(arrays, attributes)
    source = json.dumps({"harness": __version__, **(provenance or {})}, sort_keys=True)
    _store(Path(path), arrays, {**attributes, "provenance": source, "digest": digest})
    return digest


def _canonical(space: SearchSpace, keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """The canonical key of each cell, and the order that sorts them."""
    if not len(keys):
        raise TableError("a table needs at least one cell")
    canonical = np.where(space.owns(keys), space.canonical_keys(keys), -1).astype("<i8")
    if (outside := int((canonical < 0).sum())) > 0:
        raise TableError(f"{outside} of {len(keys)} cells lie outside space {space.name!r}")
    order = np.argsort(canonical, kind="stable")
    twice = np.flatnonzero(np.diff(canonical[order]) == 0)
    if len(twice):
        text = space.format(space.from_key(int(canonical[order[twice[0]]])))
        raise TableError(f"{len(twice)} cells are given twice, the first is {text!r}; give each cell once")
    return canonical, order


def _alias_arrays(space: SearchSpace, keys: npt.NDArray[np.int64]) -> dict[str, Array]:
    """Every labelling of the cells with its row, or nothing where each cell has one labelling."""
    aliases, rows = space.aliases(keys)
    if np.array_equal(aliases, keys):
        return {}
    return {"aliases": aliases.astype("<i8"), "alias_rows": rows.astype("<i4")}


def _budgets(epochs: Sequence[int]) -> npt.NDArray[np.int32]:
    budgets = np.asarray(epochs, dtype="<i4")
    if not len(budgets) or budgets[0] < 1 or (np.diff(budgets) <= 0).any():
        raise TableError(f"epochs must be ascending numbers from 1 on, not {list(epochs)!r}")
    return budgets


def _ordered(name: str, values: Array, shape: tuple[int, ...], order: npt.NDArray[np.intp]) -> Array:
    if values.shape != shape:
        raise TableError(f"{name} has the shape {values.shape}, but the table needs {shape}")
    return values[order]


def _narrowest(values: Array) -> Array:
    """As float32 where that loses nothing (accuracies k/9984 were computed in it), else as float64."""
    with np.errstate(over="ignore"):
        narrow = values.astype("<f4")
    same = np.array_equal(narrow.astype(np.float64), values, equal_nan=True)
    return narrow if same else values.astype("<f8")


def _store(path: Path, arrays: Mapping[str, Array], attributes: Mapping[str, object]) -> None:
    """Make the file in memory first: HDF5 can crash the process where the disk is full, Python's own writing cannot."""
    image = io.BytesIO()
    with h5py.File(image, "w", alignment_threshold=1, alignment_interval=ALIGNMENT) as file:
        file.attrs.update(attributes)
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    try:
        with atomic_write(path) as part, part.open("wb") as file:
            file.write(image.getbuffer())
    except OSError as error:
        reason = error.strerror or error
        raise TableError(f"cannot write table {str(path)!r}: {reason}; nothing was written") from error
