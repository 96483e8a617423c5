"""Plain data comes back from a pickle; whatever could run code is named and never run."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.errors import DataError
from harness.files.plain_pickles import load_plain

BY_PYTHON_2 = (  # cPickle of Python 2.7, protocol 2, in the form of the official batches
    b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05(K\x06K\teU\x04dataq\x06"
    b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\tU\x01b\x87Rq\n(K\x01K\x02K\x03\x86"
    b"q\x0bcnumpy\ndtype\nq\x0cU\x02u1q\rK\x00K\x01\x87q\x0eRq\x0f(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
    b"tq\x10b\x89U\x06\x00\x01\x80\xff\x7f\nq\x11tbU\tfilenamesq\x12]q\x13(U\x05a.pngq\x14U\x05b.pngq\x15eu."
)


class Calls:
    """Pickles as a call of a function, which plain unpickling would make."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


class Subclass(np.ndarray):
    """An array whose class runs code of its own when it is rebuilt."""

    def __setstate__(self, state: Any, /) -> None:
        os.abort()


def test_a_pickle_of_python_2_comes_back_as_bytes() -> None:
    found = load_plain(BY_PYTHON_2, "it")
    np.testing.assert_array_equal(found.pop(b"data"), [[0, 1, 128], [255, 127, 10]])
    assert found == {
        b"batch_label": b"training batch 1 of 5",
        b"labels": [6, 9],
        b"filenames": [b"a.png", b"b.png"],
    }


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_plain_data_and_byte_arrays_survive_a_round_trip(protocol: int, order: Any) -> None:
    pixels = np.asarray(np.arange(256, dtype=np.uint8).reshape(4, 64), order=order)
    content = {b"data": pixels, "labels": [1, 2**70, {b"deep": "text"}], 3: b"\x00\xff"}
    found = load_plain(pickle.dumps(content, protocol), "it")
    assert found[b"data"].dtype == np.uint8
    np.testing.assert_array_equal(found.pop(b"data"), content.pop(b"data"))
    assert found == content


def test_an_array_pickled_twice_is_found_twice() -> None:
    pixels = np.arange(3, dtype=np.uint8)
    first, second = load_plain(pickle.dumps([pixels, pixels], 4), "it")
    assert first is second
    assert first.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (Calls(os.system, "true"), f"{os.name}.system"),
        ({b"data": Calls(eval, "1")}, r"builtin(s|__)\.eval"),
        (Calls(np.load, "objects.npy", None, True), "numpy.load"),
        (np.zeros(3, np.uint8).view(Subclass), "Subclass"),
        (OrderedDict(a=1), "collections.OrderedDict"),
        (np.array([Calls(os.system, "true")], object), "an array of 'O8'"),
        (np.zeros(3), "an array of 'f8'"),
        (np.zeros(3, [("a", "u1")]), "an array of 'V1'"),
        (np.uint8(3), "scalar"),
        ([1.5], "type 'float'"),
        ({b"a": None}, "None"),
        ([True], "type 'bool'"),
        ({(1, 2): 3}, "type 'tuple'"),
        (np.ndarray, "type 'type'"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_anything_else_is_refused_by_its_name(content: Any, named: str, protocol: int) -> None:
    with pytest.raises(DataError, match=f"^the file .*{named}") as caught:
        load_plain(pickle.dumps(content, protocol), "the file")
    assert "\n" not in str(caught.value)


def test_nothing_that_is_refused_has_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    with pytest.raises(DataError, match="system"):
        load_plain(pickle.dumps([1, Calls(os.system, f"touch {made}")]), "it")
    assert not made.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        BY_PYTHON_2[:200],
        BY_PYTHON_2.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"),  # a shape of more bytes than there are
        b"\x80\x04cnumpy\nndarray\nK\x09\x85R.",  # an array made by a call of its class
        b"\x80\x04cnumpy\nndarray\n}(\x8c\x05arrayK\x01ub.",  # a class given attributes
        b"\x80\x04cnumpy\nndarray.tofile\n.",
        b"\x80\x04c_codecs\nencode\n(\x8c\x01a\x8c\x05rot13tR.",
        b"\x80\x04\x82\x01.",  # an extension code
        b"\x80\x04\x8c\x01aQ.",  # a persistent name
    ],
)
def test_bytes_that_are_no_such_pickle_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="it is no pickle of plain data"):
        load_plain(content, "it")


def test_an_array_that_was_never_filled_is_empty_and_harmless() -> None:
    assert load_plain(b"\x80\x04cnumpy\nndarray\n)\x81.", "it").shape == (0,)


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    found = load_plain(pickle.dumps(endless), "it")
    assert found[1] is found
