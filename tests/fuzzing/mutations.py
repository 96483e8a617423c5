"""Damages bytes, texts and objects at random."""

from __future__ import annotations

import math
import re
from random import Random
from typing import Any

TOKEN = re.compile(rb"[^\s,;:\"'\[\]{}()=]+")

HOSTILE_TEXTS = (
    b"",
    b"nan",
    b"inf",
    b"-inf",
    b"-1",
    b"1e400",
    b"1_0.5",
    b"1.9",
    b"0x10",
    b"9" * 5000,
    b"1" * 70,
    b"[" * 3000,
    b"{" * 3000,
    b"[[1e400]]",
    b"true",
    b"null",
    b"{}",
    b"[]",
    b"\x1b[31m",
    b"\x00",
    b"\xff\xfe",
    "１²".encode(),
    b"!!int x",
    b"!!float 1:2",
    b"!!timestamp x",
    b"2001-99-99",
    b"&a [*a]",
    b"*a",
    b'"\\u0000"',
    b"../x:Y",
    b"100000000",
    b"2147483648",
    b"-9223372036854775809",
)


def nested(depth: int) -> tuple[Any, ...]:
    """Tuples inside of each other."""
    found: tuple[Any, ...] = ()
    for _ in range(depth):
        found = (found,)
    return found


HOSTILE_OBJECTS: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    10**400,
    1.9,
    math.nan,
    math.inf,
    -math.inf,
    "",
    "x" * 20_000,
    "\x1b[31m",
    b"\x00",
    [],
    {},
    [[]],
    {"a": {"b": []}},
    nested(3),
    nested(150),
    12.0,
    "12",
)


def damaged(content: bytes, random: Random) -> bytes:
    """A few bytes flipped, or a piece cut, doubled, moved or overwritten."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        start = random.randrange(len(found) + 1)
        end = min(len(found), start + random.choice((1, 1, 2, 4, 8, 64, 1000)))
        piece = found[start:end]
        match random.randrange(6):
            case 0 if piece:
                found[start] ^= 1 << random.randrange(8)
            case 1:
                del found[start:end]
            case 2:
                found[start:start] = piece
            case 3:
                found[start:end] = random.choice((b"\x00", b"\xff", b"\x7f", b"\x80")) * len(piece)
            case 4:
                found[start:end] = random.randbytes(len(piece))
            case _:
                del found[start if random.randrange(2) else max(0, len(found) - len(piece)) :]
    return bytes(found)


def replaced_tokens(content: bytes, random: Random) -> bytes:
    """One or two tokens of a text replaced by hostile ones, or the text damaged."""
    if random.randrange(3) == 0:
        return damaged(content, random)
    for _ in range(random.choice((1, 1, 2))):
        tokens = list(TOKEN.finditer(content))
        if tokens:
            start, end = random.choice(tokens).span()
            content = content[:start] + random.choice(HOSTILE_TEXTS) + content[end:]
    return content


def replaced_part(whole: Any, random: Random) -> Any:
    """A copy of nested dictionaries and lists in which one part is hostile, missing, or twice there."""
    if not isinstance(whole, dict | list) or not whole or random.randrange(5) == 0:
        return random.choice(HOSTILE_OBJECTS)
    copy: Any = whole.copy()
    key = random.choice(list(whole)) if isinstance(whole, dict) else random.randrange(len(whole))
    if random.randrange(10) == 0:
        del copy[key]
    elif random.randrange(20) == 0 and isinstance(copy, list):
        copy.insert(key, copy[key])
    else:
        copy[key] = replaced_part(whole[key], random)
    return copy
