"""YAML 1.2's core schema, and nothing that is larger or deeper than stated."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.core.errors import SettingError
from harness.files.yaml_text import DEEPEST, MOST_CHARACTERS, MOST_VALUES, read_yaml, read_yaml_keys


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1:4", "1:4"),
        ("1e-3", 0.001),
        ("-1.5", -1.5),
        ("010", 10),
        ("2001-01-01", "2001-01-01"),
        ("2001-99-99", "2001-99-99"),
        ("!!int 7", 7),
        ("!!float 7", 7.0),
        ("-.inf", -math.inf),
        ("1_0", "1_0"),
        ("[1, a, null, true]", [1, "a", None, True]),
        ("{a: &x {b: 1}, c: *x, d: {<<: *x, e: 2}}", {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
        ("", None),
    ],
)
def test_plain_data_is_read_by_the_core_schema(text: str, value: Any) -> None:
    assert read_yaml(text) == value


BOMB = "a0: &a0 [1, 2]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        "!!int x",
        "!!int 1_0",
        "!!float 1:2",
        "!!bool x",
        "!!timestamp x",
        "!!binary x",
        "!!python/object/apply:os.getcwd []",
        "9" * 5000,
        "1e" + "9" * 500,
        "[" * 5000,
        "{a: " * 5000,
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "&a [*a]",
        "&a {b: *a}",
        "{[1]: 2}",
        "x" * (MOST_CHARACTERS + 1),
        "&a [" + ", ".join("1" * 1000) + "]\n",
        BOMB,
        MERGES,
    ],
    ids=lambda text: text[:12],
)
def test_anything_else_is_one_kind_of_error_at_once(text: str) -> None:
    begun = time.process_time()
    if text.startswith("&a [1,"):
        text = f"[{text.strip()}, {', '.join(['*a'] * (MOST_VALUES // 1000))}]"
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)
    assert time.process_time() - begun < 5


def test_a_file_is_refused_in_one_printable_line(tmp_path: Path) -> None:
    for content in (b"\xff", b"a: !!int x", b"a: [", BOMB.encode(), b"a: '\\e'\n\x1b", b"x" * 10**6):
        (tmp_path / "a.yaml").write_bytes(content)
        with pytest.raises(SettingError, match=r"mine (cannot be read|is not YAML)") as caught:
            read_yaml_keys(tmp_path / "a.yaml", "mine", "a: 1")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 600
