"""A State survives the codec exactly, and damage is always noticed."""

import contextlib
import json
import struct
import zlib

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
@settings(max_examples=25)
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


def container(skeleton, blobs=b"", length=None):
    """Bytes with a right checksum around any skeleton: what only a program can make, no accident."""
    text = skeleton if isinstance(skeleton, bytes) else json.dumps(skeleton).encode()
    body = (len(text) if length is None else length).to_bytes(8, "little") + text + blobs
    return b"NASstat1" + zlib.crc32(body).to_bytes(4, "little") + body


def array(**changes):
    return {"w": {"$": "array", "type": "<f8", "shape": [2], "at": 0} | changes}


def test_a_container_made_by_hand_is_read_as_one_that_was_encoded():
    assert decode(container(array(), bytes(8) + b"\0\0\0\0\0\0\xf0?"))["w"].tolist() == [0.0, 1.0]


TYPES = [
    "|O",
    "O",
    "O8",
    "<O8",
    "|V8",
    "V8",
    "i4,i4",
    "f8,f8",
    "10i4",
    "(2,)i4",
    "<f8,",
    "f8",
    "float64",
    "=f8",
    "<f3",
    "",
]
TYPES += [
    "<M8[fortnight]",
    "<M8[us/3]",
    "<m8[0s]",
    "|u01",
    "<f08",
    "|S99999999999",
    "<U-1",
    "<U1\n",
    "|b2",
    "p",
    "P",
    "?",
]
SHAPES = [
    [3],
    [-1],
    [-1, -2],
    [2**62, 4],
    [2**61],
    [2**64],
    [0, 2**64],
    [0, -1],
    [1] * 65,
    [2.0],
    [True],
    ["2"],
    [None],
]
SHAPES += [[[2]], "2", 2, None, {"0": 2}]
NODES = [
    *(array(type=text) for text in TYPES),
    *(array(shape=shape) for shape in SHAPES),
    *(array(at=at) for at in (-1, -(10**30), 1, 2**63, 10**30, 0.0, True, None, "0")),
    {"w": {"$": "array", "type": "<f8", "shape": [1]}},
    {"w": {"$": "scalar", "type": "<f8", "shape": [1], "at": 0}},
    array(more=1),
    array(type="<U0", shape=[10**9]),
    array(type="<U999999999", shape=[1]),
    *({"w": {"$": "tuple", "v": value}} for value in ("ab", {"a": 1}, 3, None, {"$": "tuple", "v": [1]})),
    *({"w": {"$": "dict", "v": value}} for value in ([1], [[1]], [[1, 2, 3]], ["ab"], [[[1], 2]], [[{}, 2]], {"a": 1})),
    *({"w": {"$": "int", "v": value}} for value in (1, "1", "0x", "0x1_0", " 0x1", "0xg", None)),
    *({"w": {"$": "float", "v": value}} for value in (1.0, "1", "Infinity", "-nan", None)),
    *({"w": {"$": tag}} for tag in ("tuple", "set", "pickle", "", None, 1, ["tuple"], {"a": 1})),
    {"w": {"$": {"$": "array", "type": "<f8", "shape": [2], "at": 0}, "v": []}},
    [],
    [1],
    "text",
    None,
    3,
    {"$": "tuple", "v": []},
]


@pytest.mark.parametrize("node", NODES, ids=lambda node: ascii(node)[:60])
def test_a_part_of_another_layout_is_refused_although_the_checksum_is_right(node):
    with pytest.raises(StoreError, match="a checkpoint's state is damaged") as caught:
        decode(container(node, bytes(16)))
    assert str(caught.value).isprintable()


def test_no_bytes_of_a_state_become_pointers():
    pointers = {"w": {"$": "scalar", "type": "|O", "shape": [], "at": 0}}
    for node in (array(type="|O"), pointers):
        with pytest.raises(StoreError, match="expected numbers, fixed-width text or dates"):
            decode(container(node, b"\x08" * 16))


@pytest.mark.parametrize(
    "skeleton",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff",
        b'{"w": NaN}',
        b'{"w": -Infinity}',
        b'{"w": ' + b"9" * 5000 + b"}",
        b'{"w":' * 50_000,
        b"[" * 200_000,
        b'{"w": "\x1b[31m" x}',
    ],
    ids=range(10),
)
def test_a_skeleton_that_is_no_json_is_refused(skeleton):
    with pytest.raises(StoreError, match="a checkpoint's state is damaged") as caught:
        decode(container(skeleton))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("length", [3, 10, 2**40, 2**64 - 1])
def test_a_skeleton_of_another_length_is_refused(length):
    with pytest.raises(StoreError, match="a checkpoint's state is damaged"):
        decode(container({"w": 1}, length=length))


def test_text_in_an_array_that_is_no_character_is_refused():
    node = array(type="<U2", shape=[1])
    assert decode(container(node, "ab".encode("utf-32-le")))["w"].tolist() == ["ab"]
    with pytest.raises(StoreError, match="no character"):
        decode(container(node, b"a\0\0\0\0\0\x11\0"))


def test_empty_and_zero_width_arrays_take_no_memory_and_come_back():
    empty = {"e": np.zeros((0, 2**40), np.float32), "t": np.ndarray((3,), "<U0", bytearray()), "s": np.str_("")}
    back = decode(encode(empty))
    assert same(back, empty)
    assert decode(container(array(type="<U99999999", shape=[0])))["w"].shape == (0,)


VALID = encode(
    {
        "rng": np.random.default_rng(0).bit_generator.state,
        "w": np.arange(6.0).reshape(2, 3),
        "t": np.array(["ab", "c"]),
        "big": [2**2000, float("inf"), (1, {2: "x"})],
        "d": np.array(["2020-01-01"], "M8[D]"),
        "s": np.float32(1),
    }
)
LENGTH = int.from_bytes(VALID[12:20], "little")
PIECES = st.sampled_from(
    [b"|O", b"-1", b"0", b"9" * 20, b"null", b"[]", b"{}", b"$", b"tuple", b"array", b"dict", b'"', b"V", b"[", b"\0"]
)


@given(st.data())
@settings(max_examples=100, derandomize=True)
def test_a_changed_container_with_a_right_checksum_is_a_dict_or_refused(data):
    text, blobs = bytearray(VALID[20 : 20 + LENGTH]), VALID[20 + LENGTH :]
    for _ in range(data.draw(st.integers(1, 4))):
        at, width = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 4))
        text[at : at + width] = data.draw(PIECES | st.binary(max_size=3))
    changed = container(bytes(text), blobs[: data.draw(st.integers(0, len(blobs)))])
    tree = {}
    with contextlib.suppress(StoreError):
        tree = decode(changed)
    assert type(tree) is dict
    assert same(decode(encode(tree)), tree)
