"""The builder: a kill at any time loses nothing, makings do not mix, workers do not matter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.standalone.tasks import IMAGES
from backends.tabular.journal import Journal, group_of, read_journal
from backends.training.recipes import Recipe
from harness.core.errors import HarnessError, TableError
from harness.execution.building import build_journal
from harness.execution.executor import Workers
from tests.backends.standalone.recipe import TINY, graphs_of_text

CELLS = [graphs_of_text("0100", ""), graphs_of_text("010001000", "0"), graphs_of_text("010001000", "2")]
FAKE, SLOW, KILLED = (f"tests.fakes.trainer:{name}Trainer" for name in ("Fake", "Slow", "Killed"))


def run(path: Path, recipe: Recipe = TINY, workers: int = 1, trainer: str = FAKE) -> list[tuple[int, int]]:
    progress: list[tuple[int, int]] = []
    build_journal(
        "nasbench101-v3",
        IMAGES.jobs(CELLS, recipe),
        recipe,
        path,
        workers=Workers(workers),
        on_progress=lambda done, total: progress.append((done, total)),
        trainer=trainer,
    )
    return progress


def content(path: Path) -> list[str]:
    """Rows in any order, without their seconds."""
    rows = [json.dumps(row, sort_keys=True) for row in map(without_seconds, read_journal(path)[1])]
    return sorted(rows)


def without_seconds(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: without_seconds(part) for key, part in value.items() if key != "seconds"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "table.h5.journal"
    run(path)
    return path


def test_a_crash_at_any_byte_changes_nothing(whole: Path, tmp_path: Path) -> None:
    path, size = tmp_path / "cut.journal", whole.stat().st_size
    header, rows = read_journal(whole)
    for cut in (0, 10, size // 3, size // 2, size - 1):
        path.write_bytes(whole.read_bytes()[:cut])
        with Journal(path, header) as journal:
            for start in range(0, len(rows), TINY.repeats):
                group = rows[start : start + TINY.repeats]
                if group_of(group[0]) not in journal.done:
                    journal.append(group)
        assert path.read_bytes() == whole.read_bytes()


def test_a_killed_build_resumes_where_it_was(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.journal"
    code = "from tests.execution.test_building import SLOW, run; from pathlib import Path; "
    code += f"run(Path({str(path)!r}), trainer=SLOW)"
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not path.exists() or len(path.read_bytes().splitlines()) < 3):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(read_journal(path)[1]) // TINY.repeats
    progress = run(path)
    assert progress[0] == (finished, 6)
    assert progress[-1] == (6, 6)
    assert content(path) == content(whole)


def test_another_recipe_does_not_mix_into_a_journal(whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(TableError, match=r"recipe_digest .* delete it"):
        run(whole, replace(TINY, learning_rate=0.2))
    assert whole.read_bytes() == before


def test_a_file_without_a_header_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "empty.journal").touch()
    with pytest.raises(TableError, match="no header line"):
        read_journal(tmp_path / "empty.journal")


def test_a_worker_that_was_killed_is_one_clear_error_and_the_same_command_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "table.h5.journal"
    with pytest.raises(
        HarnessError, match=r"was killed by SIGKILL \(too little memory\?\); give the same command again"
    ):
        run(path, trainer=KILLED)
    kept = len(read_journal(path)[1]) // TINY.repeats
    assert kept <= 2  # the cell without operations, at both budgets
    (tmp_path / "mended").touch()
    assert run(path, trainer=KILLED)[0] == (kept, 6)
    assert content(path) == content(whole)


def test_an_error_ends_the_build_without_waiting_for_the_other_trainings(tmp_path: Path) -> None:
    def full(done: int, total: int) -> None:
        if done:
            raise OSError("no space left")

    jobs = {("a cell", turn): (CELLS[0], turn) for turn in range(600)}
    start = time.monotonic()
    with pytest.raises(OSError, match="no space left"):
        build_journal("nasbench101-v3", jobs, TINY, tmp_path / "j", workers=Workers(1), on_progress=full, trainer=SLOW)
    assert time.monotonic() - start < 60  # 600 trainings take two minutes
