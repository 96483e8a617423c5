"""Reads pickles whose names lead to a declared table of stand-ins; nothing that a pickle names is imported or called.

A pickle is a program that may call whatever it can import (Python documentation, pickle, "Restricting Globals"). A
reader declares which names its files may hold, and which function or class of our own stands in for each.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeAlias

StandIns: TypeAlias = Mapping[tuple[str, str], Callable[..., Any]]
"""What each allowed name, as (module, name), leads to."""

PERSISTENT = ("", "persistent id")
"""The name under which a table declares what stands in for an object that lies outside of the pickle."""

MULTIARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
"""Where NumPy 1 and NumPy 2 say that their functions lie."""

_FAILURES = (EOFError, AttributeError, LookupError, TypeError, ValueError, OverflowError, MemoryError)
"""What an unpickler raises on bytes that are no pickle, or on calls that the stand-ins do not take."""


def load_restricted(file: IO[bytes], names: StandIns, encoding: str = "ASCII") -> Any:
    """The next pickled object of a file, texts of Python 2 in this encoding.

    Raises UnpicklingError, whose text is one line, for another name and for bytes that are no pickle.
    """
    try:
        return _Unpickler(file, names, encoding).load()
    except (*_FAILURES, pickle.UnpicklingError) as error:
        raise pickle.UnpicklingError(" ".join(str(error).split()) or type(error).__name__) from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], names: StandIns, encoding: str) -> None:
        super().__init__(file, encoding=encoding)
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name, imported from nowhere."""
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"it holds the name {module + '.' + name!r}")
        return self._names[module, name]

    def persistent_load(self, identity: object) -> Any:
        """The stand-in of an object outside of the pickle."""
        return self.find_class(*PERSISTENT)()
