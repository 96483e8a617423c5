"""A name in a pickle leads where the reader's table says, and nowhere else."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tracemalloc
from collections import OrderedDict
from typing import Any

import pytest

from harness.files.bounded_files import BoundedFile
from harness.files.restricted_pickles import DEEPEST, PERSISTENT, load_restricted
from tests.files.test_plain_pickles import Calls

OUTSIDE = b"\x80\x04\x8c\x01aQ."  # a persistent name


def load(content: bytes, names: dict[Any, Any]) -> Any:
    return load_restricted(BoundedFile(io.BytesIO(content), len(content)), names)


def test_a_declared_name_leads_to_its_stand_in_and_is_not_imported() -> None:
    content = pickle.dumps([Calls(os.system, "true"), OrderedDict(a=1)])
    table: dict[Any, Any] = {(os.name, "system"): len, ("collections", "OrderedDict"): dict}
    assert load(content, table) == [4, {"a": 1}]


def test_another_name_is_refused_and_so_is_what_lies_outside_of_the_pickle() -> None:
    with pytest.raises(pickle.UnpicklingError, match=rf"^it holds the name '{os.name}\.system'$"):
        load(pickle.dumps(Calls(os.system, "true")), {})
    with pytest.raises(pickle.UnpicklingError, match="persistent id"):
        load(OUTSIDE, {})
    assert load(OUTSIDE, {PERSISTENT: lambda: 3}) == 3


def test_objects_that_follow_each_other_are_loaded_one_by_one() -> None:
    content = pickle.dumps([1]) + pickle.dumps([2])
    file = BoundedFile(io.BytesIO(content), len(content))
    assert [load_restricted(file, {}), load_restricted(file, {})] == [[1], [2]]
    with pytest.raises(pickle.UnpicklingError, match="EOFError"):
        load_restricted(file, {})


def deep_key(depth: int) -> bytes:
    """A dictionary whose key is a tuple in a tuple ..., as the C unpickler's stack does not survive."""
    return b"\x80\x04})" + b"\x85" * depth + b"Ns."


BOMBS = {
    "a memo of 34 GB": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "a frame of 8 EB": b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
    "bytes of 4 GB": b"\x80\x04\x8e\xff\xff\xff\xff\x00\x00\x00\x00.",
    "a byte array of 4 GB": b"\x80\x04\x96\xff\xff\xff\xff\x00\x00\x00\x00.",
    "tuples in tuples": deep_key(1_000_000),
    "empty dictionaries": b"\x80\x04" + b"}" * 1_000_000 + b".",
    "marks": b"\x80\x04" + b"(" * 1_000_000 + b".",
    "a long number": b"L" + b"9" * 5000 + b"L\n.",
}


@pytest.mark.slow(reason="Python's own unpickler traces a million steps")
@pytest.mark.parametrize("name", BOMBS)
def test_a_pickle_that_asks_for_more_than_it_holds_takes_no_memory(name: str) -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(pickle.UnpicklingError):  # a memo that is a dictionary has room for any number
            load(BOMBS[name], {})
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.slow(reason="Python's own unpickler reads a million containers")
def test_tuples_may_be_nested_and_containers_many_within_the_stated_limits() -> None:
    found = load(deep_key(DEEPEST - 1), {})
    assert len(found) == 1
    with pytest.raises(pickle.UnpicklingError, match="more than 100 tuples inside of each other"):
        load(deep_key(DEEPEST), {})
    many = [{"key": (place, str(place))} for place in range(80_000)]
    assert load(pickle.dumps(many), {}) == many
    with pytest.raises(pickle.UnpicklingError, match="containers, too many for its size"):
        load(b"\x80\x04" + b"}0" * 1_000_000 + b"N.", {})


def test_the_state_of_a_function_is_not_set() -> None:
    def stand_in() -> None:
        """Stands in."""

    with pytest.raises(pickle.UnpicklingError, match="sets the state"):
        load(b"\x80\x04ca\nb\n}\x8c\x01xK\x01sb.", {("a", "b"): stand_in})
    assert not hasattr(stand_in, "x")
