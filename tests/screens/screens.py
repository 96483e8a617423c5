"""What a terminal shows, fixed: each screen is a console that has printed, 100 columns wide."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from harness.core.budget import Budget, Cost
from harness.execution.messages import BestScore, RunFailed, RunFinished
from harness.leaderboard.formats import terminal as leaderboard
from harness.leaderboard.leaderboard import Leaderboard
from harness.live.display import progress_table
from harness.live.forecast import RunTracker
from harness.live.watch import RunCounts, StoreSnapshot, WatchedRun
from harness.live.watch_page import terminal as watched
from harness.output.page import Page, TextTable
from harness.output.page import terminal as study
from tests.fakes.judged_runs import FULL, RANDOM, board, runs
from tests.fakes.runs_in_progress import PERPLEXITIES, VALIDATION, Clock, beat, job

WIDTH = 100


def printed(*parts: Any) -> Console:
    """A console that has printed, whatever terminal the tests run in."""
    form = {"width": WIDTH, "height": 40, "force_terminal": True, "color_system": "truecolor"}
    console = Console(record=True, file=io.StringIO(), _environ={}, **form)
    for part in parts:
        console.print(part)
    return console


def failed() -> Leaderboard:
    """A policy with a seed that has no value, two seeds, and warnings."""
    return board(runs("random", RANDOM), runs("darts", [0.93, "the cell is not in the table"], (1268, 1269)))


def study_page() -> Page:
    """A study of two tables with a dash and notes."""
    cells = (("tanh@0 relu@1", "54.57 ± 0.25", "1"), ("relu@0 identity@1", "–", "–"))
    epochs = (("1", "0.12 ± 0.05"), ("1,000", "0.93"))
    grids = (
        TextTable("By cell", ("cell", "test perplexity\n± std", "rank"), cells),
        TextTable("By epoch", ("epoch", "Kendall's tau"), epochs),
    )
    notes = ("The smaller the perplexity, the better.", "– one of the cell's trainings diverged")
    return Page("How early the ranking is known: table rnn2-ptb, validation perplexity, 10 repeats", grids, notes, {})


def runs_in_progress() -> RunTracker:
    """Thirty runs, of which 26 were done before; one has failed since, three go, and one waits."""
    clock = Clock()
    jobs = [job(seed, "nao", budget=Budget(queries=2_000)) for seed in (1270, 1271)]
    jobs += [job(1270, "enas", "tabular+score-gradient"), job(1277), job(1271, "random")]
    tally = RunTracker(jobs, 31, clock)
    for each in jobs[:4]:
        tally.receive(beat(each, 0))
    clock.now += 75
    tally.receive(beat(jobs[0], 500, 0.8713))
    tally.receive(beat(jobs[1], 1_250, 0.91206))
    tally.receive(beat(jobs[2], 62_000, 0.5))
    tally.receive(RunFailed(jobs[3].run, "the GPU has no memory left; lower the batch size"))
    return tally


def runs_on_text() -> RunTracker:
    """Two recurrent runs of which one has ended, so that the other's length is known."""
    clock, jobs = Clock(), [job(1268, "darts"), job(1269, "darts")]
    tally = RunTracker(jobs, 2, clock)
    tally.receive(beat(jobs[0], 400, -4.0, metric=PERPLEXITIES))
    clock.now += 240
    tally.receive(RunFinished(jobs[0].run, "a cell"))
    tally.receive(beat(jobs[1], 0))
    clock.now += 30
    tally.receive(beat(jobs[1], 100, -4.25, metric=PERPLEXITIES))
    return tally


def picture() -> StoreSnapshot:
    """A store with finished, failed, going and waiting runs, one of them silent for long."""
    groups = (
        RunCounts("enas", "supernet", "nasbench101-v5", finished=7, failed=1, going=2, waiting=0),
        RunCounts("evolution", "tabular+score-gradient", "nasbench101-v5", finished=0, failed=0, going=0, waiting=10),
    )
    going = [_seen(1276, 24_727, 21_527, 0.88, 0.0), _seen(1277, 9_000, 5_800, None, 7_200.0)]
    return StoreSnapshot("sqlite:///runs/harness.db", groups, tuple(going))


def _seen(seed: int, trials: int, queries: int, best: float | None, silent: float) -> WatchedRun:
    spec = job(seed, "enas", "supernet", space="nasbench101-v5").spec
    found = None if best is None else BestScore(best, VALIDATION)
    run = f"{seed:064x}"[::-1]  # the digest itself would change with the version
    return WatchedRun(run, spec, trials, Cost(queries, 100.0, 4_000.0), found, 21_500, silent)


SCREENS: Mapping[str, Callable[[], Console]] = {
    "leaderboard": lambda: printed(leaderboard(FULL)),
    "leaderboard-statistics": lambda: printed(leaderboard(FULL, statistics=True)),
    "leaderboard-warnings": lambda: printed(leaderboard(failed())),
    "study": lambda: printed(study(study_page())),
    "live": lambda: printed(progress_table(runs_in_progress())),
    "live-perplexity": lambda: printed(progress_table(runs_on_text())),
    "watch": lambda: printed(watched(picture(), datetime(2026, 1, 2, 14, 3, 4))),
}
"""Each as text in ``golden/NAME.txt``."""

PICTURES = ("live",)
"""Those that are also kept with their colours, as ``golden/NAME.svg``."""
