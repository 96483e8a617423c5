"""The page of the study of early stopping: its tables and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.output.page import Page, TextTable
from harness.output.units import DASH, fixed, text, unit_of, whole
from harness.studies.early_stopping.measure import CellTrajectory, EarlyStoppingResult, EarlyStoppingRow

MOST_EPOCHS = 8
"""The most epochs in a table, evenly spaced from the first to the last."""

ONE_TRAINING = (
    "The epochs are moments of one training to the full budget, whose learning rate was not lowered for an earlier end."
)
UNKNOWN_TRAININGS = (
    "The table does not tell whether its budgets are moments of one training, or trainings of their own, each with its "
    "own learning rate schedule."
)
SEPARATE_TRAININGS = (
    "Each budget is a training of its own with its own learning rate schedule, not a moment of the longest one."
)
MEANING = (
    "Ranks are by the mean over the repeats, 1 is best, ties share the best rank. Tau: Kendall's tau-b of the ranking "
    "after an epoch and the final one. Chosen: the cell that is best after an epoch, with its final rank and how much "
    "worse than the best it is in the end. Farthest: the cell whose rank is farthest from its final one. After Yu et "
    "al. 2020, Fig. 7."
)


def early_stopping_page(content: EarlyStoppingResult) -> Page:
    """The page of a study; a long training is shown at a few epochs, while the content has all."""
    metric = content["metric"].replace("_", " ")
    repeats = "one repeat" if content["repeats"] == 1 else f"mean of {content['repeats']} repeats"
    title = f"Early stopping: {metric}, {repeats}; {content['size']:,} cells of table {content['table']}"
    places = evenly_spaced(len(content["epochs"]))
    grids = _epochs(content, places), _trajectories(content, places)
    return Page(title, grids, tuple(_notes(content)), {**content})


def evenly_spaced(epochs: int) -> list[int]:
    """The indices of at most ``MOST_EPOCHS`` of ``epochs`` epochs, with the first and the last."""
    return list(map(round, np.linspace(0, epochs - 1, min(epochs, MOST_EPOCHS)).tolist()))


def _epochs(content: EarlyStoppingResult, places: Sequence[int]) -> TextTable:
    unit = unit_of(content["metric"])
    heads = (
        "after\nepoch",
        "Kendall's\ntau",
        f"of final\ntop {content['top']}",
        "chosen",
        "its final\nrank",
        f"its final\nregret{unit.sign}",
        "farthest",
        "ranks\nnow → final",
    )
    rows = [_epoch(content["rows"][place], unit.scale) for place in places]
    return TextTable("The ranking after each epoch against the final one", heads, tuple(rows))


def _epoch(row: EarlyStoppingRow, scale: float) -> tuple[str, ...]:
    change, several = row["change"], len(row["chosen"]) - 1
    return (
        f"{row['epoch']:,}",
        text(fixed(row["tau"], 3)),
        f"{row['kept']} of {row['top']}",
        (row["chosen"][0] if row["chosen"] else DASH) + (f" and {several} tied" if several > 0 else ""),
        _rank(row["final_rank"]),
        text(fixed(row["regret"], 2, scale)),
        change["cell"] if change else DASH,
        f"{change['rank']:,} → {change['final_rank']:,}" if change else DASH,
    )


def _trajectories(content: EarlyStoppingResult, places: Sequence[int]) -> TextTable:
    epochs = [content["epochs"][place] for place in places]
    best = [cell for cell in content["cells"] if (cell["ranks"][-1] or content["top"] + 1) <= content["top"]]
    rows = [_trajectory(cell, places) for cell in best]
    heads = ("cell", *(f"{epoch:,}" for epoch in epochs))
    return TextTable(f"The ranks of the final top {content['top']} after each epoch", heads, tuple(rows))


def _trajectory(cell: CellTrajectory, places: Sequence[int]) -> tuple[str, ...]:
    return (cell["cell"], *(text(whole(cell["ranks"][place])) for place in places))


def _rank(number: float | None) -> str:
    return DASH if number is None else f"{number:,.6g}"


def _notes(content: EarlyStoppingResult) -> Iterator[str]:
    yield MEANING
    yield {True: ONE_TRAINING, False: SEPARATE_TRAININGS, None: UNKNOWN_TRAININGS}[content["one_course"]]
    if not content["larger_is_better"]:
        yield "The smaller, the better."
    if content["listed"] < content["size"]:
        yield f"The content lists the best {content['listed']:,} of {content['size']:,} cells."
    epochs = zip(content["epochs"], content["rows"], strict=True)
    lost = [f"{epoch} ({content['size'] - row['cells']:,})" for epoch, row in epochs if row["cells"] < content["size"]]
    if lost:
        yield f"Cells that diverged or were not trained have no rank; cells left out after epoch: {', '.join(lost)}."
