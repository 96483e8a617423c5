"""Faults other than kills, each with what must follow; a check returns what went wrong."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, HARNESS, TABULAR, Command
from benchmarks.faults.kills import undisturbed
from benchmarks.faults.processes import Ended, Started
from harness.files.folders import ROOT

DIGITS = ROOT / "tables" / "nasbench101-v5-digits.h5"
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24
ONE = COMMANDS[0]
WORKERS = next(command for command in COMMANDS if "two workers" in command.name)
OWN_TABLE = Command(
    "run, a table in the folder",
    ("run", *TABULAR, "--table", "own.h5", "--workers", "1", "--no-equal-cost", "--json"),
    ONE.result,
)

ALWAYS_KILLED = """
import os, signal
from policies.random_search import RandomSearch

class Killed(RandomSearch):
    def tell(self, trials):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def _same(command: Command, folder: Path, ended: Ended, expected: object) -> Iterator[str]:
    if ended.status != 0:
        yield f"it ended with status {ended.status}: {ended.last_line}"
    elif command.result(folder, ended.output) != expected:
        yield "it ended with another result"


def _worker_of(started: Started) -> int:
    """A worker process, once there is one that works."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = [pid for pid in started.workers() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        if found:
            time.sleep(2.0)
            return found[0]
        time.sleep(0.05)
    raise RuntimeError("the command started no worker")


def killed_worker(folder: Path) -> Iterator[str]:
    """A worker is killed: its run is performed again, and the result is the same."""
    expected = undisturbed(WORKERS, folder / "whole").result
    WORKERS.make_ready(folder / "run")
    started = Started(WORKERS.argv, folder / "run")
    os.kill(_worker_of(started), signal.SIGKILL)
    yield from _same(WORKERS, folder / "run", started.wait(), expected)


def worker_killed_each_time(folder: Path) -> Iterator[str]:
    """A run whose worker always dies fails alone and by name; the others finish, and the exit status is 1."""
    folder.mkdir(parents=True)
    (folder / "killing.py").write_text(ALWAYS_KILLED)
    command = [*HARNESS, "run", "--policy", "killing:Killed", "--policy", "random-search", "--seeds", "1:3", "--json"]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    ended = Started([*command, "--workers", "2"], folder).wait()
    if ended.status != 1:
        yield f"it ended with status {ended.status}: {ended.last_line}"
    if ended.errors.count("killing:Killed on tabular, seed") < 2:
        yield "the killed runs are not named"


def stopped_worker(folder: Path) -> Iterator[str]:
    """A worker is stopped: the command says so, and Ctrl-C still ends it and all of its processes."""
    WORKERS.make_ready(folder)
    started = Started([part for part in WORKERS.argv if part != "--json"], folder)
    pid = _worker_of(started)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(8.0)
    started.process.send_signal(signal.SIGINT)
    ended = started.wait()
    if ended.status != 130:
        yield f"Ctrl-C ended it with status {ended.status}"
    if f"worker process {pid}" not in ended.errors:
        yield "it did not say that a worker is stopped"
    if started.left_behind():
        yield "processes were left behind"


def full_disk(folder: Path) -> Iterator[str]:
    """No file may grow beyond 100 kB: one line, exit status 2; with room again the same command ends as ever."""
    expected = undisturbed(ONE, folder / "whole").result
    ONE.make_ready(folder / "run")
    limit = 100_000
    ended = Started(ONE.argv, folder / "run", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))).wait()
    if ended.status != 2 or "Traceback" in ended.errors:
        yield f"it ended with status {ended.status}: {ended.last_line}"
    yield from _same(ONE, folder / "run", Started(ONE.argv, folder / "run").wait(), expected)


def locked_store(folder: Path) -> Iterator[str]:
    """Another program locks the store for three seconds: the command waits, and the result is the same."""
    expected = undisturbed(ONE, folder / "whole").result
    ONE.make_ready(folder / "run")
    started = Started(ONE.argv, folder / "run")
    path = folder / "run" / "runs" / "harness.db"
    while not path.exists():
        time.sleep(0.01)
    time.sleep(2.0)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(3.0)
        connection.execute("ROLLBACK")
    yield from _same(ONE, folder / "run", started.wait(), expected)


def read_only_store(folder: Path) -> Iterator[str]:
    """A store in a folder that cannot be written is read; a command that would write there is refused in one line."""
    ONE.make_ready(folder)
    whole = Started(ONE.argv, folder).wait()
    store = folder / "runs"
    for path in (*store.iterdir(), store):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        board = [*HARNESS, "leaderboard", "--no-equal-cost", "--json"]
        shown = Started(board, folder, _obey_permissions).wait()
        if shown.status != 0:
            yield f"the leaderboard ended with status {shown.status}: {shown.last_line}"
        search = Started([*HARNESS, "run", "--seeds", "7"], folder, _obey_permissions).wait()
        if search.status != 2 or len(search.errors.splitlines()) > 2:
            yield f"a search ended with status {search.status}: {search.last_line}"
    finally:
        store.chmod(0o755)
    if whole.status != 0:
        yield f"the search before ended with status {whole.status}"


def _obey_permissions() -> None:
    """Also root obeys file permissions from here on."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def _with_own_table(folder: Path, disturb: Callable[[Path], None], words: str) -> Iterator[str]:
    """Disturb the table in the middle of a search; its runs must fail or end right, and go on when it is back."""
    shutil.copy(DIGITS, _made(folder / "whole") / "own.h5")
    whole = Started(OWN_TABLE.argv, folder / "whole").wait()
    expected = OWN_TABLE.result(folder / "whole", whole.output)
    table = _made(folder / "run") / "own.h5"
    shutil.copy(DIGITS, table)
    started = Started(OWN_TABLE.argv, folder / "run")
    while not (folder / "run" / "runs" / "harness.db").exists():
        time.sleep(0.01)
    time.sleep(1.5)
    disturb(table)
    ended = started.wait()
    if ended.status not in (1, 2) or words not in ended.errors:
        yield f"it ended with status {ended.status}: {ended.last_line}"
    shutil.copy(DIGITS, table)
    yield from _same(OWN_TABLE, folder / "run", Started(OWN_TABLE.argv, folder / "run").wait(), expected)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def replaced_table(folder: Path) -> Iterator[str]:
    """Another table takes the file's name during a search: the later runs fail; with the old one they end right."""

    def replace(table: Path) -> None:
        shutil.copy(ROOT / "tables" / "rnn2-ptb.h5", table.with_suffix(".new"))
        table.with_suffix(".new").replace(table)

    yield from _with_own_table(folder, replace, "was replaced since this run was planned")


def cut_table(folder: Path) -> Iterator[str]:
    """The table's file is cut short during a search: the later runs fail in a line; with the file they end right."""
    yield from _with_own_table(folder, lambda table: os.truncate(table, 10_000), "own.h5")


def damaged_table(folder: Path) -> Iterator[str]:
    """One bit of the table is flipped: the command is refused in one line, and no store is made."""
    content = bytearray(DIGITS.read_bytes())
    content[len(content) // 2] ^= 1
    (_made(folder) / "own.h5").write_bytes(content)
    ended = Started(OWN_TABLE.argv, folder).wait()
    if ended.status != 2 or len(ended.errors.splitlines()) != 1:
        yield f"it ended with status {ended.status}: {ended.last_line}"
    if (folder / "runs").exists():
        yield "a store was made"


FAULTS: tuple[Callable[[Path], Iterator[str]], ...] = (
    killed_worker,
    worker_killed_each_time,
    stopped_worker,
    full_disk,
    locked_store,
    read_only_store,
    replaced_table,
    cut_table,
    damaged_table,
)
