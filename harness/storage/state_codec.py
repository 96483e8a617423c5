"""Turns a State tree into bytes and back, exactly and without pickle.

The container: 8 bytes of magic, the CRC-32 of all that follows (4 bytes, little-endian), the length of the skeleton (8
bytes), the skeleton as JSON, and the bytes of all arrays. In the skeleton a list is a JSON array and a dict with text
keys a JSON object; everything else is an object whose key ``$`` names its type.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

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

ARRAY_TYPE = re.compile(rf"[<>|][{ARRAY_KINDS}]\d{{0,9}}(\[([1-9]\d{{0,8}})?[a-zA-Z]{{1,2}}\])?")
"""How the name of such a type looks, from its order of bytes to the unit of a date."""

MOST_DIMENSIONS = 64
MOST_SIDE = 2**63 - 1
"""The dimensions of an array, and the length of one, that NumPy knows."""

TAGS: Mapping[str, Mapping[str, type]] = {
    "tuple": {"v": list},
    "dict": {"v": list},
    "int": {"v": str},
    "float": {"v": str},
    "array": {"type": str, "shape": list, "at": int},
    "scalar": {"type": str, "shape": list, "at": int},
}
"""The tagged objects of a skeleton: the keys besides ``$``, all needed, and the types of their values."""

WORDS = {"int": re.compile(r"-?0x[0-9a-f]+"), "float": re.compile(r"-?inf|nan")}
"""The numbers that are written as text."""


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
    """The tree that ``encode`` was given, its arrays writable; raises StoreError for damaged bytes.

    The checksum finds accidents alone, so nothing behind it is believed: each part is checked before it is used.
    """
    if len(data) < HEADER.size or data[:8] != MAGIC:
        raise _damaged("it does not begin as one")
    _, checksum, length = HEADER.unpack_from(data)
    if zlib.crc32(memoryview(data)[12:]) != checksum:
        raise _damaged("its checksum differs")
    end = HEADER.size + length
    if end > len(data):
        raise _damaged(f"its skeleton of {length} bytes ends after the data")
    try:
        text = data[HEADER.size : end].decode("utf-8", "surrogatepass")
        tree = json.loads(text, object_hook=_Reader(data, end).revive, parse_constant=_no_constant)
    except RecursionError as error:
        raise _damaged("its parts are nested too deep") from error
    except ValueError as error:
        raise _damaged(f"its skeleton is no JSON ({error})") from error
    if not isinstance(tree, dict):
        raise _damaged(f"it holds a {type(tree).__name__}, expected a dict")
    return tree


def _damaged(why: str) -> StoreError:
    return StoreError(f"a checkpoint's state is damaged: {why}; restore the store from a copy, or use another --store")


def _no_constant(name: str) -> NoReturn:
    raise _damaged(f"it holds a bare {name}")


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
        if "$" not in node:
            return node
        tag = node["$"]
        layout = TAGS.get(tag) if type(tag) is str else None
        if layout is None:
            raise _damaged(f"it holds a part of kind {_short(tag)}, which this version does not know")
        if {name: type(value) for name, value in node.items()} != {"$": str, **layout}:
            raise _damaged(f"a part of kind {tag!r} is not made of {', '.join(layout)}")
        match tag:
            case "tuple":
                return tuple(node["v"])
            case "dict":
                return _pairs(node["v"])
            case "array":
                return self._array(node)
            case "scalar" if node["shape"] == []:
                return self._array(node)[()]
            case _ if tag in WORDS and WORDS[tag].fullmatch(node["v"]):
                return int(node["v"], 16) if tag == "int" else float(node["v"])
        raise _damaged(f"a part of kind {tag!r} holds {_short(node)}")

    def _array(self, node: dict[str, Any]) -> npt.NDArray[Any]:
        """An array of its own bytes; nothing is allocated before its type, its shape and its place are known right."""
        dtype, shape, start = _array_type(node["type"]), node["shape"], self._start + node["at"]
        if len(shape) > MOST_DIMENSIONS or not all(type(side) is int and 0 <= side <= MOST_SIDE for side in shape):
            raise _damaged(f"an array has the shape {_short(shape)}")
        count = math.prod(shape)
        if node["at"] < 0 or count > len(self._data) or start + count * dtype.itemsize > len(self._data):
            raise _damaged(f"an array of {count} times {dtype} at {_short(node['at'])} is not inside the data")
        size = count * dtype.itemsize
        part = bytearray(self._data[start : start + size])
        if dtype.kind == "U" and size and np.frombuffer(part, f"{dtype.byteorder}u4").max() > sys.maxunicode:
            raise _damaged("a text in an array holds what is no character")
        return np.ndarray(shape, dtype, part)


def _array_type(text: str) -> np.dtype[Any]:
    """The type that ``numpy.dtype.str`` calls so; NumPy itself reads much more, such as structures and pointers."""
    try:
        dtype = np.dtype(text) if ARRAY_TYPE.fullmatch(text) else None
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or dtype.str != text or dtype.kind not in ARRAY_KINDS:
        raise _damaged(f"an array has the type {_short(text)}, expected numbers, fixed-width text or dates")
    return dtype


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if not all(type(item) is list and len(item) == 2 for item in items):
        raise _damaged("a dict is no list of pairs")
    try:
        return dict(items)
    except TypeError as error:
        raise _damaged("a dict has a list, a dict or an array for a key") from error


def _short(value: Any) -> str:
    """The beginning of a value in a message, in plain characters."""
    return ascii(value)[:60]
