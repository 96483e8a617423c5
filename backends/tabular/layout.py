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
