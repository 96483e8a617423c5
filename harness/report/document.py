"""The HTML page: what its template reads of each leaderboard, and a document that loads nothing from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from harness import __version__
from harness.core.numbers import Undefined
from harness.output.page import TextTable
from harness.report.board_report import BoardReport
from harness.report.checklist import ChecklistItem, checklist, tally
from harness.report.commands import Command, commands_of
from harness.report.drawings import DrawnCell, drawn_cells
from harness.report.figures import DrawnFigure, agreement, over_time, recommendations
from harness.report.provenance import facts, run_list, settings
from harness.report.ranking import SortableTable, ranking
from harness.report.significance import PairwiseMatrix, matrix
from harness.storage.store import Store

FOLDER = Path(__file__).parent

FigureSection = tuple[str, str, tuple[DrawnFigure, ...], tuple[str, ...]]
"""A section of figures: its name in the page, its title, the figures, and why others are missing."""


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """A leaderboard as the template reads it; ``name`` is the prefix of its sections' anchors."""

    name: str
    title: str
    subtitle: str
    verdicts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    ranking: SortableTable
    matrix: PairwiseMatrix | None
    figures: tuple[FigureSection, ...]
    agreement: TextTable | None
    cells: tuple[DrawnCell, ...]
    checklist: tuple[tuple[str, tuple[ChecklistItem, ...]], ...]
    tally: str
    facts: TextTable
    details: tuple[tuple[str, tuple[TextTable, ...]], ...]
    commands: tuple[Command, ...]

    @property
    def contents(self) -> list[tuple[str, str]]:
        """The sections' names and titles, in the order of the page."""
        pairs = [("pairs", "Every pair")] if self.matrix else []
        drawn = [(name, title) for name, title, *_ in self.figures]
        weights = [("agreement", "Shared weights")] if self.agreement else []
        cells = [("cells", "The best cells")] if self.cells else []
        last = [("checklist", "Checklist"), ("provenance", "Provenance"), ("reproduce", "Reproduce")]
        return [("findings", "Findings"), ("leaderboard", "Leaderboard"), *pairs, *drawn, *weights, *cells, *last]


def template_context(name: str, board_report: BoardReport, store: Store) -> TemplateContext:
    """Collect what the page shows of a leaderboard."""
    items = checklist(board_report)
    entries = board_report.board.entries
    return TemplateContext(
        name=name,
        title=_title(board_report),
        subtitle=_subtitle(board_report),
        verdicts=tuple(_verdict(entry.verdict) for entry in entries),
        warnings=board_report.board.warnings,
        ranking=ranking(board_report),
        matrix=matrix(board_report) if len(entries) > 1 else None,
        figures=(
            _section("time", "Over time", over_time(f"{name}-time", board_report, store)),
            _section("picks", "What is recommended", recommendations(f"{name}-picks", board_report)),
        ),
        agreement=agreement(board_report, store),
        cells=drawn_cells(f"{name}-cell", board_report),
        checklist=tuple((heading, tuple(group)) for heading, group in groupby(items, key=lambda item: item.heading)),
        tally=tally(items),
        facts=facts(board_report),
        details=tuple((row.label, (settings(row), run_list(row))) for row in board_report.rows),
        commands=tuple(command for row in board_report.rows for command in commands_of(row.label, row.runs)),
    )


def _title(board_report: BoardReport) -> str:
    spaces = dict.fromkeys(run.spec.space for run in board_report.runs)
    truth = board_report.board.truth
    return f"{', '.join(spaces)}, judged by {truth.kind} {truth.name}"


def _subtitle(board_report: BoardReport) -> str:
    """The metric, its split, repeats and budget, and the seeds of each row."""
    counts = sorted({len(entry.seeds) for entry in board_report.board.entries})
    seeds = " or ".join(map(str, counts)) + (" seed a row" if counts == [1] else " seeds a row")
    text = board_report.board.truth.text
    return f"{text[0].upper()}{text[1:]}; {seeds}; {len(board_report.runs)} runs."


def _verdict(text: str) -> tuple[str, str]:
    """Split a verdict at its first colon and space into a name and the rest; without them the name is empty."""
    name, colon, rest = text.partition(": ")
    return (name, rest) if colon else ("", text)


def _section(name: str, title: str, found: Iterable[DrawnFigure | Undefined]) -> FigureSection:
    parts = list(found)
    figures = tuple(part for part in parts if isinstance(part, DrawnFigure))
    return name, title, figures, tuple(part.reason for part in parts if isinstance(part, Undefined))


def html(title: str, lead: str, boards: Sequence[TemplateContext]) -> str:
    """The document; text is escaped, and a Content-Security-Policy forbids it to run or load anything else."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style, script = (_text(name) for name in ("page.css", "page.js"))
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("page.html.jinja")
    parts = {"policy": _policy(script, style), "markup": Markup, "style": Markup(style), "script": Markup(script)}
    return template.render(title=title, lead=lead, boards=boards, version=__version__, **parts)


def _policy(script: str, style: str) -> str:
    """A Content-Security-Policy: this script and this style, and no network, frame, form or evaluated text."""
    allowed = f"script-src {_hash(script)}; style-src {_hash(style)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
