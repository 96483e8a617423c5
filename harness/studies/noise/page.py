"""The page of the study of noise: each policy's results in each condition, and how the order of policies changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import inf

from harness.output.page import Page, TextTable
from harness.output.units import Unit, fixed, hours, text, unit_of, whole, with_deviation
from harness.studies.noise.measure import ConditionResult, NoiseResult, NoiseRow

MEANING = (
    "A condition is what the search sees; all recommendations are judged by the same truth, that of the title. Place: "
    "that of a policy's mean among the policies, ties sharing the best. Scores' tau: Kendall's tau-b between what the "
    "search is told of all cells and their truth; its ceiling: that of their true values, which a search that sees the "
    "same trainings as the truth can exceed. Order's tau: between the means of the policies in a condition and in "
    "the first one. Places changed: by those means. On single seeds: the share of places that are not those of the "
    "means in the first condition; in its own row that is what the seeds alone do."
)
COST = "A search has as many queries in each condition, so that one by shorter trainings costs fewer hours of them."


def noise_page(content: NoiseResult) -> Page:
    """The page of a study: a table with a row for each policy and condition, and one with a row for each condition."""
    seeds = "one seed" if len(content["seeds"]) == 1 else f"{len(content['seeds'])} seeds"
    queries = "" if content["budget"] is None else f"{content['budget']:,} queries a run, "
    title = (
        f"Noise in what the search sees, judged by {content['truth']}; {queries}{seeds} a policy, space "
        f"{content['space']}, table {content['table']}"
    )
    unit = unit_of(content["metric"])
    return Page(title, (_policies(content, unit), _orders(content, unit)), tuple(_notes(content, unit)), {**content})


def _policies(content: NoiseResult, unit: Unit) -> TextTable:
    sign = unit.sign.replace(" ", "\n")
    heads = (
        "policy",
        "the search sees",
        f"mean ± std{sign}",
        f"best{sign}",
        f"best rank\nof {content['size']:,}",
        f"mean\nregret{sign}",
        f"place\nof {len(content['policies'])}",
        "queries",
        "hours",
    )
    rows = [_policy(row, content["conditions"][row["condition"]], unit.scale) for row in content["rows"]]
    return TextTable("Each policy in each condition", heads, tuple(rows))


def _policy(row: NoiseRow, condition: ConditionResult, scale: float) -> tuple[str, ...]:
    cells = (
        with_deviation(row["mean"], row["std"], scale),
        fixed(row["best"], 2, scale),
        whole(row["best_rank"]),
        fixed(row["mean_regret"], 2, scale),
        whole(row["place"]),
        fixed(row["queries"], 0),
        hours(row["hours"], tenths_below=inf),
    )
    return (row["policy"], condition["name"], *map(text, cells))


def _orders(content: NoiseResult, unit: Unit) -> TextTable:
    sign = unit.sign.replace(" ", "\n")
    heads = (
        "the search sees",
        "scores'\ntau",
        "its\nceiling",
        f"mean\nregret{sign}",
        "order's\ntau",
        "places\nchanged",
        "on single\nseeds",
    )
    fixed_parts = len(content["policies"]), content["ceiling"]
    rows = [_order(each, fixed_parts, unit.scale) for each in content["conditions"]]
    return TextTable("The order of the policies against that of the first condition", heads, tuple(rows))


def _order(condition: ConditionResult, shared: tuple[int, float | None], scale: float) -> tuple[str, ...]:
    (policies, ceiling), share = shared, condition["unsettled"]
    return (
        condition["name"],
        text(fixed(condition["signal"], 3)),
        text(fixed(ceiling, 3)),
        text(fixed(condition["mean_regret"], 2, scale)),
        text(fixed(condition["tau"], 2)),
        f"{condition['changed']} of {policies}",
        "–" if share is None else f"{share:.0%}".replace("%", " %"),
    )


def _notes(content: NoiseResult, unit: Unit) -> Iterator[str]:
    yield from (_moves(content, i) for i in range(1, len(content["conditions"])))
    if content["baseline"] is not None:
        drawn = f"{text(fixed(content['baseline'], 2, unit.scale))}{unit.sign}"
        yield f"One random draw a seed, which sees nothing, comes to {drawn} in the mean."
    yield MEANING
    yield COST
    if not content["larger_is_better"]:
        yield "The smaller, the better."
    reasons = (reason for each in content["conditions"][1:] for reason in each["reasons"].values())
    yield from (f"– {reason}" for reason in dict.fromkeys(reasons))
    yield from (f"warning: {warning}" for warning in (*content["warnings"], *_alike(content)))


def _moves(content: NoiseResult, condition: int) -> str:
    """The changes of places in a condition, such as ``one repeat, 12 epochs: nao from place 1 to 2``."""
    places = {(row["policy"], row["condition"]): row["place"] for row in content["rows"]}
    pairs = [(policy, places[policy, 0], places[policy, condition]) for policy in content["policies"]]
    moved = [f"{policy} from place {text(whole(a))} to {text(whole(b))}" for policy, a, b in pairs if a != b]
    return f"{content['conditions'][condition]['name']}: {', '.join(moved) or 'all policies keep their places'}"


def _alike(content: NoiseResult) -> Iterator[str]:
    """Warn of policies with the same values on every seed: they draw the same random cells before they learn."""
    values = {(row["policy"], row["condition"]): row["values"] for row in content["rows"]}
    conditions = range(len(content["conditions"]))
    for first, second in combinations(content["policies"], 2):
        if same := sum(values[first, i] == values[second, i] for i in conditions):
            yield (
                f"{first} and {second} found the same on every seed in {same} of {len(conditions)} conditions: "
                "policies of one seed begin with the same random cells, and so few queries do not tell them apart"
            )
