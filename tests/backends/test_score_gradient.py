"""NAME+score-gradient: its estimates against the exact slope by enumeration, and all that it passes on."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from backends.score_gradient import choice_probabilities, estimate_slope, sample_from_mixture
from backends.synthetic import SyntheticOracle
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError, SpaceError, UnknownNameError
from harness.core.features import OracleFeatures
from harness.core.oracle import Failed, Gradient, Mixture, Score, Scored, Slope, Update
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from harness.planning import registry
from harness.planning.settings import create_space, defaults, resolve
from harness.testing import ORACLE_CHECKS, OracleCase
from tests.fakes.spaces import Holes

Floats = npt.NDArray[np.float64]
SPACE = Holes((2, 3, 2))


class Scores(SyntheticOracle):
    """The closed form as an oracle without slopes."""

    supports = frozenset({Score, Update})

    def __init__(self, space: SearchSpace, seed: int, *, failures: float = 0.0, sharing: float = 0.0) -> None:
        super().__init__(space, seed, failures=failures, sharing=sharing)


HERE = "tests.backends.test_score_gradient:Scores+score-gradient"


def build(seed: int = 1, *, space: SearchSpace = SPACE, **settings: Any) -> Any:
    return registry.load("oracle", HERE)(space, seed, **settings)


def losses(space: SearchSpace) -> dict[tuple[int, ...], float]:
    """The loss of every row of choices inside the space."""
    oracle = Scores(space, 0)
    rows = [c for c in itertools.product(*map(range, space.options)) if space.contains(Architecture(c))]
    answers = oracle.answer([Score(Architecture(row)) for row in rows])
    return {row: 1 - answer.value for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Scored)}


def expected_loss(mixture: Mixture, known: dict[tuple[int, ...], float]) -> float:
    """The mean loss over the law of the mixture among the rows of the space, by enumeration."""
    odds = {row: math.prod(max(m[c], 0) for m, c in zip(mixture, row, strict=True)) for row in known}
    return sum(odds[row] * known[row] for row in known) / sum(odds.values())


def exact_slope(mixture: Mixture, known: dict[tuple[int, ...], float]) -> list[list[float]]:
    """The slope of the mean loss by central differences of the enumeration."""
    slopes = [[0.0] * len(row) for row in mixture]
    for i, row in enumerate(mixture):
        for j in range(len(row)):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [list(r) for r in mixture]
                moved[i][j] += step
                ends.append(expected_loss(tuple(map(tuple, moved)), known))
            slopes[i][j] = (ends[0] - ends[1]) / 2e-6
    return slopes


def flat(rows: Any) -> Floats:
    return np.array([value for row in rows for value in row])


MIXTURES: list[Mixture] = [
    ((0.3, 0.7), (0.2, 0.5, 0.3), (0.6, 0.4)),
    ((1.5, 0.5), (0.4, 0.1, 0.3), (0.1, 0.2)),  # rows that do not sum to 1
]


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("samples", [2, 3])
def test_the_estimate_s_mean_over_all_draws_is_the_exact_slope(mixture: Mixture, samples: int) -> None:
    known = losses(SPACE)
    assert len(known) < 12, "some rows must lie outside, or the rejection is not looked at"
    rows = list(known)
    odds = np.array([math.prod(m[c] for m, c in zip(choice_probabilities(mixture), row, strict=True)) for row in rows])
    odds /= odds.sum()
    slope, loss = np.zeros(7), 0.0
    for draw in itertools.product(range(len(rows)), repeat=samples):
        answers = [Scored(1 - known[rows[k]], Cost(1)) for k in draw]
        got = estimate_slope(mixture, np.array([rows[k] for k in draw]), answers, 1.0)
        assert isinstance(got, Slope)
        slope += np.prod(odds[list(draw)]) * flat(got.gradient)
        loss += float(np.prod(odds[list(draw)])) * got.loss
    np.testing.assert_allclose(slope, flat(exact_slope(mixture, known)), atol=1e-7)
    assert loss == pytest.approx(expected_loss(mixture, known))


@pytest.mark.parametrize("mixture", MIXTURES)
def test_over_seeds_the_oracle_s_answers_scatter_around_the_exact_slope(mixture: Mixture) -> None:
    known = losses(SPACE)
    answers = [build(seed, samples=8).answer([Gradient(mixture)])[0] for seed in range(600)]
    slopes = np.array([flat(answer.gradient) for answer in answers])
    errors = (slopes.mean(axis=0) - flat(exact_slope(mixture, known))) / (slopes.std(axis=0) / 600**0.5)
    assert (np.abs(errors) < 4).all(), "four standard errors"
    assert (slopes.std(axis=0) > 0).all()
    mean = np.mean([answer.loss for answer in answers])
    assert mean == pytest.approx(expected_loss(mixture, known), abs=0.02)


def test_the_samples_follow_the_law_of_the_mixture_inside_the_space() -> None:
    mixture = MIXTURES[0]
    inside = [row for row in itertools.product(range(2), range(3), range(2)) if SPACE.contains(Architecture(row))]
    odds = np.array([math.prod(m[c] for m, c in zip(mixture, row, strict=True)) for row in inside])
    rows = list(map(tuple, sample_from_mixture(SPACE, mixture, stream(1, "test"), 20_000).tolist()))
    counts = np.array([rows.count(row) for row in inside])
    expected = 20_000 * odds / odds.sum()
    assert counts.sum() == 20_000
    assert ((counts - expected) ** 2 / expected).sum() < len(inside) + 4 * (2 * len(inside)) ** 0.5


def test_negative_weights_are_none_and_a_row_without_weight_is_uniform() -> None:
    rows = choice_probabilities(((-1.0, 3.0, 1.0), (0.0, 0.0)))
    assert rows[0].tolist() == [0.0, 0.75, 0.25]
    assert rows[1].tolist() == [0.5, 0.5]


def test_a_choice_without_weight_has_no_slope_and_nothing_is_infinite() -> None:
    (answer,) = build(samples=20).answer([Gradient(((0.0, 1.0), (0.5, 0.5, 0.0), (0.5, 0.5)))])
    assert answer.gradient[0][0] == answer.gradient[1][2] == 0.0
    assert np.isfinite(flat(answer.gradient)).all()


def test_a_mixture_outside_the_space_is_helped_out_by_the_sampler() -> None:
    outside = ((1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0))
    assert not SPACE.contains(Architecture((0, 0, 0)))
    (answer,) = build().answer([Gradient(outside)])
    assert isinstance(answer, Slope)
    assert np.isfinite(flat(answer.gradient)).all()


def test_until_the_next_update_the_same_mixture_has_the_same_answer() -> None:
    oracle, mixture, cell = build(), MIXTURES[0], next(SPACE.enumerate())
    first, _, second, _, third = oracle.answer(
        [Gradient(mixture), Score(cell), Gradient(mixture), Update((cell,)), Gradient(mixture)]
    )
    assert first == second == build().answer([Gradient(mixture)])[0]
    assert third != first
    assert build(2).answer([Gradient(mixture)])[0] != first


def test_a_gradient_costs_its_scores_and_other_queries_cost_what_they_did() -> None:
    cell = next(SPACE.enumerate())
    slope, score, update = build(samples=7).answer([Gradient(MIXTURES[0]), Score(cell), Update((cell,))])
    alone = Scores(SPACE, 1).answer([Score(cell), Update((cell,))])
    assert slope.cost == Cost(7, 700.0, 700.0)
    assert [score, update] == alone


def test_failed_samples_are_left_out_and_too_few_values_are_a_failure_with_its_cost() -> None:
    rows = np.array([[0, 1, 0], [1, 2, 1], [0, 1, 1]])
    good = [Scored(0.25, Cost(1)), Scored(0.75, Cost(1))]
    lost = Failed("diverged", Cost(1, 5.0))
    assert estimate_slope(MIXTURES[0], rows, [good[0], lost, good[1]], 1.0) == Slope(
        0.5,
        # losses 0.75 and 0.25, each less the other, over two samples and the weights of their choices
        (((0.25 - 0.25) / 0.3, 0.0), (0.0, (0.25 - 0.25) / 0.5, 0.0), (0.25 / 0.6, -0.25 / 0.4)),
        Cost(3, 5.0),
    )
    failure = estimate_slope(MIXTURES[0], rows, [lost, good[0], lost], 1.0)
    assert failure == Failed("1 of 3 sampled architectures have a value; a slope needs 2", Cost(3, 10.0))


@pytest.mark.parametrize("check", ORACLE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("settings", [{"failures": 0.3}, {"sharing": 2.0}], ids=str)
def test_a_decorated_oracle_keeps_the_contract(check: Any, settings: dict[str, Any]) -> None:
    space = create_space("nasbench101-v4")
    check(OracleCase(lambda seed: build(seed, space=space, **settings), estimates_slopes="an unbiased estimate"))


def test_the_settings_of_both_are_settings_with_their_types() -> None:
    decorated = registry.load("oracle", "tabular+score-gradient")
    plain = registry.load("oracle", "tabular")
    assert defaults(decorated) == defaults(plain) | {"samples": 10}
    assert resolve("oracle", decorated, {"repeat": "sample", "samples": 3})["samples"] == 3
    with pytest.raises(SettingError, match=r"oracle\.repeat"):
        resolve("oracle", decorated, {"repeat": "seldom"})
    with pytest.raises(UnknownNameError, match="did you mean 'samples'"):
        resolve("oracle", decorated, {"sample": 3})
    with pytest.raises(SettingError, match="'samples' cannot be 1"):
        build(samples=1)


def test_the_class_and_its_objects_pass_on_what_the_oracle_inside_has() -> None:
    space = create_space("nasbench101-v4")
    oracle = registry.load("oracle", "tabular+score-gradient")(space, 1)
    cell = space.sample(stream(1, "test"))
    oracle.answer([Score(cell), Score(cell)])
    assert (oracle.oracle.asked, oracle.repeated) == (2, 1)
    assert hasattr(registry.load("oracle", HERE), "truth")
    assert len(build().truth()) == SPACE.size
    assert not hasattr(type(oracle), "truth")
    assert not hasattr(oracle, "truth")
    assert type(oracle).supports == oracle.supports == {Score, Update, Gradient}
    assert (build(sharing=2.0).shares_weights, build(sharing=2.0).independent) == (True, False)


def test_a_refused_batch_has_asked_the_oracle_inside_nothing() -> None:
    space = create_space("nasbench101-v4")
    oracle = registry.load("oracle", "tabular+score-gradient")(space, 1)
    cell = space.sample(stream(1, "test"))
    slope = Gradient(tuple((1 / n,) * n for n in space.options))
    for bad, error in ((Score(cell, epochs=7), IncompatibleError), (Score(Architecture(space.options)), SpaceError)):
        with pytest.raises(error):
            oracle.answer([slope, Update((cell,)), bad])
    assert oracle.oracle.asked == 0
    assert oracle.state_dict()["updates"] == 0


def test_a_virtual_step_is_refused_where_weights_are_shared_and_means_nothing_elsewhere() -> None:
    mixture = MIXTURES[0]
    assert build().answer([Gradient(mixture, unrolled=True)]) == build().answer([Gradient(mixture)])
    with pytest.raises(IncompatibleError, match="first-order"):
        build(sharing=2.0).answer([Gradient(mixture, unrolled=True)])


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("synthetic+score-gradient", IncompatibleError, "answers Gradient queries itself"),
        ("tabular+score-gradient+score-gradient", IncompatibleError, "answers Gradient queries itself"),
        ("tabluar+score-gradient", UnknownNameError, "did you mean 'tabular'"),
        ("tabular+score-gradeint", UnknownNameError, r"did you mean '\+score-gradient'"),
        ("tabular+", UnknownNameError, "unknown oracle decorator"),
    ],
)
def test_a_name_that_makes_no_oracle_is_refused(name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        registry.load("oracle", name)


class OneAtATime(Scores):
    """An oracle whose objects say their width."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        super().__init__(space, seed)
        self.width = 1


def test_the_width_of_an_object_is_passed_on() -> None:
    found = registry.load("oracle", f"{__name__}:OneAtATime+score-gradient")(SPACE, 1)
    assert OracleFeatures.of(found).width == 1
