"""The oracle that answers from a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.tabular import Table
from backends.tabular.oracle import TabularOracle, drawn_repeats
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError, SpaceError
from harness.core.oracle import Answer, Failed, Gradient, Metric, Oracle, Query, Score, Scored, Update, Updated
from harness.core.space import Architecture
from harness.spaces.nasbench101 import NASBench101
from tests.fakes.spaces import OrderedPairs, Pairs


def score(a: int, b: int, epochs: int | None = None) -> Score:
    return Score(Architecture((a, b)), epochs)


@pytest.fixture
def make_oracle(table_file: Path, pairs: Pairs) -> Callable[..., TabularOracle]:
    def make(seed: int = 0, **changes: Any) -> TabularOracle:
        return TabularOracle(pairs, seed, table=str(table_file), **changes)

    return make


def test_a_score_is_the_mean_of_repeats_and_costs_their_mean_seconds(make_oracle: Callable[..., TabularOracle]) -> None:
    oracle = make_oracle()
    assert isinstance(oracle, Oracle)
    assert oracle.metric == Metric("accuracy", "validation", 0.0, 1.0)
    assert oracle.supports == {Score, Update}
    assert not oracle.independent
    answers = oracle.answer([score(0, 1), score(0, 1, 4), score(1, 1, 8), score(2, 3)])
    assert answers == [
        Scored(0.625, Cost(1, 8, 4.0)),
        Scored(0.375, Cost(1, 4, 2.0)),
        Scored(0.3, Cost(1, 8, 3.1)),
        Scored(0.875, Cost(1, 8, 5.0)),
    ]


def test_an_update_is_free_and_mixes_with_scores_in_order(make_oracle: Callable[..., TabularOracle]) -> None:
    queries: list[Query] = [Update(()), score(0, 1), Update((Architecture((0, 0)),))]
    assert make_oracle().answer(queries) == [
        Updated(None, Cost()),
        Scored(0.625, Cost(1, 8, 4.0)),
        Updated(None, Cost()),
    ]
    assert make_oracle().answer([]) == []


def test_what_has_no_value_is_failed_and_charged(make_oracle: Callable[..., TabularOracle]) -> None:
    absent, diverged = make_oracle().answer([score(0, 0), score(3, 2, 4)])
    assert absent == Failed("table 'small' lacks this cell", Cost(1))
    assert diverged == Failed("a training of 4 epochs of this cell diverged", Cost(1, 4, 1.5))


def test_a_budget_without_trainings_of_the_cell_is_failed(
    make_table: Callable[..., Table], content: dict[str, Any], pairs: Pairs
) -> None:
    recorded = content["recorded"].copy()
    recorded[0, 1] = False
    final = {name: np.where(recorded, values, np.nan) for name, values in content["final"].items()}
    table = make_table(recorded=recorded, final=final, halfway=None)
    answers = TabularOracle(pairs, 0, table=str(table.path)).answer([score(0, 1), score(0, 1, 4)])
    assert answers == [
        Failed("table 'made' lacks a training of 8 epochs of this cell", Cost(1)),
        Scored(0.375, Cost(1, 4, 2.0)),
    ]


def test_a_table_without_seconds_costs_none(make_table: Callable[..., Table], pairs: Pairs) -> None:
    values = np.full((3, 2, 2), 0.5)
    table = make_table(recorded=np.ones((3, 2, 2), dtype=bool), final={"validation_accuracy": values}, halfway=None)
    assert TabularOracle(pairs, 0, table=str(table.path)).answer([score(0, 1)]) == [Scored(0.5, Cost(1, 8, 0.0))]


def test_refusals_charge_and_change_nothing(make_oracle: Callable[..., TabularOracle]) -> None:
    oracle = make_oracle()
    before = json.dumps(oracle.state_dict(), default=lambda array: array.tolist())
    bad: list[tuple[type[Exception], Query]] = [
        (SpaceError, score(0, 4)),
        (SpaceError, Score(Architecture((0,)))),
        (SpaceError, score(-1, 0)),
        (IncompatibleError, score(0, 1, 5)),
        (IncompatibleError, Gradient(((1.0,),))),
    ]
    for error, query in bad:
        with pytest.raises(error):
            oracle.answer([score(0, 1), query])
    assert json.dumps(oracle.state_dict(), default=lambda array: array.tolist()) == before


def test_duplicates_are_counted_across_labellings_and_charged_if_a_setting_says_so(
    make_oracle: Callable[..., TabularOracle],
) -> None:
    oracle = make_oracle(duplicates="charge")
    assert oracle.independent
    answers = oracle.answer([score(0, 1), score(1, 0), score(0, 1, 4), score(0, 0), score(0, 0)])
    answers += oracle.answer([score(0, 1)])
    assert [answer.cost.queries for answer in answers] == [1] * 6
    assert (oracle.asked, oracle.repeated) == (4, 2)


def test_by_default_a_cell_costs_once_for_each_budget(make_oracle: Callable[..., TabularOracle]) -> None:
    oracle = make_oracle()
    assert not oracle.independent
    answers = oracle.answer([score(0, 1), score(1, 0), score(0, 1, 4)])
    assert answers == [Scored(0.625, Cost(1, 8, 4.0)), Scored(0.625, Cost()), Scored(0.375, Cost(1, 4, 2.0))]
    resumed = make_oracle()
    resumed.load_state_dict(oracle.state_dict())
    assert resumed.answer([score(1, 0)]) == [Scored(0.625, Cost())]
    assert (resumed.asked, resumed.repeated) == (4, 2)
    assert make_oracle().answer([score(1, 0)]) == [Scored(0.625, Cost(1, 8, 4.0))]


@pytest.mark.parametrize("epochs", [None, 4])
def test_the_mean_is_charged_as_one_training_or_as_all_that_it_is_the_mean_of(
    make_oracle: Callable[..., TabularOracle], epochs: int | None
) -> None:
    mean, all_ = make_oracle(), make_oracle(repeat="all")
    keys = mean.table.keys[mean.table.recorded(epochs).any(axis=1)]
    queries = [Score(mean.space.from_key(int(key)), epochs) for key in keys]
    counts = mean.table.recorded(epochs, mean.table.rows(keys)).sum(axis=1).tolist()
    assert max(counts) > 1
    for one, several, count in zip(mean.answer(queries), all_.answer(queries), counts, strict=True):
        assert getattr(one, "value", None) == getattr(several, "value", None)
        assert several.cost == Cost(1, count * one.cost.epochs, pytest.approx(count * one.cost.seconds))
        assert one.cost.epochs == (epochs or mean.table.epochs[-1])


def test_a_sampled_repeat_is_one_of_the_recorded_ones_with_its_own_seconds(
    make_oracle: Callable[..., TabularOracle],
) -> None:
    seen = {answer for seed in range(40) for answer in make_oracle(seed, repeat="sample").answer([score(0, 1)])}
    assert seen == {Scored(0.5, Cost(1, 8, 2.0)), Scored(0.75, Cost(1, 8, 6.0))}
    single = {answer for seed in range(40) for answer in make_oracle(seed, repeat="sample").answer([score(2, 3)])}
    assert single == {Scored(0.875, Cost(1, 8, 5.0))}
    half = [make_oracle(seed, repeat="sample").answer([score(2, 3, 4)])[0] for seed in range(40)]
    assert {type(answer) for answer in half} == {Scored, Failed}


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    cells=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([4, 8, None])), min_size=1),
    cut=st.integers(0, 100),
)
def test_an_answer_depends_on_the_query_and_the_seed_alone(
    table_path: Path, seed: int, cells: list[tuple[int, int, int | None]], cut: int
) -> None:
    def oracle() -> TabularOracle:
        return TabularOracle(Pairs(), seed, table=str(table_path), repeat="sample", duplicates="charge")

    queries = [score(*cell) for cell in cells]
    whole, parts = oracle().answer(queries), oracle()
    assert parts.answer(queries[: cut % len(queries)]) + parts.answer(queries[cut % len(queries) :]) == whole
    assert oracle().answer(queries[::-1])[::-1] == whole
    turned: list[Answer] = oracle().answer([score(b, a, epochs) for a, b, epochs in cells])
    assert turned == whole


@pytest.fixture(scope="module")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from backends.tabular import write_table

    path = tmp_path_factory.mktemp("oracle") / "random.h5"
    rng = np.random.default_rng(0)
    values = rng.random((7, 2, 3))
    recorded = rng.random(values.shape) < 0.8
    values[rng.random(values.shape) < 0.1] = np.nan
    values = np.where(recorded, values, np.nan)
    keys = Pairs().enumerate_keys()[:7]
    write_table(path, space=Pairs(), keys=keys, epochs=(4, 8), recorded=recorded, final={"validation_accuracy": values})
    return path


def test_draws_are_uniform_over_the_recorded_repeats() -> None:
    keys = np.arange(30_000, dtype=np.uint64)
    for epochs, salt in [(4, 1), (108, 1), (108, 2**63 + 5)]:
        counts = np.bincount(drawn_repeats(keys, epochs, np.uint64(salt), np.full(30_000, 3)), minlength=3)
        assert (abs(counts - 10_000) < 5 * (30_000 * 2 / 9) ** 0.5).all()  # five standard deviations


def test_a_table_without_the_search_metric_is_refused_with_the_way_out(
    make_table: Callable[..., Table], content: dict[str, Any], pairs: Pairs
) -> None:
    path = str(make_table(final={"test_accuracy": content["final"]["test_accuracy"]}).path)
    with pytest.raises(
        IncompatibleError,
        match="no validation_accuracy or validation_perplexity, only test_accuracy; give `--search-metric test`",
    ):
        TabularOracle(pairs, 0, table=path)
    oracle = TabularOracle(pairs, 0, table=path, search_metric="test")
    assert oracle.metric.split == "test"
    assert oracle.answer([score(0, 1)]) == [Scored(0.5625, Cost(1, 8, 0.0))]


def test_wrong_settings_are_named(make_oracle: Callable[..., TabularOracle], table_file: Path) -> None:
    with pytest.raises(SettingError, match="repeat must be one of 'mean', 'sample', 'all', not 'median'"):
        make_oracle(repeat="median")
    with pytest.raises(SettingError, match="duplicates"):
        make_oracle(duplicates=True)
    with pytest.raises(SettingError, match="search_metric must be one of 'train', 'validation', 'test'"):
        make_oracle(search_metric="validation_accuracy")
    with pytest.raises(IncompatibleError, match="does not serve space 'ordered'"):
        TabularOracle(OrderedPairs(), 0, table=str(table_file))


def test_a_table_of_a_larger_space_serves_a_smaller_one_of_its_scheme(tmp_path: Path) -> None:
    from backends.tabular import write_table

    large, small = NASBench101(vertices=4), NASBench101(vertices=3)
    keys = large.enumerate_keys()
    values = np.linspace(0, 1, len(keys))[:, None, None]
    write_table(
        tmp_path / "v4.h5",
        space=large,
        keys=keys,
        epochs=(108,),
        recorded=np.ones(values.shape, dtype=bool),
        final={"validation_accuracy": values},
    )
    answers = TabularOracle(small, 0, table=str(tmp_path / "v4.h5")).answer([Score(a) for a in small.enumerate()])
    rows = np.searchsorted(keys, small.enumerate_keys())
    assert [answer.value for answer in answers if isinstance(answer, Scored)] == values[rows, 0, 0].tolist()
