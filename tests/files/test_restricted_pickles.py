"""A name in a pickle leads where the reader's table says, and nowhere else."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict
from typing import Any

import pytest

from harness.files.bounded_files import BoundedFile
from harness.files.restricted_pickles import PERSISTENT, load_restricted
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
