"""The page of a reproduced item: our numbers next to the printed ones, what was not measured, known inconsistencies."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from harness.output.page import Page, TextTable
from harness.reproduce import published
from harness.reproduce.cells import MeasuredValue, Missing, ReproducedCell, ReproducedSection
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.items import Schedules
from harness.reproduce.published import NO_VALUE, PAPER
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.schedule import Schedule, ScheduleGroup

OURS, THEIRS = "ours", "paper"

HEADER_WIDTH = 14
"""The most characters of a column's name on a line."""

COMMAND_WIDTH = 96
"""The most characters of a command on a line of the terminal."""

KNOWN = "Known to be inconsistent or unclear in the paper"


def item_page(item: ReproducedItem, request: ReproduceRequest, findings: Findings) -> Page:
    """The page of an item's findings."""
    printed = published.load(item.name)
    title = f"{printed.place} of {PAPER}: {printed.title}; {request.scale} scale"
    grids = (*map(_grid, findings.sections), *findings.grids)
    notes = (*_dashes(findings), *findings.notes, *_known(item.name))
    return Page(title, grids, tuple(notes), _content(item, request, findings))


def _grid(section: ReproducedSection) -> TextTable:
    """A table of a section; a column that both have becomes two, ours first."""
    kept = [
        (place, who)
        for place in range(len(section.columns))
        for who in (OURS, THEIRS)
        if any(_cell_part(row.cells[place], who) is not None for row in section.rows)
    ]
    heads = ("", *(f"{textwrap.fill(section.columns[place], HEADER_WIDTH)}\n{who}" for place, who in kept))
    rows = tuple((row.name, *(_text(_cell_part(row.cells[place], who)) for place, who in kept)) for row in section.rows)
    title = section.title if not section.printed else f"{section.printed}; {section.title}"
    return TextTable(title, heads, rows)


def _cell_part(cell: ReproducedCell, who: str) -> MeasuredValue | Missing | published.Printed | None:
    return cell.ours if who == OURS else cell.printed


def _text(part: MeasuredValue | Missing | published.Printed | None) -> str:
    if part is None:
        return ""
    return NO_VALUE if isinstance(part, Missing) else part.text


def _dashes(findings: Findings) -> Iterator[str]:
    """The reasons why our cells are dashes, each once, followed by the command that measures it on its own line."""
    reasons: dict[Missing, list[str]] = {}
    for section in findings.sections:
        for row, _, missing in section.missing:
            reasons.setdefault(missing, []).append(row)
    if isinstance(findings.figure, Missing):
        reasons.setdefault(findings.figure, []).append("the figure")
    for missing, rows in reasons.items():
        yield f"{NO_VALUE} {missing.reason} ({', '.join(dict.fromkeys(rows))})" + (":" if missing.command else "")
        if missing.command:
            yield missing.command


def _known(name: str) -> Iterable[str]:
    known = published.inconsistencies(name)
    return (f"{KNOWN}:", *(f"- {each.text}" for each in known)) if known else ()


def _content(item: ReproducedItem, request: ReproduceRequest, findings: Findings) -> dict[str, Any]:
    """The JSON content in full precision; a cell that was not measured is ``null`` with its reason."""
    return {
        "item": item.name,
        "scale": request.scale,
        "seeds": list(request.common.seeds),
        "sections": [_section(section) for section in findings.sections],
        "details": dict(findings.content),
        "inconsistencies": [asdict(each) for each in published.inconsistencies(item.name)],
    }


def _section(section: ReproducedSection) -> dict[str, Any]:
    heads = [column.replace("\n", " ") for column in section.columns]
    rows = [
        {"name": row.name, "cells": {head: _cell(cell) for head, cell in zip(heads, row.cells, strict=True)}}
        for row in section.rows
    ]
    return {"title": section.title, "printed": section.printed, "rows": rows}


def _cell(cell: ReproducedCell) -> dict[str, Any]:
    return {OURS: _ours(cell.ours), THEIRS: None if cell.printed is None else cell.printed.text}


def _ours(ours: MeasuredValue | Missing | None) -> dict[str, Any] | None:
    match ours:
        case MeasuredValue(_, value, std):
            return {"value": value, "std": std}
        case Missing(reason, command):
            return {"value": None, "reason": reason, "command": command}
    return None


def wrap_commands(page: Page) -> Page:
    """The page for a terminal: a command too long for a line is wrapped with backslashes, as a shell reads it."""
    return replace(
        page, notes=tuple(_wrapped_command(note) if note.startswith("harness ") else note for note in page.notes)
    )


def _wrapped_command(command: str) -> str:
    lines = textwrap.wrap(
        command, COMMAND_WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="    "
    )
    return " \\\n".join(lines)


def plan_page(item: ReproducedItem, request: ReproduceRequest, planned: Schedules) -> Page:
    """The page of the runs that are done and to do: a table for each command, then the commands in the same order."""
    title = f"{published.load(item.name).place} of {PAPER} at {request.scale} scale: the runs"
    content = {"item": item.name, "scale": request.scale, "steps": [asdict(one) for one in planned]}
    return Page(
        title, tuple(_plan(place, one) for place, one in enumerate(planned, 1)), tuple(_plan_notes(planned)), content
    )


def _plan_notes(planned: Schedules) -> Iterator[str]:
    if not planned:
        yield "No search is made for it: it comes from the printed numbers, or from a table, alone."
    for place, one in enumerate(planned, 1):
        yield f"{place}: these runs are those of"
        yield one.command
    for lacking in dict.fromkeys(text for one in planned for text in one.lacking):
        yield f"must be fetched first: {lacking}"


def _plan(place: int, one: Schedule) -> TextTable:
    heads = ("policy", "oracle", "space", "seeds", "done", "to do", "cost of what is to do")
    return TextTable(f"{place}: {one.waiting} runs to do", heads, tuple(map(_group, one.groups)))


def _group(group: ScheduleGroup) -> tuple[str, ...]:
    done = NO_VALUE if group.done is None else str(group.done)
    left = str(group.seeds - (group.done or 0))
    return (group.policy, group.oracle, group.space, str(group.seeds), done, left, group.cost or NO_VALUE)
