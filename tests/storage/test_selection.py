"""Runs are chosen by what is recorded of them, and a key or value that nothing has is one clear line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.budget import Budget
from harness.core.errors import SettingError, UnknownNameError
from harness.storage.selection import keys_of, require_runs, select, value_text, with_baseline
from tests.fakes.stored_runs import run

SMALL = run(1, settings={"policy": {"pool": 100, "keep": "all"}, "oracle": {"repeat": "mean"}, "space": {}})
LARGE = run(2, settings={"policy": {"pool": 200, "keep": "all"}, "oracle": {"repeat": "mean"}, "space": {}})
OTHER = run(1, policy="evolution", settings={"policy": {"tournament": None}, "oracle": {}, "space": {}})
DRAWN = run(1, policy="random", trials=0, oracle="supernet", settings={"policy": {}, "oracle": {}, "space": {}})
RUNS = [SMALL, LARGE, OTHER, DRAWN]


def test_what_is_recorded_is_flat():
    keys = keys_of(SMALL)
    assert keys["run"] == SMALL.id
    expected = {
        "policy": "nao",
        "oracle": "tabular",
        "space": "rnn2",
        "table": "t",
        "table_digest": "ab" * 32,
        "seed": 1,
    }
    expected |= {"status": "finished", "search_metric": "validation", "version": "0.1.0", "budget.queries": 100}
    expected |= {"budget.epochs": None, "settings.policy.pool": 100, "settings.oracle.repeat": "mean"}
    expected |= {"provenance.packages.numpy": "2.4.6", "queries": 5, "epochs": 40.0, "seconds": 2.5, "trials": 5}
    assert expected.items() <= keys.items()


@pytest.mark.parametrize(
    ("wheres", "found"),
    [
        ((), RUNS),
        (("policy=nao",), [SMALL, LARGE]),
        (("policy!=nao",), [OTHER, DRAWN]),
        (("seed=1",), [SMALL, OTHER, DRAWN]),
        (("seed=1", "policy=nao"), [SMALL]),
        (("settings.policy.pool=100",), [SMALL]),
        (("policy.pool=100",), [SMALL]),
        (("policy.pool=100.0",), [SMALL]),
        (("policy.pool!=100",), [LARGE, OTHER, DRAWN]),
        (("policy.tournament=null",), [OTHER]),
        (("table_digest=abab",), RUNS),
        ((f"run={SMALL.id[:12]}",), [SMALL]),
        (("provenance.python=3.11.7",), RUNS),
        (("budget.queries=100",), RUNS),
    ],
)
def test_conditions_choose_the_runs_that_they_all_hold_for(wheres, found):
    assert select(RUNS, wheres) == found


@pytest.mark.parametrize("given_", ["true", "1"])
def test_a_number_is_no_truth_value(given_):
    flags = [run(1, settings={"policy": {"flag": value}}) for value in (True, 1)]
    assert select(flags, [f"policy.flag={given_}"]) == [flags[0 if given_ == "true" else 1]]


@pytest.mark.parametrize("text", ["policy", "=nao", "a b=1", ""])
def test_a_condition_of_another_form_is_refused(text):
    with pytest.raises(SettingError, match="must look like KEY=VALUE"):
        select(RUNS, [text])


def test_an_unknown_key_names_the_nearest_one():
    with pytest.raises(UnknownNameError, match=r"unknown key 'policy\.pol'; did you mean 'policy\.pool'"):
        select(RUNS, ["policy.pol=3"])


def test_where_nothing_is_found_the_values_that_there_are_are_told():
    with pytest.raises(SettingError, match=r"none of 4 runs has policy.pool=3; policy.pool is 100, 200, –$"):
        require_runs([], RUNS, ["policy.pool=3"])
    with pytest.raises(SettingError, match="the store holds no run yet"):
        require_runs([], [], [])


def test_the_baseline_stays_beside_what_is_chosen_by_policy_oracle_or_setting():
    for where in ("policy=nao", "oracle=tabular", "policy.pool=100", "budget.queries=100"):
        found = select(RUNS, [where])
        assert with_baseline(found, RUNS, [where])[-1] == DRAWN


@pytest.mark.parametrize("where", ["policy!=random", "seed=2", "space=rnn3"])
def test_conditions_on_what_concerns_the_baseline_leave_it_out(where):
    runs = [*RUNS, run(3, space="rnn3")]
    assert DRAWN not in with_baseline(select(runs, [where]), runs, [where])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.lists(SCALARS, min_size=1, max_size=5), st.data())
def test_a_condition_and_its_opposite_part_the_runs_and_the_written_value_is_found(values, data):
    runs = [run(seed, settings={"policy": {"x": value}}) for seed, value in enumerate(values)]
    place = data.draw(st.integers(0, len(values) - 1))
    value = values[place]
    written = value if isinstance(value, str) else json.dumps(value)
    same, other = select(runs, [f"policy.x={written}"]), select(runs, [f"policy.x!={written}"])
    assert runs[place] in same
    assert sorted(same + other, key=lambda each: each.spec.seed) == runs


def test_values_are_shown_as_they_are_written_and_digests_short():
    assert [value_text(v) for v in (None, True, 1.5, "a", [1, 2], "ab" * 32)] == [
        "null",
        "true",
        "1.5",
        "a",
        "[1, 2]",
        "abababababab",
    ]


def test_a_budget_is_selected_by_its_parts():
    runs = [run(1, budget=Budget(queries=5)), run(1, budget=Budget(epochs=5.0))]
    assert select(runs, ["budget.epochs=5"]) == [runs[1]]
