"""The recurrent language model: the cell step by step as published, its gradient, sizes, and what dropout drops."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from backends.networks.dropouts import Dropouts
from backends.networks.recurrence import Nodes, run_recurrence
from backends.networks.rnn_cell import RecurrentLanguageModel, count_parameters
from harness.core.errors import SettingError

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda values: values,
}

CELLS: list[Nodes] = [
    [("tanh", 0), ("sigmoid", 0)],
    [("relu", 0), ("identity", 1)],
    [("identity", 0)],
    [("sigmoid", 0), ("tanh", 1), ("relu", 1), ("identity", 0), ("tanh", 4)],
]


def step_by_step(
    inputs: Tensor, hidden: Tensor, mask: Tensor | None, first: Tensor, matrices: Tensor, nodes: Nodes
) -> Tensor:
    """A transcription of DARTSCell (quark0/darts, rnn/model.py)."""
    outputs, width = [], inputs.shape[2]
    for x in inputs:
        masked = hidden if mask is None else hidden * mask
        c0, h0 = torch.split(torch.cat([x, masked], dim=-1).mm(first), width, dim=-1)
        states = [hidden + c0.sigmoid() * (h0.tanh() - hidden)]
        for (name, source), matrix in zip(nodes, matrices, strict=True):
            before = states[source]
            c, h = torch.split((before if mask is None else before * mask).mm(matrix), width, dim=-1)
            states.append(before + c.sigmoid() * (ACTIVATIONS[name](h) - before))
        hidden = torch.mean(torch.stack(states[1:], -1), -1)
        outputs.append(hidden)
    return torch.stack(outputs)


def operands(nodes: Nodes, *, masked: bool) -> tuple[list[Tensor], Tensor | None]:
    """Inputs, hidden state, first matrix and the others, with gradients, and a mask of hidden dropout."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((6, 4, 8), (4, 8), (16, 16), (len(nodes), 8, 16))
    drawn = [torch.randn(shape, generator=generator).mul_(0.4).requires_grad_() for shape in shapes]
    mask = (torch.rand(4, 8, generator=generator) > 0.25).float() / 0.75 if masked else None
    return drawn, mask


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("nodes", CELLS, ids=str)
def test_the_sequence_at_once_is_the_published_cell_step_by_step(nodes: Nodes, masked: bool) -> None:
    (inputs, hidden, first, matrices), mask = operands(nodes, masked=masked)
    ours = run_recurrence(inputs, hidden, mask, first, matrices, nodes)
    torch.testing.assert_close(ours, step_by_step(inputs, hidden, mask, first, matrices, nodes), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("nodes", CELLS, ids=str)
def test_the_gradient_is_that_of_the_cell_step_by_step(nodes: Nodes, masked: bool) -> None:
    drawn, mask = operands(nodes, masked=masked)
    inputs, hidden, first, matrices = drawn
    weights = torch.linspace(-1, 1, inputs.numel()).view_as(inputs)
    gradients = [
        torch.autograd.grad((cell(inputs, hidden, mask, first, matrices, nodes) * weights).sum(), drawn)
        for cell in (run_recurrence, step_by_step)
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("nodes", "parameters"), [(2, 14_290_000), (8, 22_960_000), (11, 27_295_000), (12, 28_740_000)]
)
def test_a_model_of_850_units_and_10000_words_has_as_many_weights_as_darts_own(nodes: int, parameters: int) -> None:
    """8 nodes: the 23M of quark0/darts, README."""
    cell = [("tanh", 0)] * nodes
    with torch.device("meta"):
        model = RecurrentLanguageModel(cell, width=850, words=10_000)
    assert sum(weights.numel() for weights in model.parameters()) == parameters
    assert count_parameters(nodes, width=850, words=10_000) == parameters


def made(dropouts: Dropouts | None = None, *, words: int = 50, width: int = 200) -> RecurrentLanguageModel:
    model = RecurrentLanguageModel([("tanh", 0)], width=width, words=words, dropouts=dropouts)
    model.initialise(torch.Generator().manual_seed(3))
    return model


def test_weights_begin_uniform_within_the_published_range_and_the_bias_at_zero() -> None:
    model = made()
    for weights in (each.detach() for each in (model.embedding, model.first, model.matrices)):
        assert weights.abs().max() <= 0.04
        assert float(weights.std()) == pytest.approx(0.08 / 12**0.5, rel=0.02)
    assert not model.bias.any()


def test_the_decoder_is_the_embedding() -> None:
    model, outputs = made(), torch.ones(3, 200)
    torch.testing.assert_close(model.logits(outputs), outputs @ model.embedding.T)
    torch.testing.assert_close(model.bfloat16_logits(outputs).float(), model.logits(outputs), rtol=0.02, atol=5e-3)


def test_without_a_generator_nothing_is_dropped() -> None:
    words = torch.arange(12).view(3, 4)
    heavy = Dropouts(output=0.5, hidden=0.5, inputs=0.5, embedding=0.5, words=0.5)
    for dropped, plain in zip(made(heavy)(words, torch.zeros(4, 200)), made()(words, torch.zeros(4, 200)), strict=True):
        assert torch.equal(dropped, plain)


def test_output_dropout_is_one_mask_for_all_steps_and_keeps_the_mean() -> None:
    model = made(Dropouts(output=0.75))
    raw, dropped = model(torch.arange(20).view(5, 4), torch.zeros(4, 200), torch.Generator().manual_seed(1))
    factors = dropped / raw
    assert set(factors.unique().tolist()) == {0.0, 4.0}
    assert torch.equal(factors, factors[:1].expand_as(factors))
    assert float((factors[0] == 0).float().mean()) == pytest.approx(0.75, abs=0.05)


def test_word_dropout_drops_a_word_wherever_it_stands() -> None:
    model = made(Dropouts(words=0.5))
    words = torch.arange(50).repeat(2).view(100, 1)
    raw, _ = model(words, torch.zeros(1, 200), torch.Generator().manual_seed(1))
    raw.sum().backward()
    rows = model.embedding.grad
    assert rows is not None
    dropped = (rows == 0).all(dim=1)
    assert 15 <= int(dropped.sum()) <= 35


def test_a_dropout_of_one_is_refused() -> None:
    with pytest.raises(SettingError, match=r"'hidden' is 1\.0; expected a probability"):
        Dropouts(hidden=1.0)
