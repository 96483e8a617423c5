"""NAO's networks against plain loops, finite differences and exact reconstruction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.space import Choices
from harness.spaces.nasbench101 import NASBench101
from policies.networks.autoencoder import Autoencoder, summary
from policies.networks.decisions import first_tokens, shifted
from policies.networks.fitting import FitSettings, fit, minmax_scaled, rank_scaled
from tests.fakes.searches import hill, rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 1, 4)
ROWS = Holes(OPTIONS).everything()
FITTING = FitSettings(targets="minmax", epochs=100, batch=100, lr=1e-3, weight_decay=1e-4, clip=5.0, trade_off=0.8)


def build(options: tuple[int, ...] = OPTIONS, **settings: Any) -> Autoencoder:
    generator = torch.Generator().manual_seed(1)
    return Autoencoder(options, generator, **({"hidden": 12, "layers": 3, "width": 30, "dropout": 0.1} | settings))


def cell(lstm: nn.LSTM) -> nn.LSTMCell:
    single = nn.LSTMCell(lstm.input_size, lstm.hidden_size)
    single.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    return single


def plain_encoding(model: Autoencoder, row: list[int]) -> Tensor:
    """One row's encoder outputs, shape (decisions, hidden), a step at a time."""
    step, state, outputs = cell(model.encoder), None, []
    for i, choice in enumerate(row):
        state = step(model.source.weight[1 + sum(model.options[:i]) + choice][None], state)
        outputs.append(state[0][0] / state[0][0].norm())
    return torch.stack(outputs)


def plain_decoding(model: Autoencoder, outputs: Tensor, row: list[int] | None) -> tuple[list[int], float]:
    """The choices that one row's outputs decode to, or with ``row`` the log-loss of writing it, a step at a time."""
    mean = outputs.mean(0)
    state = ((mean / mean.norm())[None],) * 2
    step, token, chosen, loss = cell(model.decoder), 0, [], 0.0
    for i, n in enumerate(model.options):
        state = step(model.target.weight[token][None], state)
        weights = torch.softmax(outputs @ (model.query.weight @ state[0][0]), 0)
        mixed = torch.tanh(model.mix.weight @ torch.cat([weights @ outputs, state[0][0]]))
        logs = torch.log_softmax(mixed @ model.heads.weight[i, :, :n] + model.heads.bias[i, 0, :n], 0)
        chosen.append(int(logs.argmax()) if row is None else row[i])
        loss -= float(logs[chosen[-1]].detach())
        token = 1 + sum(model.options[:i]) + chosen[-1]
    return chosen, loss


def test_tokens_are_numbered_decision_by_decision_after_the_start() -> None:
    assert first_tokens(OPTIONS).tolist() == [1, 3, 6, 7]
    assert shifted(torch.tensor([[2, 5, 6, 10]])).tolist() == [[0, 2, 5, 6]]


def test_losses_are_those_of_plain_loops() -> None:
    model = build(dropout=0.0)
    targets = torch.linspace(0, 1, len(ROWS))
    error, reconstruction = model.losses(torch.from_numpy(ROWS), targets)
    encodings = [plain_encoding(model, row) for row in ROWS.tolist()]
    losses = [plain_decoding(model, outputs, row)[1] for outputs, row in zip(encodings, ROWS.tolist(), strict=True)]
    assert float(reconstruction.detach()) == pytest.approx(np.mean(losses) / len(OPTIONS), rel=1e-4)
    means = torch.stack([outputs.mean(0) for outputs in encodings])
    predicted = model.predict(means / means.norm(dim=1, keepdim=True))
    assert float(error.detach()) == pytest.approx(float(((predicted - targets) ** 2).mean().detach()), rel=1e-4)


def test_decoding_is_that_of_a_plain_loop_and_keeps_to_the_options() -> None:
    model = build()
    outputs = torch.nn.functional.normalize(torch.randn(4, 40, 12, generator=torch.Generator().manual_seed(2)), dim=-1)
    rows = model.decode(outputs)
    assert rows.tolist() == [plain_decoding(model, outputs[:, i], None)[0] for i in range(40)]
    assert (rows < torch.tensor(OPTIONS)).all()


def test_uphill_is_the_slope_of_the_predicted_value() -> None:
    model = build().double()
    outputs, slope = model.value_slope(torch.from_numpy(ROWS[:3]))
    direction = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    ends = [float(model.predict(summary(outputs + h * direction)).sum().detach()) for h in (1e-5, -1e-5)]
    assert float((slope * direction).sum()) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_dropout_keeps_the_mean_and_is_off_when_predicting() -> None:
    model = build(layers=1, width=1000, dropout=0.3)
    embedding = summary(model.encode(torch.from_numpy(ROWS)))
    assert torch.equal(model.predict(embedding), model.predict(embedding))
    noisy = torch.stack([model.predict(embedding, noisy=True) for _ in range(300)]).detach()
    torch.testing.assert_close(noisy.mean(0), model.predict(embedding).detach(), atol=0.01, rtol=0)
    assert float(noisy.std(0).mean()) > 0.005


def fitted(rows: Choices, options: tuple[int, ...]) -> Autoencoder:
    model = build(options, hidden=24)
    fit(model, rows, np.array([hill(tuple(row)) for row in rows.tolist()]), FITTING)
    return model


def test_after_fitting_every_row_is_decoded_exactly_and_its_value_predicted() -> None:
    space = NASBench101(vertices=4)
    rows = space.from_keys(space.enumerate_keys())
    model, inputs = fitted(np.tile(rows, (3, 1)), space.options), torch.from_numpy(rows)
    assert model.decode(model.encode(inputs)).tolist() == rows.tolist()  # in eval-nas, operations come back rotated
    predicted = model.predict(summary(model.encode(inputs))).detach().numpy()
    assert np.corrcoef(predicted, [hill(tuple(row)) for row in rows.tolist()])[0, 1] > 0.95


def test_fitting_is_decided_by_the_generator() -> None:
    space = Holes()
    rows = space.from_keys(space.enumerate_keys())
    states = [fitted(rows, space.options).state_dict() for _ in range(2)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_targets_are_values_or_ranks_in_the_unit_interval() -> None:
    values = np.array([0.9, 0.94, 0.1, 0.92, 0.9])
    assert minmax_scaled(values).tolist() == pytest.approx([0.8 / 0.84, 1, 0, 0.82 / 0.84, 0.8 / 0.84])
    assert rank_scaled(values).tolist() == pytest.approx([1 / 3, 1, 0, 2 / 3, 1 / 3])
    for scale in (minmax_scaled, rank_scaled):
        assert scale(np.array([0.3, 0.3])).tolist() == [0.5, 0.5]


def test_weights_start_by_pytorchs_defaults() -> None:
    model = build((2,) * 40, hidden=64)
    for name, parameter in model.named_parameters():
        values = parameter.detach()
        if name in ("source.weight", "target.weight"):
            assert float(values.std()) == pytest.approx(1, rel=0.1)
            continue
        owner = model.get_submodule(name.rpartition(".")[0])
        bound = getattr(owner, "in_features", 64) ** -0.5
        assert float(values.abs().max()) <= bound
        assert parameter.numel() < 100 or float(values.std()) == pytest.approx(bound / math.sqrt(3), rel=0.15)


def test_the_generator_is_the_only_randomness() -> None:
    torch.manual_seed(1)
    first = build().state_dict()
    torch.manual_seed(2)
    second = build().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert rng(1).random() == rng(1).random()
