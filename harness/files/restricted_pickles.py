"""Reads pickles with stand-ins for the names in them; nothing that a pickle names is imported or called.

A pickle is a program that may call whatever it can import (Python documentation, pickle, "Restricting Globals"). A
reader declares which names its files may hold, and which function or class of this project replaces each.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeAlias

StandIns: TypeAlias = Mapping[tuple[str, str], Callable[..., Any]]
"""The stand-in of each allowed name, by (module, name)."""

PERSISTENT = ("", "persistent id")
"""The key in a StandIns table of the stand-in for an object that lies outside of the pickle."""

MULTIARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
"""The modules that pickles of NumPy 1 and of NumPy 2 name for its functions."""

_FAILURES = (EOFError, AttributeError, LookupError, TypeError, ValueError, OverflowError, MemoryError)
"""What an unpickler raises for bytes that are no pickle, or for arguments that a stand-in does not accept."""


def load_restricted(file: IO[bytes], names: StandIns, encoding: str = "ASCII") -> Any:
    """Read the next pickled object of a file; ``encoding`` is that of Python 2's texts.

    Raises UnpicklingError with a one-line message for a name that is not allowed and for bytes that are no pickle.
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
        """The stand-in of a name; nothing is imported."""
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"it holds the name {module + '.' + name!r}")
        return self._names[module, name]

    def persistent_load(self, identity: object) -> Any:
        """The stand-in of an object outside of the pickle."""
        return self.find_class(*PERSISTENT)()
