"""A State survives the codec exactly, and damage is always noticed."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.core.errors import StoreError
from harness.storage.state_codec import decode, encode

DTYPES = hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes()
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**2000), 2**2000)
    | st.floats()
    | st.text()
    | st.text(st.characters(codec=None))
    | ARRAYS
    | ARRAYS.filter(lambda array: array.size).map(lambda array: array.reshape(-1)[0])
)
KEYS = st.text() | st.integers() | st.none() | st.tuples(st.integers(), st.text()) | st.just("$")
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner) | st.lists(st.integers()),
    max_leaves=20,
)


def same(a: object, b: object) -> bool:
    """Equality that also holds types, signs of zero, dtypes, shapes and the order of keys, and takes nan as nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(k, m) and same(v, w) for (k, v), (m, w) in zip(a.items(), b.items(), strict=True)
        )
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (a != a and b != b)
    return a == b


@given(st.dictionaries(KEYS, TREES))
@settings(max_examples=60)
def test_any_tree_comes_back_exactly_and_equal_trees_give_equal_bytes(tree):
    copy = decode(encode(tree))
    assert same(copy, tree)
    assert encode(copy) == encode(tree)


def test_the_state_of_a_generator_comes_back_with_its_128_bit_integers():
    rng = np.random.default_rng(1268)
    rng.random(7)
    twin = np.random.default_rng(0)
    twin.bit_generator.state = decode(encode({"rng": rng.bit_generator.state}))["rng"]
    assert rng.integers(2**60, size=9).tolist() == twin.integers(2**60, size=9).tolist()


def test_arrays_keep_type_order_of_bytes_and_shape_and_are_writable():
    view = np.arange(24, dtype=">i2").reshape(2, 3, 4).transpose(2, 0, 1)[::2]
    back = decode(encode({"a": view, "empty": np.zeros((0, 3), np.float32)}))
    assert back["a"].dtype == np.dtype(">i2")
    assert back["a"].tolist() == view.tolist()
    assert back["empty"].shape == (0, 3)
    assert back["empty"].dtype == np.float32
    back["a"][0] = 0


class Temperature(float):
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), r"state\.pool\[1\] is a builtins\.object"),
        ({1, 2}, r"state\.pool\[1\] is a builtins\.set"),
        (np.array([None]), r"state\.pool\[1\] is a numpy\.ndarray of object"),
        (np.zeros(2, dtype=[("x", "f4")]), r"state\.pool\[1\] is a numpy\.ndarray of"),
        (Temperature(1.0), r"Temperature"),
        (1j, r"builtins\.complex"),
    ],
)
def test_what_a_state_cannot_hold_is_named_with_its_place(value, words):
    with pytest.raises(TypeError, match=words):
        encode({"pool": [0, value]})


@given(st.data())
@settings(max_examples=200)
def test_damaged_bytes_are_always_noticed(data):
    good = encode({"rng": np.random.default_rng(0).bit_generator.state, "w": np.arange(9.0), "pool": [(1, 2), (3, 4)]})
    at = data.draw(st.integers(0, len(good) - 1))
    flipped = bytearray(good)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    for bad in (bytes(flipped), good[:at], good + b"\0"):
        with pytest.raises(StoreError, match="damaged"):
            decode(bad)


def test_no_pickle_is_read():
    with pytest.raises(StoreError):
        decode(b"\x80\x04N.")
