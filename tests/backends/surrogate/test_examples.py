"""What a surrogate learns from: which numbers of a table, and which of its cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.surrogate.examples import examples_of_table, split
from backends.tabular import Table, open_table, write_table
from harness.core.errors import IncompatibleError, SettingError, TableError
from harness.planning.settings import create_space
from tests.backends.surrogate.small import cells_of
from tests.backends.surrogate.small import examples as made_up
from tests.backends.tabular import courses
from tests.fakes.spaces import Pairs

Content = dict[str, Any]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Table]:
    """A table of four pairs at 4 and 8 epochs with two repeats, some of its parts replaced.

    The second cell has a single training of 8 epochs, one of the third diverged, the fourth was never trained so long.
    """
    nan = np.nan
    validation = np.array(
        [[[0.1, 0.2], [0.5, 0.75]], [[0.1, 0.2], [0.25, nan]], [[0.3, 0.3], [0.5, nan]], [[0.4, 0.4], [nan, nan]]]
    )
    recorded = np.array([[[1, 1], [1, 1]], [[1, 1], [1, 0]], [[1, 1], [1, 1]], [[1, 1], [0, 0]]], dtype=bool)
    seconds = np.where(recorded, 2.0, nan)
    seconds[0, 1] = [10.0, 20.0]
    content: Content = {
        "keys": np.array([0, 1, 11, 22]),
        "epochs": (4, 8),
        "recorded": recorded,
        "final": {"validation_accuracy": validation, "test_accuracy": validation / 2, "training_seconds": seconds},
    }

    def table(**changes: Any) -> Table:
        path = tmp_path / "made.h5"
        write_table(path, space=Pairs(), **{**content, **changes})
        return Table.open(path)

    return table


def test_the_validation_accuracy_at_the_full_budget_is_learnt_unless_another_is_named(
    make: Callable[..., Table],
) -> None:
    found = examples_of_table(make())
    assert (found.metric, found.epochs) == ("validation_accuracy", 8)
    assert found.keys.tolist() == [0, 1]
    assert found.values.tolist() == [0.625, 0.25]
    assert np.array_equal(found.repeats, [[0.5, 0.75], [0.25, np.nan]], equal_nan=True)
    assert found.counts.tolist() == [2, 1]
    assert found.seconds is not None
    assert found.seconds.tolist() == [15.0, 2.0]
    assert found.source.left_out == 2
    test = examples_of_table(make(), "test_accuracy", 4)
    assert test.values == pytest.approx([0.075, 0.075, 0.15, 0.2])
    assert (test.epochs, test.source.left_out) == (4, 0)


def test_seconds_are_learnt_only_where_every_cell_has_some(make: Callable[..., Table]) -> None:
    accuracy = make().values("validation_accuracy", 8)
    final = {"validation_accuracy": np.stack([accuracy, accuracy], axis=1)}
    recorded = np.isfinite(final["validation_accuracy"])
    assert examples_of_table(make(final=final, recorded=recorded)).seconds is None


def test_perplexities_become_negated_logarithms_of_their_means(tmp_path: Path) -> None:
    courses.write(tmp_path / "courses.h5")
    found = examples_of_table(Table.open(tmp_path / "courses.h5"), epochs=2)
    place = np.argsort(courses.BEST_FIRST)
    assert found.metric == "validation_perplexity"
    assert found.values == pytest.approx(-np.log(2 * (62 + place / 4) + 3))
    assert found.repeats[:, 0] == pytest.approx(-np.log(2 * (62 + place / 4) + 2.5))
    assert found.seconds == pytest.approx(np.full(32, 20.0))


def test_a_table_without_validation_numbers_is_learnt_from_only_by_name(make: Callable[..., Table]) -> None:
    final = {"test_accuracy": make().arrays["final/test_accuracy"]}
    table = make(final=final)
    with pytest.raises(IncompatibleError, match=r"no validation_accuracy .*only test_accuracy.*--search-metric"):
        examples_of_table(table)
    assert len(examples_of_table(table, "test_accuracy")) == 2


@pytest.mark.parametrize(
    ("metric", "epochs", "error", "words"),
    [
        ("training_seconds", None, SettingError, "nothing to search by"),
        ("accuracies", None, SettingError, "'accuracies'"),
        ("validation_perplexity", None, IncompatibleError, "final/validation_perplexity"),
        (None, 5, IncompatibleError, "no trainings of 5 epochs"),
    ],
)
def test_what_the_table_lacks_is_refused(
    make: Callable[..., Table], metric: str | None, epochs: int | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        examples_of_table(make(), metric, epochs)


def test_a_table_without_any_value_is_refused(make: Callable[..., Table]) -> None:
    nothing = np.full((4, 2, 2), np.nan)
    with pytest.raises(TableError, match="to learn from"):
        examples_of_table(make(final={"validation_accuracy": nothing}))


def test_cells_are_learnt_from_or_held_out_and_more_cells_contain_fewer() -> None:
    keys = cells_of(5)
    everything = made_up(keys, np.arange(len(keys))[:, None] / len(keys))
    rest, held = split(everything, held_out=0.1, seed=3)
    assert len(held) == 253
    assert sorted([*rest.keys, *held.keys]) == keys.tolist()
    few, same = split(everything, held_out=0.1, cells=100, seed=3)
    more, _ = split(everything, held_out=0.1, cells=1000, seed=3)
    assert (len(few), len(more)) == (100, 1000)
    assert set(few.keys) < set(more.keys) < set(rest.keys)
    assert np.array_equal(same.keys, held.keys)
    assert not np.array_equal(split(everything, held_out=0.1, seed=4)[1].keys, held.keys)
    assert few.values.tolist() == (np.searchsorted(keys, few.keys) / len(keys)).tolist()


def test_the_cells_held_out_are_a_uniform_sample() -> None:
    keys = cells_of(4)  # 91 cells
    everything = made_up(keys, np.zeros((len(keys), 1)))
    counts = np.zeros(len(keys))
    for seed in range(600):
        held = split(everything, held_out=0.2, seed=seed)[1].keys
        counts += np.isin(keys, held)
    share = 18 / 91
    assert np.abs(counts - 600 * share).max() < 4.5 * np.sqrt(600 * share * (1 - share))


@pytest.mark.parametrize("held_out", [0.0, 1.0, -0.1, 1.5])
def test_a_share_outside_of_0_and_1_is_refused(held_out: float) -> None:
    with pytest.raises(SettingError, match="between 0 and 1"):
        split(made_up(cells_of(4), np.zeros((91, 1))), held_out=held_out)


@pytest.mark.parametrize("cells", [9, 83])
def test_too_few_and_too_many_cells_are_refused(cells: int) -> None:
    everything = made_up(cells_of(4), np.zeros((91, 1)))
    with pytest.raises(SettingError, match="at least 10 and at most the 82 of 91"):
        split(everything, held_out=0.1, cells=cells)
    assert len(split(everything, held_out=0.1, cells=10)[0]) == 10


def test_the_tables_that_ship_can_be_learnt_from() -> None:
    found = examples_of_table(open_table("nasbench101-v5-digits"))
    assert (len(found), found.repeats.shape) == (2532, (2532, 3))
    assert create_space("nasbench101-v5").owns(found.keys).all()
