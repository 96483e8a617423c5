"""The page of the study of transfer: how far two tables agree, and how the best cells of each rank in the other."""

from __future__ import annotations

from collections.abc import Iterator

from harness.output.page import Page, TextTable
from harness.output.units import DASH, fixed, text, unit_of
from harness.studies.transfer.measure import BestCells, TableSummary, TransferResult, TransferRow

MEANING = (
    "Cells are ranked by their means over the repeats at the full budget, among those that have a mean in both tables; "
    "rank 1 is best, ties share the best rank. Tau: Kendall's tau-b; weighted tau: pairs of good cells count more "
    "(Vigna 2015). Top: the share of the best cells of the first table among as many of the second, and in brackets "
    "that of random cells. Regret: how much worse than the best the chosen cell is there."
)


def transfer_page(content: TransferResult) -> Page:
    """The page of a study: a row for each pair of metrics, then the best cells of each table in the other."""
    first, second = content["sides"]
    title = (
        f"Transfer between tables {first['table']} and {second['table']}: {content['common']:,} cells of scheme "
        f"{content['scheme']} in common"
    )
    grids = (_agreements(content), _choices(content, first, second, "there"), _choices(content, second, first, "back"))
    return Page(title, grids, tuple(_notes(content)), {**content})


def _agreements(content: TransferResult) -> TextTable:
    heads = ("first", "second", "cells", "Kendall's\ntau", "weighted\ntau", "Spearman's\nrho", f"top {content['top']}")
    return TextTable("How far the rankings agree", heads, tuple(_agreement(row) for row in content["rows"]))


def _agreement(row: TransferRow) -> tuple[str, ...]:
    numbers = (text(fixed(row[name], 2)) for name in ("tau", "weighted_tau", "spearman"))
    return (_words(row["first"]), _words(row["second"]), f"{row['cells']:,}", *numbers, _kept(row))


def _kept(row: TransferRow) -> str:
    kept, chance = row["kept"], row["chance"]
    return DASH if kept is None or chance is None else f"{_share(kept)} ({_share(chance)})"


def _share(share: float) -> str:
    """A share in whole per cents, or one digit of a smaller one."""
    per_cent = 100 * share
    return f"{per_cent:.0f} %" if per_cent >= 1 or per_cent == 0 else f"{per_cent:.1g} %"


def _choices(content: TransferResult, chooser: TableSummary, judge: TableSummary, way: str) -> TextTable:
    heads = ("chosen by", "judged by", "chosen cell", "rank", "regret")
    rows = [_choice(row, way) for row in content["rows"]]
    return TextTable(f"The best cell of {chooser['table']} in {judge['table']}", heads, tuple(rows))


def _choice(row: TransferRow, way: str) -> tuple[str, ...]:
    chooser, judge = (row["first"], row["second"]) if way == "there" else (row["second"], row["first"])
    found: BestCells = row["there"] if way == "there" else row["back"]
    several, unit = len(found["chosen"]) - 1, unit_of(judge)
    return (
        _words(chooser),
        _words(judge),
        found["chosen"][0] + (f" and {several} tied" if several else ""),
        f"{found['rank']:,.6g}",
        f"{unit.plain(found['regret'])}{unit.sign}",
    )


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _notes(content: TransferResult) -> Iterator[str]:
    first, second = content["sides"]
    for side in (first,) if first == second else (first, second):
        repeats = "one repeat" if side["repeats"] == 1 else f"mean of {side['repeats']} repeats"
        cells = f"{side['cells']:,} cells of space {side['space']}"
        yield f"{side['table']}: {cells}, {repeats} at {side['epochs']} epochs."
    yield MEANING
    if content["listed"] < (known := content["rows"][0]["cells"]):
        yield f"The content lists the best {content['listed']:,} of {known:,} cells."
    reasons = (reason for row in content["rows"] for reason in row["reasons"].values())
    yield from (f"– {reason}" for reason in dict.fromkeys(reasons))
