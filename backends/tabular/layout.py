"""The names and the digest of the table format, shared by writer, reader and checks (see tables/README.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

SCHEMA = "nas-search-harness table"
VERSION = 1

ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
PERPLEXITIES = ("validation_perplexity", "test_perplexity")
SECONDS = "training_seconds"
METRICS = (*ACCURACIES, *PERPLEXITIES, SECONDS)
"""What a training records: accuracies as fractions or perplexities, and its seconds from the beginning."""

DIGESTED_ATTRIBUTES = ("schema", "schema_version", "space", "scheme", "recipe")
"""The attributes that the digest covers; the provenance says where the content came from, not what it is."""

Array: TypeAlias = npt.NDArray[Any]

DATASETS: Mapping[str, tuple[str, tuple[str | int, ...]]] = {
    "keys": ("<i8", ("cells",)),
    "epochs": ("<i4", ("budgets",)),
    "recorded": ("|u1", ("cells", "budgets", "repeats")),
    "final/*": ("<f4 <f8", ("cells", "budgets", "repeats")),
    "halfway/*": ("<f4 <f8", ("cells", "budgets", "repeats")),
    "parameters": ("<i8", ("cells",)),
    "hashes": ("|u1", ("cells", 16)),
    "written": ("<i8", ("cells",)),
    "aliases": ("<i8", ("labellings",)),
    "alias_rows": ("<i4", ("labellings",)),
}
"""The datasets of a table: the types that each may have, and its shape in named lengths."""

MOST_CELLS, MOST_BUDGETS, MOST_REPEATS, MOST_LABELLINGS = 10**8, 10**5, 10**4, 10**10
MOST = {"cells": MOST_CELLS, "budgets": MOST_BUDGETS, "repeats": MOST_REPEATS, "labellings": MOST_LABELLINGS}
"""The largest value of each length."""


def dataset_problem(name: str, dtype: np.dtype[Any], shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """What is wrong with a dataset's type or shape, or ``None``; ``shapes`` are those of all datasets."""
    group, slash, _ = name.partition("/")
    declared = DATASETS.get(f"{group}/*" if slash else name)
    if declared is None:
        return f"dataset {name!r} is unknown to the format"
    types, wanted = declared
    if dtype.str not in types.split():
        return f"dataset {name!r} has the type {dtype.str}; expected {' or '.join(types.split())}"
    lengths = _lengths(shapes)
    expected = tuple(lengths.get(each, -1) if isinstance(each, str) else each for each in wanted)
    if shapes[name] != expected:
        return f"dataset {name!r} has the shape {shapes[name]}; expected {expected}, ({', '.join(map(str, wanted))})"
    too_long = [n for n in wanted if isinstance(n, str) and not 1 <= lengths[n] <= MOST[n]]
    return next((f"it has {lengths[n]:,} {n}; expected 1 to {MOST[n]:,}" for n in too_long), None)


def content_problem(arrays: Mapping[str, Array]) -> str | None:
    """What is wrong with the arrays that all others are found by, or ``None``."""
    known = arrays.get("aliases", arrays["keys"])
    rows = arrays.get("alias_rows", np.zeros(1, dtype=np.int64))
    problems = {
        "the cells' keys are not sorted and unique": (np.diff(arrays["keys"]) <= 0).any(),
        "the labellings of the cells are not sorted and unique": (np.diff(known) <= 0).any(),
        "some labellings lead to rows that do not exist": rows.min() < 0 or rows.max() >= len(arrays["keys"]),
        "the epochs are not ascending from 1 on": (np.diff(arrays["epochs"], prepend=0) <= 0).any(),
        "`recorded` holds values other than 0 and 1": arrays["recorded"].max() > 1,
    }
    return next((problem for problem, found in problems.items() if found), None)


def _lengths(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The value of each named length, read from the dataset that defines it."""
    known = {"cells": ("keys", 0), "budgets": ("epochs", 0), "repeats": ("recorded", 2), "labellings": ("aliases", 0)}
    return {length: shapes[name][place] for length, (name, place) in known.items() if len(shapes.get(name, ())) > place}


def spans(epochs: Sequence[int]) -> str:
    """Ascending budgets in words: ``4, 12, 36, 108``, and where three or more follow each other ``1 to 1000``."""
    runs: list[list[int]] = []
    for count in epochs:
        if runs and runs[-1][-1] + 1 == count:
            runs[-1].append(count)
        else:
            runs.append([count])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def digest_of(arrays: Mapping[str, Array], attributes: Mapping[str, object]) -> str:
    """SHA-256 over every dataset's name, type, shape and bytes (by name), then over the MEANING attributes."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    for name in DIGESTED_ATTRIBUTES:
        sha.update(f"{name}={attributes[name]}\n".encode())
    return sha.hexdigest()
