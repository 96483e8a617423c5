"""Shows the leaderboards of a store together: on the terminal, and as one document of each other form."""

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
"""Keys that say nothing of a row as a whole."""


def text(found: Sequence[StoredBoard], form: str, *, statistics: bool, pairs: bool) -> str:
    """The leaderboards, or all their pairs, as ``csv``, ``json``, ``markdown`` or ``latex``."""
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
    """What rich prints of the leaderboards, or of all their pairs, an empty line between two."""
    parts: list[RenderableType] = []
    for each in found:
        shown = page.terminal(pairs_page(each.board)) if pairs else terminal(each.board, statistics=statistics)
        parts += [*([""] if parts else []), shown]
    return parts


def recorded_document(found: StoredBoard) -> dict[str, Any]:
    """The JSON document of a leaderboard, with what is recorded of the runs of each row."""
    whole = document(found.board)
    for entry, record in zip(found.board.entries, whole["leaderboard"], strict=True):
        record["recorded"] = recorded_values(found.runs[entry.key])
    truth = found.board.truth
    return whole | {"truth": {"kind": truth.kind, "name": truth.name, "metric": truth.metric, "digest": truth.digest}}


def recorded_values(runs: Iterable[Run]) -> dict[str, list[Any]]:
    """By key, the different values that these runs have, oldest first: one, where they agree."""
    found: dict[str, list[Any]] = {}
    for keys in map(keys_of, runs):
        for key, value in keys.items():
            if key not in OF_ONE_RUN and value not in found.setdefault(key, []):
                found[key].append(value)
    return found


def joined_csv(texts: Sequence[str]) -> str:
    """Several CSV texts below the columns of all of them; a column that one of them lacks is empty there."""
    tables = [list(csv.reader(io.StringIO(each))) for each in texts]
    columns = list(dict.fromkeys(name for table in tables for name in table[0]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for head, *rows in tables:
        writer.writerows(dict(zip(head, row, strict=True)) for row in rows)
    return out.getvalue()
