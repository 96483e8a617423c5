"""The page of the study of the amount of sharing: tau by the number of shared matrices, and the 12 cells."""

from __future__ import annotations

from typing import Any

from harness.output.page import Page, TextTable
from harness.output.units import DASH, text, unit_of, with_deviation
from harness.studies.sharing_amount.measure import SharingAmountCell, SharingAmountResult, SharingGroup
from harness.studies.weight_sharing.page import decided, failures, number, spread_text

PUBLISHED = (0.67, 0.33, -0.33, 0.0)
"""Yu et al. 2020, Table 5."""

SHOWN = 10
"""The most seeds that have a column of their own."""


def sharing_amount_page(content: SharingAmountResult) -> Page:
    """The page of the study."""
    title = (
        f"How much is shared, on {content['space']}: scores by {content['score_metric'].replace('_', ' ')} against "
        f"{content['metric'].replace('_', ' ')} of {content['truth']}"
    )
    grids = (_by_group(content), _by_cell(content), decided(content["factors"]))
    return Page(title, grids, _notes(content), dict[str, Any](content))


def _by_group(content: SharingAmountResult) -> TextTable:
    """Tau inside each group, and over all cells, with the published figures where there are any."""
    images = len(content["groups"]) == len(PUBLISHED)
    seeds = content["seeds"] if len(content["seeds"]) <= SHOWN else []
    rows = [_group(group, PUBLISHED[i] if images else None) for i, group in enumerate(content["groups"])]
    whole = SharingGroup(
        shared=0, cells=len(content["cells"]), pairs=0, resolved=None, taus=content["taus"], tau=content["tau"]
    )
    rows.append(("all", *_group(whole, None)[1:]))
    heads = (
        "shared\nmatrices",
        "cells",
        "pairs that the\ntruth resolves",
        "tau-b",
        *(f"seed\n{seed}" for seed in seeds),
        "published",
    )
    kept = len(heads) if images else len(heads) - 1
    return TextTable("Kendall's tau-b inside each group", heads[:kept], tuple(row[:kept] for row in rows))


def _group(group: SharingGroup, published: float | None) -> tuple[str, ...]:
    taus = (number(tau, 2) for tau in (group["taus"] if len(group["taus"]) <= SHOWN else ()))
    resolved = DASH if group["resolved"] is None else f"{group['resolved']} of {group['pairs']}"
    return (
        str(group["shared"]),
        str(group["cells"]),
        resolved,
        spread_text(group["tau"], 2),
        *taus,
        number(published, 2),
    )


def _by_cell(content: SharingAmountResult) -> TextTable:
    heads = ("true\nrank", "cell", "shared\nmatrices", "truth", "mean rank by\nshared weights")
    return TextTable("Cells", heads, tuple(_cell(row) for row in content["cells"]))


def _cell(row: SharingAmountCell) -> tuple[str, ...]:
    rank = DASH if row["true_rank"] is None else str(row["true_rank"])
    digits = 4 if (row["truth"] or 0) < 1 else 2
    truth = number(row["truth"], digits)
    if row["truth_std"] is not None:
        truth = text(with_deviation(row["truth"], row["truth_std"], digits=digits))
    return (rank, row["cell"], str(row["shared"]), truth, number(row["shared_rank"], 1))


def _notes(content: SharingAmountResult) -> tuple[str, ...]:
    count = len(content["seeds"])
    over = "one seed" if count == 1 else f"mean ± std over {count} seeds"
    notes = [f"Only these cells are trained with shared weights. tau-b: {over}."]
    if content["groups"][0]["cells"] == 3:
        notes.append(
            "With 3 cells a run's tau can only be -1, -1/3, 1/3 or 1 (without ties): the published figures, 0.67 and "
            "0.0 among them, must be means over runs, whose number is not published."
        )
    else:
        notes.append(
            "Which nodes are fixed is not published: here tanh@0 and tanh@1, so that 0, 1 or 2 fixed matrices lie "
            "between the cell's input and node 3, which is what is counted as shared."
        )
    return (*notes, *_resolution(content), *failures(content["failed"]))


def _resolution(content: SharingAmountResult) -> tuple[str, ...]:
    """What the noise of the truth lets the groups show."""
    if content["resolution"] is None or content["error"] is None:
        return ("The truth has no repeats, so that it is not known which order inside a group is luck.",)
    unit = unit_of(content["metric"])
    rule = (
        f"A cell's truth has a standard error of {unit.amount(content['error'])}. It resolves a pair of a group whose "
        f"truths differ by more than {unit.amount(content['resolution'])}: cells that are equally good differ less in "
        "95 % of all groups (Tukey's honestly significant difference)."
    )
    unclear = [str(group["shared"]) for group in content["groups"] if group["resolved"] != group["pairs"]]
    if not unclear:
        return (rule,)
    which = f"groups {', '.join(unclear)}" if len(unclear) > 1 else f"group {unclear[0]}"
    return (
        rule,
        f"The truth does not resolve all pairs of {which}: a tau there compares with an order that is partly luck.",
    )
