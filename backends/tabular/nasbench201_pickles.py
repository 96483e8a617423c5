"""Reads the pickles of NAS-Bench-201: numbers, texts and containers; nothing that a pickle names is imported or called.

A pickle is a program that may call whatever it can import (Python documentation, pickle, "Restricting Globals").
Here the few names that the benchmark's files need lead to stand-ins of our own, and others nowhere. Trained weights
and arrays, which a table has no use for, are let go of unread.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np

from harness.core.errors import TableError
from harness.files.plain_pickles import FAILURES

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


NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _Ordered,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("_codecs", "encode"): _bytes,
    ("numpy", "dtype"): _NumberType,
    ("numpy", "ndarray"): Dropped,
    ("numpy.core.multiarray", "scalar"): _number,
    ("numpy._core.multiarray", "scalar"): _number,  # NumPy 2 writes this name
    ("numpy.core.multiarray", "_reconstruct"): Dropped,
    ("numpy._core.multiarray", "_reconstruct"): Dropped,
    ("torch._utils", "_rebuild_tensor_v2"): Dropped,
    ("torch._utils", "_rebuild_parameter"): Dropped,
    ("torch.storage", "_load_from_bytes"): Dropped,
}
"""What each name that a file may hold leads to."""

TYPES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
STORAGES = tuple(f"{each}Storage" for each in TYPES)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name, imported from nowhere."""
        if module == "torch" and name in STORAGES:
            return Dropped
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"it holds the name {module + '.' + name!r}")
        return NAMES[module, name]

    def persistent_load(self, identity: object) -> Any:
        """What PyTorch keeps outside of the pickle: the storage of a tensor."""
        return Dropped()


class Readable(Protocol):
    """A file that is read in binary, plain, compressed or in an archive."""

    def read(self, size: int = ..., /) -> bytes:
        """At most so many bytes."""
        ...

    def readline(self) -> bytes:
        """The bytes to the end of the line."""
        ...


def load_results(file: Readable, source: str) -> Any:
    """The next pickled object of a file; raises TableError, which names ``source``, for what is none of that kind."""
    try:
        return _Unpickler(file).load()
    except (*FAILURES, OSError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(f"{source} is no pickle of numbers, texts and containers alone: {reason}") from error
