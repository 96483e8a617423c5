"""TFRecord frames: length, its masked CRC-32C, data, their masked CRC-32C (TensorFlow, core/lib/io/record_writer)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from google_crc32c import value as crc32c

from harness.core.errors import TableError

HEADER = struct.Struct("<QI")
CHECKSUM = struct.Struct("<I")


LONGEST_RECORD = 1 << 20
"""Bytes of the longest record that is read; NAS-Bench-101's have some 400."""


def masked_crc(data: bytes) -> int:
    """CRC-32C rotated right by 15 bits plus a constant, so that a checksum of checksums stays one."""
    crc: int = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """One record as it lies in the file."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, CHECKSUM.pack(masked_crc(length)), data, CHECKSUM.pack(masked_crc(data))))


def read_records(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Each record's byte offset and data; raises TableError with record number and offset where the file is damaged."""
    number, offset = 1, 0
    while header := file.read(12):
        if len(header) < 12:
            raise _damaged(name, number, offset, "the file ends inside its length")
        length, checksum = HEADER.unpack(header)
        if masked_crc(header[:8]) != checksum:
            raise _damaged(name, number, offset, "its length does not match its checksum")
        if length > LONGEST_RECORD:
            raise _damaged(name, number, offset, f"its length is {length:,} bytes; expected {LONGEST_RECORD:,} at most")
        body = file.read(length + 4)
        if len(body) < length + 4:
            raise _damaged(name, number, offset, f"the file ends {length + 4 - len(body)} bytes too early")
        data = body[:length]
        if masked_crc(data) != CHECKSUM.unpack_from(body, length)[0]:
            raise _damaged(name, number, offset, "its data do not match their checksum")
        yield offset, data
        number, offset = number + 1, offset + length + 16


def _damaged(name: str, number: int, offset: int, what: str) -> TableError:
    hint = "it is no record file" if number == 1 and "length" in what else "download it again"
    return TableError(f"{name}, record {number} at byte {offset}: {what}; {hint}")
