"""The page of the study of weight sharing: by epoch, by seed, the true top 10, and the factors of the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.output.page import Page, TextTable
from harness.output.units import DASH, fixed, text, with_deviation
from harness.studies.agreement import SeedStatistics
from harness.studies.weight_sharing.measure import EpochSummary, ScoringRow, WeightSharingResult


def weight_sharing_page(content: WeightSharingResult) -> Page:
    """The page of the study."""
    shown = (_by_epoch(content), *_tops(content), _by_seed(content), *_top(content))
    return Page(
        _title(content), (*shown, decided(content["factors"])), _notes(content), content=dict[str, Any](content)
    )


def _title(content: WeightSharingResult) -> str:
    return (
        f"Weight sharing on {content['space']}: scores by {content['score_metric'].replace('_', ' ')} against "
        f"{content['metric'].replace('_', ' ')} of {content['table']}"
    )


def _by_epoch(content: WeightSharingResult) -> TextTable:
    spread = ("best", "seed", "worst", "seed", "sparse tau", "Spearman", "rank\ndeviation")
    rows = [_epoch(row, content["tau_ceiling"]) for row in content["summary"]]
    return TextTable(f"After each epoch, {_over(content)}", ("epoch", "tau-b", "its\nceiling", *spread), tuple(rows))


def _over(content: WeightSharingResult) -> str:
    count = len(content["seeds"])
    return "one seed" if count == 1 else f"mean ± std over {count} seeds"


def _epoch(row: EpochSummary, ceiling: float | None) -> tuple[str, ...]:
    tau = row["tau"]
    ends = (number(tau["best"]), _seed_text(tau["best_seed"]), number(tau["worst"]), _seed_text(tau["worst_seed"]))
    middle = (spread_text(row["sparse_tau"]), spread_text(row["spearman"]))
    return (str(row["epoch"]), spread_text(tau), number(ceiling, 2), *ends, *middle, spread_text(row["deviation"], 1))


def _tops(content: WeightSharingResult) -> tuple[TextTable, ...]:
    """The precision at the top by epoch; nothing if there are too few cells for any."""
    precision = _precisions(content)
    tops = [[spread_text(row["precision"].get(k), 2) for k in precision] for row in content["summary"]]
    rows = tuple((str(row["epoch"]), *top) for row, top in zip(content["summary"], tops, strict=True))
    title = f"Share of the true top k among the top k by score, {_over(content)}"
    return (TextTable(title, ("epoch", *map(_named, precision)), rows),) if precision else ()


def _by_seed(content: WeightSharingResult) -> TextTable:
    precision, final = _precisions(content), content["epochs"][-1]
    heads = ("seed", "cells", "tau-b", "sparse\ntau", "Spearman", *map(_named, precision), "rank\ndeviation")
    rows = tuple(_seed(row, precision) for row in content["scorings"] if row["epoch"] == final)
    return TextTable(f"After epoch {final}, by seed", heads, rows)


def _seed(row: ScoringRow, precision: tuple[str, ...]) -> tuple[str, ...]:
    numbers = (number(row["tau"]), number(row["sparse_tau"]), number(row["spearman"]))
    tops = (number(row["precision"].get(k), 2) for k in precision)
    return (str(row["seed"]), str(row["cells"]), *numbers, *tops, number(row["deviation"], 1))


def _top(content: WeightSharingResult) -> tuple[TextTable, ...]:
    """The ranks of the true top 10 by the best, the worst and the average seed; nothing if no seed has a tau."""
    moved = content["displacements"]
    if not moved:
        return ()
    heads = ("true\nrank", "cell", *(f"{each['run']} run\n{each['seed']}" for each in moved))
    ranks = [{pair["cell"]: pair["shared"] for pair in each["ranks"]} for each in moved]
    rows = tuple(
        (str(row["rank"]), row["cell"], *(str(mine.get(row["cell"], DASH)) for mine in ranks))
        for row in content["cells"][: len(moved[0]["ranks"])]
    )
    return (TextTable("Rank by shared weights of the truly best cells", heads, rows),)


def decided(factors: Mapping[str, Any]) -> TextTable:
    """A table of the factors that decide the ranking."""
    return TextTable("What decides the ranking", ("factor", "value"), tuple((n, str(v)) for n, v in factors.items()))


def _notes(content: WeightSharingResult) -> tuple[str, ...]:
    unit = "accuracy" if content["larger_is_better"] else "log perplexity"
    notes = [
        "tau-b: Kendall's; its ceiling: that of a ranking by the cells' true values, from the repeats; sparse tau: "
        f"the same with {unit} of both sides rounded to 1e-3; top k: share of the true top k among the top k by score; "
        "rank deviation: mean distance of a cell's two ranks.",
        f"The truth is the {content['metric'].replace('_', ' ')}, mean of {content['repeats']} "
        f"{'repeat' if content['repeats'] == 1 else 'repeats'}; Yu et al. 2020 rank image cells by test accuracy and "
        "recurrent cells by validation perplexity, which are the defaults.",
    ]
    reasons = {reason: None for row in content["scorings"] for reason in row["reasons"].values()}
    notes += [f"{DASH}: {reason}" for reason in reasons]
    return (*notes, *failures(content["failed"]))


def failures(failed: Mapping[str, str]) -> list[str]:
    """A note for each seed whose run failed."""
    return [f"seed {seed} is left out: {reason}" for seed, reason in failed.items()]


def _precisions(content: WeightSharingResult) -> tuple[str, ...]:
    return tuple(content["summary"][-1]["precision"])


def _named(k: str) -> str:
    return f"top {k}"


def _seed_text(seed: int | None) -> str:
    return DASH if seed is None else str(seed)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash for none."""
    return text(fixed(value, digits))


def spread_text(found: SeedStatistics | None, digits: int = 3) -> str:
    """``mean ± std``; the mean alone where there is one seed, and a dash where there is none."""
    if found is None or found["std"] is None:
        return number(found and found["mean"], digits)
    return text(with_deviation(found["mean"], found["std"], digits=digits))
