"""What is compressed expands to a stated size at most."""

from __future__ import annotations

import bz2
import io

import pytest

from harness.files.bounded_files import EXPANSION, SMALL, BoundedFile, TooLargeError, largest_content


def test_small_files_may_expand_to_16_mb_and_others_by_a_hundred() -> None:
    assert largest_content(0) == largest_content(10_000) == SMALL == 16 * 2**20
    assert largest_content(10**9) == EXPANSION * 10**9


def test_content_up_to_the_limit_is_read_in_any_way() -> None:
    content = b"first\nsecond\nlast"
    for read in (
        lambda file: file.read(),
        lambda file: file.read(10**12),
        lambda file: b"".join(iter(lambda: file.read(4), b"")),
        lambda file: b"".join(iter(file.readline, b"")),
        lambda file: io.BufferedReader(file).read(),
    ):
        assert read(BoundedFile(io.BytesIO(content), len(content))) == content


def test_one_byte_more_is_refused_before_the_rest_is_expanded() -> None:
    bomb = bz2.BZ2File(io.BytesIO(bz2.compress(bytes(50_000_000))))
    with pytest.raises(TooLargeError, match="more than 1,000,000 bytes"):
        BoundedFile(bomb, 1_000_000).read()
    assert bomb.tell() < 2_000_000
    for read in (lambda file: file.read(18), lambda file: file.readline(), lambda file: io.BufferedReader(file).read()):
        with pytest.raises(TooLargeError):
            read(BoundedFile(io.BytesIO(b"0123456789abcdef_"), 16))
