"""Summarises a policy's comparisons in one sentence, which claims only what a test has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core.numbers import Number, Undefined
from harness.leaderboard.comparison import Comparison
from harness.output.units import Unit, fixed, probability
from harness.statistics.uniform_draws import LEAST_P


def verdict(name: str, against_random: Comparison | Undefined, against_search: Sequence[Comparison], unit: Unit) -> str:
    """The sentence of a policy: its results against one random draw and random search at its cost."""
    first = against_random.reason if isinstance(against_random, Undefined) else finding(against_random, unit)
    return f"{name}: {'; '.join((first, *(finding(comparison, unit) for comparison in _merged(against_search))))}"


def _merged(searches: Sequence[Comparison]) -> Sequence[Comparison]:
    """The comparisons that the sentence includes: two equal ones, as when both costs end at the same cells, become one.

    An undefined one, as when a table lacks training times, is left out if another is defined.
    """
    told = [each for each in searches if not isinstance(each.difference, Undefined)]
    if told and len(told) < len(searches):
        return told
    if len(searches) != 2 or replace(searches[0], other=searches[1].other) != searches[1]:
        return searches
    return [replace(searches[0], other=f"{searches[0].other}, or for as much training time,")]


def finding(comparison: Comparison, unit: Unit) -> str:
    """The result of one comparison: better, worse, equal within the margin, or not detectable with so few seeds.

    The sentence says "as good as" only if the equivalence test finds it; a large p does not show it. It rests on the
    exact test where there is one.
    """
    if not isinstance(comparison.exact_p, Undefined):
        return _exact_finding(comparison, unit)
    difference, other = comparison.difference, comparison.other
    if isinstance(difference, Undefined):
        return f"not compared with {other}: {difference.reason}"
    side, far = "better" if difference >= 0 else "worse", f"by {unit.amount(difference)}"
    apart = f"{side} {far}" if difference else "equal means"
    if isinstance(comparison.welch_p, Undefined):
        return f"not tested against {other} ({apart}): {comparison.welch_p.reason}"
    evidence = _evidence(comparison, unit)
    if comparison.found:
        small = f", less than the margin of {_margin(comparison, unit)}" if comparison.equivalent else ""
        return f"{side} than {other} {far}{small} ({evidence})"
    if comparison.equivalent:
        return f"as good as {other} to within {_margin(comparison, unit)} ({apart}, {evidence})"
    return f"no difference from {other} found ({apart}, {evidence}){_unseen(comparison, unit)}"


def _exact_finding(comparison: Comparison, unit: Unit) -> str:
    """The result of a comparison with uniform draws; the one of the means stands behind it."""
    share, p = fixed(comparison.percentile, 1), f"exact p {_exact(comparison.exact_p)}"
    if comparison.holm_p != comparison.exact_p:
        p += f", Holm {_text(comparison.holm_p)}"
    evidence = f"above {share} % of the cells on average; {p}"
    if comparison.found:
        return f"{comparison.side} than {comparison.other} ({evidence}{_means(comparison, unit)})"
    if comparison.equivalent:
        within = _margin(comparison, unit)
        return f"as good as {comparison.other} to within {within} ({evidence}{_means(comparison, unit)})"
    found = f"no difference from {comparison.other} found ({evidence}{_means(comparison, unit)})"
    if isinstance(comparison.chance_interval, Undefined):
        return found
    low, high = (fixed(end, 1) for end in (comparison.chance_interval.low, comparison.chance_interval.high))
    return f"{found}, though averages from {low} to {high} % go unseen"


def _means(comparison: Comparison, unit: Unit) -> str:
    """How the means differ from those of the random runs, with Welch's test, if that is known."""
    difference = comparison.difference
    if isinstance(difference, Undefined):
        return ""
    side = f"{'better' if difference > 0 else 'worse'} by {unit.amount(difference)}" if difference else "equal"
    if isinstance(comparison.welch_p, Undefined):
        return f"; mean {side}"
    return f"; mean {side}, {_evidence(comparison, unit, corrected=False)}"


def _margin(comparison: Comparison, unit: Unit) -> str:
    """The margin of an equivalence that was found, which is always defined."""
    return "" if isinstance(comparison.margin, Undefined) else unit.amount(comparison.margin)


def _evidence(comparison: Comparison, unit: Unit, *, corrected: bool = True) -> str:
    """The interval, in the direction of the sentence's difference, and the p of the tests."""
    p = f"Welch p = {_text(comparison.welch_p)}"
    if corrected and comparison.holm_p != comparison.welch_p:
        p += f", Holm {_text(comparison.holm_p)}"
    if comparison.equivalent:
        p += f", equivalence p = {_text(comparison.equivalence_p)}"
    interval, difference = comparison.interval, comparison.difference
    if isinstance(interval, Undefined) or isinstance(difference, Undefined):
        return p
    ends = (interval.low, interval.high) if difference >= 0 else (-interval.high, -interval.low)
    low, high = (fixed(end, 2, unit.scale) for end in ends)
    return f"{100 * interval.level:.0f} % interval {low} to {high}; {p}"


def _text(p: Number) -> str:
    return p.reason if isinstance(p, Undefined) else str(probability(p))


def _exact(p: Number) -> str:
    """An exact p; the smallest that is told stands for all below it."""
    return f"< {LEAST_P:.0e}" if not isinstance(p, Undefined) and p <= LEAST_P else f"= {_text(p)}"


def _unseen(comparison: Comparison, unit: Unit) -> str:
    if isinstance(comparison.detectable, Undefined):
        return ""
    return f", though one below {unit.amount(comparison.detectable)} may go unseen"
