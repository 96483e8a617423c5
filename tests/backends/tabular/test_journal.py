"""A journal has one writer at a time, and a damaged one says what can be saved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends.tabular.journal import Journal, read_journal
from harness.core.errors import TableError
from tests.backends.tabular.test_import_hdf5 import journal_row

HEADER = {"space": "s", "recipe": {}, "recipe_digest": "d", "data_digest": "e", "repeats": 2}
ROWS = [journal_row(repeat, 0.5) | {"epochs": epochs} for epochs in (4, 8, 12) for repeat in (0, 1)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Journal(tmp_path / "a.journal", HEADER) as journal:
        for start in range(0, len(ROWS), 2):
            journal.append(ROWS[start : start + 2])
    return tmp_path / "a.journal"


def test_a_second_build_is_refused_and_changes_nothing(path: Path) -> None:
    with Journal(path, HEADER) as first:
        before = path.read_bytes()
        with pytest.raises(TableError, match=r"^another build is writing .*; wait for it"):
            Journal(path, HEADER)
        assert path.read_bytes() == before
        first.append(ROWS[:2])
    with Journal(path, HEADER) as again:
        assert len(again.done) == 3


HOLDS = """
from pathlib import Path; import sys, time
from tests.backends.tabular.test_journal import HEADER, Journal
with Journal(Path(sys.argv[1]), HEADER):
    print("locked", flush=True); time.sleep(60)
"""


def test_a_killed_build_leaves_no_lock(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(TableError, match="another build"):
        Journal(path, HEADER)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Journal(path, HEADER) as journal:
        assert len(journal.done) == 3


DAMAGES: dict[str, Any] = {
    "a flipped byte": lambda line: b"\x00" + line[1:],
    "a cut line": lambda line: line[:20] + b"\n",
    "no row": lambda line: b"3\n",
    "deep": lambda line: b"[" * 100_000 + b"\n",
    "a long number": lambda line: line.replace(b'"repeat": 0', b'"repeat": ' + b"9" * 5000),
    "another type": lambda line: line.replace(b'"repeat": 0', b'"repeat": "0"'),
    "a key less": lambda line: line.replace(b'"epochs"', b'"e"'),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_line_is_named_with_the_way_to_save_the_rows_before_it(path: Path, name: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = DAMAGES[name](lines[3])
    path.write_bytes(b"".join(lines))
    for read in (read_journal, lambda path: Journal(path, HEADER)):
        with pytest.raises(
            TableError, match=r"row 3 \(line 4\).*the 2 rows before it are intact: `head -n 3 .*&& mv"
        ) as caught:
            read(path)
        assert "\n" not in str(caught.value)
    subprocess.run(str(caught.value).split("`")[1], shell=True, check=True)
    with Journal(path, HEADER) as journal:
        assert len(journal.done) == 1


@pytest.mark.parametrize(
    "change", [{"repeats": 0}, {"repeats": "2"}, {"repeats": 10**9}, {"recipe": []}, {"recipe": None}]
)
def test_a_header_of_another_kind_is_refused(path: Path, change: dict[str, Any]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(json.dumps(HEADER | change).encode() + b"\n" + b"".join(lines[1:]))
    with pytest.raises(TableError, match="is no journal of `harness table build`"):
        read_journal(path)


def test_a_journal_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(TableError, match=r"cannot write the journal .*: Is a directory"):
        Journal(tmp_path / "folder", HEADER)
