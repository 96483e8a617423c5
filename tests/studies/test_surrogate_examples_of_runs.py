"""Stored runs as training data: which of their scores are repeats of a cell, and which runs do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.core.budget import Budget
from harness.core.errors import IncompatibleError, SettingError
from harness.core.runspec import RunSpec
from harness.planning.settings import create_space
from harness.storage.records import Run, ScoreRow
from harness.storage.store import Store
from harness.studies.surrogate.examples_of_runs import examples_of_runs
from tests.fakes.stored_runs import checkpoint, spec

SETTINGS = {"policy": {}, "oracle": {"repeat": "sample"}, "space": {}}
SPEC: RunSpec = spec(1, policy="evolution", table_digest="a" * 64, budget=Budget(), settings=SETTINGS)
SPACE = create_space("rnn2")
A, B, C = "tanh@0 tanh@0", "tanh@0 relu@0", "relu@0 tanh@1"
KEYS = [SPACE.key(SPACE.parse(text)) for text in (A, B, C)]


def row(text: str, value: float | None, epochs: int = 6, seconds: float = 9.0, asked: int | None = None) -> ScoreRow:
    return ScoreRow(0, text, asked, value, None if value is not None else "diverged", epochs, seconds)


def add(store: Store, rows: Sequence[ScoreRow], **changes: Any) -> Run:
    made = replace(SPEC, **changes)
    store.begin(made, {})
    numbered = [replace(each, number=number) for number, each in enumerate(rows)]
    store.commit(made.digest, numbered, checkpoint(len(rows)))
    store.finish(made.digest, A)
    return store.show(made.digest)


def learnt(store: Store, metric: str = "validation_accuracy", epochs: int | None = None) -> Any:
    return examples_of_runs(store, store.runs(), SPACE, metric, epochs)


def test_the_same_score_is_the_same_training_and_another_one_a_repeat(store: Store) -> None:
    add(store, [row(A, 0.5), row(B, 0.25), row(A, 0.5)])
    add(store, [row(A, 0.75, seconds=11.0), row(C, 0.125), row(B, 0.25)], seed=2)
    found = learnt(store)
    order = np.argsort(KEYS)
    assert found.keys.tolist() == sorted(KEYS)
    assert found.values.tolist() == np.array([0.625, 0.25, 0.125])[order].tolist()
    assert found.counts.tolist() == np.array([2, 1, 1])[order].tolist()
    assert found.repeats[np.argsort(order)][0].tolist() == [0.5, 0.75]
    assert found.seconds == pytest.approx(np.array([(9 + 9 + 11) / 3, 9, 9])[order])
    assert (found.metric, found.epochs) == ("validation_accuracy", 6)
    assert (found.source.kind, found.source.name) == ("runs", "2 stored runs")


def test_the_longest_budget_is_learnt_or_the_one_that_is_asked_for(store: Store) -> None:
    add(store, [row(A, 0.5, 3), row(B, 0.25, 6), row(C, 0.75, 0, 0.0, asked=3)])
    assert learnt(store).values.tolist() == [0.25]
    assert sorted(learnt(store, epochs=3).values) == [0.5, 0.75]
    with pytest.raises(SettingError, match="no trainings of 4 epochs; they have some of: 3, 6"):
        learnt(store, epochs=4)


def test_cells_that_only_failed_are_counted(store: Store) -> None:
    add(store, [row(A, None), row(A, 0.5), row(B, None), row(C, 0.25, seconds=0.0)])
    found = learnt(store)
    assert (len(found), found.source.left_out) == (2, 1)
    assert found.seconds is None


def test_perplexities_are_averaged_before_the_logarithm(store: Store) -> None:
    add(store, [row(A, -np.log(60.0))])
    add(store, [row(A, -np.log(70.0))], seed=2)
    assert learnt(store, "validation_perplexity").values == pytest.approx([-np.log(65)])
    with pytest.raises(SettingError, match="is no accuracy"):
        learnt(store)


def test_the_digest_is_of_the_runs(store: Store) -> None:
    add(store, [row(A, 0.5)])
    one = learnt(store).source.digest
    add(store, [row(B, 0.5)], seed=2)
    assert learnt(store).source.digest != one


DIFFERENT: list[tuple[dict[str, Any], str]] = [
    ({"table_digest": "b" * 64}, "table .aaaaaaaaaaaa and bbbbbbbbbbbb"),
    ({"oracle": "standalone"}, "oracle .standalone and tabular"),
    ({"space": "rnn3"}, "space .rnn2 and rnn3"),
    ({"search_metric": "test"}, "search metric .test and validation"),
    ({"settings": {**SPEC.settings, "oracle": {"repeat": "mean"}}}, "oracle settings"),
    ({"oracle": "supernet"}, "shared weights"),
    ({"settings": {**SPEC.settings, "oracle": {"repeat": "sample", "caution": "guesses"}}}, "predictions themselves"),
]


@pytest.mark.parametrize(("changes", "words"), DIFFERENT, ids=lambda value: value[:9] if isinstance(value, str) else "")
def test_scores_that_mean_different_things_are_not_mixed(store: Store, changes: dict[str, Any], words: str) -> None:
    add(store, [row(A, 0.5)])
    add(store, [row(B, 0.5)], **changes)
    with pytest.raises(IncompatibleError, match=rf"{words}.*--where"):
        learnt(store)


def test_a_metric_that_the_runs_did_not_see_and_runs_without_scores_are_refused(store: Store) -> None:
    add(store, [row(A, 0.5)])
    with pytest.raises(SettingError, match=r"saw validation data.*--metric validation_"):
        learnt(store, "test_accuracy")


def test_runs_in_which_everything_failed_are_refused(store: Store) -> None:
    add(store, [row(A, None)])
    with pytest.raises(SettingError, match="came to a score"):
        learnt(store)
