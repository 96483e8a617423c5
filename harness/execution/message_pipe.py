"""Messages through a pipe that are read piece by piece: no reader waits for the rest of one that was sent in part.

``Connection.recv`` would: a process that died in the middle of a large message would keep its reader for ever where
another process holds the same end of the pipe.
"""

from __future__ import annotations

import os
import pickle
from multiprocessing.connection import Connection
from typing import Any

LENGTH_BYTES = 8
PIECE_BYTES = 1 << 20


def write_message(pipe: Connection[Any, Any], message: Any) -> None:
    """Write a message, which ``MessageReader`` reads; raises OSError where the pipe has no other end left."""
    content = pickle.dumps(message)
    with open(pipe.fileno(), "wb", closefd=False) as stream:
        stream.write(len(content).to_bytes(LENGTH_BYTES))
        stream.write(content)


class MessageReader:
    """One end of a pipe, and what has arrived of the next message."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe, self._arrived = pipe, bytearray()

    def read(self) -> list[Any]:
        """The messages that are whole once the piece that is ready has been read; raises EOFError at the end."""
        try:
            piece = os.read(self._pipe.fileno(), PIECE_BYTES)
        except ConnectionResetError as error:
            raise EOFError from error
        if not piece:
            raise EOFError
        self._arrived += piece
        messages = []
        while len(self._arrived) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._arrived[:LENGTH_BYTES])
            if len(self._arrived) < end:
                break
            messages.append(pickle.loads(self._arrived[LENGTH_BYTES:end]))
            del self._arrived[:end]
        return messages
