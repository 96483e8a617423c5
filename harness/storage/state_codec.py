"""Turns a State tree into bytes and back, exactly and without pickle.

The container: 8 bytes of magic, the CRC-32 of all that follows (4 bytes, little-endian), the length of the skeleton (8
bytes), the skeleton as JSON, and the bytes of all arrays. In the skeleton a list is a JSON array and a dict with text
keys a JSON object; everything else is an object whose key ``$`` names its type.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.errors import StoreError
from harness.core.oracle import State

MAGIC = b"NASstat1"
HEADER = struct.Struct("<8sIQ")

MOST_DECIMAL_BITS = 1024
"""Integers of more bits are written in hexadecimal, because Python refuses to read very long decimal ones."""

ARRAY_KINDS = "biufcSUmM"
"""The array types that a state may hold: numbers, fixed-width text, dates."""


def encode(state: State) -> bytes:
    """The bytes of a tree; equal trees (with the same order of keys) give equal bytes.

    Raises TypeError, naming the place, for what a State must not hold: objects, tensors, sets.
    """
    writer = _Writer()
    skeleton = json.dumps(writer.bare(state, "state"), ensure_ascii=False, separators=(",", ":"))
    text = skeleton.encode("utf-8", "surrogatepass")
    body = b"".join((len(text).to_bytes(8, "little"), text, *writer.blobs))
    return MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def decode(data: bytes) -> dict[str, Any]:
    """The tree that ``encode`` was given, its arrays writable; raises StoreError for damaged bytes."""
    if len(data) < HEADER.size or data[:8] != MAGIC:
        raise StoreError("a checkpoint's state is damaged: it does not begin as one")
    _, checksum, length = HEADER.unpack_from(data)
    if zlib.crc32(memoryview(data)[12:]) != checksum:
        raise StoreError("a checkpoint's state is damaged: its checksum differs")
    end = HEADER.size + length
    text = data[HEADER.size : end].decode("utf-8", "surrogatepass")
    tree: dict[str, Any] = json.loads(text, object_hook=_Reader(data, end).revive)
    return tree


class _Writer:
    """Converts values to JSON types, and collects the bytes of the arrays."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []
        self._size = 0

    def bare(self, value: Any, path: str) -> Any:
        kind = type(value)
        if kind is int:
            return value if value.bit_length() <= MOST_DECIMAL_BITS else {"$": "int", "v": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$": "float", "v": repr(value)}
        if value is None or kind is bool or kind is str:
            return value
        if kind is list:
            return self._items(value, path)
        if kind is tuple:
            return {"$": "tuple", "v": self._items(value, path)}
        if isinstance(value, Mapping):
            return self._mapping(value, path)
        return self._array(value, path)

    def _items(self, values: Sequence[Any], path: str) -> list[Any]:
        """The items of a sequence, all at once where none of them needs a tag."""
        kinds = set(map(type, values))
        short = kinds == {int} and max(map(int.bit_length, values)) <= MOST_DECIMAL_BITS
        if short or (kinds == {float} and all(map(math.isfinite, values))):
            return list(values)
        return [self.bare(value, f"{path}[{i}]") for i, value in enumerate(values)]

    def _mapping(self, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
        if all(type(key) is str for key in value) and "$" not in value:
            return {key: self.bare(item, f"{path}.{key}") for key, item in value.items()}
        pairs = [[self.bare(key, path), self.bare(item, f"{path}[{key!r}]")] for key, item in value.items()]
        return {"$": "dict", "v": pairs}

    def _array(self, value: Any, path: str) -> dict[str, Any]:
        kind = type(value)
        plain = kind is np.ndarray or isinstance(value, np.generic)
        if not plain or value.dtype.kind not in ARRAY_KINDS:
            what = f"{kind.__module__}.{kind.__qualname__}" + (f" of {value.dtype}" if plain else "")
            raise TypeError(f"{path} is a {what}, which a State cannot hold; use plain values and NumPy arrays")
        start = self._size
        self.blobs.append(value.tobytes())
        self._size += len(self.blobs[-1])
        tag = "array" if kind is np.ndarray else "scalar"
        return {"$": tag, "type": value.dtype.str, "shape": list(value.shape), "at": start}


class _Reader:
    """Converts the tagged objects of a skeleton to values; the arrays' bytes begin at ``start`` of ``data``."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._start = data, start

    def revive(self, node: dict[str, Any]) -> Any:
        """The value of a JSON object whose parts are converted already."""
        match node.get("$"):
            case None:
                return node
            case "tuple":
                return tuple(node["v"])
            case "dict":
                return dict(node["v"])
            case "int":
                return int(node["v"], 16)
            case "float":
                return float(node["v"])
            case "array":
                return self._array(node)
            case "scalar":
                return self._array(node)[()]
            case tag:
                raise StoreError(f"a checkpoint's state holds {tag!r}, which this version does not know")

    def _array(self, node: dict[str, Any]) -> npt.NDArray[Any]:
        dtype, shape = np.dtype(node["type"]), tuple(node["shape"])
        if 0 in shape or not dtype.itemsize:
            return np.zeros(shape, dtype)
        return np.ndarray(shape, dtype, self._data, self._start + node["at"]).copy()
