"""Steps, slopes and scores of shared recurrent weights against plain PyTorch, in double precision."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from backends.data.text import batchify
from backends.networks.recurrent_points import RecurrentPath, RecurrentPoint
from backends.networks.rnn_cell import RecurrentLanguageModel
from backends.standalone.language_training import LanguageTraining
from backends.supernet.bptt_batches import TextPosition
from harness.core.random import stream
from harness.spaces.rnn_cell import OPERATIONS
from tests.backends.standalone.language import LITTLE
from tests.backends.supernet.tiny_text import TINY_TEXT, TinyText, changed

PLAIN = changed(
    network=dict.fromkeys(
        ("dropout_output", "dropout_hidden", "dropout_inputs", "dropout_embedding", "dropout_words"), 0
    ),
    training={"lengths": "fixed", "restarts": 0.0, "clip": 0.1},
)


class Plain:
    """A second implementation: one leaf a matrix, gathered into the model that is trained from scratch, torch's SGD."""

    def __init__(self, tiny: TinyText) -> None:
        module, self.part = tiny.cells.module, tiny.recipe.training
        self.shared = {name: leaf(getattr(module, name)) for name in ("embedding", "bias", "first")}
        self.blocks = [[leaf(block) for block in node] for node in module.matrices]
        self.leaves = [*self.shared.values(), *(block for node in self.blocks for block in node)]
        self.sgd = torch.optim.SGD(self.leaves, self.part.learning_rate, weight_decay=self.part.weight_decay)
        self.text = batchify(tiny.text.train, self.part.batch_size)
        self.hidden = torch.zeros(self.part.batch_size, module.width, dtype=torch.float64)
        self.row = 0

    def run(self, words: Tensor, hidden: Tensor, point: RecurrentPath) -> tuple[Tensor, Tensor]:
        """Logits and outputs."""
        chosen = [self.blocks[i][4 * p + OPERATIONS.index(o)] for i, (o, p) in enumerate(point.nodes)]
        model = RecurrentLanguageModel(point.nodes, width=hidden.shape[1], words=len(self.shared["embedding"]))
        outputs, _ = functional_call(model, {**self.shared, "matrices": torch.stack(chosen)}, (words, hidden))
        return outputs @ self.shared["embedding"].t() + self.shared["bias"], outputs

    def update(self, points: Sequence[RecurrentPath]) -> float:
        """One step; the mean loss."""
        words = self.text[self.row : self.row + self.part.bptt + 1]
        losses = []
        for point in points:
            logits, outputs = self.run(words[:-1], self.hidden, point)
            slow = (outputs[1:] - outputs[:-1]).square().mean()
            losses.append(nn.functional.cross_entropy(logits.flatten(0, 1), words[1:].flatten()))
            losses[-1] = losses[-1] + self.part.slowness * slow
        self.sgd.zero_grad(set_to_none=False)
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_([each for each in self.leaves if each.grad is not None], self.part.clip)
        assert norm > self.part.clip  # so that clipping is put to the test
        for each in self.leaves:
            each.grad = torch.zeros_like(each) if each.grad is None else each.grad  # so that it decays too
        self.sgd.step()
        self.row, self.hidden = self.row + self.part.bptt, outputs[-1].detach()
        return float(torch.stack(losses).detach().mean())


def leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().requires_grad_()


def paths(tiny: TinyText, count: int, seed: int) -> list[RecurrentPoint]:
    rng = stream(seed, "paths")
    return [tiny.cells.discrete(tiny.space.sample(rng)) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_steps_are_those_of_torch_on_models_that_share_their_matrices(count: int) -> None:
    tiny = TinyText(recipe=PLAIN)
    plain = Plain(tiny)
    for step in range(4):
        points = paths(tiny, count, step)
        loss = plain.update([point for point in points if isinstance(point, RecurrentPath)])
        assert tiny.weights.update(points).item() == pytest.approx(loss, rel=1e-6)  # losses are summed in float32
    assert torch.equal(torch.tensor(tiny.weights.state_dict()["hidden"]) != 0, plain.hidden != 0)
    torch.testing.assert_close(torch.tensor(tiny.weights.state_dict()["hidden"]), plain.hidden, rtol=0, atol=1e-6)
    for name, value in plain.shared.items():
        torch.testing.assert_close(getattr(tiny.cells.module, name), value, rtol=0, atol=1e-6)
    for ours, theirs in zip(tiny.cells.module.matrices, plain.blocks, strict=True):
        torch.testing.assert_close(ours, torch.stack(theirs), rtol=0, atol=1e-6)


def test_the_state_is_carried_on_and_begins_with_zeros_in_every_part_of_the_text() -> None:
    tiny = TinyText(recipe=PLAIN)  # 1,000 words are 250 rows of 4 columns, 125 a part: 13 sequences of 10 steps
    zeros, rows = [], []
    for step in range(27):
        state = tiny.weights.state_dict()
        zeros += [step] if not state["hidden"].any() else []
        rows.append(state["row"])
        tiny.weights.update(paths(tiny, 1, step))
    assert tiny.weights.steps_per_epoch == 13
    assert zeros == [0, 13, 26]
    assert rows[:14] == [*range(0, 130, 10), 0]


def test_an_epoch_reads_its_part_of_the_text_once() -> None:
    tiny, place, seen = TinyText(), TextPosition(), []
    for step in range(1000):
        if place.epoch == 2:
            break
        (words, wanted), place = tiny.bptt_batches.training(step, place)
        assert torch.equal(words[1:], wanted[:-1])
        seen.append(wanted)
    rows = batchify(tiny.text.train, 4)
    assert torch.equal(torch.cat(seen), torch.cat([rows[1:126], rows[126:]]))


def test_lengths_vary_and_the_rate_with_them() -> None:
    tiny = TinyText()
    lengths, rates = [], []
    for tiny.weights.step in range(200):
        lengths.append(tiny.bptt_batches.length(tiny.weights.step))
        rates.append(tiny.weights.rate)
    assert rates == pytest.approx([length / 10 for length in lengths])
    assert len(set(lengths)) > 10
    assert min(lengths) == 5
    assert max(lengths) <= 30
    assert np.mean(lengths) == pytest.approx(10, abs=1.5)


def test_one_step_with_dropout_is_that_of_its_own_masks() -> None:
    tiny, twin = TinyText(), TinyText()
    points = paths(tiny, 2, 0)
    losses = twin.task.losses(0, points)
    gradients = torch.autograd.grad(losses[0] + losses[1], list(twin.cells.module.parameters()))
    norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    rate, part = twin.weights.rate, TINY_TEXT.training
    tiny.weights.update(points)
    for ours, old, slope in zip(tiny.cells.module.parameters(), twin.cells.module.parameters(), gradients, strict=True):
        moved = old - rate * (slope * min(1.0, part.clip / (norm + 1e-6)) + part.weight_decay * old)
        torch.testing.assert_close(ours, moved, rtol=0, atol=1e-9)
    assert losses[0] != TinyText(recipe=PLAIN).task.losses(0, points)[0]


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_run_goes_on_from_its_state_bit_for_bit(optimiser: str) -> None:
    recipe = changed(training={"optimiser": optimiser, "learning_rate": 0.1})
    for cut in (0, 3, 14):  # 14: in the second part of the text
        whole, first, second = TinyText(recipe=recipe), TinyText(recipe=recipe), TinyText(seed=3, recipe=recipe)
        for step in range(cut + 3):
            whole.weights.update(whole.points(step))
        for step in range(cut):
            first.weights.update(first.points(step))
        second.weights.load_state_dict(first.weights.state_dict())
        for step in range(cut, cut + 3):
            second.weights.update(second.points(step))
        for name, value in second.cells.module.state_dict().items():
            assert torch.equal(value, whole.cells.module.state_dict()[name]), name


def test_adam_moves_as_torch_does() -> None:
    recipe = changed(training={"optimiser": "adam", "schedule": "cosine", "warmup": 0.5, "learning_rate": 0.1})
    tiny, twin = TinyText(recipe=recipe), TinyText(recipe=recipe)
    adam = torch.optim.Adam(twin.cells.module.parameters(), weight_decay=recipe.training.weight_decay)
    for step in range(3):
        adam.zero_grad(set_to_none=False)
        sum(twin.task.losses(step, twin.points(step))).backward()  # type: ignore[union-attr, no-untyped-call]
        nn.utils.clip_grad_norm_(twin.cells.module.parameters(), recipe.training.clip)
        adam.param_groups[0]["lr"] = twin.task.rate(step)
        adam.step()
        tiny.weights.update(tiny.points(step))
    for ours, theirs in zip(tiny.cells.module.parameters(), twin.cells.module.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


def test_a_score_is_the_log_perplexity_of_the_stand_alone_model_with_the_same_matrices() -> None:
    tiny = TinyText(recipe=changed(evaluation={"batch": 2}))
    tiny.weights.update(tiny.points(1))
    for architecture in tiny.space.enumerate():
        point = tiny.cells.discrete(architecture)
        alone = LanguageTraining(point.nodes, LITTLE, tiny.text, seed=1)  # it validates in two columns too
        chosen = [tiny.cells.module.matrices[i][4 * p + OPERATIONS.index(o)] for i, (o, p) in enumerate(point.nodes)]
        weights = {name: getattr(tiny.cells.module, name).float() for name in ("embedding", "bias", "first")}
        alone._model = RecurrentLanguageModel(point.nodes, width=6, words=len(tiny.text.vocabulary))
        alone._model.load_state_dict({**weights, "matrices": torch.stack(chosen).float()})
        assert tiny.weights.score(point).item() == pytest.approx(-math.log(alone._perplexities()[0]), abs=1e-5)


def test_quick_scores_go_through_the_validation_text() -> None:
    tiny = TinyText()  # 199 words to predict are four batches of 40
    point, words = tiny.cells.discrete(tiny.space.sample(stream(0, "x"))), tiny.text.validation
    batches = [tiny.bptt_batches.quick(number) for number in range(8)]
    starts = [
        [int(w[0, 0]) == int(words[s]) and torch.equal(w.t().flatten(), words[s : s + 40]) for s in range(0, 160, 40)]
        for w, _ in batches
    ]
    assert [sum(each) for each in starts] == [1] * 8
    order = [each.index(True) for each in starts]
    assert sorted(order[:4]) == sorted(order[4:]) == [0, 1, 2, 3]
    assert order[:4] != order[4:]
    both, again = tiny.weights.score(point, batches=2), TinyText()
    parts = [again.weights.score(point, batches=1) for _ in range(2)]
    assert both.item() == pytest.approx(sum(part.item() for part in parts) / 2)
    assert tiny.weights.looks == again.weights.looks == 2


def test_only_an_update_changes_weights_and_the_carried_state() -> None:
    tiny = TinyText()
    tiny.weights.update(tiny.points(1))
    before = tiny.weights.state_dict()
    tiny.weights.score(tiny.points(2)[0])
    tiny.weights.slope(tiny.rows(2))
    tiny.weights.unrolled_slope(tiny.rows(2))
    after = tiny.weights.state_dict()
    assert all(np.array_equal(after["module"][name], value) for name, value in before["module"].items())
    assert np.array_equal(after["hidden"], before["hidden"])
    assert (after["epoch"], after["row"], after["step"]) == (before["epoch"], before["row"], before["step"])
