"""Starts commands that are going to be disturbed, and finds the processes that they leave behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MARK = "HARNESS_FAULT"
"""The environment variable by which all processes of a command are known."""

PATIENCE_SECONDS = 1200.0
"""A command that takes longer hangs."""

HUNG = 124
"""The status of a command that did not end by itself."""

DEATH_SECONDS = 5.0
"""How long the workers of a killed command may take to end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status (negative: the signal), and what it printed."""

    status: int
    output: str
    errors: str

    @property
    def last_line(self) -> str:
        """The last line on standard error."""
        return (self.errors.splitlines() or [""])[-1]


class Started:
    """A command that runs in a folder of its own."""

    def __init__(self, argv: list[str], folder: Path, prepare: Callable[[], None] | None = None) -> None:
        self.folder, self.mark = folder, uuid.uuid4().hex
        environment = {**os.environ, MARK: self.mark, "XDG_CACHE_HOME": str(folder / "cache")}
        self._outputs = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 (no pipes: orphans would hold them)
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdout=self._outputs[0],
            stderr=self._outputs[1],
            preexec_fn=lambda: _begin(prepare),
        )

    def wait(self) -> Ended:
        """Wait for the end; a command that hangs is killed, and so has a status of its own."""
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return Ended(HUNG, *map(_content, self._outputs))
        return Ended(self.process.returncode, *map(_content, self._outputs))

    def workers(self) -> list[int]:
        """The other processes of the command."""
        return [pid for pid in processes_of(self.mark) if pid != self.process.pid]

    def left_behind(self) -> list[int]:
        """The processes that are still there some seconds after the command has ended; they are killed."""
        until = time.monotonic() + DEATH_SECONDS
        while (left := self.workers()) and time.monotonic() < until:
            time.sleep(0.1)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left


def _begin(prepare: Callable[[], None] | None) -> None:
    """Set a new process up: it receives Ctrl-C even if this program, started in the background, does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if prepare is not None:
        prepare()


def _content(output: IO[str]) -> str:
    with output:
        output.seek(0)
        return output.read()


def processes_of(mark: str) -> list[int]:
    """The processes whose environment has this mark (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


def intact(folder: Path) -> bool:
    """Whether every database in the folder passes SQLite's own check."""
    for path in [*folder.rglob("*.db")]:
        try:
            with closing(sqlite3.connect(path)) as connection:
                found = connection.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.DatabaseError:
            return False
        if found != [("ok",)]:
            return False
    return True
