"""What is shown of runs as they go, on standard error."""

from __future__ import annotations

import io
import math
import re
from itertools import pairwise

import pytest
from rich.console import Console

from harness.core.budget import Budget, Cost
from harness.core.driver import SearchProgress
from harness.execution.messages import BestScore, Heartbeat, RunFailed, RunFinished
from harness.live.display import LiveTable, PlainLines, Quiet, display_for, hours, progress_table
from harness.live.forecast import RunTracker
from tests.fakes.live import SHARED
from tests.fakes.runs_in_progress import PERPLEXITIES, VALIDATION, Clock, beat, job


def terminal(width: int = 100, *, seen: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=seen, width=width, height=40, color_system=None, _environ={})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(tally: RunTracker, width: int = 110) -> list[str]:
    console = terminal(width, seen=False)
    console.print(progress_table(tally))
    return [" ".join(line.split()) for line in written(console).splitlines()]


@pytest.mark.parametrize(
    ("oracle", "words"),
    [("tabular", "simulated hours"), ("tabular+score-gradient", "simulated hours"), (SHARED, "hours")],
)
def test_hours_are_simulated_where_a_table_tells_them(oracle: str, words: str) -> None:
    assert hours(oracle) == words


def test_a_terminal_has_a_table_a_file_lines_and_who_asks_for_quiet_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)
    assert isinstance(display_for(False), PlainLines)
    assert isinstance(display_for(True), Quiet)
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is written here counts as a terminal
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(display_for(False), LiveTable)
    assert isinstance(display_for(True), Quiet)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display_for(False), PlainLines)


def test_a_run_has_a_line_while_it_goes_and_the_whole_has_the_first() -> None:
    clock, (one, two) = Clock(), (job(1, budget=Budget(queries=2_000)), job(2, "enas", SHARED))
    tally = RunTracker([one, two], 30, clock)
    tally.receive(beat(one, 0))
    tally.receive(Heartbeat(two.run, SearchProgress(3, Cost(3, 0.0, 5_400.0)), BestScore(0.5, VALIDATION)))
    clock.now += 60
    tally.receive(beat(one, 500, 0.8713))
    assert rows(tally) == [
        "best",
        "validation",
        "queries accuracy training time left",
        "28 of 30 runs ━━━━━━━ 60 s 3 min",
        "nao tabular 1 ━━ 500 of 2,000 87.13 % 5.0 simulated hours 60 s 3 min",
        f"enas {SHARED} 2 3 50.00 % 1.5 hours 60 s –",
    ]
    tally.receive(RunFinished(two.run, "a cell"))
    assert rows(tally)[:3] == ["best", "validation simulated", "queries accuracy hours time left"]
    assert rows(tally)[-1] == "nao tabular 1 ━━ 500 of 2,000 87.13 % 5.0 60 s 3 min"
    tally.receive(RunFailed(one.run, "no memory"))
    assert rows(tally)[-1] == "30 of 30 runs, 1 failed ━━━━━━━━ 60 s 0 s"


@pytest.mark.parametrize("width", [68, 80])
def test_on_a_narrow_terminal_names_are_folded_and_numbers_whole(width: int) -> None:
    one = job(1, "evolution", "tabular+score-gradient", budget=Budget(queries=2_000))
    tally = RunTracker([one], 1, Clock())
    tally.receive(beat(one, 500, 0.8713))
    console = terminal(width, seen=False)
    console.print(progress_table(tally))
    shown = written(console)
    assert max(map(len, shown.splitlines())) <= width
    assert "500 of 2,000" in shown
    assert "87.13 %" in shown


def test_scores_of_more_than_one_measure_are_told_apart_by_their_units() -> None:
    jobs = [job(1), job(2, "enas")]
    tally = RunTracker(jobs, 2, Clock())
    tally.receive(beat(jobs[0], 1, 0.5))
    tally.receive(beat(jobs[1], 1, -math.log(54.57), metric=PERPLEXITIES))
    shown = rows(tally)
    assert shown[:2] == ["best simulated", "queries score hours time left"]
    assert " 50.00 % " in shown[3]
    assert " 54.57 " in shown[4]
    tally.receive(RunFinished(jobs[0].run, "a cell"))
    assert rows(tally)[:3] == ["best", "validation simulated", "queries perplexity hours time left"]


def test_sixty_runs_have_as_many_lines_as_there_are_workers() -> None:
    jobs = [job(seed) for seed in range(60)]
    tally = RunTracker(jobs, 60, Clock())
    for first, second in pairwise(jobs):
        tally.receive(beat(first, 5))
        tally.receive(beat(second, 1))
        assert len([line for line in rows(tally) if "tabular" in line]) == 2
        tally.receive(RunFinished(first.run, "a cell"))


def test_the_table_is_drawn_while_runs_go_and_gone_after_them() -> None:
    console, one = terminal(), job(1, budget=Budget(queries=10))
    with LiveTable(console)([one], 3) as shown:
        shown.receive(beat(one, 5, 0.5))
        shown.note("left out: [a pair]")
        shown.receive(RunFailed(one.run, "no [red]memory"))
    text = written(console)
    assert "2 of 3 runs" in text
    assert "note: left out: [a pair]\n" in text
    assert "warning: failed 3/3: nao tabular 1, no [red]memory\n" in text
    assert text.endswith("\x1b[2K")  # the last lines are wiped


def test_a_table_without_runs_is_not_drawn() -> None:
    console = terminal()
    with LiveTable(console)([], 3):
        pass
    assert written(console) == ""


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def colours(**environment: str) -> bool:
        monkeypatch.delenv("NO_COLOR", raising=False)
        console = Console(
            file=io.StringIO(), force_terminal=True, width=100, color_system="truecolor", _environ=environment
        )
        tally = RunTracker([job(1)], 2, Clock())
        console.print(progress_table(tally))
        # a style keeps the codes of the first console that drew it, whatever that console's colours were
        return re.search(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])[;m]", written(console)) is not None

    assert colours()
    assert not colours(NO_COLOR="1")


def test_plain_lines_are_one_a_run_that_ends() -> None:
    clock, console, (one, two) = Clock(), terminal(seen=False), (job(1270), job(1271))
    with PlainLines(console, clock)([one, two], 30) as shown:
        shown.receive(beat(one, 2_900, 0.8713))
        clock.now += 4
        shown.receive(RunFinished(one.run, "a cell"))
        shown.receive(RunFailed(two.run, "no\nmemory"))
    assert written(console) == (
        "done 29/30: nao tabular 1270, 2,900 queries, best validation accuracy 87.13 %, 29.0 simulated hours, 4 s\n"
        "warning: failed 30/30: nao tabular 1271, no memory\n"
    )


def test_plain_lines_say_how_far_all_are_after_half_a_minute_without_a_line() -> None:
    clock, console = Clock(), terminal(seen=False)
    jobs = [job(seed, budget=Budget(queries=100)) for seed in range(6)]
    with PlainLines(console, clock)(jobs, 6) as shown:
        for each in jobs:
            shown.receive(beat(each, 0))
        for seconds in (10, 19.9, 0.1, 29.9):
            clock.now += seconds
            shown.receive(beat(jobs[0], 25, 0.5))
        shown.note("a line begins a new pause")
        clock.now += 29.9
        shown.receive(beat(jobs[0], 75, 0.5))
    assert written(console) == (
        "0/6 runs done, 30 s gone, about 90 s left; nao tabular 0 at 25 of 100 queries, best validation accuracy "
        "50.00 %; nao tabular 1 at 0 of 100 queries; nao tabular 2 at 0 of 100 queries; nao tabular 3 at 0 of 100 "
        "queries; 2 more\nnote: a line begins a new pause\n"
    )


def test_quiet_warns_and_says_nothing_else() -> None:
    console, (one, two) = terminal(), (job(1), job(2))
    with Quiet(console)([one, two], 2) as shown:
        shown.note("left out")
        shown.receive(beat(one, 5, 0.5))
        shown.receive(RunFinished(one.run, "a cell"))
        assert written(console) == ""
        shown.receive(RunFailed(two.run, "no memory"))
    assert written(console) == "warning: failed 2/2: nao tabular 2, no memory\n"


def test_a_note_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    display_for(False).note("left out: [a pair] " + "that cannot work " * 20)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "note: left out: [a pair] " + ("that cannot work " * 20).strip() + "\n"
