"""The synthetic oracle's shared weights, against their closed form worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backends.synthetic import SyntheticOracle
from harness.core.errors import SettingError
from harness.core.oracle import Gradient, Mixture, Query, Score, Scored, Slope, Update, Updated
from harness.core.random import stream
from harness.core.space import Architecture
from harness.planning.settings import create_space
from tests.fakes.spaces import Pairs

PAIRS = Pairs()
CELL = Architecture((1, 2))
TWIN = Architecture((2, 1))


def oracle(**settings: Any) -> SyntheticOracle:
    return SyntheticOracle(PAIRS, 0, **({"sharing": 2.0} | settings))


def value(of: SyntheticOracle, architecture: Architecture) -> float:
    (answer,) = of.answer([Score(architecture)])
    assert isinstance(answer, Scored)
    return answer.value


def truth(architecture: Architecture) -> float:
    table = oracle().truth()
    return float(table.mean("test_accuracy")[table.rows(np.array([PAIRS.key(architecture)]))[0]])


def test_untrained_weights_score_nothing() -> None:
    assert [value(oracle(), cell) for cell in PAIRS.enumerate()] == [0.0] * 10


def test_a_score_is_the_truth_times_the_mean_quality_of_the_choices() -> None:
    trained = oracle()
    trained.answer([Update((CELL,)), Update((CELL, Architecture((1, 3))))])
    # choice 1 of the first decision came three times, choice 2 of the second twice
    quality = ((1 - math.exp(-3 / 2)) + (1 - math.exp(-2 / 2))) / 2
    assert value(trained, CELL) == pytest.approx(truth(CELL) * quality)
    assert value(trained, TWIN) == value(trained, CELL)
    # of the cell (1, 1), only the first choice was trained
    assert value(trained, Architecture((1, 1))) == pytest.approx(
        truth(Architecture((1, 1))) * (1 - math.exp(-3 / 2)) / 2
    )


def test_an_architecture_trains_its_canonical_form_and_a_mixture_what_it_says() -> None:
    by_cell, by_twin, as_written = oracle(), oracle(), oracle()
    by_cell.answer([Update((CELL,))])
    by_twin.answer([Update((TWIN,))])
    as_written.answer([Update((PAIRS.one_hot(TWIN),))])
    assert value(by_cell, CELL) == value(by_twin, CELL) > 0
    assert value(as_written, CELL) == 0.0, "choices 2 and 1 were trained, and the canonical form has 1 and 2"


def test_a_mixture_trains_each_choice_by_its_weight() -> None:
    trained = oracle()
    trained.answer([Update((((0.0, 0.25, 0.75, 0.0), (0.0, 0.0, 1.0, 0.0)),))])
    quality = ((1 - math.exp(-0.25 / 2)) + (1 - math.exp(-1 / 2))) / 2
    assert value(trained, CELL) == pytest.approx(truth(CELL) * quality)


def test_the_loss_of_an_update_falls_from_one_as_its_points_are_trained() -> None:
    answers = oracle().answer([Update((CELL,))] * 3)
    losses = [answer.loss for answer in answers if isinstance(answer, Updated)]
    assert losses == pytest.approx([1.0, math.exp(-1 / 2), math.exp(-2 / 2)])
    assert oracle(sharing=0.0).answer([Update((CELL,))]) == [Updated(None, answers[0].cost)]


def test_long_training_brings_back_the_order_of_the_truth() -> None:
    trained = oracle()
    trained.answer([Update((cell,)) for cell in PAIRS.enumerate()] * 100)
    assert [value(trained, cell) for cell in PAIRS.enumerate()] == pytest.approx(
        [truth(cell) for cell in PAIRS.enumerate()]
    )


@pytest.mark.parametrize("unrolled", [False, True])
def test_the_slope_agrees_with_finite_differences_also_after_a_virtual_step(unrolled: bool) -> None:
    space, rng = create_space("nasbench101-v4"), stream(3, "test")
    trained = SyntheticOracle(space, 0, sharing=1.5)
    trained.answer([Update((space.sample(rng),)) for _ in range(4)])
    rows = [rng.dirichlet(np.ones(n)) for n in space.options]
    loss, gradient = measured(trained, rows, unrolled)
    for i, row in enumerate(rows):
        for j in range(len(row)):
            moved = [one.copy() for one in rows]
            moved[i][j] += 1e-6
            slope = (measured(trained, moved, unrolled)[0] - loss) / 1e-6
            assert gradient[i][j] == pytest.approx(slope, abs=1e-5)


def measured(of: SyntheticOracle, rows: list[Any], unrolled: bool) -> tuple[float, Mixture]:
    (answer,) = of.answer([Gradient(tuple(tuple(row.tolist()) for row in rows), unrolled)])
    assert isinstance(answer, Slope)
    return answer.loss, answer.gradient


def test_an_unrolled_loss_is_the_loss_after_that_update_which_is_not_kept() -> None:
    mixture = PAIRS.one_hot(CELL)
    one, other = oracle(), oracle()
    (unrolled, after) = one.answer([Gradient(mixture, unrolled=True), Gradient(mixture)])
    other.answer([Update((mixture,))])
    (stepped,) = other.answer([Gradient(mixture)])
    assert isinstance(unrolled, Slope)
    assert isinstance(after, Slope)
    assert isinstance(stepped, Slope)
    assert unrolled.loss == stepped.loss < after.loss == 1.0


def test_only_with_shared_weights_do_answers_depend_on_what_came_before() -> None:
    assert (oracle().shares_weights, oracle().independent) == (True, False)
    assert (oracle(sharing=0.0).shares_weights, oracle(sharing=0.0).independent) == (False, True)


def test_shared_weights_go_into_the_state_and_a_taken_state_stays_as_it_is() -> None:
    queries: list[Query] = [Update((CELL,)), Score(CELL)]
    one, other = oracle(), oracle()
    one.answer(queries)
    state = one.state_dict()
    following = one.answer(queries)
    other.load_state_dict(state)
    assert other.answer(queries) == following
    again = oracle()
    again.load_state_dict(state)
    assert again.answer(queries) == following


@pytest.mark.parametrize("sharing", [-1.0, math.inf, math.nan])
def test_a_number_of_steps_that_means_nothing_is_refused(sharing: float) -> None:
    with pytest.raises(SettingError, match="sharing must be a number of steps"):
        oracle(sharing=sharing)
