"""Compares a policy with a reference: their difference, its tests, and what the number of seeds can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import statistics
from harness.core.measures import ACCURACY, PERPLEXITY, measure_of
from harness.core.numbers import Number, Undefined
from harness.statistics import Interval, UniformDraws

SIGNIFICANT = 0.05
"""The level of every test: a p below it is a finding."""

POWER = 0.8
"""The chance to find a difference, for ``detectable`` and ``seeds_needed``."""

DEFAULT_MARGINS = {ACCURACY: 0.25, PERPLEXITY: 1.0}
"""The margin of "as good as", by measure: points of accuracy, or per cent of a perplexity.

About what a user who searches and trains once sees by luck alone: the deviation over ten searches on CIFAR-10 is 0.10
to 0.25 points (Yu et al. 2020, Table 2), that over ten trainings of a recurrent cell 0.8 % on PTB, 1.1 % on Austen.
"""

ONE_DRAW = "one random draw"

SEARCH_NAMES = {
    "evaluations": "random search at as many evaluations",
    "queries": "random search at as many queries",
    "seconds": "random search for as much training time",
}
"""The name of random search at a policy's cost, by the cost that is equal."""

NOT_UNIFORM = Undefined("it is not compared with uniform draws from ranked cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A policy's values compared with ``other``'s; a positive sign means better, whichever direction the metric has.

    ``difference`` of the means, ``interval`` (Welch's, 95 %), ``margin`` and ``detectable`` are in the metric's unit,
    with accuracies as fractions. ``holm_p`` is ``p`` corrected for all tests of its family.
    ``improvement`` is the chance that a run beats a run of ``other``. ``equivalence_p`` is small if the means surely
    differ by less than ``margin``. ``detectable`` is the smallest difference that four in five such comparisons find;
    ``seeds_needed`` is the number of seeds on each side that finds ``difference`` as often.

    Where ``other`` is a uniform draw from ranked cells, ``exact_p`` tests ``percentile``, the mean percentage of the
    cells that the runs beat (ties count half), ``chance_interval`` is where that of as many draws lies (95 %), and
    ``best_p`` the chance that their best is as good as the best run. The finding rests on ``exact_p``, elsewhere on
    ``welch_p``.
    """

    other: str
    difference: Number
    interval: Interval | Undefined
    welch_p: Number
    holm_p: Number
    mann_whitney_p: Number
    hedges_g: Number
    improvement: Number
    improvement_interval: Interval | Undefined
    margin: Number
    equivalence_p: Number
    detectable: Number
    seeds_needed: int | Undefined
    percentile: Number = NOT_UNIFORM
    exact_p: Number = NOT_UNIFORM
    chance_interval: Interval | Undefined = NOT_UNIFORM
    best_p: Number = NOT_UNIFORM

    @property
    def p(self) -> Number:
        """The p that the finding rests on: the exact one, or else Welch's."""
        return self.welch_p if isinstance(self.exact_p, Undefined) else self.exact_p

    @property
    def side(self) -> str:
        """``better`` or ``worse``, by what the finding rests on: percentiles, or else means."""
        tested, level = (self.difference, 0) if isinstance(self.exact_p, Undefined) else (self.percentile, 50)
        return "worse" if not isinstance(tested, Undefined) and tested < level else "better"

    @property
    def found(self) -> bool:
        """Whether the difference is significant after the correction for the number of tests."""
        return is_significant(self.holm_p)

    @property
    def equivalent(self) -> bool:
        """Whether the two surely differ by less than the margin."""
        return is_significant(self.equivalence_p)


def compare_samples(
    values: Sequence[float], others: Sequence[float], other: str, *, larger_is_better: bool, margin: Number
) -> Comparison:
    """Compare two samples, one value a seed; ``holm_p`` is ``p`` until ``holm_adjusted`` corrects it."""
    sign = 1.0 if larger_is_better else -1.0
    a, b = [sign * value for value in values], [sign * value for value in others]
    difference, test = _difference(a, b), statistics.welch(a, b)
    p = test if isinstance(test, Undefined) else test.p
    detectable, needed = _power(a, b, difference)
    return Comparison(
        other=other,
        difference=difference,
        interval=statistics.mean_difference_interval(a, b),
        welch_p=p,
        holm_p=p,
        mann_whitney_p=statistics.mann_whitney(a, b),
        hedges_g=statistics.hedges_g(a, b),
        improvement=statistics.improvement(a, b),
        improvement_interval=statistics.improvement_interval(a, b),
        margin=margin,
        equivalence_p=margin if isinstance(margin, Undefined) else statistics.equivalence(a, b, margin=margin),
        detectable=detectable,
        seeds_needed=needed,
    )


def with_uniform_draws(comparison: Comparison, values: Sequence[float], draws: UniformDraws | Undefined) -> Comparison:
    """The comparison of these values with one random draw, tested exactly if the draws are known."""
    if isinstance(draws, Undefined) or not values:
        missing = draws if isinstance(draws, Undefined) else Undefined("no run has a value")
        return replace(comparison, percentile=missing, exact_p=missing, chance_interval=missing, best_p=missing)
    p, chance = draws.p_of_mean(values), draws.mean_interval(len(values), level=1 - SIGNIFICANT)
    return replace(
        comparison,
        percentile=100 * float(draws.percentiles(values).mean()),
        exact_p=p,
        holm_p=p,
        chance_interval=Interval(100 * chance.low, 100 * chance.high, chance.level),
        best_p=draws.p_of_best(values),
    )


def margin_of(metric: str, others: Sequence[float], asked: float | None = None) -> Number:
    """The margin in the metric's unit: ``asked`` points of an accuracy, or per cent of the mean of ``others``.

    The default is that of ``DEFAULT_MARGINS``.
    """
    measure = measure_of(metric)
    if measure == ACCURACY:
        return (DEFAULT_MARGINS[ACCURACY] if asked is None else asked) / 100
    level = statistics.mean(others)
    share = (DEFAULT_MARGINS[PERPLEXITY] if asked is None else asked) / 100
    return level if isinstance(level, Undefined) else share * abs(level)


def holm_adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, in order, with Holm's correction within each family.

    A family is all comparisons with the same ``other``; those with random search, at any cost, are one family, in which
    two that agree in everything, as when both costs end at the same cells, are one test.
    """
    families: dict[str, list[int]] = {}
    for i, comparison in enumerate(comparisons):
        families.setdefault(_family(comparison.other), []).append(i)
    found = list(comparisons)
    for places in families.values():
        tests = _distinct([comparisons[i] for i in places])
        ps = statistics.holm([comparisons[places[same[0]]].p for same in tests])
        for same, p in zip(tests, ps, strict=True):
            for place in same:
                found[places[place]] = replace(comparisons[places[place]], holm_p=p)
    return found


def _distinct(family: Sequence[Comparison]) -> list[list[int]]:
    """The places of each test of a family: one, or several with another ``other`` that agree in everything else."""
    tests: dict[tuple[Comparison, int], list[int]] = {}
    for place, comparison in enumerate(family):
        earlier = sum(each == comparison for each in family[:place])
        tests.setdefault((replace(comparison, other=""), earlier), []).append(place)
    return list(tests.values())


def _family(other: str) -> str:
    return "random search" if other in SEARCH_NAMES.values() else other


def is_significant(p: Number) -> bool:
    """Whether p exists and is below the level of the tests."""
    return not isinstance(p, Undefined) and p < SIGNIFICANT


def _difference(a: Sequence[float], b: Sequence[float]) -> Number:
    first, second = statistics.mean(a), statistics.mean(b)
    if isinstance(first, Undefined):
        return first
    return second if isinstance(second, Undefined) else first - second


def _power(a: Sequence[float], b: Sequence[float], difference: Number) -> tuple[Number, int | Undefined]:
    """The smallest difference that these seeds detect, and the number of seeds that detects the difference found."""
    first, second = statistics.std(a), statistics.std(b)
    if isinstance(first, Undefined):
        return first, first
    if isinstance(second, Undefined):
        return second, second
    detectable = statistics.detectable_difference(first, second, len(a), len(b), power=POWER, level=SIGNIFICANT)
    if isinstance(difference, Undefined):
        return detectable, difference
    return detectable, statistics.seeds_needed(difference, first, second, power=POWER, level=SIGNIFICANT)
