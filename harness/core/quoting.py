"""Quotes values and texts from files in messages: short, and without control characters."""

from __future__ import annotations

import reprlib

LONGEST = 80
"""The largest number of characters of a quoted value."""

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
    """The text in one line, with each character that a terminal would not show as an escape sequence."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
