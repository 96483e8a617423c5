"""HDF5 files of which one object is hostile."""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.fuzzing.mutations import damaged


def _group(file: h5py.File, name: str, _old: Any) -> None:
    file.create_group(name)


def _deep(file: h5py.File, name: str, _old: Any) -> None:
    file.create_group(f"{name}/" + "/".join(["g"] * 200))


def _with(make: Callable[[Any], Any]) -> Callable[[h5py.File, str, Any], None]:
    def replace(file: h5py.File, name: str, old: Any) -> None:
        file[name] = make(old)

    return replace


def _spoilt(value: float) -> Callable[[Any], Any]:
    def make(old: Any) -> Any:
        array = np.array(old, dtype=np.float64) if np.asarray(old).dtype.kind in "iuf" else np.zeros(3)
        if array.size:
            array.reshape(-1)[array.size // 2] = value
        return array

    return make


def _huge(file: h5py.File, name: str, old: Any) -> None:
    shape = (10**9, *np.asarray(old).shape[1:])
    file.create_dataset(name, shape=shape, dtype="f8", chunks=(1,) * len(shape))


def _references(file: h5py.File, name: str, _old: Any) -> None:
    file.create_dataset(name, data=np.array([file.ref] * 3, dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)


def _outside(file: h5py.File, name: str, _old: Any) -> None:
    file[name] = h5py.ExternalLink("/etc/hostname", "/x")


def _itself(file: h5py.File, name: str, _old: Any) -> None:
    file[name] = h5py.SoftLink("/")


REPLACEMENTS: tuple[Callable[[h5py.File, str, Any], None], ...] = (
    _group,
    _deep,
    _huge,
    _references,
    _outside,
    _itself,
    *(_with(_spoilt(value)) for value in (np.nan, np.inf, -1.0, 1.9, 1e300, 5.0)),
    _with(lambda old: np.asarray(old)[:0]),
    _with(lambda old: np.asarray(old)[..., None]),
    _with(lambda old: np.asarray(old)[:1]),
    _with(lambda _: b"text"),
    _with(lambda _: "text"),
    _with(lambda _: h5py.Empty("f4")),
    _with(lambda _: np.zeros(3, [("a", "i4")])),
    _with(lambda _: np.array(["a", "b"], dtype=object)),
    _with(lambda _: 3.5),
)


def spoilt(content: bytes, random: Random, seal: Callable[[h5py.File], None] | None = None) -> bytes:
    """The file with a dataset or an attribute replaced, or damaged; ``seal`` makes its digest fit."""
    if random.randrange(3) == 0:
        return damaged(content, random)
    image = io.BytesIO(content)
    with h5py.File(image, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        if file.attrs and random.randrange(4) == 0:
            name = random.choice(list(file.attrs))
            file.attrs[name] = random.choice((3, "", "x", b"\xff", "[" * 3000, np.zeros(3), np.nan, h5py.Empty("f4")))
        else:
            name = random.choice(names)
            old = file[name][()]
            del file[name]
            random.choice(REPLACEMENTS)(file, name, old)
            if seal is not None:
                seal(file)
    return image.getvalue()
