"""The published controllers of ENAS: against a second implementation in NumPy, closed forms and enumeration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.errors import SettingError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench201 import NASBench201
from harness.spaces.rnn_cell import RNNCell
from policies.networks.cell_controllers import CellController, ConvolutionalController, RecurrentController
from policies.networks.named_controllers import build_controller, controller_for
from tests.fakes.searches import rng
from tests.fakes.spaces import Holes, Pairs

TREE = (1, 3, 2, 3, 3, 3)
TEXT = (1, 4, 2, 4, 3, 4)
SIZES: dict[str, Any] = {"hidden": 7, "temperature": 5.0, "tanh": 1.10, "init_range": 0.1}


def convolutional(*, spread: float = 0.0, biased: int = 2) -> ConvolutionalController:
    return spreaded(ConvolutionalController(TREE, rng(), **SIZES, reduction=2.5, biased=biased), spread)


def recurrent(*, spread: float = 0.0) -> RecurrentController:
    return spreaded(RecurrentController(TEXT, rng(), **SIZES), spread)


def spreaded(controller: Any, spread: float) -> Any:
    """The controller with its weights moved away from nearly uniform choices."""
    generator = torch.Generator().manual_seed(3)
    for parameter in controller.parameters():
        parameter.data += spread * torch.randn(parameter.shape, generator=generator)
    return controller


def rows_of(options: Sequence[int]) -> np.ndarray:
    return np.array(list(itertools.product(*(range(n) for n in options))), np.int64)


class Plain:
    """A controller's weights as float64, with an LSTM step and a softmax written out."""

    def __init__(self, controller: CellController) -> None:
        self.weights = {name: value.double().numpy() for name, value in controller.state_dict().items()}
        self.h = self.c = np.zeros(7)

    def step(self, x: np.ndarray) -> np.ndarray:
        w = self.weights
        gates = w["lstm.weight_ih"] @ x + w["lstm.weight_hh"] @ self.h
        if "lstm.bias_ih" in w:
            gates = gates + w["lstm.bias_ih"] + w["lstm.bias_hh"]
        i, f, g, o = np.split(gates, 4)
        sigmoid: Callable[[np.ndarray], np.ndarray] = lambda values: 1 / (1 + np.exp(-values))  # noqa: E731
        self.c = sigmoid(f) * self.c + sigmoid(i) * np.tanh(g)
        self.h = sigmoid(o) * np.tanh(self.c)
        return self.h

    def attention(self, keys: list[np.ndarray]) -> np.ndarray:
        query = self.weights["from_state.weight"] @ self.h
        scores = np.array([self.weights["value.weight"][0] @ np.tanh(key + query) for key in keys])
        return 1.10 * np.tanh(scores / 5.0)


def outcome(logits: np.ndarray, choice: int) -> tuple[float, float]:
    """The log-probability of a choice, and the entropy of all."""
    odds = np.exp(logits) / np.exp(logits).sum()
    return math.log(odds[choice]), float(-(odds * np.log(odds)).sum())


def plain_convolutional(controller: CellController, row: Sequence[int]) -> np.ndarray:
    """Log-probability and entropy of a row as eval-nas, enas_policy/models/controller.py, computes them."""
    plain, w, total = Plain(controller), Plain(controller).weights, np.zeros(2)
    start = w["start"][0]
    plain.step(start)
    anchors, keys = [np.zeros(7)], [w["from_anchor.weight"] @ plain.h]
    for source, operation in zip(row[::2], row[1::2], strict=True):
        plain.step(start)
        total += outcome(plain.attention(keys), source)
        plain.step(anchors[source])
        scores = (w["head.weight"] @ plain.h + w["head.bias"]) / 5.0
        total += outcome(1.10 / 2.5 * np.tanh(scores) + np.array([0.25, 0.25, -0.25]), operation)
        plain.step(w["embedding"][operation])
        anchors.append(plain.h)
        keys.append(w["from_anchor.weight"] @ plain.h)
    return total


def plain_recurrent(controller: CellController, row: Sequence[int]) -> np.ndarray:
    """The same as google-research, enas_lm/src/controller.py, computes them (with the entropy of all choices)."""
    plain, w, total = Plain(controller), Plain(controller).weights, np.zeros(2)
    anchors, keys, x = [np.zeros(7)], [np.zeros(7)], w["start"][0]
    for node, (source, operation) in enumerate(zip(row[::2], row[1::2], strict=True), start=1):
        anchor = plain.step(x)
        distance = np.array([node - earlier for earlier in range(node)])
        total += outcome(plain.attention(keys) - distance**2 / 6.0, source)
        plain.step(anchors[source] / (0.1 + node - source))
        total += outcome(1.10 * np.tanh(w["embedding"] @ plain.h / 5.0), operation)
        x = w["embedding"][operation]
        anchors.append(anchor)
        keys.append(w["from_anchor.weight"] @ anchor)
    return total


@pytest.mark.parametrize(
    ("build", "plain"), [(convolutional, plain_convolutional), (recurrent, plain_recurrent)], ids=["images", "text"]
)
def test_log_probabilities_and_entropies_are_those_of_a_plain_loop(build: Any, plain: Any) -> None:
    controller = build(spread=1.0)
    rows = rows_of(controller.options)[::7]
    logs, entropies = controller(rows)
    expected = np.array([plain(controller, row) for row in rows.tolist()])
    np.testing.assert_allclose(logs.detach(), expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(entropies, expected[:, 1], atol=1e-5)
    assert np.ptp(expected[:, 0]) > 1, "nearly equal rows would say little"


@pytest.mark.parametrize("build", [convolutional, recurrent])
def test_probabilities_of_all_rows_sum_to_one_and_rollouts_follow_them(build: Any) -> None:
    controller = build(spread=1.5)
    rows = rows_of(controller.options)
    odds = controller(rows)[0].detach().exp().numpy()
    assert odds.sum() == pytest.approx(1, abs=1e-5)
    places = np.cumprod([1, *controller.options[:0:-1]])[::-1]
    counts = np.bincount(controller.rollout(rng(5), 50_000) @ places, minlength=len(rows))
    common = 50_000 * odds > 5
    chi_squared = ((counts - 50_000 * odds) ** 2 / (50_000 * odds))[common].sum()
    assert chi_squared < common.sum() + 4 * math.sqrt(2 * common.sum())


def test_without_weights_the_biases_alone_prefer_convolutions_as_published() -> None:
    controller = convolutional()
    for name, parameter in controller.named_parameters():
        if name == "head.bias":
            assert parameter.tolist() == [10, 10, 0]
        else:
            parameter.data.zero_()
    logs = controller(rows_of(TREE))[0].detach().exp().numpy().reshape(TREE)
    # softmax of (0.44 tanh(10 / 5) + 0.25, the same, -0.25)
    high, low = math.exp(0.44 * math.tanh(2) + 0.25), math.exp(-0.25)
    expected = np.array([high, high, low]) / (2 * high + low)
    assert expected == pytest.approx([0.417, 0.417, 0.166], abs=5e-4)
    np.testing.assert_allclose(logs.sum((0, 2, 3, 4, 5)), expected, rtol=1e-5)
    np.testing.assert_allclose(logs.sum((0, 1, 2, 3, 5)), [1 / 3] * 3, rtol=1e-5)


def test_without_weights_near_predecessors_of_recurrent_cells_are_likelier() -> None:
    controller = recurrent()
    for parameter in controller.parameters():
        parameter.data.zero_()
    logs = controller(rows_of(TEXT))[0].detach().exp().numpy().reshape(TEXT)
    far = np.exp(-np.array([9, 4, 1]) / 6)  # the third node's predecessors 0, 1 and 2
    np.testing.assert_allclose(logs.sum((0, 1, 2, 3, 5)), far / far.sum(), rtol=1e-5)
    np.testing.assert_allclose(logs.sum((0, 1, 2, 3, 4)), [0.25] * 4, rtol=1e-5)


def test_weights_start_uniform_within_the_published_range() -> None:
    small = RecurrentController(TEXT, rng(), **(SIZES | {"init_range": 0.01}))
    for controller, limit in ((convolutional(), 0.1), (recurrent(), 0.1), (small, 0.01)):
        drawn = torch.cat([value.flatten() for name, value in controller.named_parameters() if name != "head.bias"])
        assert 0.95 * limit < float(drawn.detach().abs().max()) <= limit


def test_no_preference_where_the_operations_are_not_known() -> None:
    controller = convolutional(biased=0)
    assert not controller.fixed.any()
    assert not controller.head.bias.detach().any()


def test_the_published_controller_is_taken_where_the_decisions_have_its_shape() -> None:
    tree = NASBench101(vertices=5, encoding="tree")
    assert controller_for(tree) == "convolutional"
    assert controller_for(RNNCell(nodes=1)) == controller_for(RNNCell(nodes=12)) == "recurrent"
    for space in (NASBench101(vertices=5), NASBench201(), Holes(), Pairs()):
        assert controller_for(space) == "decisions"
    built = build_controller("convolutional", tree, rng(), SIZES, 2.5)
    assert built.fixed.tolist() == [0.25, 0.25, -0.25]  # type: ignore[union-attr]
    with pytest.raises(
        SettingError, match="'controller' cannot be 'recurrent' in space 'nasbench101-v5' with encoding"
    ):
        build_controller("recurrent", NASBench101(vertices=5), rng(), SIZES, 2.5)
