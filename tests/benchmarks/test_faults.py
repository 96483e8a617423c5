"""The program of faults: it notices what went wrong, and writes its table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults import __main__ as program
from benchmarks.faults.commands import Command
from benchmarks.faults.kills import SIGNALS, Tally, Undisturbed, kill, undisturbed
from benchmarks.faults.others import FAULTS, damaged_table
from benchmarks.faults.processes import Started, intact

pytestmark = pytest.mark.slow(reason="waits for processes that are killed")


def script(body: str, name: str = "script") -> Command:
    """A command that counts its calls in the file ``calls`` and then does something."""
    count = "open('calls', 'a').write('x'); calls = len(open('calls').read())"
    return Command(name, ("-c", f"import sys, time, subprocess; {count}\n{body}"), lambda folder, output: output)


@pytest.fixture(autouse=True)
def plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of these tests are Python scripts."""
    monkeypatch.setattr("benchmarks.faults.commands.HARNESS", (sys.executable,))


def killed(command: Command, folder: Path, sent: signal.Signals = signal.SIGKILL, after: float = 0.3) -> Tally:
    tally = Tally(command.name)
    kill(command, sent, after, Undisturbed("same\n", 1.0), folder, tally)
    return tally


def test_a_command_that_goes_on_rightly_passes(tmp_path: Path) -> None:
    tally = killed(script("time.sleep(60 if calls == 1 else 0); print('same')"), tmp_path)
    assert (tally.kills, tally.too_late, tally.wrong) == ({"SIGKILL": 1, "SIGTERM": 0, "SIGINT": 0}, 0, [])


def test_another_result_is_noticed(tmp_path: Path) -> None:
    tally = killed(script("time.sleep(60 if calls == 1 else 0); print('other')"), tmp_path)
    assert tally.wrong == ["given again it ended with another result"]


def test_a_command_that_cannot_go_on_is_noticed(tmp_path: Path) -> None:
    tally = killed(script("time.sleep(60) if calls == 1 else sys.exit('no way')"), tmp_path)
    assert tally.wrong == ["given again it ended with status 1: no way"]


def test_a_process_that_is_left_behind_is_noticed_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.faults.processes.DEATH_SECONDS", 0.3)
    body = """
if calls == 1:
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    open('../child', 'w').write(str(child.pid))
    time.sleep(60)
print('same')
"""
    assert killed(script(body), tmp_path, after=1.0).wrong == ["1 processes were left behind"]
    status = Path(f"/proc/{(tmp_path / 'child').read_text()}/status")
    until = time.monotonic() + 5
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_signal_without_advice_is_noticed(tmp_path: Path) -> None:
    tally = killed(script("time.sleep(60 if calls == 1 else 0); print('same')"), tmp_path, signal.SIGTERM, 1.6)
    assert tally.wrong == ["SIGTERM ended it with status -15: "]


def test_a_kill_that_comes_too_late_is_counted_as_such(tmp_path: Path) -> None:
    tally = killed(script("print('same')"), tmp_path, after=2.0)
    assert (sum(tally.kills.values()), tally.too_late, tally.wrong) == (0, 1, [])


def test_a_command_that_fails_undisturbed_stops_the_program(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="script ends with status 3"):
        undisturbed(script("sys.exit(3)"), tmp_path)


def test_a_damaged_database_is_noticed(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER, text TEXT)")
        connection.executemany("INSERT INTO numbers VALUES (?, ?)", [(n, "x" * 200) for n in range(500)])
        connection.execute("CREATE INDEX by_number ON numbers (number)")
    connection.close()
    assert intact(tmp_path)
    content = bytearray(path.read_bytes())
    content[40_960:45_056] = bytes(4096)
    path.write_bytes(content)
    assert not intact(tmp_path)


def test_a_flipped_bit_in_a_table_is_refused_by_a_real_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert list(damaged_table(tmp_path / "damaged")) == []


def test_the_page_gets_the_tables_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{program.BEGIN}\nold\n{program.END}\nafter\n")
    monkeypatch.setattr(program, "PAGE", page)
    tally = Tally("run", {sent.name: n for n, sent in enumerate(SIGNALS)}, 4, ["another result"])
    program.write_page([tally], {fault.__name__: [] for fault in FAULTS})
    text = page.read_text()
    assert "| run | 0 | 1 | 2 | 4 | 1 |" in text
    assert "\nold\n" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count("| nothing |") == len(FAULTS)


def test_started_commands_are_found_by_their_mark(tmp_path: Path) -> None:
    started = Started([sys.executable, "-c", "import time; time.sleep(30)"], tmp_path)
    try:
        assert started.workers() == []
        assert os.getpid() not in started.workers()
    finally:
        started.process.kill()
        assert started.wait().status == -signal.SIGKILL
    assert subprocess.run(["kill", "-0", str(started.process.pid)], capture_output=True, check=False).returncode != 0
