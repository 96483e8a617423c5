"""Reads the pickles of NAS-Bench-201: numbers, texts and containers.

Trained weights and arrays, which a table has no use for, are let go of unread.
"""

from __future__ import annotations

import pickle
from typing import Any, Self

import numpy as np

from harness.core.errors import TableError
from harness.core.quoting import one_line
from harness.files.bounded_files import ARCHIVE_FAILURES, BoundedFile
from harness.files.restricted_pickles import MULTIARRAYS, PERSISTENT, StandIns, load_restricted

NUMBERS = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1")
"""The NumPy types of single numbers."""


class Dropped:
    """Stands in for an array, a tensor or a storage of weights: whatever belongs to it is let go of."""

    def __new__(cls, *content: object) -> Self:
        """One that holds nothing, whatever it is called with."""
        return super().__new__(cls)

    def __init__(self, *content: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


class _Ordered(dict[Any, Any]):
    """Stands in for ``collections.OrderedDict``, whose own attributes (PyTorch's versions of modules) are not kept."""

    def __setstate__(self, state: object) -> None: ...


class _NumberType:
    """Stands in for ``numpy.dtype``."""

    def __init__(self, code: str, align: object = False, copy: object = False) -> None:
        self.code, self.swapped = code, False

    def __setstate__(self, state: tuple[object, ...]) -> None:
        """Take the byte order, which is ``|`` of single bytes, else ``<`` or ``>``."""
        self.swapped = state[1] == ">"


def _number(kind: object, content: object) -> Any:
    """Stands in for the function that makes NumPy's single numbers; they become Python's."""
    if type(kind) is not _NumberType or kind.code not in NUMBERS or type(content) is not bytes:
        raise pickle.UnpicklingError("it holds a NumPy number of a type that is none")
    return np.frombuffer(content, np.dtype((">" if kind.swapped else "<") + kind.code)).item()


def _bytes(text: str, encoding: str) -> bytes:
    """Stands in for the function by which protocol 2 writes bytes: their latin-1 text."""
    return text.encode("latin-1")


TYPES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")

NAMES: StandIns = {
    ("collections", "OrderedDict"): _Ordered,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("_codecs", "encode"): _bytes,
    ("numpy", "dtype"): _NumberType,
    ("numpy", "ndarray"): Dropped,
    **{(module, "scalar"): _number for module in MULTIARRAYS},
    **{(module, "_reconstruct"): Dropped for module in MULTIARRAYS},
    ("torch._utils", "_rebuild_tensor_v2"): Dropped,
    ("torch._utils", "_rebuild_parameter"): Dropped,
    ("torch.storage", "_load_from_bytes"): Dropped,
    **{("torch", f"{each}Storage"): Dropped for each in TYPES},
    PERSISTENT: Dropped,  # the storage of a tensor
}
"""What each name that a file may hold leads to."""


def load_results(file: BoundedFile, source: str) -> Any:
    """The next pickled object of a file; raises TableError, which names ``source``, for what is none of that kind."""
    try:
        return load_restricted(file, NAMES)
    except (pickle.UnpicklingError, *ARCHIVE_FAILURES) as error:
        reason = one_line(str(error))[:400] or type(error).__name__
        raise TableError(f"{source} is no pickle of numbers, texts and containers alone: {reason}") from error
