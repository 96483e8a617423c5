"""Writes the report of a run store to a file, and judges the runs that were not judged yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness.core.errors import SettingError
from harness.files.atomic_write import atomic_output, require_writable_file
from harness.leaderboard.stored_boards import stored_boards
from harness.report.board_report import board_report_of
from harness.report.document import TemplateContext, html, template_context
from harness.storage.records import Run
from harness.storage.store import Store

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English names, whatever the machine's language."""


def write_report(
    store: Store,
    runs: Sequence[Run],
    output: str | Path,
    *,
    metric: str | None = None,
    group_by: Sequence[str] = (),
    margin: float | None = None,
) -> Path:
    """Write the report of these runs of a store, and return its path; the same store gives the same bytes.

    Looks at the truth are recorded in the store. Raises a HarnessError if nothing can be judged, and SettingError for a
    file that cannot be written.
    """
    target = require_writable(output)
    boards = stored_boards(store, runs, metric=metric, group_by=group_by, margin=margin)
    contexts = [template_context(f"part{i}", board_report_of(board, store), store) for i, board in enumerate(boards, 1)]
    with atomic_output(target, "--output") as part:
        part.write_text(html(*_heading(runs, contexts), contexts), encoding="utf-8")
    return target


def require_writable(output: str | Path) -> Path:
    """The path of a page that can be written; raises SettingError for another ending, or a folder that cannot be."""
    if Path(output).suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"--output {str(output)!r} must end in .html: the report is a page")
    return require_writable_file(output, "--output")


def _heading(runs: Sequence[Run], contexts: Sequence[TemplateContext]) -> tuple[str, str]:
    """The title, which names what was compared, and the sentence below it."""
    policies = dict.fromkeys(run.spec.policy for run in runs)
    spaces = dict.fromkeys(run.spec.space for run in runs)
    title = f"{_listed(list(policies))} on {_listed(list(spaces))}"
    ended = max((run.finished for run in runs if run.finished), default=None)
    when = f", the last of them ended on {_date(ended)}" if ended else ""
    boards = "one leaderboard" if len(contexts) == 1 else f"{len(contexts)} leaderboards"
    return title, f"How good the search is: {len(runs)} runs in {boards}{when}."


def _date(moment: str) -> str:
    """A stored moment in words: 24 Nov 2026, 14:29 UTC."""
    when = datetime.fromisoformat(moment).astimezone(UTC)
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
