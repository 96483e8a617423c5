"""Settings, the registry and experiment files: names and types are checked, and errors name the way out."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.budget import Budget
from harness.core.errors import HarnessError, SettingError, SpaceError, UnknownNameError
from harness.planning import registry
from harness.planning.experiment import MOST_SEEDS, SEEDS, Experiment, load_experiment, parse_seeds
from harness.planning.settings import create_space, defaults, resolve
from policies.evolution import Evolution


def test_settings_are_the_defaults_with_the_given_values_on_top() -> None:
    resolved = resolve("evolution", Evolution, {"population": 7})
    assert resolved == {**defaults(Evolution), "population": 7}


@pytest.mark.parametrize("value", ["seven", 7.5, True, None, [7]])
def test_a_setting_of_the_wrong_type_is_refused_by_name(value: Any) -> None:
    with pytest.raises(SettingError, match=r"evolution\.population"):
        resolve("evolution", Evolution, {"population": value})


def test_an_unknown_setting_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'population'"):
        resolve("evolution", Evolution, {"populaton": 7})


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [("policy", "evolutoin", "evolution"), ("oracle", "tabluar", "tabular"), ("space", "nasbench-101", "nasbench101")],
)
def test_an_unknown_name_is_answered_with_the_nearest(kind: Any, name: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean '{near}'"):
        registry.load(kind, name)


@pytest.mark.parametrize(
    "target",
    [
        "no_such_module:Thing",
        "policies.random:Nothing",
        "../x:Y",
        ".x:Y",
        "a..b:C",
        ":",
        "x y:Z",
        "\x00:a",
        "json:" + "x" * 9999,
    ],
)
def test_a_class_that_cannot_be_imported_is_refused(target: str) -> None:
    with pytest.raises(UnknownNameError, match="module:Class"):
        registry.load("policy", target)


@pytest.mark.parametrize("kind", ["policy", "oracle", "space"])
@pytest.mark.parametrize("target", ["os:system", "math:pi", "os:path", "collections:OrderedDict", "json:JSONDecoder"])
def test_an_object_that_is_no_such_class_is_refused(kind: Any, target: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{kind} '{target}' is a .*; expected a class"):
        registry.load(kind, target)


def test_a_module_that_is_not_python_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_python.py").write_text("class Mine pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(UnknownNameError, match=r"'no_python:Mine' cannot be imported .invalid syntax|expected ':'"):
        registry.load("policy", "no_python:Mine")


def test_a_setting_without_an_annotation_takes_any_value() -> None:
    class Plain:
        def __init__(self, space, rng, *, depth=1):  # type: ignore[no-untyped-def]
            """Keep nothing."""

    assert resolve("plain", Plain, {"depth": "deep"}) == {"depth": "deep"}


def test_a_class_in_the_working_directory_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_policy.py").write_text("class Mine: needs = frozenset()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert registry.load("policy", "my_own_policy:Mine").__name__ == "Mine"


@pytest.mark.parametrize("kind", ["policy", "oracle", "space"])
def test_every_registered_name_leads_to_a_class_with_a_summary(kind: Any) -> None:
    for name, entry in registry.entries(kind).items():
        assert isinstance(registry.load(kind, name), type)
        assert "cannot be found" not in registry.summary(entry)


def test_a_setting_that_the_name_fixes_cannot_be_changed() -> None:
    with pytest.raises(SettingError, match="fixed by the name"):
        create_space("nasbench101-v5", {"vertices": 6})


def test_a_large_space_refuses_to_be_walked() -> None:
    with pytest.raises(SpaceError, match="too many to enumerate"):
        next(create_space("rnn12").enumerate())


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3:6", (3, 4, 5)), ("1,5, 9", (1, 5, 9)), ("7", (7,)), ([2, 1], (2, 1)), (8, (8,))],
)
def test_seeds_are_read_from_ranges_and_lists(text: Any, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


TOO_MANY = ["0:100000000", "0:10001", list(range(10_001)), "0:9" + "0" * 18]
NO_SEEDS = [
    "1_0:2_0",
    "0:1e3",
    "9" * 5000,
    "0:" + "9" * 5000,
    "١",
    [True, 2],
    True,
    [2**63],
    str(2**63),
    "1:2:3",
    None,
    {},
]


@pytest.mark.parametrize(
    "text", ["", "5:5", "a", "1,1", [1.5], "-3", [], *TOO_MANY, *NO_SEEDS], ids=lambda v: repr(v)[:20]
)
def test_seeds_that_mean_nothing_are_refused_by_key(text: Any) -> None:
    with pytest.raises(SettingError, match="seeds cannot be"):
        load_experiment(None, {"seeds": text})


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(
        "policies: nao\nseeds: 1:3\nbudget: {queries: 50}\nsettings: {nao: {pool: 9, seeds: 4}, oracle.repeat: mean}\n"
    )
    overrides = {"seeds": "5", "budget": {"epochs": 7.0}, "settings": {"nao.pool": 3}}
    experiment = load_experiment(str(path), overrides)
    assert experiment.policies == ("nao",)
    assert experiment.seeds == (5,)
    assert (experiment.budget.queries, experiment.budget.epochs) == (50, 7.0)
    assert experiment.settings == {"nao.pool": 3, "nao.seeds": 4, "oracle.repeat": "mean"}


@pytest.mark.parametrize(
    ("text", "oracles"),
    [
        ("oracle: synthetic", ("synthetic",)),
        ("oracle: [tabular, synthetic]", ("tabular", "synthetic")),
        ("oracles: [tabular, synthetic]", ("tabular", "synthetic")),
        ("policies: nao", ("tabular",)),
    ],
)
def test_a_file_names_one_oracle_or_several(tmp_path: Path, text: str, oracles: tuple[str, ...]) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(text + "\n")
    assert load_experiment(str(path), {}).oracles == oracles
    assert load_experiment(str(path), {"oracles": ("standalone",)}).oracles == ("standalone",)


def test_ten_thousand_seeds_are_no_mistake() -> None:
    assert parse_seeds(f"5:{5 + MOST_SEEDS}") == tuple(range(5, 5 + MOST_SEEDS))
    assert parse_seeds(str(2**63 - 1)) == (2**63 - 1,)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 0, -1, -0.5, "many", 10**400])
@pytest.mark.parametrize("name", ["queries", "epochs", "seconds"])
def test_a_budget_is_a_finite_number_above_0(name: str, value: Any) -> None:
    with pytest.raises(SettingError, match=rf"budget\.{name} cannot be"):
        load_experiment(None, {"budget": {name: value}})
    if isinstance(value, float):
        with pytest.raises(SettingError, match="a budget cannot be"):
            Budget(**{name: value})


@pytest.mark.parametrize(("text", "gpus"), [("0,1", (0, 1)), ("3", (3,)), (2, (2,)), ([1, 0], (1, 0))])
def test_gpus_are_read_from_texts_numbers_and_lists(text: Any, gpus: tuple[int, ...]) -> None:
    assert load_experiment(None, {"gpus": text}).gpus == gpus


def test_without_anything_the_paper_s_ten_seeds_run() -> None:
    assert load_experiment(None, {}) == Experiment()
    assert Experiment().seeds == SEEDS == tuple(range(1268, 1278))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("oracel: tabular", "unknown key 'oracel'; did you mean 'oracles'"),
        ("{oracle: tabular, oracles: [tabular]}", "unknown key 'oracle'; did you mean 'oracles'"),
        ("oracles: []", "oracles cannot be"),
        ("device: gpu", "device cannot be 'gpu'"),
        ("gpus: 0,0", "gpus cannot be '0,0': GPUs are different whole numbers"),
        ("gpus: all", "gpus cannot be 'all'"),
        ("{gpus: 0, device: cpu}", "the device is 'cpu'"),
        ("budget: {querys: 3}", "did you mean 'queries'"),
        ("budget: {queries: many}", "budget.queries cannot be 'many'"),
        ("budget: 3", "'budget' must hold keys and values"),
        ("workers: 0", "workers cannot be 0"),
        ("- nao", "must hold keys and values"),
        ("policies: [nao", "is not YAML"),
        ("settings: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("workers: !!int x", "is not YAML"),
        ("seeds: " + "9" * 5000, "is not YAML"),
        ("settings: " + "[" * 2000, "is not YAML"),
        ("budget: {seconds: .inf}", "budget.seconds cannot be inf"),
        ("budget: {seconds: .nan}", "budget.seconds cannot be nan"),
        ("seeds: 0:100000000", "100,000,000 seeds; give 10,000 at most"),
        ("seeds: [true, 2]", "seeds cannot be"),
        ("gpus: [true]", "gpus cannot be"),
    ],
)
def test_a_malformed_experiment_file_is_refused_with_the_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError, match=words) as caught:
        load_experiment(str(path), {})
    assert "\n" not in str(caught.value)


def test_a_missing_experiment_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load_experiment(str(tmp_path / "none.yaml"), {})
