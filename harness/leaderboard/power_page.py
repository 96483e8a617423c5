"""Makes the page of a power analysis: seeds for differences, differences for seeds, and their basis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.core.numbers import Number, Undefined
from harness.leaderboard.power_analysis import PolicySpread, PowerBasis, PowerQuestion, deviation_range
from harness.output.page import Page, TextTable
from harness.output.units import Unit, fixed, text, unit_of, whole

TEST_NOTE = (
    "Welch's two-sided test of a policy against one random draw a seed, with as many seeds on both sides. Several "
    "policies at once want a smaller --level: Holm's correction begins at the level over their number."
)
SUPPOSED_NOTE = (
    "Deviations are those of the table's ranked cells, which random draws uniformly from. How far a policy's values "
    "deviate only its runs tell, so two cases stand for it."
)
MEASURED_NOTE = (
    "The true deviation is 19 times in 20 between {:.2f} and {:.2f} times that of {} runs, if values are normal, and "
    "the seeds needed go with its square."
)


def planning_page(bases: Sequence[PowerBasis], question: PowerQuestion) -> Page:
    """The results for these bases; one difference with one number of seeds also has a power."""
    several = len(bases) > 1
    grids = [grid for basis in bases for grid in _grids(basis, question, f"; {_what(basis)}" if several else "")]
    about = "" if several else "".join(f"; {_what(basis)}" for basis in bases)
    title = (
        f"Seeds and the differences that they find, with power {question.power:g} at level {question.level:g}{about}"
    )
    content = {"power": question.power, "level": question.level, "bases": [_plain(basis, question) for basis in bases]}
    return Page(title, tuple(grids), tuple(_notes(bases, question)), content)


def _what(basis: PowerBasis) -> str:
    truth = basis.truth
    return f"{truth.text}, space {basis.space}, {truth.kind} {truth.name}"


def _grids(basis: PowerBasis, question: PowerQuestion, about: str) -> Iterator[TextTable]:
    """The tables of a basis; ``about`` follows each title."""
    unit = unit_of(basis.truth.metric)
    word, sign = unit.word.removeprefix("in "), unit.sign.replace(" ", "\n")
    heads = ("policy", f"deviation{sign}", f"random's{sign}", *(f"{each:g}" for each in question.differences))
    needed = tuple(_needed_rows(basis, question, unit))
    yield TextTable(f"Seeds on each side, by difference in {word}{about}", heads, needed)
    heads = ("policy", *(f"{seeds:,} seeds" for seeds in question.seeds))
    detectable = tuple(_detectable_rows(basis, question, unit))
    yield TextTable(f"Difference in {word}, by seeds on each side{about}", heads, detectable)
    if question.single:
        powers = tuple(_power_rows(basis, question, unit))
        yield TextTable(f"Power for this difference and these seeds{about}", ("policy", "power"), powers)


def _needed_rows(basis: PowerBasis, question: PowerQuestion, unit: Unit) -> Iterator[tuple[str, ...]]:
    for spread in basis.spreads:
        sides = (text(fixed(std, 2, unit.scale)) for std in (spread.std, spread.random_std))
        seeds = (spread.needed(each / unit.scale, question) for each in question.differences)
        yield (spread.name, *sides, *(text(whole(each)) for each in seeds))


def _detectable_rows(basis: PowerBasis, question: PowerQuestion, unit: Unit) -> Iterator[tuple[str, ...]]:
    for spread in basis.spreads:
        found = (spread.detectable(seeds, question) for seeds in question.seeds)
        yield (spread.name, *(text(fixed(each, 2, unit.scale)) for each in found))


def _power_rows(basis: PowerBasis, question: PowerQuestion, unit: Unit) -> Iterator[tuple[str, ...]]:
    difference, seeds = question.differences[0] / unit.scale, question.seeds[0]
    for spread in basis.spreads:
        yield spread.name, text(fixed(spread.power(difference, seeds, question), 2))


def _notes(bases: Sequence[PowerBasis], question: PowerQuestion) -> Iterator[str]:
    yield TEST_NOTE
    if any(basis.of == "cells" for basis in bases):
        yield SUPPOSED_NOTE
    counts = [spread.runs for basis in bases for spread in basis.spreads if spread.runs > 1]
    if counts:
        yield MEASURED_NOTE.format(*deviation_range(min(counts)), min(counts))
    rows = [row for basis in bases for row in _plain(basis, question)["policies"]]
    yield from (f"–: {reason}" for reason in dict.fromkeys(reason for row in rows for reason in _reasons(row)))


def _reasons(row: dict[str, Any]) -> Iterator[str]:
    """The reasons for all ``None`` in a row."""
    yield from row["reasons"].values()
    for each in (*row["seeds_needed"], *row["detectable"], *row["powers"]):
        yield from each["reasons"].values()


def _plain(basis: PowerBasis, question: PowerQuestion) -> dict[str, Any]:
    """A basis as plain types; deviations and differences are in the metric's unit, accuracies as fractions."""
    truth, scale = basis.truth, unit_of(basis.truth.metric).scale
    return {
        "space": basis.space,
        truth.kind: truth.name,
        "metric": truth.metric,
        "truth": truth.text,
        "of": basis.of,
        "policies": [_plain_row(spread, question, scale) for spread in basis.spreads],
    }


def _plain_row(spread: PolicySpread, question: PowerQuestion, scale: float) -> dict[str, Any]:
    differences = [each / scale for each in question.differences]
    powers = differences if question.single else []
    return {
        "policy": spread.name,
        "runs": spread.runs,
        **_known(std=spread.std, random_std=spread.random_std),
        "seeds_needed": [{"difference": each, **_known(seeds=spread.needed(each, question))} for each in differences],
        "detectable": [
            {"seeds": each, **_known(difference=spread.detectable(each, question))} for each in question.seeds
        ],
        "powers": [
            {"difference": each, "seeds": seeds, **_known(power=spread.power(each, seeds, question))}
            for each in powers
            for seeds in question.seeds
        ],
    }


def _known(**numbers: Number) -> dict[str, Any]:
    """Numbers for JSON: ``None`` for a number that does not exist, with its reason."""
    reasons = {name: number.reason for name, number in numbers.items() if isinstance(number, Undefined)}
    return {name: None if name in reasons else number for name, number in numbers.items()} | {"reasons": reasons}
