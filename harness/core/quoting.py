"""Quotes values and texts from files in messages: short, and without control characters."""

from __future__ import annotations

import re
import reprlib

LONGEST = 80
"""The largest number of characters of a quoted value."""

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and line feed, delete, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # marks, lines and overrides of text from right to left
    "\ud800-\udfff]"  # halves of pairs, which no encoding can write
)
"""The characters that are printed as escapes: those that a terminal obeys, and those that reorder a line."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = LONGEST
_SHORT.maxlist = _SHORT.maxtuple = 12


def quoted(value: object) -> str:
    """A value as a message quotes it: its ``repr``, shortened where it is long or deeply nested."""
    try:
        return _SHORT.repr(value)
    except (ValueError, RecursionError):  # Python writes no whole numbers of more than 4,300 digits
        return f"a value of type {type(value).__name__!r}"


def printable(text: str) -> str:
    """The text with each control character as an escape of six characters, as JSON writes it."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """The printable text in one line."""
    return printable(" ".join(text.split()))
