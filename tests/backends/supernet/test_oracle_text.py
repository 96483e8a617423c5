"""The supernet oracle on recurrent cells: its messages, its settings, and that what it trains learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.supernet.oracle import SupernetOracle
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Failed, Gradient, Score, Scored, Slope, Update, Updated
from harness.core.random import stream
from harness.planning.experiment import Experiment
from harness.planning.plan import make_plan
from harness.planning.settings import create_space
from policies.enas import ENAS
from tests.backends.supernet.tiny import drawn, values
from tests.backends.supernet.tiny_text import TINY_TEXT, changed, written
from tests.fakes.spaces import Pairs

SPACE = create_space("rnn2")


def oracle(recipe: str | None = None, seed: int = 5, **settings: Any) -> SupernetOracle:
    return SupernetOracle(SPACE, seed, recipe=recipe or written(), seconds="none", **settings)


def everyone(it: SupernetOracle) -> list[float]:
    return values(it.answer([Score(cell) for cell in SPACE.enumerate()]))


def test_what_answers_cost_and_what_they_mean() -> None:
    it, cell = oracle(), drawn(SPACE, 1)[0]
    score, update, slope = it.answer([Score(cell), Update((cell, cell)), Gradient(SPACE.one_hot(cell), True)])
    assert isinstance(score, Scored)
    assert isinstance(update, Updated)
    assert isinstance(slope, Slope)
    assert (score.cost.queries, update.cost.queries, slope.cost.queries) == (1, 0, 1)
    assert update.cost.epochs == pytest.approx(2 / 13)  # an epoch is 125 rows in sequences of 10
    assert (it.metric.name, it.metric.split, it.metric.high) == ("negated log perplexity", "validation", 0.0)
    assert score.value == pytest.approx(-np.log(8), abs=0.2)  # six words, <unk> and <eos>, near uniform


@pytest.mark.parametrize("encoding", ["choices", "edges"])
@pytest.mark.parametrize("spaces", ["rnn1", "rnn2", "rnn8", "rnn12"])
def test_every_recurrent_space_is_served(spaces: str, encoding: str) -> None:
    space = create_space(spaces, {"encoding": encoding})
    it, cell = SupernetOracle(space, 1, recipe=written(), seconds="none"), space.sample(stream(1, "cell"))
    mixture = tuple((1.0 / n,) * n for n in space.options)
    answers = it.answer([Update((mixture, cell)), Gradient(mixture), Score(cell, batches=2), Score(cell)])
    assert [type(answer) for answer in answers] == [Updated, Slope, Scored, Scored]


def test_training_learns_which_word_follows(tmp_path: Path) -> None:
    recipe = changed(training={"optimiser": "adam", "learning_rate": 0.05, "clip": 1.0})
    it = oracle(written(tmp_path, recipe))
    it.answer([Update((cell,)) for cell in drawn(SPACE, 150)])
    # the next word is known nine times in ten, and else as likely as any other: about 0.6 nats at best
    assert min(everyone(it)) > -1.2


def test_scores_are_of_validation_text_unless_test_text_is_asked_for() -> None:
    seen = oracle(search_metric="test")
    assert seen.metric.split == "test"
    assert everyone(seen) != everyone(oracle())


@pytest.mark.parametrize(("setting", "value"), [("sharing", "node"), ("average", "all"), ("norm", "batch")])
def test_a_setting_overrides_the_network_of_the_recipe(tmp_path: Path, setting: str, value: str) -> None:
    same = everyone(oracle(written(tmp_path, changed(network={setting: value}))))
    assert everyone(oracle(**{setting: value})) == same
    assert everyone(oracle()) != same


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("batch_norm", "running"),
        ("widths", "doubled"),
        ("running_momentum", 0.5),
        ("slices", "random"),
        ("precision", "bfloat16"),
    ],
)
def test_settings_of_images_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(SettingError, match=f"setting '{setting}' cannot be {value!r}.*'rnn2' have no use for it"):
        oracle(**{setting: value})


def test_settings_of_recurrent_cells_are_refused_elsewhere() -> None:
    with pytest.raises(SettingError, match="setting 'sharing' cannot be 'node'"):
        SupernetOracle(create_space("nasbench101-v4"), 1, sharing="node")


@pytest.mark.parametrize(
    ("space", "recipe", "told"),
    [
        ("rnn2", "digits/spos", "recipe 'digits/spos' trains on images, space 'rnn2' needs text: take 'austen'"),
        ("nasbench101-v4", "austen", "recipe 'austen/spos' trains on text, space 'nasbench101-v4' needs images"),
    ],
)
def test_a_recipe_of_the_wrong_kind_is_refused(space: str, recipe: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        SupernetOracle(create_space(space), 1, recipe=recipe)
    with pytest.raises(SettingError, match=told):
        SupernetOracle.protocol({"recipe": recipe}, "spos", create_space(space))


def test_a_space_of_neither_kind_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="'pairs4'"):
        SupernetOracle(Pairs(), 1)


def test_each_space_has_its_family_and_each_policy_its_protocol() -> None:
    asked = {"recipe": "auto"}
    assert SupernetOracle.protocol(asked, "enas", SPACE)[0]["recipe"] == "austen/enas"
    assert SupernetOracle.protocol(asked, "enas", create_space("nasbench101-v5"))[0]["recipe"] == "digits/enas"
    chosen, brought = SupernetOracle.protocol({"recipe": "ptb-small"}, "nao", SPACE)
    assert chosen["recipe"] == "ptb-small/nao"
    assert (brought["seeds"], brought["random"], brought["training_epochs"]) == (4, 0, 250)


def test_a_protocol_that_stands_in_brings_the_length_of_the_training_alone() -> None:
    chosen, brought = SupernetOracle.protocol({"recipe": "austen"}, "bayesnas", SPACE)
    assert chosen["recipe"] == "austen/darts"
    assert set(brought) == {"epochs", "updates"}
    assert SupernetOracle.protocol({"recipe": "austen"}, "fairnas", SPACE)[0]["recipe"] == "austen/spos"


@pytest.mark.parametrize("protocol", ["spos", "enas", "nao", "darts"])
def test_an_epoch_of_updates_is_a_part_of_the_text_that_ships(protocol: str) -> None:
    chosen, brought = SupernetOracle.protocol({"recipe": "austen"}, protocol, SPACE)
    assert SupernetOracle(SPACE, 1, recipe=chosen["recipe"]).steps_per_epoch == brought["updates"]


def test_a_controller_is_rewarded_for_several_batches() -> None:
    policy = ENAS(SPACE, stream(1, "policy"), epochs=1, updates=0, steps=1, samples=3, reward_batches=10)
    assert [query.batches for query in policy.ask(10) if isinstance(query, Score)] == [10, 10, 10]


def test_a_diverged_training_is_a_failure_and_not_a_crash(tmp_path: Path) -> None:
    it = oracle(written(tmp_path, changed(training={"learning_rate": 1e38, "clip": 1e30})))
    answers = it.answer([Update((cell,)) for cell in drawn(SPACE, 8)])
    assert isinstance(answers[-1], Failed)
    assert isinstance(it.answer([Score(drawn(SPACE, 1)[0])])[0], Failed)
    assert isinstance(it.answer([Gradient(SPACE.one_hot(drawn(SPACE, 1)[0]))])[0], Failed)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"evaluation": {"quick_batch": 201}}, "quick_batch cannot be 201: the searched text has 200 words"),
        ({"data": {"parts": 200}}, "parts cannot be 200"),
        ({"network": {"norm": "batch"}, "evaluation": {"batch": 1}}, "norm 'batch' needs 2 columns"),
    ],
)
def test_sizes_that_do_not_fit_the_text_are_refused(tmp_path: Path, parts: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        oracle(written(tmp_path, changed(**parts)))


def test_the_recipe_is_part_of_what_a_run_is() -> None:
    digest = TINY_TEXT.digest()
    assert digest == changed().digest() != changed(training={"slowness": 0.2}).digest()
    with pytest.raises(SettingError, match="no longer the one"):
        oracle(recipe_digest=digest)  # the file names its text by another path


def test_a_plan_takes_the_family_and_the_table_of_its_space_and_the_protocol_of_each_policy() -> None:
    names = ("enas", "nao", "darts", "spos", "uniform-sharing", "random-sharing", "fairnas", "fbnet", "bayesnas")
    plan = make_plan(Experiment(policies=names, oracles=("supernet",), seeds=(1,), space="rnn2"))
    chosen = {spec.policy: spec.settings for spec in plan.specs}
    recipes = [chosen[name]["oracle"]["recipe"].partition("/") for name in names]
    assert {family for family, *_ in recipes} == {"austen"}
    protocols = ["enas", "nao", "darts", "spos", "spos", "spos", "spos", "darts", "darts"]
    assert [protocol for *_, protocol in recipes] == protocols
    assert chosen["enas"]["policy"]["reward_batches"] == 10
    assert {Path(str(spec.table)).stem for spec in plan.specs} == {"rnn2-austen"}
