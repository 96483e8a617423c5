"""Language training: perplexities by hand, continuing, NaN and back, averaging, and rows that a journal takes."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from backends.data.text import batchify
from backends.networks.rnn_cell import RecurrentLanguageModel
from backends.standalone.language_trainer import LanguageTrainer, nodes_of, repeat_seed
from backends.standalone.language_training import LanguageTraining
from backends.standalone.tasks import TEXT
from backends.tabular.journal import read_journal
from backends.training.averaged_sgd import AveragedSGD
from harness.core.errors import SpaceError
from harness.execution.building import build_journal
from harness.execution.executor import Workers
from tests.backends.standalone.language import LITTLE, MOST, NODES, perplexities, text, trained, write_text

AVERAGED = replace(LITTLE, optimiser="averaged-sgd", schedule="constant", learning_rate=1.0, epochs=6, nonmono=1)


def test_a_trained_cell_comes_near_the_perplexity_of_what_made_the_text() -> None:
    """The entropy of the source: the next letter has probability MOST + (1 - MOST) / 6, each other (1 - MOST) / 6."""
    other = (1 - MOST) / 6
    entropy = -(MOST + other) * math.log(MOST + other) - 5 * other * math.log(other)
    moments = trained(replace(LITTLE, epochs=12)).moments
    assert math.exp(entropy) * 0.9 < moments[-1].validation_perplexity < math.exp(entropy) * 1.3
    assert moments[-1].validation_perplexity < moments[0].validation_perplexity < 9


def test_perplexity_is_exp_of_the_mean_over_every_word_but_the_first() -> None:
    """Word by word, with the state carried, in one column as published for the test text (rnn/train.py)."""
    training = trained(LITTLE, epochs=1)
    model, stream = training._model, text().test
    hidden, total = model.start(1), 0.0
    with torch.no_grad():
        for word, following in pairwise(stream):
            raw, _ = model(word.view(1, 1), hidden)
            hidden = raw[-1]
            total -= float(torch.log_softmax(model.logits(hidden), dim=1)[0, following])
    assert training.moments[0].test_perplexity == pytest.approx(math.exp(total / (len(stream) - 1)), rel=1e-5)


def test_a_rough_decoder_measures_nearly_the_same() -> None:
    exact, rough = (trained(replace(LITTLE, decoder=name)).moments[-1] for name in ("float32", "bfloat16"))
    assert rough.validation_perplexity == pytest.approx(exact.validation_perplexity, rel=0.02)


def test_the_seed_decides_everything() -> None:
    recipe = replace(LITTLE, lengths="jittered", dropout_output=0.2, dropout_words=0.1, restarts=0.2)
    first, second, other = (perplexities(trained(recipe, seed=seed).moments) for seed in (1, 1, 2))
    assert first == second != other


@pytest.mark.slow(reason="trains again for each epoch at which it is cut")
@pytest.mark.parametrize("recipe", [LITTLE, AVERAGED, replace(LITTLE, lengths="jittered", dropout_hidden=0.2)])
def test_a_training_cut_after_any_epoch_goes_on_as_if_it_had_not_been(recipe: object) -> None:
    assert isinstance(recipe, type(LITTLE))
    straight = perplexities(trained(recipe).moments)
    for cut in range(1, recipe.epochs):
        state = copy.deepcopy(trained(recipe, epochs=cut).state_dict())
        resumed = LanguageTraining(NODES, recipe, text(), seed=1)
        resumed.load_state_dict(state)
        assert perplexities(resumed.advance(recipe.epochs)) == straight


def test_measuring_leaves_a_training_as_it_is_where_weights_are_averaged() -> None:
    training = trained(AVERAGED)
    optimiser = training._optimiser
    assert isinstance(optimiser, AveragedSGD)
    optimiser.start_averaging()
    before = copy.deepcopy(training._model.state_dict())
    training.advance(7)
    average = optimiser.average(training._model.first)
    assert not torch.equal(average, training._model.first)
    assert not torch.equal(before["first"], training._model.first)
    last = copy.deepcopy(training._model.state_dict())
    found = training._perplexities()
    assert all(torch.equal(last[name], weights) for name, weights in training._model.state_dict().items())
    with torch.no_grad():
        for weights in training._model.parameters():
            weights.copy_(optimiser.average(weights))
    assert found[0] == pytest.approx(math.exp(training._loss(text().validation, AVERAGED.validation_batch)), rel=1e-6)


class Spoiled(LanguageTraining):
    """Weights become NaN in some epochs."""

    spoiled: tuple[int, ...] = ()

    def _train(self) -> bool:
        if len(self.moments) + 1 in self.spoiled:
            with torch.no_grad():
                self._model.first.fill_(math.nan)
        return super()._train()


def test_a_loss_that_is_no_number_rolls_back_to_the_best_weights() -> None:
    training = Spoiled(NODES, LITTLE, text(), seed=1)
    training.spoiled = (3,)
    found = perplexities(training.advance(4))
    assert found[:2] == perplexities(trained(LITTLE, epochs=2).moments)
    assert found[2] == min(found[:2])
    assert found[3][0] < found[2][0]


def test_without_anything_to_roll_back_to_the_training_is_over() -> None:
    training = Spoiled(NODES, LITTLE, text(), seed=1)
    training.spoiled = (1,)
    assert all(map(math.isnan, (value for pair in perplexities(training.advance(4)) for value in pair)))


def test_averaging_begins_when_the_rule_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation losses 5, 4, 3, 4, 5: the fourth exceeds the least but the last one's, which is 4 with nonmono 1; no:
    4 is not larger than 4, the fifth is larger than 3."""
    losses = iter([5.0, 4.0, 3.0, 4.0, 5.0, 5.0])
    monkeypatch.setattr(LanguageTraining, "_perplexities", lambda self: (next(losses), 1.0))
    training = LanguageTraining(NODES, AVERAGED, text(), seed=1)
    averages = []
    for epoch in range(1, 7):
        training.advance(epoch)
        averages.append(training._optimiser.averages)  # type: ignore[attr-defined]
    assert averages == [False, False, False, False, True, True]


def test_the_rate_rises_over_the_warmup_and_falls_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    monkeypatch.setattr(LanguageTraining, "_set_rate", lambda self, rate: rates.append(rate))
    trained(replace(LITTLE, warmup=0.25))
    # 1,000 words in 4 columns, 10 steps at a time: 25 sequences an epoch
    assert len(rates) == 100
    assert rates[0] == 0
    assert max(rates) == pytest.approx(rates[25]) == pytest.approx(0.02)
    assert rates[62] == pytest.approx(0.02 * 0.5 * (1 + math.cos(math.pi * 37 / 75)), rel=0.02)
    assert rates[-1] < 1e-4


def test_slowness_adds_the_mean_squared_change_of_the_output() -> None:
    (plain, slow) = (LanguageTraining(NODES, replace(LITTLE, slowness=beta), text(), seed=1) for beta in (0.0, 2.0))
    words, hidden = text().train[:44].view(11, 4), torch.ones(4, 8)
    raw, _ = plain._model(words[:-1], hidden)
    losses = [training._take_step(words, hidden)[0] for training in (plain, slow)]
    assert losses[1] - losses[0] == pytest.approx(2 * float((raw[1:] - raw[:-1]).square().mean().detach()), rel=1e-4)


def test_parts_are_read_in_turn_and_together_are_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 words in 4 columns of 250 steps; each part's last step is the next one's first."""
    read: list[torch.Tensor] = []
    monkeypatch.setattr(LanguageTraining, "_take_step", lambda self, words, hidden: read.append(words) or (1.0, hidden))
    trained(replace(LITTLE, parts=3, epochs=4))
    steps = batchify(text().train, 4)
    ends = [0, 83, 166, 250]
    expected = [part for begin, end in pairwise(ends) for part in [steps[begin : end + 1]]]
    lengths = [sum(len(words) - 1 for words in read[start : start + 9]) for start in (0, 9, 18)]
    assert lengths == [len(part) - 1 for part in expected]
    firsts = [torch.cat([words[:-1] for words in read[start : start + 9]]) for start in (0, 9, 18, 27)]
    assert all(torch.equal(first, part[:-1]) for first, part in zip(firsts, [*expected, expected[0]], strict=True))


def test_restarts_set_whole_columns_to_zero_as_often_as_the_recipe_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[torch.Tensor] = []

    def step(_: LanguageTraining, words: torch.Tensor, hidden: torch.Tensor) -> tuple[float, torch.Tensor]:
        begun.append(hidden)
        return 1.0, torch.ones_like(hidden)

    monkeypatch.setattr(LanguageTraining, "_take_step", step)
    trained(replace(LITTLE, restarts=0.25, epochs=20))
    sequences = len(begun) // 20
    states = torch.cat([hidden for number, hidden in enumerate(begun) if number % sequences])
    assert set(states.sum(dim=1).tolist()) == {0.0, float(states.shape[1])}
    assert float((states[:, 0] == 0).float().mean()) == pytest.approx(0.25, abs=0.03)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(write_text(tmp_path)))
    return tmp_path


def test_a_row_holds_the_whole_course_of_a_training(data: Path) -> None:
    (row,) = LanguageTrainer(LITTLE, checkpoints=data / "checkpoints").rows("tanh@0 sigmoid@1", 1)
    assert (row["architecture"], row["repeat"], row["epochs"]) == ("tanh@0 sigmoid@1", 1, [1, 2, 3, 4])
    assert len(row["validation_perplexity"]) == len(row["test_perplexity"]) == len(row["seconds"]) == 4
    assert row["seconds"] == sorted(row["seconds"])
    assert row["diverged"] is False
    words = 8  # six letters, and the two words of the vocabulary's own
    model = RecurrentLanguageModel(NODES, width=8, words=words)
    assert row["parameters"] == sum(weights.numel() for weights in model.parameters())
    assert list((data / "checkpoints").glob("*")) == []


def test_a_longer_budget_goes_on_from_a_shorter_one(data: Path) -> None:
    folder = data / "checkpoints"
    trainer = LanguageTrainer(LITTLE, checkpoints=folder)
    short = trainer.curve("tanh@0 sigmoid@1", 2, 0)
    assert len(list(folder.glob("*.pt"))) == 1
    whole = trainer.curve("tanh@0 sigmoid@1", 4, 0)
    assert whole.moments[:2] == short.moments
    straight = LanguageTrainer(LITTLE, checkpoints=data / "others").curve("tanh@0 sigmoid@1", 4, 0)
    assert perplexities(list(whole.moments)) == perplexities(list(straight.moments))
    assert list(folder.glob("*.pt")) == []


def test_repeats_have_seeds_of_their_own_which_all_cells_share() -> None:
    seeds = [repeat_seed(replace(LITTLE, seed=seed), repeat) for seed in (1, 2) for repeat in range(3)]
    assert len(set(seeds)) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_cell_is_read_as_its_space_writes_it() -> None:
    assert nodes_of("relu@0 identity@1 tanh@0") == (("relu", 0), ("identity", 1), ("tanh", 0))
    with pytest.raises(SpaceError, match="node 2 can only follow"):
        nodes_of("relu@0 identity@2")


@pytest.mark.slow(reason="two builds that train in worker processes")
def test_a_journal_of_courses_is_balanced_and_goes_on_after_a_cut(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CHECKPOINTS", str(data / "checkpoints"))
    recipe, cells = replace(LITTLE, epochs=1), ["tanh@0 relu@0", "relu@0 tanh@1"]
    path = data / "table.h5.journal"
    build_journal("rnn2", TEXT.jobs(cells, recipe), recipe, path, workers=Workers(1))
    header, rows = read_journal(path)
    assert header["recipe"] == recipe.document()
    assert [(row["architecture"], row["repeat"]) for row in rows] == [(cell, n) for n in range(2) for cell in cells]
    path.write_bytes(path.read_bytes()[:-40])
    progress: list[tuple[int, int]] = []
    build_journal(
        "rnn2",
        TEXT.jobs(cells, recipe),
        recipe,
        path,
        workers=Workers(1),
        on_progress=lambda *given: progress.append(given),
    )
    assert progress == [(3, 4), (4, 4)]
    strip = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    again = [{name: value for name, value in row.items() if name != "seconds"} for row in read_journal(path)[1]]
    assert again == strip
