"""Random search at equal cost against draws made and looked up here, without the search loop."""

from __future__ import annotations

import itertools
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular.named_tables import open_table
from harness.core.budget import Budget, Cost
from harness.core.numbers import Undefined
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.leaderboard.end_to_end import compare, judge_of, search_equal_cost
from harness.leaderboard.equal_cost import (
    RANDOM_SEARCH,
    equal_cost,
    missing_searches,
    stored_searches,
)
from harness.leaderboard.leaderboard import EqualCost
from harness.leaderboard.search_sizes import draws_to_see_all, rounded_up
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan, make_plan
from harness.storage.records import Run
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint
from tests.fakes.watch import Watch

TABLE, SPACE = "nasbench101-v5-digits", "nasbench101-v5"
QUERIES = 40


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/harness.db"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the common experiment once it was performed, to be copied."""
    path = tmp_path_factory.mktemp("finished") / "harness.db"
    compare(experiment(f"sqlite:///{path}"), Watch())
    return path


@pytest.fixture
def done(finished: Path, tmp_path: Path) -> str:
    """The URL of a copy of it."""
    shutil.copy(finished, tmp_path / "done.db")
    return f"sqlite:///{tmp_path}/done.db"


def experiment(url: str, **changes: Any) -> Experiment:
    fields: dict[str, Any] = {
        "policies": ("evolution",),
        "seeds": (1, 2, 3),
        "workers": 1,
        "budget": {"queries": QUERIES},
        "settings": {"evolution.population": 9},
    }
    return Experiment(**{**fields, "store": url, **changes})


def stored(url: str, policy: str) -> list[Run]:
    with Store.read(url) as store:
        return store.runs(policy=policy)


def values(url: str, plan: Plan) -> EqualCost:
    with Store.open(url) as store:
        runs = [store.show(spec.digest) for spec in plan.specs]
        return equal_cost(runs, judge_of(plan, store), store, plan.space)


def by_hand(space: SearchSpace, seed: int, *, queries: int, seconds: float = math.inf, table: str = TABLE) -> float:
    """The test metric of the best validation mean of distinct draws by a seed a million away, by the table's arrays."""
    truth, rng = open_table(table), stream(1_000_000 + seed, "policy")
    cells = [space.sample(rng) for _ in range(10 * queries)]
    drawn = truth.rows(space.require(cells))
    rows = drawn[np.sort(np.unique(drawn, return_index=True)[1])][:queries]
    spent = np.cumsum(np.nanmean(truth.values("training_seconds"), axis=1)[rows])
    affordable = rows[: int((spent <= seconds + 1e-9).sum())]
    accurate = "validation_accuracy" in truth.metrics
    means = truth.mean("validation_accuracy" if accurate else "validation_perplexity")[affordable]
    best = affordable[int(means.argmax() if accurate else means.argmin())]
    return float(truth.mean("test_accuracy" if accurate else "test_perplexity")[best])


def test_a_policy_is_compared_with_the_first_draws_that_cost_as_much(done: str) -> None:
    asked = experiment(done)
    found = values(done, plan := make_plan(asked))["evolution", "tabular", SPACE]
    assert found["evaluations"] == tuple(by_hand(plan.space, seed, queries=QUERIES) for seed in (1, 2, 3))
    runs = sorted(stored(done, "evolution"), key=lambda run: run.spec.seed)
    assert found["seconds"] == tuple(
        by_hand(plan.space, run.spec.seed, queries=5 * QUERIES, seconds=run.spent.seconds) for run in runs
    )


def test_runs_that_charge_a_cell_again_are_compared_with_draws_that_do(url: str) -> None:
    asked = experiment(url, seeds=(1,), settings={"evolution.population": 9, "oracle.duplicates": "charge"})
    compare(asked, Watch())
    found = values(url, plan := make_plan(asked))["evolution", "tabular", SPACE]
    assert tuple(found) == ("queries", "seconds")
    table, rng = open_table(TABLE), stream(1_000_001, "policy")
    rows = table.rows(plan.space.require([plan.space.sample(rng) for _ in range(QUERIES)]))
    best = rows[int(table.mean("validation_accuracy")[rows].argmax())]
    assert found["queries"] == (float(table.mean("test_accuracy")[best]),)


def test_a_search_that_asks_cells_again_is_charged_and_compared_by_distinct_cells(url: str) -> None:
    asked = experiment(url, seeds=(1,), budget={}, settings={"evolution.population": 9, "evolution.samples": 300})
    board = compare(asked, Watch())
    row = next(entry for entry in board.entries if entry.policy == "evolution")
    (run,) = stored(url, "evolution")
    with Store.read(url) as store:
        cells = {row.architecture for row in store.trials(run.id)}
    space = make_plan(asked).space
    distinct = len({space.canonical(space.parse(cell)) for cell in cells})
    assert (row.queries, row.evaluations, run.spent.queries) == (300, distinct, distinct)
    assert distinct < 200
    assert row.against_search[0].other == "random search at as many evaluations"
    (value,) = values(url, make_plan(asked))["evolution", "tabular", SPACE]["evaluations"]
    assert value == by_hand(space, 1, queries=distinct)


def test_the_leaderboard_has_the_comparison_but_no_row_of_it(url: str) -> None:
    board = compare(experiment(url), Watch())
    assert {entry.policy for entry in board.entries} == {"evolution", "random"}
    evolution = next(entry for entry in board.entries if entry.policy == "evolution")
    assert len(evolution.against_search) == 2
    assert next(entry for entry in board.entries if entry.policy == "random").against_search == ()


@pytest.mark.slow(reason="several whole searches")
def test_the_random_searches_are_found_again_and_a_longer_one_serves_too(done: str) -> None:
    before = [run.id for run in stored(done, RANDOM_SEARCH)]
    again = Watch()
    first = values(done, make_plan(experiment(done)))
    compare(experiment(done), again)
    shorter = experiment(done, budget={"queries": QUERIES // 2})
    compare(shorter, Watch())
    assert [run.id for run in stored(done, RANDOM_SEARCH)] == before
    assert again.notes == []
    plan = make_plan(shorter)
    found = values(done, plan)["evolution", "tabular", SPACE]["evaluations"]
    assert found == tuple(by_hand(plan.space, seed, queries=QUERIES // 2) for seed in (1, 2, 3))
    compare(experiment(done, budget={"queries": 10 * QUERIES}), Watch())
    assert len(stored(done, RANDOM_SEARCH)) == 2 * len(before)
    assert values(done, make_plan(experiment(done))) == first


def test_each_random_search_is_looked_at_once_for_all_rows(url: str) -> None:
    compare(experiment(url, oracles=("tabular", "tabular+score-gradient")), Watch())
    with Store.read(url) as store:
        looks = [store.looks(run.id) for run in store.runs(policy=RANDOM_SEARCH)]
    assert [len(each) for each in looks] == [1, 1, 1]
    assert all("incumbent" in look.architecture for (look,) in looks)


def test_random_search_has_the_settings_of_the_oracle_and_the_space(url: str) -> None:
    settings = {"oracle.repeat": "sample", "space.sampler": "notebook", "evolution.population": 9}
    compare(experiment(url, seeds=(5,), settings=settings, search_metric="test"), Watch())
    (run,) = stored(url, RANDOM_SEARCH)
    assert run.spec.settings["oracle"] == {"repeat": "sample", "duplicates": "free"}
    assert run.spec.settings["space"]["sampler"] == "notebook"
    assert (run.spec.search_metric, run.spec.seed, run.spec.oracle) == ("test", 1_000_005, "tabular")
    assert run.spec.table_digest == open_table(TABLE).digest


@pytest.mark.slow(reason="whole searches of a small space")
def test_a_small_space_that_was_seen_whole_is_known_at_any_cost(url: str) -> None:
    """Slopes that are estimated from ten scores each ask much more than 32 cells; then nothing is left to find."""
    asked = experiment(
        url,
        policies=("darts",),
        oracles=("tabular+score-gradient",),
        table="rnn2-austen",
        budget={"queries": 3_000},
        settings={"darts.epochs": 5},
    )
    compare(asked, Watch())
    assert {run.scores for run in stored(url, RANDOM_SEARCH)} == {rounded_up(draws_to_see_all(32))}
    assert all(run.spec.oracle == "tabular" for run in stored(url, RANDOM_SEARCH))
    found = values(url, plan := make_plan(asked))["darts", "tabular+score-gradient", "rnn2"]
    whole = by_hand(plan.space, 1, queries=2_000, table="rnn2-austen")
    assert found == {"evaluations": (whole,) * 3, "seconds": (whole,) * 3}


def test_a_policy_beyond_the_samples_of_a_large_space_is_undefined(done: str) -> None:
    asked = experiment(done)
    plan = make_plan(asked)
    with Store.open(done) as store:
        runs = [store.show(spec.digest) for spec in plan.specs]
        dear = [replace(run, spent=replace(run.spent, queries=99_999, seconds=1e9)) for run in runs]
        found = equal_cost(dear, judge_of(plan, store), store, plan.space)["evolution", "tabular", SPACE]
    reasons = {cost: {each.reason for each in told if isinstance(each, Undefined)} for cost, told in found.items()}
    samples = stored(done, RANDOM_SEARCH)[0].scores
    assert reasons == {
        cost: {f"the run spent more {cost} than {samples:,} samples of random search"}
        for cost in ("evaluations", "seconds")
    }


def test_a_failed_run_and_a_seed_without_a_search_keep_their_places(done: str) -> None:
    asked = experiment(done)
    plan = make_plan(asked)
    with Store.open(done) as store:
        runs = [store.show(spec.digest) for spec in plan.specs]
        mine = [run for run in runs if run.spec.policy == "evolution"]
        broken = replace(mine[1], status="failed", reason="out of memory")
        fresh = replace(mine[2], spec=replace(mine[2].spec, seed=77))
        found = equal_cost([fresh, broken, mine[0]], judge_of(plan, store), store, plan.space)
    told = found["evolution", "tabular", SPACE]["evaluations"]
    assert told[0] == by_hand(plan.space, 1, queries=QUERIES)
    assert told[1:] == (Undefined("out of memory"), Undefined("the random search beside this seed is not stored"))


@pytest.mark.parametrize(
    "changes",
    [
        {"equal_cost": False},
        {"policies": (), "settings": {}},
        {"policies": ("random-search",), "settings": {}},
        {"oracles": ("synthetic",), "space": "nasbench101-v4", "settings": {}},
    ],
    ids=["not wanted", "random alone", "random search itself", "no table"],
)
def test_where_there_is_nothing_to_compare_nothing_is_searched(url: str, changes: dict[str, Any]) -> None:
    watch = Watch()
    board = compare(experiment(url, **changes), watch)
    assert all(entry.against_search == () for entry in board.entries)
    assert all(run.spec.settings["policy"]["samples"] is None for run in stored(url, RANDOM_SEARCH))
    assert not [note for note in watch.notes if "equal cost" in note]


def test_a_judge_that_trains_compares_nothing(done: str) -> None:
    asked = experiment(done)
    with Store.open(done) as store:
        assert search_equal_cost(make_plan(asked), store, Watch(), asked.model_copy(update={"judge": "a-recipe"})) == {}


def test_values_follow_the_seeds_though_their_searches_differ(url: str) -> None:
    """As in a store in which one policy's runs have different settings: seed 2 has a search of its own."""
    other = experiment(url, seeds=(2,), settings={"evolution.population": 9, "oracle.repeat": "sample"})
    compare(experiment(url, seeds=(1, 3)), Watch())
    compare(other, Watch())
    plan, second = make_plan(experiment(url, seeds=(1, 3))), make_plan(other)
    with Store.open(url) as store:
        first, third, middle = (
            next(run for run in store.runs(policy="evolution", seed=seed)) for seed in ("1", "3", "2")
        )
        judge = judge_of(plan, store)
        (alone,) = equal_cost([middle], judge, store, second.space)["evolution", "tabular", SPACE]["evaluations"]
        found = equal_cost([first, third, middle], judge, store, plan.space)["evolution", "tabular", SPACE][
            "evaluations"
        ]
    assert found == (by_hand(plan.space, 1, queries=QUERIES), alone, by_hand(plan.space, 3, queries=QUERIES))


@pytest.mark.slow(reason="whole searches")
def test_companions_are_the_searches_of_the_runs_seeds(done: str) -> None:
    compare(experiment(done, budget={"queries": 5 * QUERIES}), Watch())
    with Store.read(done) as store:
        runs = [run for run in store.runs(policy="evolution") if run.spec.seed < 3]
        found = stored_searches(runs, store)
    assert [run.spec.seed for run in found] == [1_000_001, 1_000_002]
    assert all(run.spent.queries >= 5 * QUERIES for run in found)


def test_another_table_is_another_search(done: str) -> None:
    with Store.read(done) as store:
        run = store.runs(policy="evolution")[0]
        other = replace(run, spec=replace(run.spec, table_digest="e" * 64))
        assert stored_searches([other], store) == []
        assert len(missing_searches([run], store, make_plan(experiment(done)).space)) == 0


def test_running_sums_are_the_runs_own(done: str) -> None:
    """The last of the sums of a run's rows is what the run says that it spent, to the last bit."""
    with Store.read(done) as store:
        for run in store.runs(policy=RANDOM_SEARCH):
            sums = list(itertools.accumulate(row.cost_seconds for row in store.trials(run.id)))
            assert sums[-1] == run.spent.seconds


def test_a_running_total_is_no_total(url: str) -> None:
    """A random search that is not finished is not taken for one that is."""
    asked = experiment(url, equal_cost=False, seeds=(1,))
    compare(asked, Watch())
    plan = make_plan(asked)
    with Store.open(url) as store:
        runs = [store.show(spec.digest) for spec in plan.specs]
        (spec,) = missing_searches(runs, store, plan.space)
        store.begin(spec, {})
        store.commit(spec.digest, [], checkpoint(9, spent=Cost(9_999, 1.0, 1.0)))
        assert missing_searches(runs, store, plan.space) == (spec,)
        assert spec.budget == Budget()
        assert equal_cost(runs, judge_of(plan, store), store, plan.space) == {}
