"""From an experiment to its runs: pairs, settings by part, recipes and devices, all before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.core.errors import IncompatibleError, SettingError, UnknownNameError
from harness.core.runspec import RunSpec
from harness.planning import registry
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan, build_oracle, build_policy, make_plan, require_buildable
from harness.planning.settings import defaults
from tests.fakes.live import SHARED, TRAINER

NAMELESS, GRADER = "tests.fakes.live:Nameless", "tests.fakes.live:Grader"


def plan_of(policies: Sequence[str], oracles: Sequence[str], **fields: Any) -> Plan:
    fixed: dict[str, Any] = {"space": "nasbench101-v4", "seeds": "1,2"}
    return make_plan(Experiment(policies=tuple(policies), oracles=tuple(oracles), **fixed | fields))


def first(plan: Plan, policy: str, oracle: str) -> RunSpec:
    return next(spec for spec in plan.specs if (spec.policy, spec.oracle) == (policy, oracle))


def test_every_policy_runs_with_every_oracle_policy_by_policy_and_the_baseline_once() -> None:
    plan = plan_of(["evolution", "random-search"], ["tabular", "synthetic"])
    named = [(spec.policy, spec.oracle, spec.seed) for spec in plan.specs]
    assert named == [
        *(("evolution", oracle, seed) for oracle in ("tabular", "synthetic") for seed in (1, 2)),
        *(("random-search", oracle, seed) for oracle in ("tabular", "synthetic") for seed in (1, 2)),
        ("random", "tabular", 1),
        ("random", "tabular", 2),
    ]
    assert len({(spec.space, spec.table, spec.table_digest) for spec in plan.specs}) == 1
    assert plan.specs[0].table_digest is not None
    assert plan.notes == ()


def test_the_baseline_stands_with_an_oracle_that_builds_no_shared_weights() -> None:
    assert plan_of([TRAINER], [SHARED, "tabular"]).specs[-1].oracle == "tabular"
    assert plan_of([TRAINER], [SHARED]).specs[-1].oracle == SHARED


def test_an_oracle_named_twice_runs_once() -> None:
    assert plan_of(["evolution"], ["tabular", "tabular"]).specs == plan_of(["evolution"], ["tabular"]).specs


def test_of_several_oracles_those_that_a_policy_cannot_work_with_are_left_out_with_the_reason() -> None:
    plan = plan_of([GRADER, TRAINER], ["tabular", SHARED])
    pairs = list(dict.fromkeys((spec.policy, spec.oracle) for spec in plan.specs))
    assert pairs == [(GRADER, "tabular"), (TRAINER, "tabular"), (TRAINER, SHARED), ("random", "tabular")]
    (note,) = plan.notes
    assert note.startswith(f"left out: policy {GRADER} never trains the shared weights of oracle {SHARED}")


def test_the_policies_that_would_do_are_named() -> None:
    with pytest.raises(IncompatibleError, match="never trains") as caught:
        plan_of(["evolution"], [SHARED])
    offered = str(caught.value).rpartition("policies that do: ")[2].split(" or ")
    assert {"enas", "nao"} <= set(offered) <= set(registry.entries("policy"))
    assert not {"evolution", "random-search", "random", "darts"} & set(offered)  # darts asks Gradient, too


def test_a_policy_that_works_with_none_of_several_oracles_is_an_error_with_both_reasons() -> None:
    with pytest.raises(IncompatibleError, match=r"needs Gradient queries.*tabular.*; policy darts needs .*") as caught:
        plan_of(["darts"], ["tabular", SHARED])
    assert "oracles that do:" in str(caught.value)


def test_a_recipe_stands_over_the_defaults_and_the_user_over_the_recipe() -> None:
    plan = plan_of([TRAINER, NAMELESS], [SHARED, "tabular"], settings={f"{TRAINER}.samples": 3, "policy.lr": 0.7})
    theirs, table = first(plan, TRAINER, SHARED), first(plan, TRAINER, "tabular")
    assert theirs.settings["oracle"]["recipe"] == "toy/theirs"
    assert theirs.settings["policy"] == {"updates": 5, "samples": 3, "lr": 0.7}
    assert table.settings["policy"] == {"updates": 2, "samples": 3, "lr": 0.7}
    nameless = first(plan, NAMELESS, SHARED)
    assert nameless.settings["oracle"]["recipe"] == "toy/spos"
    assert nameless.settings["policy"] == {"updates": 5, "samples": 4, "lr": 0.7}


def test_what_a_recipe_brings_is_checked_and_converted_as_any_setting() -> None:
    lr = first(plan_of([TRAINER], [SHARED]), TRAINER, SHARED).settings["policy"]["lr"]
    assert (lr, type(lr)) == (1.0, float)  # the recipe says 1


def test_the_baseline_needs_no_recipe() -> None:
    assert plan_of([TRAINER], [SHARED]).specs[-1].settings["oracle"]["recipe"] == "toy"


def test_a_policy_s_recipe_goes_into_a_user_s_family() -> None:
    plan = plan_of([TRAINER], [SHARED], settings={"oracle.recipe": "big"})
    assert first(plan, TRAINER, SHARED).settings["oracle"]["recipe"] == "big/theirs"


def test_settings_go_to_all_oracles_that_have_them_or_to_one_by_its_name() -> None:
    given = {"oracle.repeat": "sample", "tabular.duplicates": "charge", "synthetic.landscape": 4}
    plan = plan_of(["evolution"], ["tabular", "synthetic"], settings=given)
    table, closed = (first(plan, "evolution", oracle).settings["oracle"] for oracle in ("tabular", "synthetic"))
    assert table == {"repeat": "sample", "duplicates": "charge"}
    assert closed == defaults(registry.load("oracle", "synthetic")) | {"landscape": 4}


@pytest.mark.parametrize("order", [1, -1])
def test_an_oracle_s_own_name_counts_more_than_that_of_all(order: int) -> None:
    given = dict([("oracle.repeat", "sample"), ("tabular.repeat", "mean")][::order])
    plan = plan_of(["evolution"], ["tabular"], settings=given)
    assert first(plan, "evolution", "tabular").settings["oracle"]["repeat"] == "mean"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"settings": {"oracle.repeet": "mean"}}, "did you mean 'repeat'"),
        ({"settings": {"synthetic.repeat": "mean"}}, "unknown setting of synthetic 'repeat'"),
        ({"settings": {"standalone.recipe": "x"}}, "belongs to no part of this run"),
        ({"settings": {"repeat": "mean"}}, "belongs to no part of this run"),
        ({"device": "cpu"}, "--device has no use for oracle tabular and synthetic"),
        ({"gpus": (0,)}, "--gpus has no use for oracle tabular and synthetic"),
        ({"verify": False}, "--no-verify has no use for oracle tabular and synthetic"),
    ],
)
def test_what_no_oracle_has_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises((SettingError, UnknownNameError), match=words):
        plan_of(["evolution"], ["tabular", "synthetic"], **fields)


def test_flags_reach_the_oracles_that_have_the_setting_and_win_over_settings() -> None:
    plan = plan_of([TRAINER], ["tabular", SHARED], device="cpu", verify=False, settings={"oracle.device": "auto"})
    assert first(plan, TRAINER, SHARED).settings["oracle"] == {
        "recipe": "toy/theirs",
        "device": "cpu",
        "verify": False,
        "holes": False,
        "always_fails": False,
    }
    assert set(first(plan, TRAINER, "tabular").settings["oracle"]) == {"repeat", "duplicates"}


def test_the_search_metric_goes_to_the_oracles_that_know_several() -> None:
    plan = plan_of(["evolution"], ["tabular", "synthetic"], search_metric="test")
    assert first(plan, "evolution", "tabular").search_metric == "test"
    assert first(plan, "evolution", "synthetic").search_metric == "validation"


@pytest.mark.parametrize(("gpus", "device"), [(0, "cpu"), (2, "cuda")])
def test_an_automatic_device_is_in_a_run_s_record_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch, gpus: int, device: str
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    plan = plan_of([TRAINER], [SHARED])
    assert {spec.settings["oracle"]["device"] for spec in plan.specs} == {device}


def test_a_gpu_where_there_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(SettingError, match="'cuda'"):
        plan_of([TRAINER], [SHARED], device="cuda")
    with pytest.raises(SettingError, match="there is none; leave --gpus out"):
        plan_of([TRAINER], [SHARED], gpus=(0,))


def test_only_gpus_that_are_there_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    plan = plan_of([TRAINER], [SHARED], gpus=(0, 1))
    assert first(plan, TRAINER, SHARED).settings["oracle"]["device"] == "cuda"
    with pytest.raises(SettingError, match=r"--gpus '0,2' names GPUs that cannot be used: there are 2"):
        plan_of([TRAINER], [SHARED], gpus=(0, 2))


def test_trying_whether_all_can_be_built_touches_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    built = []
    oracle = registry.load("oracle", SHARED)
    monkeypatch.setattr(oracle, "_watch", lambda _, *found: built.append(found))
    plan = plan_of([TRAINER], [SHARED], device="cuda")
    require_buildable(plan, ())
    assert built == [("toy/theirs", "cpu"), ("toy", "cpu")]
    built.clear()
    require_buildable(plan, [spec.digest for spec in plan.specs])
    assert built == []


def test_shared_weights_that_only_a_setting_brings_are_not_left_untrained_either() -> None:
    sharing = {"oracle.sharing": 5.0}
    require_buildable(plan_of(["enas", "darts"], ["synthetic"], settings=sharing), ())
    require_buildable(plan_of(["random-search"], ["synthetic"]), ())
    plan = plan_of(["random-search"], ["synthetic"], settings=sharing)
    with pytest.raises(IncompatibleError, match=r"policy random-search never trains .* of oracle synthetic") as caught:
        require_buildable(plan, ())
    offered = str(caught.value).rpartition("policies that do: ")[2].split(" or ")
    assert {"enas", "spos", "darts"} <= set(offered)
    assert not {"random-search", "evolution", "random"} & set(offered)


def test_a_run_s_parts_are_built_from_its_record_alone() -> None:
    plan = plan_of([TRAINER], [SHARED], settings={"policy.samples": 1})
    spec = RunSpec.from_json(first(plan, TRAINER, SHARED).to_json())
    oracle = build_oracle(spec, plan.space)
    policy = build_policy(spec, plan.space)
    kinds = []
    while queries := policy.ask(9):
        kinds += [type(query).__name__ for query in queries]
        policy.tell([])
        policy.load_state_dict({"told": len(kinds), "best": (0.0, 0)})
    assert kinds == ["Update"] * 5 + ["Score"]
    assert oracle.space is plan.space


def test_one_table_answers_and_judges() -> None:
    with pytest.raises(SettingError, match="give --table alone"):
        plan_of(
            ["evolution"],
            ["tabular", "tabular+score-gradient"],
            settings={"tabular.table": "a", "tabular+score-gradient.table": "b"},
        )


@pytest.mark.parametrize(
    ("policy", "setting"),
    [
        ("random-search", "samples"),
        ("hyperband", "rounds"),
        ("successive-halving", "brackets"),
    ],
)
def test_a_budget_is_used_by_policies_that_would_end_before_it(policy: str, setting: str) -> None:
    def chosen(**fields: Any) -> Any:
        return first(plan_of([policy], ["tabular"], **fields), policy, "tabular").settings["policy"][setting]

    assert chosen() is not None
    assert chosen(budget={"queries": 1_000}) is None
    assert chosen(budget={"seconds": 9.0}) is None
    assert chosen(budget={"queries": 1_000}, settings={f"{policy}.{setting}": 7}) == 7


def test_an_optimiser_makes_as_many_suggestions_as_the_budget_has_queries_and_a_note_says_what_that_means() -> None:
    plan = plan_of(["tpe"], ["tabular"], budget={"queries": 1_000})
    assert first(plan, "tpe", "tabular").settings["policy"]["samples"] == 1_000
    (note,) = plan.notes
    assert note.startswith("tpe ends after 1,000 samples, of which those of known cells are free")
    timed = plan_of(["optuna"], ["tabular"], budget={"epochs": 12.0})
    assert first(timed, "optuna", "tabular").settings["policy"]["samples"] is None
    assert plan_of(["tpe"], ["synthetic"], budget={"queries": 1_000}).notes == ()


def test_a_policy_that_ends_before_its_budget_is_named() -> None:
    (note,) = plan_of(["bananas", "random-search"], ["tabular"], budget={"queries": 1_000}).notes
    assert note == (
        "bananas ends after 150 samples, before the budget of 1,000 queries is spent; --set bananas.samples=N changes "
        "that"
    )


def test_a_new_setting_of_random_search_is_recorded_only_if_it_is_set() -> None:
    """So that the digests of runs of earlier versions stay."""
    plain = first(plan_of(["random-search"], ["tabular"]), "random-search", "tabular")
    assert set(plain.settings["policy"]) == {"samples", "batch"}
    given = {"random-search.sampler": "decisions"}
    other = first(plan_of(["random-search"], ["tabular"], settings=given), "random-search", "tabular")
    assert other.settings["policy"]["sampler"] == "decisions"


LATER: dict[str, dict[str, Any]] = {
    "enas": {
        "controller": "decisions",
        "reduction": 2.5,
        "init_range": 0.1,
        "beta1": 0.1,
        "epsilon": 0.001,
        "select": "pool",
    },
    "nao": {"score_batches": None},
    "bananas": {"parents": 10, "patience": 0},
    "fbnet": {"beta1": 0.9, "beta2": 0.999},
    "gdas": {"slopes": "chosen"},
    "bayesnas": {"epochs": 10, "warmup_updates": None},
}
"""Settings that came after the first runs of a policy, at the values that mean what those runs did."""


@pytest.mark.parametrize("name", LATER)
def test_a_run_that_does_what_earlier_versions_did_has_the_record_that_they_wrote(name: str) -> None:
    oracle = "supernet" if name in ("fbnet", "gdas", "bayesnas") else "synthetic"
    given = {f"{name}.{setting}": value for setting, value in LATER[name].items()}
    (spec, *_) = plan_of([name], [oracle], settings=given).specs
    factory, known = registry.load("policy", name), LATER[name]
    assert not set(factory.implied) & set(spec.settings["policy"])
    assert set(spec.settings["policy"]) == set(defaults(factory)) - set(factory.implied)
    record = RunSpec.from_json(spec.to_json())
    built = build_policy(record, plan_of([name], [oracle]).space)
    same = build_policy(spec, plan_of([name], [oracle], settings=given).space)
    assert type(built) is type(same) is factory
    assert known.items() >= factory.implied.items()


def test_a_run_in_which_a_later_setting_does_something_records_it() -> None:
    edges = first(plan_of(["enas"], ["synthetic"]), "enas", "synthetic")
    tree = first(plan_of(["enas"], ["synthetic"], settings={"space.encoding": "tree"}), "enas", "synthetic")
    assert "controller" not in edges.settings["policy"]
    assert tree.settings["policy"]["controller"] == "convolutional"
    given = {"space.encoding": "tree", "enas.controller": "decisions"}
    earlier = first(plan_of(["enas"], ["synthetic"], settings=given), "enas", "synthetic")
    assert earlier.settings["policy"] == edges.settings["policy"]
    space = plan_of(["enas"], ["synthetic"], settings=given).space
    assert type(build_policy(earlier, space).controller).__name__ == "Controller"
    assert type(build_policy(tree, space).controller).__name__ == "ConvolutionalController"


def test_an_encoding_of_recurrent_cells_is_recorded_where_it_is_not_the_first() -> None:
    plain, edges = (
        plan_of(["random-search"], ["synthetic"], space="rnn2", settings=settings).specs[0]
        for settings in ({}, {"space.encoding": "edges"})
    )
    assert (plain.settings["space"], edges.settings["space"]) == ({}, {"encoding": "edges"})
