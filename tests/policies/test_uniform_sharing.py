"""Uniform weight sharing: what is trained, what is scored when, and what is recommended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.budget import Cost
from harness.core.errors import SettingError, SpaceError
from harness.core.oracle import Answer, Failed, Query, Score, Scored, Trial, Update, Updated
from harness.core.probe import probe_cells
from harness.core.random import stream
from harness.planning.settings import create_space
from policies.uniform_sharing import UniformSharing
from tests.fakes.searches import finish, rounds
from tests.fakes.spaces import Pairs

PAIRS = Pairs()


def build(space: Any = PAIRS, **settings: Any) -> UniformSharing:
    return UniformSharing(space, stream(1, "policy"), **({"epochs": 4, "updates": 3} | settings))


def finished(policy: UniformSharing) -> list[Trial]:
    return finish(policy, lambda choices: 0.5, limit=7)


def kinds(trials: list[Trial]) -> str:
    return "".join(type(trial.query).__name__[0] for trial in trials)


def test_cells_are_scored_after_each_listed_epoch_and_after_the_last() -> None:
    scoring = "S" * 10
    assert kinds(finished(build())) == "UUU" * 4 + scoring
    listed = finished(build(score_epochs=(3, 0, 3)))
    assert kinds(listed) == scoring + "UUU" * 3 + scoring + "UUU" + scoring


def test_every_scoring_asks_the_cells_of_the_probe_in_one_order() -> None:
    space = create_space("nasbench101-v5")
    asked = [t.query.architecture for t in finished(build(space, score_epochs=(2,))) if isinstance(t.query, Score)]
    assert len(asked) == 400
    assert asked[:200] == asked[200:] == list(probe_cells(space))


def test_fewer_cells_are_a_uniform_choice_that_no_seed_changes() -> None:
    space = create_space("rnn3")
    first, second = (UniformSharing(space, stream(seed, "policy"), epochs=0, scored=20) for seed in (1, 2))
    asked = [[t.query for t in finished(policy)] for policy in (first, second)]
    assert asked[0] == asked[1]
    places = [space.key(query.architecture) for query in asked[0] if isinstance(query, Score)]
    assert len(set(places)) == 20
    # the mean of 20 of 384 places, drawn without replacement, within four standard errors
    assert abs(np.mean(places) - 383 / 2) < 4 * 384 / np.sqrt(12 * 20)


def test_updates_are_uniform_over_the_whole_space_or_over_the_given_cells_alone() -> None:
    def counts(**settings: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for trial in finished(build(epochs=10, updates=100, **settings)):
            if isinstance(trial.query, Update):
                (point,) = trial.query.points
                text = PAIRS.format(PAIRS.canonical(point))
                found[text] = found.get(text, 0) + 1
        return found

    given = counts(cells=("2+1", "3+3"))
    assert set(given) == {"1+2", "3+3"}
    # 1000 draws of probability 1/2, within four standard deviations
    assert abs(given["1+2"] - 500) < 4 * np.sqrt(250)
    assert len(counts()) == 10


def test_it_recommends_the_best_of_the_latest_scoring_and_never_a_failed_one() -> None:
    worth = {"0+1": 0.2, "2+3": 0.9}
    scorings = iter([worth, {"0+1": 0.4, "2+3": 0.3}, {}])
    current: dict[str, float] = {}

    def answer(query: Query) -> Answer:
        nonlocal current
        if isinstance(query, Update):
            current = {}
            return Updated(None, Cost())
        assert isinstance(query, Score)
        text = PAIRS.format(query.architecture)
        if text == "0+1":
            current = next(scorings)
        return Scored(current[text], Cost(1)) if text in current else Failed("a hole", Cost(1))

    policy = build(epochs=2, updates=1, score_epochs=(0, 1), cells=("0+1", "2+3"))
    best: list[str] = []
    for _ in rounds(policy, reply=answer, limit=2):
        best.append(PAIRS.format(policy.recommend()))
    assert best == ["2+3", "2+3", "0+1", "0+1", "0+1"]  # a scoring, an update, a scoring, an update, only failures


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"score_epochs": (5,)}, "setting 'score_epochs' cannot hold 5: the training has epochs 0 to 4"),
        ({"score_epochs": (-1,)}, "the training has epochs 0 to 4"),
        ({"updates": 0}, "setting 'updates' cannot be 0"),
        ({"scored": 0}, "setting 'scored' cannot be 0"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        build(**settings)


def test_a_cell_that_is_none_is_refused() -> None:
    with pytest.raises(SpaceError, match="'9\\+9' is no pair"):
        build(cells=("1+1", "9+9"))
