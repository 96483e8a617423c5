"""Locks by which two commands do not perform the same run at a time; they end with the process that holds them.

A lock is advisory: it tells that a run is being performed before any work is done twice. That no commit of another
process is overwritten does not depend on it (``update_own_run``).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import suppress
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from harness.core.errors import StoreError
from harness.storage import database
from harness.storage.records import Run

SERVER_KEY = 0x4E415348
"""The first of the two numbers of PostgreSQL's advisory locks; the second is that of the run."""

TAKEN = (errno.EACCES, errno.EAGAIN)
"""The errors of a lock that another process holds."""

SET_LOCK = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
"""Locks that belong to the open file, where the system has them, and else to the process."""


class RunLocks(Protocol):
    """The locks of the runs that one store performs."""

    def take(self, number: int) -> bool:
        """Lock a run; False if another process holds the lock. A lock that is held already is kept."""

    def release(self, number: int) -> None:
        """Unlock a run."""

    def close(self) -> None:
        """Unlock all runs."""


def run_locks(engine: Engine) -> RunLocks:
    """The locks of a store: of an SQLite file in a file beside it, or of the server."""
    if engine.dialect.name == "postgresql":
        return ServerLocks(engine)
    path = database.file_of(engine.url)
    return NoLocks() if path is None else FileLocks(f"{path}.lock")


def run_in_use(run: Run) -> StoreError:
    """The error of a run that another process performs."""
    spec = run.spec
    return StoreError(
        f"run {run.id[:12]} ({spec.policy} on {spec.oracle}, seed {spec.seed}) is being performed by another process; "
        "wait for it (`harness watch` shows it) or stop it, then give this command again"
    )


class NoLocks:
    """The locks of a database in memory, which no other process can open."""

    def take(self, number: int) -> bool:
        """Every run is free."""
        return True

    def release(self, number: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class FileLocks:
    """Locks one byte of a file for each run; a file system without locks has none."""

    def __init__(self, path: str) -> None:
        self._path, self._descriptor = path, -1

    def take(self, number: int) -> bool:
        """Lock the byte of a run."""
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._set(number, fcntl.F_WRLCK)
        except OSError as error:
            return error.errno not in TAKEN
        return True

    def release(self, number: int) -> None:
        """Unlock the byte of a run."""
        with suppress(OSError):
            self._set(number, fcntl.F_UNLCK)

    def close(self) -> None:
        """Close the file, which unlocks all its bytes."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _set(self, number: int, kind: int) -> None:
        fcntl.fcntl(self._descriptor, SET_LOCK, struct.pack("hhqqi", kind, os.SEEK_SET, number, 1, 0))


class ServerLocks:
    """Advisory locks of a PostgreSQL server, held by a connection of their own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._held: set[int] = set()

    def take(self, number: int) -> bool:
        """Lock the number of a run."""
        if number not in self._held and self._asked("SELECT pg_try_advisory_lock(:key, :number)", number):
            self._held.add(number)
        return number in self._held

    def release(self, number: int) -> None:
        """Unlock the number of a run."""
        if number in self._held:
            self._asked("SELECT pg_advisory_unlock(:key, :number)", number)
            self._held.discard(number)

    def close(self) -> None:
        """Close the connection, which unlocks all numbers."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._held.clear()

    def _asked(self, query: str, number: int) -> bool:
        with database.store_errors(self._engine.url):
            if self._connection is None:
                self._connection = self._engine.connect()
            return bool(self._connection.execute(text(query), {"key": SERVER_KEY, "number": number}).scalar())
