"""Reads pickles with stand-ins for the names in them; nothing that a pickle names is imported or called.

A pickle is a program that may call whatever it can import (Python documentation, pickle, "Restricting Globals"). A
reader declares which names its files may hold, and which function or class of this project replaces each. Python's own
unpickler in C takes memory, and nests tuples until the process crashes, as the pickle says; so the one in Python reads
them here, within stated limits and at some 15 MB a second.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from harness.files.bounded_files import BoundedFile

StandIns: TypeAlias = Mapping[tuple[str, str], Callable[..., Any]]
"""The stand-in of each allowed name, by (module, name)."""

PERSISTENT = ("", "persistent id")
"""The key in a StandIns table of the stand-in for an object that lies outside of the pickle."""

MULTIARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
"""The modules that pickles of NumPy 1 and of NumPy 2 name for its functions."""

DEEPEST = 100
"""The most tuples inside of each other; the hash of some 100,000 overflows the stack."""

FEW_CONTAINERS = 100_000
"""Containers, of some 64 bytes each, that any pickle may make..."""

CONTAINER_BYTES = 4
"""...and the least bytes of it for each container beyond these."""

_FAILURES = (
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    AssertionError,
    RecursionError,
    struct.error,
)
"""What an unpickler raises for bytes that are no pickle, or for arguments that a stand-in does not accept."""


def load_restricted(file: BoundedFile, names: StandIns, encoding: str = "ASCII") -> Any:
    """Read the next pickled object of a file; ``encoding`` is that of Python 2's texts.

    Raises UnpicklingError with a one-line message for a name that is not allowed, for bytes that are no pickle and for
    more or deeper containers than stated; OSError where the file cannot be read or is too large.
    """
    try:
        return _Unpickler(file, names, encoding).load()
    except (*_FAILURES, pickle.UnpicklingError) as error:
        raise pickle.UnpicklingError(" ".join(str(error).split()) or type(error).__name__) from error


class _Unpickler(pickle._Unpickler):
    dispatch: ClassVar = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: BoundedFile, names: StandIns, encoding: str) -> None:
        super().__init__(file, encoding=encoding)
        self._bounded, self._names = file, names
        self._containers, self._depths = 0, dict[int, int]()

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name; nothing is imported."""
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"it holds the name {module + '.' + name!r}")
        return self._names[module, name]

    def persistent_load(self, identity: object) -> Any:
        """The stand-in of an object outside of the pickle."""
        return self.find_class(*PERSISTENT)()

    def count_container(self) -> None:
        """Count a container that the pickle makes; raises UnpicklingError for one too many."""
        self._containers += 1
        if self._containers > FEW_CONTAINERS + self._bounded.taken // CONTAINER_BYTES:
            raise pickle.UnpicklingError(
                f"it holds more than {self._containers - 1:,} containers, too many for its size"
            )

    def measure_tuple(self, made: tuple[Any, ...]) -> None:
        """Note how deep a tuple is; raises UnpicklingError beyond DEEPEST."""
        depth = 1 + max((self._depths.get(id(part), 1) for part in made if type(part) is tuple), default=0)
        self._depths.pop(id(made), None)  # of another one that was there before
        if depth > 1:
            self._depths[id(made)] = depth
        if depth > DEEPEST:
            raise pickle.UnpicklingError(f"it holds more than {DEEPEST} tuples inside of each other")


def _limited(load: Callable[[Any], None]) -> Callable[[Any], None]:
    """The same operation of an unpickler that makes a container, within the limits."""

    def limited(unpickler: Any) -> None:
        unpickler.count_container()
        load(unpickler)
        if unpickler.stack and type(unpickler.stack[-1]) is tuple:
            unpickler.measure_tuple(unpickler.stack[-1])

    return limited


def _build(unpickler: Any) -> None:
    """Set the state of a stand-in; one without a method for that, such as a function, would be changed itself."""
    if not hasattr(type(unpickler.stack[-2]), "__setstate__"):
        raise pickle.UnpicklingError("it sets the state of something that has none")
    unpickler.load_build()


_CONTAINERS = ("MARK", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "DICT")
for _code in (getattr(pickle, _name)[0] for _name in _CONTAINERS):
    _Unpickler.dispatch[_code] = _limited(_Unpickler.dispatch[_code])
del _Unpickler.dispatch[pickle.BYTEARRAY8[0]]  # it takes its memory before it reads
_Unpickler.dispatch[pickle.BUILD[0]] = _build
