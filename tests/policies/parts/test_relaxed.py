"""Rows of weights: messages, softmax, and the most probable architecture."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from harness.core.space import Architecture, Choices, SearchSpace
from harness.planning.settings import create_space
from policies.parts.relaxed import RelaxedSpace, candidates, most_probable, softmax_slope
from tests.fakes.searches import rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 4, 1, 3)
RELAXATION = RelaxedSpace(OPTIONS)


def products(rows: np.ndarray, choices: Choices) -> np.ndarray:
    return np.prod([row[column] for row, column in zip(rows, choices.T, strict=True)], axis=0)


def random_rows(space: SearchSpace, seed: int, sharpness: float) -> np.ndarray:
    relaxation = RelaxedSpace(space.options)
    return relaxation.softmax(sharpness * rng(seed).standard_normal(relaxation.inside.shape))


def by_brute_force(space: SearchSpace, rows: np.ndarray) -> tuple[int, ...]:
    """The best of all rows of choices if it is a cell, else the best of the cells written as ``from_keys`` does."""
    every = np.array([*itertools.product(*map(range, space.options))])
    keys = space.keys(every)
    if keys[best := products(rows, every).argmax()] < 0:
        every, keys = every[keys >= 0], keys[keys >= 0]
        every = every[(space.from_keys(keys) == every).all(axis=1)]
        best = products(rows, every).argmax()
    return tuple(every[best].tolist())


def test_a_matrix_becomes_a_mixture_of_plain_floats_and_comes_back() -> None:
    rows = RELAXATION.softmax(rng().standard_normal((4, 4)))
    mixture = RELAXATION.mixture(rows)
    assert [len(row) for row in mixture] == list(OPTIONS)
    assert {type(weight) for row in mixture for weight in row} == {float}
    assert (RELAXATION.rows(mixture) == rows).all()


def test_rows_are_the_softmax_over_their_own_options() -> None:
    logits = 30 * rng().standard_normal((4, 4))
    for row, n, weights in zip(logits, OPTIONS, RELAXATION.mixture(RELAXATION.softmax(logits)), strict=True):
        np.testing.assert_allclose(weights, torch.softmax(torch.tensor(row[:n]), 0), rtol=1e-12)


def test_slopes_reach_the_logits_as_automatic_differentiation_says() -> None:
    generator = torch.Generator().manual_seed(1)
    quadratic = torch.randn(10, 10, dtype=torch.float64, generator=generator)
    logits = [torch.randn(n, dtype=torch.float64, generator=generator, requires_grad=True) for n in OPTIONS]
    point = torch.cat([torch.softmax(row, 0) for row in logits])
    loss = point @ quadratic @ point
    expected = torch.cat(torch.autograd.grad(loss, logits, retain_graph=True))
    slope = RELAXATION.rows(RELAXATION.mixture(_spread(torch.autograd.grad(loss, point)[0])))
    rows = RELAXATION.softmax(_spread(torch.cat([row.detach() for row in logits])))
    np.testing.assert_allclose(softmax_slope(rows, slope)[RELAXATION.inside], expected, atol=1e-13)


def _spread(vector: torch.Tensor) -> np.ndarray:
    rows = np.zeros((4, 4))
    rows[RELAXATION.inside] = vector
    return rows


@pytest.mark.parametrize(("name", "seeds"), [("nasbench101-v4", 40), ("nasbench101-v5", 30)])
@pytest.mark.parametrize("sharpness", [0.3, 3.0])
def test_the_most_probable_architecture_is_that_of_brute_force(name: str, seeds: int, sharpness: float) -> None:
    space = create_space(name)
    outside = 0
    for seed in range(seeds):
        rows = random_rows(space, seed, sharpness)
        assert most_probable(space, rows).choices == by_brute_force(space, rows)
        outside += not space.contains(Architecture(tuple(np.where(rows > 0, rows, -1).argmax(1).tolist())))
    assert 0 < outside < seeds, "both rules must have been used"


def test_cells_packed_in_several_blocks_are_unpacked_as_they_were() -> None:
    space = create_space("nasbench101-v6")
    packed = candidates(space)
    keys, _ = space.aliases(space.enumerate_keys())
    written = space.from_keys(keys)
    assert len(packed.blocks) > 1
    for seed in range(5):
        logs = np.log(np.maximum(random_rows(space, seed, 2.0), 1e-300))
        sums = np.take_along_axis(logs, written.T, axis=1).sum(axis=0)
        assert packed.best(logs).choices == tuple(written[sums.argmax()].tolist())


def test_among_equals_the_lowest_key_wins() -> None:
    space = create_space("nasbench101-v5")
    rows = np.where(RelaxedSpace(space.options).inside, 1.0, 0.0)
    keys, _ = space.aliases(space.enumerate_keys())
    assert most_probable(space, rows) == space.from_key(int(keys.min()))


def test_among_impossible_ones_the_architecture_with_the_fewest_impossible_choices_wins() -> None:
    space = create_space("nasbench101-v4")
    rows = np.zeros((8, 3))
    rows[:, 0] = 1.0  # no edge at all is no cell; one edge from input to output is enough
    assert most_probable(space, rows).choices == (0, 0, 0, 1, 0, 0, 0, 0)


class Endless(Holes):
    """A space that refuses to be walked."""

    def enumerate_keys(self) -> Choices:
        raise self.enumeration_error()

    @property
    def size(self) -> int:
        return 10**12

    def sample(self, generator: np.random.Generator) -> Architecture:
        every = self.everything()
        inside = every[self.keys(every) >= 0]
        return Architecture(tuple(inside[generator.integers(len(inside))].tolist()))


def test_a_space_too_large_to_enumerate_is_stood_for_by_samples() -> None:
    space = Endless()
    every = space.everything()
    inside = every[space.keys(every) >= 0]
    for seed in range(20):
        rows = random_rows(space, seed, 1.0)  # 10,000 samples of some thirty cells leave none out
        assert most_probable(space, rows).choices == tuple(inside[products(rows, inside).argmax()].tolist())
