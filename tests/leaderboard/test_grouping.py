"""Runs that differ in a setting are rows of their own, and random draws are one row whoever did not answer them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UnknownNameError
from harness.leaderboard.grouping import differing_keys, named_runs
from tests.fakes.stored_runs import run


def names(runs, group_by=()):
    return [(row.policy, row.oracle, row.space) for row in named_runs(runs, group_by)]


def nao(seed=1, pool=100, **changes):
    settings = {"policy": {"pool": pool}, "oracle": {}, "space": changes.pop("at", {})}
    return run(seed, settings=settings, **changes)


def drawn(seed=1, recommendation="cell 1", created="2026-01-02", **changes):
    made = run(seed, policy="random", trials=0, settings=changes.pop("settings", {}), **changes)
    return replace(made, recommendation=recommendation, created=created)


def test_runs_of_the_same_settings_are_one_row_under_the_policys_name():
    assert names([nao(1), nao(2)]) == [("nao", "tabular", "rnn2")] * 2


def test_a_setting_that_differs_is_told_in_the_name():
    assert names([nao(1), nao(1, 200)]) == [
        ("nao (policy.pool=100)", "tabular", "rnn2"),
        ("nao (policy.pool=200)", "tabular", "rnn2"),
    ]


def test_only_what_differs_within_a_policy_and_oracle_splits_it():
    runs = [nao(1), nao(1, policy="enas", pool=5), nao(1, oracle="supernet", pool=7)]
    assert [policy for policy, *_ in names(runs)] == ["nao", "enas", "nao"]


def test_budgets_versions_and_search_metrics_split_too():
    runs = [nao(1), nao(1, version="0.0.9", search_metric="test")]
    assert [policy for policy, *_ in names(runs)] == [
        "nao (search_metric=validation, version=0.1.0)",
        "nao (search_metric=test, version=0.0.9)",
    ]


def test_a_setting_that_only_a_later_version_has_is_absent_before():
    later = run(1, settings={"policy": {"pool": 100, "new": 3}, "space": {}})
    assert [policy for policy, *_ in names([nao(1), later])] == ["nao (policy.new=–)", "nao (policy.new=3)"]


def test_a_digest_is_told_only_where_nothing_else_tells_rows_apart():
    assert differing_keys([{"recipe": "a", "recipe_digest": "1"}, {"recipe": "b", "recipe_digest": "2"}]) == ["recipe"]
    assert differing_keys([{"recipe": "a", "recipe_digest": "1"}, {"recipe": "a", "recipe_digest": "2"}]) == [
        "recipe_digest"
    ]


def test_what_is_grouped_by_stands_in_every_name_that_has_it():
    runs = [nao(1), drawn(1), run(2, policy="enas", settings={"policy": {}})]
    assert [policy for policy, *_ in names(runs, ["policy.pool"])] == ["nao (policy.pool=100)", "random", "enas"]
    with pytest.raises(UnknownNameError, match=r"did you mean 'policy\.pool'"):
        named_runs(runs, ["policy.pol"])


def test_circumstances_split_when_they_are_asked_for():
    runs = [nao(seed, provenance={"python": python}) for seed, python in ((1, "3.11"), (2, "3.12"))]
    assert [policy for policy, *_ in names(runs)] == ["nao", "nao"]
    assert [policy for policy, *_ in names(runs, ["provenance.python"])] == [
        "nao (provenance.python=3.11)",
        "nao (provenance.python=3.12)",
    ]


def test_the_same_draw_on_two_oracles_is_one_run_of_one_row():
    runs = [drawn(1), drawn(1, oracle="supernet"), drawn(2, oracle="supernet", settings={"oracle": {"x": 1}})]
    rows = named_runs(runs)
    assert [(row.run.spec.seed, row.policy, row.oracle) for row in rows] == [
        (1, "random", "tabular"),
        (2, "random", "tabular"),
    ]


def test_settings_of_a_space_name_the_space_so_that_each_has_its_own_draws():
    runs = [nao(1, at={"sampler": at}) for at in ("cells", "notebook")]
    runs += [drawn(1, settings={"space": {"sampler": at}}, recommendation=at) for at in ("cells", "notebook")]
    assert names(runs) == [
        ("nao", "tabular", "rnn2 (sampler=cells)"),
        ("nao", "tabular", "rnn2 (sampler=notebook)"),
        ("random", "tabular", "rnn2 (sampler=cells)"),
        ("random", "tabular", "rnn2 (sampler=notebook)"),
    ]


def test_of_draws_that_differ_between_versions_the_newest_are_the_baseline():
    runs = [drawn(1), drawn(1, "cell 2", "2027-01-01", version="0.2.0")]
    assert [policy for policy, *_ in names(runs)] == ["random (version=0.1.0, created=2026-01-02)", "random"]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from(["nao", "enas"])), max_size=8))
def test_no_row_holds_two_settings_and_no_setting_two_rows(draws):
    runs = [nao(seed, pool, policy=policy) for seed, pool, policy in dict.fromkeys(draws)]
    rows = named_runs(runs)
    assert sorted(row.run.id for row in rows) == sorted(each.id for each in runs)
    by_name = {}
    for row in rows:
        by_name.setdefault((row.policy, row.oracle, row.space), set()).add(
            (row.run.spec.policy, row.run.spec.settings["policy"]["pool"])
        )
    assert all(len(found) == 1 for found in by_name.values())
    assert len(by_name) == len({(policy, pool) for _, pool, policy in draws})
