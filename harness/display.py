"""One progress display for all runs, on standard error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness import registry, settings
from harness.core.budget import Cost
from harness.engine import Beat, Broken, Done, Job, Message, Saved


class Display:
    """A line for the whole, and one for each run in progress: queries so far, and what they cost."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[cost]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._jobs: dict[str, Job] = {}

    @contextmanager
    def __call__(self, jobs: Sequence[Job], total: int) -> Iterator[Display]:
        """Show the progress of ``jobs``, which are left of ``total`` runs."""
        self._jobs = {job.run: job for job in jobs}
        self._whole = self._progress.add_task("runs", total=total, completed=total - len(jobs), cost="")
        with self._progress:
            yield self

    def see(self, message: Message) -> None:
        """Bring a run's line up to date."""
        match message:
            case Beat(run, progress):
                self._update(run, progress.trials, progress.spent)
            case Saved(run, _, checkpoint):
                self._update(run, checkpoint.trials, checkpoint.spent)
            case Done(run) | Broken(run):
                self._progress.advance(self._whole)
                if run in self._tasks:
                    self._progress.remove_task(self._tasks.pop(run))

    def note(self, text: str) -> None:
        """Show one line that a user should know, above the progress."""
        self._progress.console.print(f"note: {text}", soft_wrap=True, markup=False, emoji=False, highlight=False)

    def _update(self, run: str, trials: int, spent: Cost) -> None:
        spec = self._jobs[run].spec
        if run not in self._tasks:
            name = f"{spec.policy} {spec.oracle} {spec.seed}"
            self._tasks[run] = self._progress.add_task(name, total=spec.budget.queries, cost="")
        done = trials if spec.budget.queries is None else spent.queries
        cost = f"{spent.seconds / 3600:,.1f} {hours(spec.oracle)}"
        self._progress.update(self._tasks[run], completed=done, cost=cost)


def hours(oracle: str) -> str:
    """What an oracle's hours of training are called: a table tells how long it once took, others train as we wait."""
    return "simulated hours" if "table" in settings.defaults(registry.load("oracle", oracle)) else "h"
