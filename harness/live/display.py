"""Shows how runs go, on standard error: live on a terminal, in plain lines elsewhere, only warnings where quiet.

Results go to standard output, which so stays fit for machines.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.core.runspec import RunSpec
from harness.execution.engine import RunJob
from harness.execution.messages import Message
from harness.live import scores
from harness.live.forecast import ActiveRun, Clock, EndedRun, RunTracker, duration_text
from harness.planning import registry, settings

if TYPE_CHECKING:
    from harness.leaderboard.end_to_end import Watcher

PAUSE_SECONDS = 30.0
"""Seconds without any line after which plain lines say how far the runs are."""

BAR_WIDTH = 8
"""The columns of a bar."""

MOST_NAMED = 4
"""The most runs that such a line names."""


def display_for(quiet: bool, tensorboard: str | None = None) -> Watcher:
    """What shows the runs of a command; ``tensorboard`` is a folder that it also writes scalars into.

    Raises SettingError where scalars are asked for that cannot be written.
    """
    console = Console(stderr=True)
    seen = console.is_terminal and not console.is_dumb_terminal
    shown: Watcher = Quiet(console) if quiet else LiveTable(console) if seen else PlainLines(console)
    if tensorboard is None:
        return shown
    from harness.live.scalars import TensorBoardScalars

    return TensorBoardScalars(tensorboard, shown)


class Quiet:
    """Says only which runs failed."""

    def __init__(self, console: Console) -> None:
        self._console, self._tracker = console, RunTracker((), 0)

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[Quiet]:
        """Watch ``jobs``, which are left of ``total`` runs."""
        self._tracker = RunTracker(jobs, total)
        yield self

    def receive(self, message: Message) -> None:
        """Warn where a run failed."""
        ended = self._tracker.receive(message)
        if ended is not None and ended.reason is not None:
            print_line(self._console, failure(self._tracker, ended))

    def note(self, text: str) -> None:
        """Say nothing."""


class PlainLines:
    """A line for each run that ends, and one for all that go on where nothing was said for half a minute."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console, self._clock, self._tracker = console, clock, RunTracker((), 0, clock)
        self._said = clock()

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[PlainLines]:
        """Watch ``jobs``, which are left of ``total`` runs."""
        self._tracker, self._said = RunTracker(jobs, total, self._clock), self._clock()
        yield self

    def receive(self, message: Message) -> None:
        """Say that a run ended, or after a pause how far all are."""
        ended = self._tracker.receive(message)
        if ended is not None:
            self._say(failure(self._tracker, ended) if ended.reason is not None else success(self._tracker, ended))
        elif self._clock() - self._said >= PAUSE_SECONDS:
            self._say(progress_line(self._tracker))

    def note(self, text: str) -> None:
        """Say one line that a user should know."""
        self._say(f"note: {text}")

    def _say(self, text: str) -> None:
        print_line(self._console, text)
        self._said = self._clock()


class LiveTable:
    """A line for the whole, and one for each run in progress, of which there are as many as workers."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console, self._clock, self._tracker = console, clock, RunTracker((), 0, clock)

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[LiveTable]:
        """Watch ``jobs``, which are left of ``total`` runs; without any there is nothing to show."""
        self._tracker = RunTracker(jobs, total, self._clock)
        if not jobs:
            yield self
            return
        with Live(get_renderable=lambda: progress_table(self._tracker), console=self._console, transient=True):
            yield self

    def receive(self, message: Message) -> None:
        """Bring the table up to date; a run that failed is named above it."""
        ended = self._tracker.receive(message)
        if ended is not None and ended.reason is not None:
            print_line(self._console, failure(self._tracker, ended))

    def note(self, text: str) -> None:
        """Say one line that a user should know, above the table."""
        print_line(self._console, f"note: {text}")


def print_line(console: Console, text: str) -> None:
    """Print one line, however long, as it is."""
    console.print(" ".join(text.split()), soft_wrap=True, markup=False, emoji=False, highlight=False)


def success(tally: RunTracker, ended: EndedRun) -> str:
    """The line of a run that is done."""
    run, spent = ended.run, ended.run.progress.spent
    parts = [f"{spent.queries:,} queries", _best_in_words(run), training(run), duration_text(ended.seconds)]
    return f"done {tally.ended}/{tally.total}: {name(run.job.spec)}, {', '.join(part for part in parts if part)}"


def failure(tally: RunTracker, ended: EndedRun) -> str:
    """The line of a run that failed."""
    return f"warning: failed {tally.ended}/{tally.total}: {name(ended.run.job.spec)}, {ended.reason}"


def progress_line(tally: RunTracker) -> str:
    """One line of how far the runs are."""
    left = tally.total_seconds_left()
    times = f"{duration_text(tally.elapsed)} gone" + (f", about {duration_text(left)} left" if left is not None else "")
    named = [_run_progress(tally, run) for run in tally.going]
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    return "; ".join([f"{tally.ended}/{tally.total} runs done, {times}", *named[:MOST_NAMED], *more])


def _run_progress(tally: RunTracker, run: ActiveRun) -> str:
    parts = f"{name(run.job.spec)} at {queries(tally, run)} queries", _best_in_words(run)
    return ", ".join(part for part in parts if part)


def progress_table(tally: RunTracker) -> Table:
    """The live table: for each run its queries, best score, training as charged, real time, and the time left."""
    runs = tally.going
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", overflow="fold")  # long names are what gives way on a narrow terminal
    table.add_column("", width=BAR_WIDTH)
    for head in ("queries", _best_head(runs), _training_head(runs), "time", "left"):
        table.add_column(head, justify="right", vertical="bottom", no_wrap=True)
    done = f"{tally.ended} of {tally.total} runs" + (f", {tally.failed} failed" if tally.failed else "")
    times = duration_text(tally.elapsed), duration_text(tally.total_seconds_left())
    table.add_row(Text(done, style="bold"), _bar(tally.ended / tally.total), "", "", "", *times)
    for run in runs:
        table.add_row(*_cells(tally, run, plain=len(_units(runs)) == 1))
    return table


def _cells(tally: RunTracker, run: ActiveRun, *, plain: bool) -> tuple[Text | ProgressBar | str, ...]:
    spent = _hours(run) if plain else training(run)
    texts = (
        queries(tally, run),
        _best(run),
        spent,
        duration_text(tally.clock() - run.began),
        duration_text(tally.left(run)),
    )
    return Text(name(run.job.spec)), _bar(tally.share(run)), *texts


def _bar(share: float | None) -> ProgressBar | str:
    return "" if share is None else ProgressBar(total=1.0, completed=share, width=BAR_WIDTH)


def _best_head(runs: Sequence[ActiveRun]) -> str:
    """What the column of best scores is called, by what they measure where that is the same for all."""
    meanings = {scores.meaning(run.best.metric) for run in runs if run.best is not None}
    return f"best {meanings.pop() if len(meanings) == 1 else 'score'}".replace(" ", "\n")


def _training_head(runs: Sequence[ActiveRun]) -> str:
    """The unit of the column where it is the same for all, or else what it measures."""
    units = _units(runs)
    return units.pop().replace(" ", "\n") if len(units) == 1 else "training"


def _units(runs: Sequence[ActiveRun]) -> set[str]:
    return {hours(run.job.spec.oracle) for run in runs}


def name(spec: RunSpec) -> str:
    """What tells a run from the others of a comparison."""
    return f"{spec.policy} {spec.oracle} {spec.seed}"


def queries(tally: RunTracker, run: ActiveRun) -> str:
    """The queries of a run so far, and of how many, where that is known."""
    whole = tally.whole(run)
    return f"{run.progress.spent.queries:,}" + (f" of {whole:,}" if whole else "")


def training(run: ActiveRun) -> str:
    """The training that a run's answers cost."""
    return f"{_hours(run)} {hours(run.job.spec.oracle)}"


def _hours(run: ActiveRun) -> str:
    """Two digits below one hour, where a single decimal would often be 0."""
    spent = run.progress.spent.seconds / 3600
    return f"{spent:.2g}" if spent < 1 else f"{spent:,.1f}"


def _best(run: ActiveRun) -> str:
    """The best score of a run so far; nothing where there is none."""
    return "" if run.best is None else scores.text(run.best.value, run.best.metric)


def _best_in_words(run: ActiveRun) -> str:
    return "" if run.best is None else f"best {scores.meaning(run.best.metric)} {_best(run)}"


@functools.cache
def hours(oracle: str) -> str:
    """What an oracle's hours of training are called: a table tells how long it once took, others train as we wait."""
    return "simulated hours" if "table" in settings.defaults(registry.load("oracle", oracle)) else "hours"
