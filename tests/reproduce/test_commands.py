"""Every command that an item names parses, names what exists, and makes the very runs that the item looks for."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click
import pytest

from backends.tabular.fetch import PUBLISHED
from backends.tabular.named_tables import known_tables
from harness.cli import cli
from harness.planning import registry
from harness.planning.experiment import Experiment
from harness.planning.plan import make_plan
from harness.reproduce.cells import Missing
from harness.reproduce.items import ITEMS
from harness.reproduce.request import ReproduceRequest, ReproduceScale
from harness.reproduce.steps import PenaltyStep, RunStep, SharingAmountStep, WeightSharingStep
from tests.fakes.watch import Watch

SETTING = {name: ("nao.lr", 0.01) if name == "table4" else ("oracle.precision", "float32") for name in ITEMS}
"""A setting that all runs of an item have."""

CASES = [(name, scale) for name in ITEMS for scale in ("quick", "paper")]


NO_COMMAND = "the space of DARTS for images is not in this harness: nothing here measures it"
"""The only reason for which a cell has no command that would measure it."""


def commands(name: str, scale: ReproduceScale, common: Experiment) -> list[str]:
    """Those of the steps and of the dashes, with nothing in the store."""
    request = ReproduceRequest(scale, common)
    found = ITEMS[name].find(request, Watch())
    dashes = [missing for section in found.sections for _, _, missing in section.missing]
    dashes += [found.figure] if isinstance(found.figure, Missing) else []
    assert all(each.command or each.reason == NO_COMMAND for each in dashes)
    named = [step.command for step in ITEMS[name].steps(request)] + [each.command for each in dashes if each.command]
    return list(dict.fromkeys(named))


def parsed(command: str) -> click.Context:
    """The innermost command, with its flags."""
    _, *arguments = shlex.split(command)
    group, context = cli, click.Context(cli, info_name="harness")
    while isinstance(group, click.Group):
        name, found, arguments = group.resolve_command(context, arguments)
        assert found is not None
        group = found
    return group.make_context(name, arguments, parent=context)


@pytest.mark.parametrize(("name", "scale"), CASES)
def test_every_command_parses_and_its_names_exist(
    name: str, scale: ReproduceScale, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    key, value = SETTING[name]
    common = Experiment(seeds=(1, 2, 3), store="sqlite:///made up.db", settings={key: value})
    for command in commands(name, scale, common):
        flags = parsed(command).params
        assert set(flags.get("policies") or ()) <= set(registry.entries("policy"))
        assert set(flags.get("oracles") or ()) <= set(registry.entries("oracle"))
        assert flags.get("space") in {None, "nasbench101", "rnn", *registry.entries("space")}
        assert flags.get("table") in {None, *known_tables(), *PUBLISHED}
        if "seeds" in flags:
            assert (flags["seeds"], flags["store"]) == ("1:4", "sqlite:///made up.db")
            assert f"{key}={value}" in flags["settings"]


class Captured(BaseException):
    """Ends a command where it would begin to run."""


def experiment_of(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a command would give the code that runs."""
    given: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def capture(*arguments: Any, **named: Any) -> None:
        given.append((arguments, named))
        raise Captured

    for place in (
        "leaderboard.end_to_end.compare",
        "studies.penalty.measure.study_penalty",
        "studies.weight_sharing.measure.study_weight_sharing",
        "studies.sharing_amount.measure.study_sharing_amount",
    ):
        monkeypatch.setattr(f"harness.{place}", capture)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(Captured):
        cli.main(shlex.split(command)[1:], standalone_mode=False)
    return given[0]


STEPS = [
    (name, place)
    for name in ITEMS
    for place, _ in enumerate(ITEMS[name].steps(ReproduceRequest("quick", Experiment())))
]


@pytest.mark.parametrize(("name", "place"), STEPS)
def test_a_command_makes_the_runs_that_the_item_looks_for(
    name: str, place: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    step = ITEMS[name].steps(ReproduceRequest("quick", Experiment(seeds=(1, 2), workers=1)))[place]
    expected = [spec.digest for spec in step.plan().specs]
    arguments, named = experiment_of(step.command, monkeypatch)
    monkeypatch.undo()
    match step:
        case PenaltyStep():
            fields = ("oracles", "space", "table", "seeds", "settings", "judge")
            assert [getattr(arguments[0], f) for f in fields] == [getattr(step.experiment, f) for f in fields]
            assert arguments[1] == step.experiment.policies
        case RunStep():
            assert [spec.digest for spec in make_plan(arguments[0]).specs] == expected
        case WeightSharingStep():
            asked = WeightSharingStep("", arguments[0], None, named["score_epochs"])
            assert [spec.digest for spec in asked.plan().specs] == expected
        case SharingAmountStep():
            kind, experiment = arguments[:2]
            asked_twelve = SharingAmountStep("", experiment, None, kind, named["recipe"])
            assert [spec.digest for spec in asked_twelve.plan().specs] == expected
            assert named["recipe"] == step.recipe
        case _:
            raise AssertionError(step)


COUNTS = {
    "table1": [],
    "table2": [],
    "table3": [(7, 70), (4, 40)],
    "table4": [(3, 30)],
    "table5": [(1, 10)],
    "table6": [(7, 70), (7, 70)],
    "figure2": [(7, 70)],
    "figure3": [(7, 70)],
    "figure4": [(1, 10)],
    "figure6": [(1, 10)],
    "figure7": [],
}
"""At the quick scale, for each step: policies on oracles, and runs; ten seeds each (Yu et al. 2020, Sec. 4.1)."""


@pytest.mark.parametrize("name", ITEMS)
def test_a_plan_has_ten_seeds_of_every_policy_and_of_random(name: str) -> None:
    steps = ITEMS[name].steps(ReproduceRequest("quick", Experiment()))
    plans = [step.plan() for step in steps]
    told = [set(step.pairs) for step in steps]  # known before a table is there
    assert told == [{(spec.policy, spec.oracle) for spec in plan.specs} for plan in plans]
    counts = [(len({(s.policy, s.oracle) for s in plan.specs}), len(plan.specs)) for plan in plans]
    assert counts == COUNTS[name]
    assert all({spec.seed for spec in plan.specs} == set(range(1268, 1278)) for plan in plans)


def test_at_the_published_scale_all_four_spaces_of_table_6_are_searched() -> None:
    steps = ITEMS["table6"].steps(ReproduceRequest("paper", Experiment()))
    spaces = [step.experiment.space for step in steps]
    assert spaces == ["nasbench101-v4", "nasbench101-v5", "nasbench101-v6", "nasbench101"]
    assert {step.experiment.table for step in steps} == {"nasbench101"}
    assert all(step.experiment.settings == {"oracle.recipe": "cifar10"} for step in steps)
