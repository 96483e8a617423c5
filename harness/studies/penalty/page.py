"""The page of the study of the penalty of weight sharing: its tables and notes."""

from __future__ import annotations

from collections.abc import Iterator

from harness.output.page import Page, TextTable
from harness.output.units import DASH, TableCell, fixed, probability, text, unit_of, whole, with_deviation
from harness.studies.penalty.measure import TABULAR_GRADIENT, OracleResult, PenaltyResult, PenaltyRow

MEANING = (
    "Penalty: how much worse the recommendation is with weight sharing than without, mean and deviation of the "
    "differences seed by seed; positive where weight sharing is worse. Welch p: two-sided, of the values with and "
    "without it, unpaired, as the interval of the difference of their means; Holm p is corrected for all policies. "
    "p(beats random) = (1 - r/rmax)^n, r being the best rank of rmax. Kendall's tau-b: between the final shared "
    "weights' scores of sampled cells and the truth; its ceiling: that of a ranking by "
    "their true values. After Yu et al. 2020, Tables 3 and 4."
)

TESTS = ("95 % interval", "Welch\np", "Holm\np")


def penalty_page(content: PenaltyResult) -> Page:
    """The page of a study: a row for each policy, and one for random draws."""
    seeds = "one seed" if len(content["seeds"]) == 1 else f"{len(content['seeds'])} seeds"
    title = (
        f"The penalty of weight sharing: {content['truth']}; {seeds} a policy, space {content['space']}, "
        f"table {content['table']}"
    )
    return Page(title, (_values(content), _chances(content)), tuple(_notes(content)), {**content})


def _values(content: PenaltyResult) -> TextTable:
    unit = unit_of(content["metric"])
    sign = unit.sign.replace(" ", "\n")
    heads = (
        "policy",
        f"without{sign}",
        f"with sharing{sign}",
        f"penalty{sign}",
        *TESTS,
        "Kendall's\ntau",
        "its\nceiling",
    )
    rows = [_value_row(row, unit.scale) for row in content["rows"]]
    rows.append(("random", text(_spread(content["baseline"], unit.scale)), *[""] * 7))
    return TextTable("Mean ± std over the seeds", heads, tuple(rows))


def _value_row(row: PenaltyRow, scale: float) -> tuple[str, ...]:
    cost = row["penalty"]
    cells = (
        _spread(row["without"], scale),
        _spread(row["shared"], scale),
        with_deviation(cost["mean"], cost["std"], scale, sign="+"),
        _interval(cost["interval"], scale),
        probability(cost["welch_p"]),
        probability(cost["holm_p"]),
        with_deviation(row["tau"], row["tau_std"]),
        fixed(row["tau_ceiling"], 2),
    )
    return (_name(row), *map(text, cells))


def _name(row: PenaltyRow) -> str:
    return row["policy"] + (" †" if row["without"]["oracle"] == TABULAR_GRADIENT else "")


def _spread(side: OracleResult, scale: float) -> TableCell:
    return with_deviation(side["mean"], side["std"], scale)


def _interval(ends: list[float] | None, scale: float) -> str:
    return DASH if ends is None else " to ".join(text(fixed(end, 2, scale)) for end in ends)


def _chances(content: PenaltyResult) -> TextTable:
    unit = unit_of(content["metric"])
    scale, per_cent = unit.scale, unit.sign
    heads = (
        "policy",
        f"best{per_cent}\nwithout",
        f"best{per_cent}\nwith",
        "best rank\nwithout",
        "best rank\nwith",
        "p(beats random)\nwithout",
        "p(beats random)\nwith",
    )
    rows = [_chance_row(_name(row), row["without"], row["shared"], scale) for row in content["rows"]]
    best, rank, p = _chance(content["baseline"], scale)
    return TextTable(
        f"Best of the seeds, and its rank of {content['size']:,}", heads, (*rows, ("random", best, "", rank, "", p, ""))
    )


def _chance_row(name: str, without: OracleResult, shared: OracleResult, scale: float) -> tuple[str, ...]:
    pairs = zip(_chance(without, scale), _chance(shared, scale), strict=True)
    return (name, *(text for pair in pairs for text in pair))


def _chance(side: OracleResult, scale: float) -> tuple[str, str, str]:
    cells = fixed(side["best"], 2, scale), whole(side["best_rank"]), fixed(side["p_beats_random"], 3)
    return text(cells[0]), text(cells[1]), text(cells[2])


def _notes(content: PenaltyResult) -> Iterator[str]:
    yield from (row["verdict"] for row in content["rows"])
    yield MEANING
    if not content["larger_is_better"]:
        yield "The smaller, the better."
    if any(row["without"]["oracle"] == TABULAR_GRADIENT for row in content["rows"]):
        yield f"† Without weight sharing by oracle {TABULAR_GRADIENT}, which estimates slopes from scores."
    yield from (f"warning: {warning}" for warning in content["warnings"])
