"""Files whose content is bounded: what is compressed may not expand beyond a stated size."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import IO, Any

EXPANSION = 100
"""The largest ratio of a file's content to its compressed size; published tables and images have 2 to 30."""

SMALL = 1 << 24
"""Bytes (16 MB) that any compressed file may expand to, however small it is."""


ARCHIVE_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,  # encrypted, or NotImplementedError: compressed in a way that Python does not know
    OverflowError,
    ValueError,
)
"""What zipfile raises for an archive that is damaged, encrypted or of an unsupported kind."""


class TooLargeError(OSError):
    """A file that holds, or asks for, more bytes than it may; an OSError, as readers expect of a damaged file."""


def largest_content(compressed: int) -> int:
    """The bytes that a file, or a part of one, of this compressed size may expand to."""
    return max(SMALL, EXPANSION * compressed)


class BoundedFile(io.RawIOBase):
    """Reads a binary file up to ``limit`` bytes; raises TooLargeError at the first byte beyond.

    A request for more takes no more memory than the limit.
    """

    def __init__(self, file: IO[bytes] | Any, limit: int) -> None:
        self._file, self._limit, self.taken = file, limit, 0

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, at most ``size``; without a size all that are left."""
        whole = size is None or size < 0
        return self._counted(self._file.read(self._left + 1 if whole else min(size or 0, self._left + 1)))

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line."""
        return self._counted(self._file.readline(self._left + 1 if size is None or size < 0 else size))

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer; returns the number of bytes."""
        content = self._counted(self._file.read(min(len(buffer), self._left + 1)))
        buffer[: len(content)] = content
        return len(content)

    @property
    def _left(self) -> int:
        return self._limit - self.taken

    def _counted(self, content: bytes) -> bytes:
        self.taken += len(content)
        if self.taken > self._limit:
            raise self._error()
        return content

    def _error(self) -> TooLargeError:
        return TooLargeError(f"it expands to more than {self._limit:,} bytes, the most for its size")
