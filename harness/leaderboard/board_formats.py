"""Shows all leaderboards of a store: on the terminal, or as one document in another format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.leaderboard.document import document
from harness.leaderboard.formats import render, terminal
from harness.leaderboard.pairs import pairs_page
from harness.leaderboard.stored_boards import StoredBoard
from harness.output import page
from harness.storage.records import Run
from harness.storage.selection import keys_of

if TYPE_CHECKING:
    from rich.console import RenderableType

OF_ONE_RUN = ("run", "seed", "status", "created", "finished", "trials", "queries", "epochs", "seconds")
"""Keys of a single run, which do not describe a row."""


def text(found: Sequence[StoredBoard], form: str, *, statistics: bool, pairs: bool) -> str:
    """The leaderboards, or all pairs of their policies, as ``csv``, ``json``, ``markdown`` or ``latex``."""
    if form == "json":
        documents = [
            recorded_document(each) | ({"pairs": pairs_page(each.board).content["pairs"]} if pairs else {})
            for each in found
        ]
        return json.dumps({"leaderboards": documents}, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    boards = [each.board for each in found]
    if pairs:
        parts = [page.render(pairs_page(board), form) for board in boards]
    else:
        parts = [render(board, form, statistics=statistics) for board in boards]
    return joined_csv(parts) if form == "csv" else "\n".join(parts)


def terminal_parts(found: Sequence[StoredBoard], *, statistics: bool, pairs: bool) -> list[RenderableType]:
    """The leaderboards, or all pairs of their policies, for rich; an empty line separates two."""
    parts: list[RenderableType] = []
    for each in found:
        shown = page.terminal(pairs_page(each.board)) if pairs else terminal(each.board, statistics=statistics)
        parts += [*([""] if parts else []), shown]
    return parts


def recorded_document(found: StoredBoard) -> dict[str, Any]:
    """The JSON document of a leaderboard, with what the store recorded of each row's runs."""
    whole = document(found.board)
    for entry, record in zip(found.board.entries, whole["leaderboard"], strict=True):
        record["recorded"] = recorded_values(found.runs[entry.key])
    truth = found.board.truth
    return whole | {"truth": {"kind": truth.kind, "name": truth.name, "metric": truth.metric, "digest": truth.digest}}


def recorded_values(runs: Iterable[Run]) -> dict[str, list[Any]]:
    """The distinct values of each recorded key, oldest first; a single value if all runs agree."""
    found: dict[str, list[Any]] = {}
    for keys in map(keys_of, runs):
        for key, value in keys.items():
            if key not in OF_ONE_RUN and value not in found.setdefault(key, []):
                found[key].append(value)
    return found


def joined_csv(texts: Sequence[str]) -> str:
    """Join CSV texts under the columns of all; a field is empty if its text lacks the column."""
    tables = [list(csv.reader(io.StringIO(each))) for each in texts]
    columns = list(dict.fromkeys(name for table in tables for name in table[0]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for head, *rows in tables:
        writer.writerows(dict(zip(head, row, strict=True)) for row in rows)
    return out.getvalue()
