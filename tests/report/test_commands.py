"""The commands of the report name the very runs that they stand for, as the command line reads them."""

import shlex
from dataclasses import replace

import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.core.budget import Budget, Cost
from harness.planning.experiment import BudgetFields
from harness.planning.plan import make_plan
from harness.report.commands import commands_of, seeds_text
from harness.storage.records import Run
from tests.report.stores import experiment


class SeenError(Exception):
    """Ends the command once it has read what to run."""


@pytest.fixture
def reread(monkeypatch):
    """The runs that a command line would perform."""

    def call(text):
        seen = []

        def look(asked, *_, **__):
            seen.append(asked)
            raise SeenError

        monkeypatch.setattr("harness.leaderboard.end_to_end.compare", look)
        result = CliRunner().invoke(cli, shlex.split(text)[1:])
        assert isinstance(result.exception, SeenError), result.output
        return make_plan(seen[0]).specs

    return call


def runs_of(tmp_path, policy, **changes):
    specs = [spec for spec in make_plan(experiment(tmp_path / "x.db", **changes)).specs if spec.policy == policy]
    return [stored(spec) for spec in specs]


def stored(spec):
    return Run(spec.digest, spec, "finished", None, "", "", "tanh@0 tanh@1", 0, 0, 0, Cost(), {})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"budget": BudgetFields()},
        {"budget": BudgetFields(queries=7, epochs=2.5, seconds=1e-3)},
        {"settings": {"evolution.population": 7, "oracle.repeat": "sample"}, "seeds": (3, 5, 9)},
        {"space": "nasbench101-v4", "table": "nasbench101-v5-digits", "settings": {"space.sampler": "notebook"}},
        {"search_metric": "test"},
        {"oracles": ("synthetic",), "table": None, "space": "nasbench101-v4"},
    ],
    ids=["defaults", "no budget", "budgets", "settings", "space", "metric", "no table"],
)
def test_a_command_names_the_runs_that_it_stands_for(tmp_path, reread, changes):
    runs = runs_of(tmp_path, "evolution", **changes)
    (command,) = commands_of("evolution", runs)
    assert command.checked
    assert command.seeds == len(runs)
    again = {spec.digest for spec in reread(command.text) if spec.policy == "evolution"}
    assert again == {run.spec.digest for run in runs}


def test_only_what_was_changed_is_set(tmp_path):
    (plain,) = commands_of("evolution", runs_of(tmp_path, "evolution"))
    (changed,) = commands_of("evolution", runs_of(tmp_path, "evolution", settings={"evolution.population": 7}))
    assert "--set" not in plain.text
    assert changed.text.endswith("--set evolution.population=7")


def test_runs_of_different_settings_have_a_command_each(tmp_path):
    runs = runs_of(tmp_path, "evolution") + runs_of(tmp_path, "evolution", settings={"evolution.population": 7})
    assert [command.seeds for command in commands_of("evolution", runs)] == [4, 4]


def test_a_run_of_another_version_is_checked_as_such(tmp_path):
    runs = [stored(replace(run.spec, version="0.0.1")) for run in runs_of(tmp_path, "evolution")]
    (command,) = commands_of("evolution", runs)
    assert command.checked
    assert "version 0.0.1" in command.remark


def test_a_command_that_no_longer_names_its_runs_says_so(tmp_path):
    run = runs_of(tmp_path, "evolution", seeds=(1,))[0]
    foreign = stored(replace(run.spec, settings={**run.spec.settings, "oracle": {}}))
    (command,) = commands_of("evolution", [foreign])
    assert not command.checked
    assert "another run" in command.remark


def test_a_policy_that_is_not_here_is_not_checked_and_its_settings_are_all_told(tmp_path):
    run = runs_of(tmp_path, "evolution", seeds=(1,))[0]
    gone = replace(run.spec, policy="gone", settings={"policy": {"a b": "x y", "c": None}}, budget=Budget(3))
    (command,) = commands_of("gone", [stored(gone)])
    assert not command.checked
    assert "unknown policy 'gone'" in command.remark
    assert shlex.split(command.text)[-4:] == ["--set", "gone.a b=x y", "--set", "gone.c=null"]


@pytest.mark.parametrize(
    ("seeds", "text"),
    [([1268, 1269, 1270], "1268:1271"), ([5], "5"), ([1, 3], "1,3"), ([2, 1, 0], "0:3")],
    ids=["range", "one", "gap", "order"],
)
def test_seeds_are_written_as_the_command_line_reads_them(seeds, text):
    assert seeds_text(seeds) == text
