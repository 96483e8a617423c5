"""Reads pickles of plain data and byte arrays; they may name only what NumPy arrays and protocol 2's bytes need."""

from __future__ import annotations

import io
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.errors import DataError
from harness.core.quoting import one_line
from harness.files.bounded_files import BoundedFile
from harness.files.restricted_pickles import MULTIARRAYS, StandIns, load_restricted


def load_plain(content: bytes, source: str) -> Any:
    """The pickled object: bytes, str, int, lists, dicts and uint8 arrays, nested at will; Python 2's str is bytes.

    Raises DataError, which names `source`, for anything else, and for bytes that are no pickle.
    """
    try:
        loaded = load_restricted(BoundedFile(io.BytesIO(content), len(content)), _STAND_INS, encoding="bytes")
    except (pickle.UnpicklingError, OSError) as error:
        raise DataError(
            f"{source} is no pickle of plain data and byte arrays alone: {one_line(str(error))[:400]}"
        ) from error
    return _plain(loaded, source)


class _ByteType:
    """Replaces `numpy.dtype`; accepts only uint8."""

    def __init__(self, code: str | bytes, align: object, copy: object) -> None:
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"it holds an array of {code!r}")

    def __setstate__(self, state: object) -> None:
        """Ignore byte order and fields: single bytes have none."""


class _ByteArray:
    """Replaces `numpy.ndarray` and the function that rebuilds one; empty until its state is set."""

    array: npt.NDArray[np.uint8] = np.empty(0, np.uint8)

    def __init__(self, kind: object, shape: object, code: object) -> None:
        if kind is not _ByteArray:
            raise pickle.UnpicklingError("it holds an array of another class")

    def __setstate__(self, state: tuple[int, tuple[int, ...], _ByteType, bool, bytes]) -> None:
        """Fill the array: version, shape, type, Fortran order, and the bytes."""
        _, shape, kind, fortran, content = state
        if type(kind) is not _ByteType or type(content) is not bytes or min(shape, default=0) < 0:
            raise pickle.UnpicklingError("it holds an array of something other than bytes")
        if math.prod(shape) != len(content):
            raise pickle.UnpicklingError(f"it holds an array of shape {shape} with {len(content)} bytes")
        self.array = np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")


_STAND_INS: StandIns = {
    **{(module, "_reconstruct"): _ByteArray for module in MULTIARRAYS},
    ("numpy", "ndarray"): _ByteArray,
    ("numpy", "dtype"): _ByteType,
    ("_codecs", "encode"): str.encode,  # how protocol 2 writes bytes: their latin-1 text, and "latin1"
}


def _plain(loaded: object, source: str) -> Any:
    """The same object with arrays in place of their stand-ins; a loop, so that deep nesting needs no deep stack."""
    whole: list[Any] = [loaded]
    seen, waiting = set[int](), [whole]
    while waiting:
        holder: Any = waiting.pop()
        for place, value in list(holder.items() if type(holder) is dict else enumerate(holder)):
            if type(value) is _ByteArray:
                holder[place] = value.array
            elif type(value) in (list, dict):
                if id(value) not in seen:
                    seen.add(id(value))
                    waiting.append(value)
            elif type(value) not in (bytes, str, int):
                raise DataError(f"{source} holds {_named(value)}; expected bytes, str, int, list, dict or byte arrays")
            if type(holder) is dict and type(place) not in (bytes, str, int):
                raise DataError(f"{source} holds a key that is {_named(place)}; expected bytes, str or int")
    return whole[0]


def _named(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__!r}"
