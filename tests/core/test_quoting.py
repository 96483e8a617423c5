"""Values in messages are short and printable."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.quoting import LONGEST, one_line, quoted


@pytest.mark.parametrize("value", ["a text", 3, -1.5, None, [1, "a"], ("b",), {"a": 1}, b"\x00"])
def test_a_short_value_is_quoted_as_python_writes_it(value: Any) -> None:
    assert quoted(value) == repr(value)


def test_long_and_deep_values_are_cut_and_control_characters_escaped() -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    for value in ("x" * 10**6, [[1] * 1000] * 1000, deep, 10**4000, 10**5000):
        assert len(quoted(value)) < 1000
    assert len(quoted("x" * 10**6)) <= LONGEST
    assert quoted("\x1b[31m") == "'\\x1b[31m'"


def test_a_line_for_the_terminal_has_no_control_characters() -> None:
    assert one_line("no\x1b[2J\nfile \udcff é") == "no\\u001b[2J file \\udcff é"
