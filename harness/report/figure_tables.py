"""The numbers of the figures as tables of text; a missing number is a dash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.numbers import Number, Undefined
from harness.figures.anytime import AnytimeData
from harness.figures.distribution import DistributionData
from harness.output.page import TextTable
from harness.output.units import DASH, bounds, fixed, text
from harness.statistics import Interval

PARTS = 8
"""The number of steps from the first row of a curve to the last."""

SHARES = (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
"""Shares of the cells in per cent, worst first."""


@dataclass(frozen=True, slots=True)
class SeedValues:
    """A row: a value for each seed, and their mean with its interval; printed numbers are multiplied by ``scale``."""

    label: str
    seeds: tuple[int, ...]
    values: tuple[Number, ...]
    mean: tuple[Number, Interval | Undefined]
    scale: float


def seed_table(title: str, rows: Sequence[SeedValues]) -> TextTable:
    """A table of rows with a column for each seed."""
    seeds = sorted({seed for row in rows for seed in row.seeds})
    texts = []
    for row in rows:
        (mean, interval), found = row.mean, dict(zip(row.seeds, row.values, strict=True))
        between = DASH if isinstance(interval, Undefined) else f"[{bounds(interval, row.scale)}]"
        numbers = (number_text(found.get(seed), row.scale) for seed in seeds)
        texts.append((row.label, number_text(mean, row.scale), between, *numbers))
    return TextTable(title, ("policy", "mean", "95% interval", *map(str, seeds)), tuple(texts))


def number_text(number: Number | None, scale: float = 1.0) -> str:
    """A number with two decimals; a dash if it is missing."""
    return text(fixed(number, 2, scale))


def curve_table(title: str, content: AnytimeData) -> TextTable:
    """A few rows of each curve: its first and last cost, and evenly spaced ones between them."""
    rows = []
    for line in content["lines"]:
        last = len(line["x"]) - 1
        for place in sorted({last * part // PARTS for part in range(PARTS + 1)} if last >= 0 else ()):
            low, high = (number_text(line[end][place]) for end in ("low", "high"))
            interval = DASH if DASH in (low, high) else f"[{low}, {high}]"
            rows.append((line["name"], f"{line['x'][place]:,.4g}", number_text(line["mean"][place]), interval))
    return TextTable(title, ("policy", content["x_label"], content["y_label"], "95% interval"), tuple(rows))


def share_table(title: str, content: DistributionData) -> TextTable:
    """The value that each share of the worst cells does not exceed."""
    worst_first = np.sort(content["truth"])[:: 1 if content["larger_is_better"] else -1]
    better = "or less" if content["larger_is_better"] else "or more"
    ends = [max(0, -(-len(worst_first) * share // 100) - 1) for share in SHARES]
    texts = (f"{number_text(float(worst_first[end]))} {better}" for end in ends)
    rows = tuple((f"{share} %", text) for share, text in zip(SHARES, texts, strict=True))
    return TextTable(title, ("cells", f"have a {content['x_label']} of"), rows)
