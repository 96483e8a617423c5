"""Shared weights of recurrent cells: a path is the stand-alone cell, a one-hot mixture is the path."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.networks.dropouts import Dropouts
from backends.networks.recurrence import Nodes
from backends.networks.recurrent_supernet import SharedRecurrentModel, edge_weights, pair_weights
from backends.networks.rnn_cell import RecurrentLanguageModel
from harness.core.space import Architecture
from harness.spaces.rnn_cell import OPERATIONS, RNNCell

SETTINGS = [
    {"sharing": sharing, "average": average, "norm": norm}
    for sharing in ("operation", "node")
    for average in ("nodes", "all", "loose-ends")
    for norm in ("none", "batch")
]


def cells(nodes: int, count: int = 6) -> list[tuple[Nodes, list[Tensor]]]:
    """All cells of two nodes, or some of more: their nodes and one-hot rows."""
    space, rng = RNNCell(nodes=nodes), np.random.default_rng(nodes)
    rows = space.from_keys(space.enumerate_keys()) if nodes == 2 else space.sample_many(rng, count)
    found = []
    for choices in rows.tolist():
        mixture = [torch.tensor(row, dtype=torch.float64) for row in space.one_hot(Architecture(tuple(choices)))]
        pairs = zip(choices[::2], choices[1::2], strict=True)
        found.append((tuple((OPERATIONS[operation], source) for source, operation in pairs), mixture))
    return found


def model(nodes: int, *, width: int = 6, **settings: str) -> SharedRecurrentModel:
    shared = SharedRecurrentModel(nodes, width=width, words=11, **settings).double()  # type: ignore[arg-type]
    shared.initialise(torch.Generator().manual_seed(3), 0.7)
    return shared


def text(steps: int = 4, width: int = 6) -> tuple[Tensor, Tensor]:
    """Words in five columns, and a state before them."""
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(11, (steps, 5), generator=generator)
    return words, torch.randn(5, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("nodes", [2, 8, 12])
@pytest.mark.parametrize("sharing", ["operation", "node"])
def test_a_path_is_the_stand_alone_model_with_its_matrices(nodes: int, sharing: str) -> None:
    shared = model(nodes, sharing=sharing)
    for cell, _ in cells(nodes):
        alone = RecurrentLanguageModel(cell, width=6, words=11).double()
        blocks = [4 * source + OPERATIONS.index(name) if sharing == "operation" else 0 for name, source in cell]
        chosen = torch.stack([shared.matrices[place][block] for place, block in enumerate(blocks)])
        alone.load_state_dict(
            {"embedding": shared.embedding, "bias": shared.bias, "first": shared.first, "matrices": chosen}
        )
        assert torch.equal(shared.path(*text(), cell)[0], alone(*text())[0])
        assert torch.equal(shared.logits(text()[1]), alone.logits(text()[1]))


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
@pytest.mark.parametrize("nodes", [2, 8, 12])
def test_a_one_hot_mixture_is_the_path_with_its_gradients(nodes: int, settings: dict[str, str]) -> None:
    shared = model(nodes, **settings)
    for cell, rows in cells(nodes, count=3):
        results = [shared.path(*text(steps=2), cell)[0], shared.mixture(*text(steps=2), pair_weights(rows))[0]]
        torch.testing.assert_close(*results, atol=1e-12, rtol=0)
        slopes = [
            torch.autograd.grad(
                raw.square().sum(), list(shared.parameters()), materialize_grads=True, allow_unused=True
            )
            for raw in results
        ]
        torch.testing.assert_close(*slopes, atol=1e-9, rtol=1e-9)


def one_by_one(shared: SharedRecurrentModel, words: Tensor, hidden: Tensor, rows: list[Tensor]) -> Tensor:
    """A mixture, one predecessor and one operation at a time."""
    activations = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "identity": torch.clone}
    outputs = []

    def state(before: Tensor, gates: Tensor, name: str) -> Tensor:
        gate, value = gates.chunk(2, dim=1)
        return before + gate.sigmoid() * (activations[name](value) - before)

    def normed(new: Tensor) -> Tensor:
        centred = new - new.mean(dim=0)
        return centred / (new.var(dim=0, unbiased=False) + 1e-5).sqrt() if shared.norm == "batch" else new

    for word in shared.embedding[words]:
        states = [normed(state(hidden, torch.cat([word, hidden], dim=1) @ shared.first, "tanh"))]
        for node, matrices in enumerate(shared.matrices):
            new = torch.zeros_like(hidden)
            for source, likely in enumerate(rows[2 * node]):
                for number, name in enumerate(OPERATIONS):
                    matrix = matrices[4 * source + number if shared.sharing == "operation" else 0]
                    new = new + likely * rows[2 * node + 1][number] * state(
                        states[source], states[source] @ matrix, name
                    )
            states.append(normed(new))
        shares = [1.0 if shared.average == "all" else 0.0, *[1.0] * shared.nodes]
        if shared.average == "loose-ends":
            unused = [[1 - float(later[one]) for later in rows[2 * one :: 2]] for one in range(1, shared.nodes + 1)]
            shares[1:] = [float(np.prod(each)) for each in unused]
        hidden = sum((share * each for share, each in zip(shares, states, strict=True)), torch.zeros_like(hidden))
        hidden = hidden / sum(shares)
        outputs.append(hidden)
    return torch.stack(outputs)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_a_mixture_weighs_every_predecessor_and_operation_of_a_node(settings: dict[str, str]) -> None:
    shared = model(3, **settings)
    rng = np.random.default_rng(4)
    rows = [torch.tensor(rng.dirichlet(np.ones(size))) for size in (1, 4, 2, 4, 3, 4)]
    torch.testing.assert_close(
        shared.mixture(*text(), pair_weights(rows))[0], one_by_one(shared, *text(), rows), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_dropout_of_a_one_hot_mixture_is_that_of_its_path(settings: dict[str, str]) -> None:
    shared = model(3, **settings)
    shared.dropouts = Dropouts(output=0.3, hidden=0.4, inputs=0.2, embedding=0.1, words=0.2)
    for cell, rows in cells(3, count=2):
        results = [
            shared.path(*text(), cell, torch.Generator().manual_seed(2)),
            shared.mixture(*text(), pair_weights(rows), torch.Generator().manual_seed(2)),
        ]
        torch.testing.assert_close(*results, atol=1e-12, rtol=0)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_slopes_of_a_mixture_are_those_of_finite_differences(settings: dict[str, str]) -> None:
    shared = model(2, width=2, **settings)
    generator = torch.Generator().manual_seed(8)
    sizes = (1, 4, 2, 4)
    rows = [torch.rand(size, generator=generator, dtype=torch.float64).add(0.2).requires_grad_() for size in sizes]
    weights = list(shared.matrices)

    def loss(*values: Tensor) -> Tensor:
        return shared.mixture(*text(steps=2, width=2), pair_weights(values[:4]))[0].pow(3).sum()

    assert torch.autograd.gradcheck(loss, (*rows, *weights))


@pytest.mark.parametrize("average", ["all", "loose-ends"])
def test_slopes_of_a_path_are_those_of_finite_differences(average: str) -> None:
    shared = model(3, width=3, average=average)
    cell = (("tanh", 0), ("sigmoid", 1), ("identity", 1))
    words, hidden = text(steps=2, width=3)
    parameters = [hidden.requires_grad_(), shared.first, *shared.matrices]
    assert torch.autograd.gradcheck(lambda state, *_: shared.path(words, state, cell)[0], tuple(parameters))


@pytest.mark.parametrize("average", ["nodes", "all", "loose-ends"])
def test_rows_of_double_precision_mix_a_model_of_single_precision(average: str) -> None:
    exact = model(2, average=average)
    rough = model(2, average=average).float()
    words, hidden = text()
    rows = [torch.full((size,), 1 / size, dtype=torch.float64, requires_grad=True) for size in (1, 4, 2, 4)]
    wanted, raw = (
        each.mixture(words, state, pair_weights(rows))[0] for each, state in ((exact, hidden), (rough, hidden.float()))
    )
    torch.testing.assert_close(raw, wanted.float(), atol=1e-5, rtol=1e-5)
    slopes = [torch.autograd.grad(each.square().sum(), rows[1:]) for each in (wanted, raw)]
    torch.testing.assert_close(*slopes, atol=1e-4, rtol=1e-4)


def test_each_setting_averages_the_states_that_it_names() -> None:
    """One step from zero with matrices of zero: a node halves the distance to act(0), and the first state is 0."""
    words, hidden = torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 6, dtype=torch.float64)
    cell = (("sigmoid", 0), ("tanh", 1), ("identity", 1))  # states 0, 1/4, 1/8, 1/8: act(0) is 1/2, 0 and 0
    wanted = {"nodes": (1 / 4 + 1 / 8 + 1 / 8) / 3, "all": (1 / 4 + 1 / 8 + 1 / 8) / 4, "loose-ends": 1 / 8}
    for average, value in wanted.items():
        shared = model(3, average=average)
        with torch.no_grad():
            for weights in shared.parameters():
                weights.zero_()
        assert shared.path(words, hidden, cell)[0].flatten().tolist() == pytest.approx([value] * 6)


def test_batch_norm_leaves_every_state_with_mean_zero_and_variance_one_over_columns() -> None:
    """With one node the output is its state."""
    shared = model(1, norm="batch")
    raw, _ = shared.path(*text(), (("tanh", 0),))
    torch.testing.assert_close(raw.mean(dim=1), torch.zeros(4, 6, dtype=torch.float64), atol=1e-12, rtol=0)
    assert (raw.var(dim=1, unbiased=False) <= 1).all()
    assert (raw.var(dim=1, unbiased=False) > 0.98).all()


def test_a_path_moves_no_matrix_that_it_does_not_use() -> None:
    shared = model(2)
    shared.path(*text(), (("relu", 0), ("tanh", 1)))[0].sum().backward()
    moved = [matrix.grad.abs().sum(dim=(1, 2)).nonzero().flatten().tolist() for matrix in shared.matrices]  # type: ignore[union-attr]
    assert moved == [[1], [4]]


def test_a_node_matrix_a_node_makes_the_published_number_of_weights() -> None:
    """DARTS' sharing, 850 units and 10,000 words: the 22,960,000 weights of eight nodes (quark0/darts, README)."""
    with torch.device("meta"):
        shared = SharedRecurrentModel(8, width=850, words=10_000, sharing="node")
    assert sum(weights.numel() for weights in shared.parameters()) == 22_960_000


def test_dropout_is_drawn_as_in_the_stand_alone_model() -> None:
    dropouts = Dropouts(output=0.3, hidden=0.4, inputs=0.2, embedding=0.1, words=0.2)
    cell = (("tanh", 0), ("relu", 1))
    shared = SharedRecurrentModel(2, width=6, words=11, sharing="node", dropouts=dropouts)
    alone = RecurrentLanguageModel(cell, width=6, words=11, dropouts=dropouts)
    for each in (shared, alone):
        each.initialise(torch.Generator().manual_seed(1))
    words, hidden = text()
    results = [
        shared.path(words, hidden.float(), cell, torch.Generator().manual_seed(2)),
        alone(words, hidden.float(), torch.Generator().manual_seed(2)),
    ]
    torch.testing.assert_close(*results, atol=0, rtol=0)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_edges_that_are_a_cell_are_its_path(settings: dict[str, str]) -> None:
    shared, space, rng = model(3, **settings), RNNCell(nodes=3, encoding="edges"), np.random.default_rng(3)
    for choices in space.sample_many(rng, 4).tolist():
        cell = Architecture(tuple(choices))
        rows = [torch.tensor(row, dtype=torch.float64) for row in space.one_hot(cell)]
        results = shared.mixture(*text(), edge_weights(rows))[0], shared.path(*text(), space.pairs(cell))[0]
        torch.testing.assert_close(*results, atol=1e-12, rtol=0)


def test_a_mixture_of_edges_is_that_of_darts() -> None:
    """quark0/darts, rnn/model_search.py: a softmax an edge, whose none adds nothing, summed over predecessors."""
    shared, rng = model(3, sharing="node", norm="batch"), np.random.default_rng(7)
    rows = [torch.tensor(rng.dirichlet(np.ones(5))) for _ in range(6)]
    words, hidden = text()
    functions = (None, torch.tanh, torch.relu, torch.sigmoid, torch.clone)
    expected = []
    for word in shared.embedding[words]:
        c0, h0 = (torch.cat([word, hidden], 1) @ shared.first).chunk(2, 1)
        states = [standardised(hidden + c0.sigmoid() * (h0.tanh() - hidden))]
        for node in range(3):
            total = torch.zeros_like(hidden)
            for source, state in enumerate(states):
                c, h = (state @ shared.matrices[node][0]).chunk(2, 1)
                for number, function in enumerate(functions):
                    if function is not None:
                        weight = rows[node * (node + 1) // 2 + source][number]
                        total = total + weight * (state + c.sigmoid() * (function(h) - state))
            states.append(standardised(total))
        hidden = torch.stack(states[1:]).mean(0)
        expected.append(hidden)
    found = shared.mixture(*text(), edge_weights(rows))[0]
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-12, rtol=0)


def standardised(state: Tensor) -> Tensor:
    return (state - state.mean(0)) / (state.var(0, unbiased=False) + 1e-5).sqrt()
