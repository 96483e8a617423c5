"""Shows the progress of runs on standard error: live on a terminal, in lines elsewhere, only failures with --quiet.

Results go to standard output, which programs can read.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.core.runspec import RunSpec
from harness.execution.engine import RunJob
from harness.execution.messages import Message
from harness.live import scores
from harness.live.forecast import MOST_NAMED, ActiveRun, Clock, EndedRun, RunTracker, duration_text
from harness.output.terminal import console
from harness.planning import registry, settings

if TYPE_CHECKING:
    from harness.leaderboard.end_to_end import Watcher

PAUSE_SECONDS = 30.0
"""Seconds without a line after which a progress line is printed."""

BAR_WIDTH = 8
"""The width of a bar in characters."""


def display_for(quiet: bool, tensorboard: str | None = None) -> Watcher:
    """The display of a command's runs; ``tensorboard`` is a folder that it also writes scalars into.

    Raises SettingError if scalars are asked for and cannot be written.
    """
    out = console(stderr=True)
    seen = out.is_terminal and not out.is_dumb_terminal
    shown: Watcher = Quiet(out) if quiet else LiveTable(out) if seen else PlainLines(out)
    if tensorboard is None:
        return shown
    from harness.live.scalars import TensorBoardScalars

    return TensorBoardScalars(tensorboard, shown)


class Quiet:
    """Prints only which runs failed."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._tracker, self._printed_at = RunTracker((), 0, clock), clock()

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[Self]:
        """Watch ``jobs``, the runs out of ``total`` that have not finished yet."""
        self._tracker, self._printed_at = RunTracker(jobs, total, self._clock), self._clock()
        yield self

    def receive(self, message: Message) -> None:
        """Print a warning if a run failed."""
        ended = self._tracker.receive(message)
        if ended is not None and ended.reason is not None:
            self._print(failure(self._tracker, ended))

    def note(self, text: str) -> None:
        """Do nothing."""

    def _print(self, text: str) -> None:
        """Print one line without wrapping or markup."""
        self._console.print(" ".join(text.split()), soft_wrap=True, markup=False, emoji=False, highlight=False)
        self._printed_at = self._clock()


class PlainLines(Quiet):
    """Prints a line for each run that ends, and a progress line after half a minute without a line."""

    def receive(self, message: Message) -> None:
        """Print that a run ended, or after a pause the progress of all runs."""
        ended = self._tracker.receive(message)
        if ended is not None:
            self._print(failure(self._tracker, ended) if ended.reason is not None else success(self._tracker, ended))
        elif self._clock() - self._printed_at >= PAUSE_SECONDS:
            self._print(progress_line(self._tracker))

    def note(self, text: str) -> None:
        """Print a note for the user."""
        self._print(f"note: {text}")


class LiveTable(Quiet):
    """A table with a line for all runs together, and one for each run in progress; failures and notes above it."""

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[Self]:
        """Watch ``jobs``, the runs out of ``total`` that have not finished yet; without any, nothing is shown."""
        with super().__call__(jobs, total):
            if not jobs:
                yield self
                return
            with Live(get_renderable=lambda: progress_table(self._tracker), console=self._console, transient=True):
                yield self

    def note(self, text: str) -> None:
        """Print a note for the user above the table."""
        self._print(f"note: {text}")


def success(tracker: RunTracker, ended: EndedRun) -> str:
    """The line of a run that finished."""
    run, spent = ended.run, ended.run.progress.spent
    parts = [f"{spent.queries:,} queries", _best_in_words(run), training(run), duration_text(ended.seconds)]
    return f"done {tracker.ended}/{tracker.total}: {name(run.job.spec)}, {', '.join(part for part in parts if part)}"


def failure(tracker: RunTracker, ended: EndedRun) -> str:
    """The line of a run that failed."""
    return f"warning: failed {tracker.ended}/{tracker.total}: {name(ended.run.job.spec)}, {ended.reason}"


def progress_line(tracker: RunTracker) -> str:
    """The progress of all runs in one line."""
    left = tracker.total_seconds_left()
    times = f"{duration_text(tracker.elapsed)} gone{'' if left is None else f', about {duration_text(left)} left'}"
    named = [_run_progress(tracker, run) for run in tracker.going]
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    return "; ".join([f"{tracker.ended}/{tracker.total} runs done, {times}", *named[:MOST_NAMED], *more])


def _run_progress(tracker: RunTracker, run: ActiveRun) -> str:
    parts = f"{name(run.job.spec)} at {tracker.queries(run)} queries", _best_in_words(run)
    return ", ".join(part for part in parts if part)


def progress_table(tracker: RunTracker) -> Table:
    """The live table: for each run its queries, best score, training as charged, real time, and the time left."""
    runs = tracker.going
    units = {hours(run.job.spec.oracle) for run in runs}  # the head of the training column, if all runs have the same
    training_head = next(iter(units)).replace(" ", "\n") if len(units) == 1 else "training"
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", overflow="fold")  # long names are wrapped on a narrow terminal
    table.add_column("", width=BAR_WIDTH)
    for head in ("queries", scores.best_head(run.best for run in runs), training_head, "time", "left"):
        table.add_column(head, justify="right", vertical="bottom", no_wrap=True)
    done = f"{tracker.ended} of {tracker.total} runs" + (f", {tracker.failed} failed" if tracker.failed else "")
    times = duration_text(tracker.elapsed), duration_text(tracker.total_seconds_left())
    table.add_row(Text(done, style="bold"), _bar(tracker.ended / tracker.total), "", "", "", *times)
    for run in runs:
        table.add_row(*_cells(tracker, run, plain=len(units) == 1))
    return table


def _cells(tracker: RunTracker, run: ActiveRun, *, plain: bool) -> tuple[Text | ProgressBar | str, ...]:
    texts = tracker.queries(run), _best(run), _hours(run) if plain else training(run)
    times = duration_text(tracker.clock() - run.began), duration_text(tracker.left(run))
    return Text(name(run.job.spec)), _bar(tracker.share(run)), *texts, *times


def _bar(share: float | None) -> ProgressBar | str:
    return "" if share is None else ProgressBar(total=1.0, completed=share, width=BAR_WIDTH)


def name(spec: RunSpec) -> str:
    """The name of a run in a comparison: policy, oracle and seed."""
    return f"{spec.policy} {spec.oracle} {spec.seed}"


def training(run: ActiveRun) -> str:
    """The training cost of a run's answers, with its unit."""
    return f"{_hours(run)} {hours(run.job.spec.oracle)}"


def _hours(run: ActiveRun) -> str:
    """The hours of training, with two digits below one hour, where a single decimal would often be 0."""
    spent = run.progress.spent.seconds / 3600
    return f"{spent:.2g}" if spent < 1 else f"{spent:,.1f}"


def _best(run: ActiveRun) -> str:
    """The best score of a run so far; empty if there is none."""
    return "" if run.best is None else scores.text(run.best.value, run.best.metric)


def _best_in_words(run: ActiveRun) -> str:
    return "" if run.best is None else scores.best_in_words(run.best)


@functools.cache
def hours(oracle: str) -> str:
    """The unit of an oracle's training time: a table has recorded it, other oracles train now."""
    return "simulated hours" if "table" in settings.defaults(registry.load("oracle", oracle)) else "hours"
