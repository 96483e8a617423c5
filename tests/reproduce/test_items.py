"""What stands in the cells, from leaderboards and studies made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular.named_tables import open_table
from harness.core.errors import SettingError, UnknownNameError
from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import Leaderboard
from harness.planning.experiment import Experiment
from harness.reproduce import items, sharing
from harness.reproduce.cells import MeasuredValue, Missing, ReproducedCell, ReproducedSection, mean_and_std, number
from harness.reproduce.item import Findings
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import RunStep, SharingAmountStep, WeightSharingStep
from tests.fakes.judged_runs import COURSES, TRUTH, board, perplexity, runs
from tests.fakes.watch import Watch
from tests.studies.test_sharing_amount import by_hand

SEEDS = range(1268, 1278)
POLICIES = ("enas", "nao", "darts", "fbnet", "spos", "fairnas")
QUICK = ReproduceRequest("quick", Experiment())


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No store is found in the working directory."""
    monkeypatch.chdir(tmp_path)


def values_of(place: int) -> list[float]:
    """Ten accuracies of the policy at a place."""
    return (0.80 + 0.01 * place + 0.001 * np.arange(10)).tolist()


def made(oracle: str, policies: tuple[str, ...] = POLICIES, shift: int = 0) -> Leaderboard:
    """A leaderboard of policies on an oracle, and random on the same; each seed's rank is 1,000 above the last's."""
    groups = []
    for place, policy in enumerate((*policies, "random"), shift):
        told = [(value, 10_000 - 1000 * i) for i, value in enumerate(values_of(place))]
        taus = [0.1 * place] * 10 if oracle == "supernet" and policy != "random" else None
        groups.append(runs(policy, told, SEEDS, taus=taus, oracle=oracle))
    return board(*groups, truth=TRUTH)


def found(name: str, request: ReproduceRequest = QUICK) -> Findings:
    return items.find(name).find(request, Watch())


def cell(section: ReproducedSection, row: str, column: str) -> ReproducedCell:
    cells = next(each.cells for each in section.rows if each.name == row)
    return cells[section.columns.index(column)]


def measured(section: ReproducedSection, row: str, column: str) -> MeasuredValue:
    ours = cell(section, row, column).ours
    assert isinstance(ours, MeasuredValue), ours
    return ours


def test_table_4_has_the_means_bests_ranks_and_chances_of_the_leaderboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunStep, "board", lambda self: made(self.experiment.oracles[0], ("nao", "enas")))
    section, both, _ = found("table4").sections
    values = 100 * np.array(values_of(0))
    mean = measured(section, "nao", "mean")
    assert (mean.value, mean.std) == (pytest.approx(values.mean()), pytest.approx(values.std(ddof=1)))
    assert mean.text == f"{values.mean():.2f} ± {values.std(ddof=1):.2f}"
    assert measured(section, "nao", "best").value == pytest.approx(values.max())
    assert measured(section, "enas", "best rank").text == "1,000"
    assert measured(section, "enas", "p(beats random)").value == pytest.approx((1 - 1000 / 423_624) ** 10)
    printed = cell(section, "nao", "best").printed
    assert printed is not None
    assert printed.text == "94.11"
    assert cell(section, "random", "best").printed is None
    assert [measured(both, "nao", head).text for head in both.columns] == ["0.98", "0.98"]


def test_the_row_of_the_space_is_the_tables_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunStep, "board", lambda self, metric=None: None)
    rnn, cnn, _ = found("table3").sections
    means = {name: open_table("rnn2-austen").mean(f"{name}_perplexity") for name in ("validation", "test")}
    assert measured(rnn, "space", "mean valid").value == pytest.approx(means["validation"].mean())
    assert measured(rnn, "space", "mean test").std == pytest.approx(means["test"].std())
    assert measured(rnn, "space", "best test").value == pytest.approx(means["test"].min())
    truth = 100 * open_table("nasbench101-v5-digits").mean("test_accuracy")
    assert measured(cnn, "space", "best").value == pytest.approx(truth.max())
    assert cell(cnn, "space", "best rank").ours is None


def test_table_3_has_validation_and_test_each_in_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation 3 above test, as in the made-up boards."""

    def boards(self: RunStep, metric: str | None = None) -> Leaderboard | None:
        if metric is None:
            return None
        above = 3.0 if metric == "validation_perplexity" else 0.0
        found = [perplexity(64.0 + above, 2), perplexity(66.0 + above, 5)]
        return board(runs("nao", found, (1, 2), taus=[0.1, 0.1], oracle="supernet"), truth=COURSES)

    monkeypatch.setattr(RunStep, "board", boards)
    rnn = found("table3").sections[0]
    expected = {"mean valid": 68.0, "mean test": 65.0, "best valid": 67.0, "best test": 64.0}
    assert {column: measured(rnn, "nao", column).value for column in rnn.columns} == expected


def test_table_6_has_the_best_of_all_measured_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    shifts = {"nasbench101-v4": 2, "nasbench101-v5": 1}
    monkeypatch.setattr(RunStep, "board", lambda self: made("supernet", shift=shifts[self.experiment.space or ""]))
    sections = found("table6").sections
    four, five, six = sections[:3]
    taus = [measured(section, "spos", "K-T").text for section in (four, five)]
    assert taus == ["0.60 ± 0.00", "0.50 ± 0.00"]
    assert measured(sections[4], "spos", "best").value == pytest.approx(100 * max(values_of(6)))
    assert measured(five, "spos", "best").value == pytest.approx(100 * max(values_of(5)))
    missing = cell(six, "spos", "mean").ours
    assert isinstance(missing, Missing)
    assert missing.command is not None
    assert "--space nasbench101-v6" in missing.command
    assert cell(four, "random", "K-T").ours is None
    assert cell(six, "enas", "K-T").ours is None  # the paper has none either


def test_the_printed_best_of_all_n_of_enas_is_not_the_best_of_its_printed_bests() -> None:
    again = found("table6").sections[5]
    texts = {row.name: (measured(again, row.name, "best").text, row.cells[0].printed) for row in again.rows}
    different = {name for name, (ours, printed) in texts.items() if printed is None or ours != printed.text}
    assert different == {"enas"}
    assert texts["enas"][0] == "92.95"


def test_a_space_of_which_one_search_is_missing_has_no_best_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def boards(self: RunStep) -> Leaderboard | None:
        return made("supernet") if self.experiment.space == "nasbench101-v4" else None

    monkeypatch.setattr(RunStep, "board", boards)
    ours = cell(found("table6").sections[4], "nao", "best").ours
    assert isinstance(ours, Missing)
    assert "nasbench101-v5" in (ours.command or "")


def test_table_5_has_the_taus_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [1 - i / 20 for i in range(12)]
    swapped = [*right[:3], *right[3:6][::-1], right[7], right[6], *right[8:]]
    monkeypatch.setattr(sharing, "is_finished", lambda step: True)
    monkeypatch.setattr(SharingAmountStep, "has_truth", lambda self: True)
    monkeypatch.setattr(SharingAmountStep, "content", lambda self, watcher: by_hand(right, swapped))
    findings = found("table5")
    (section,) = findings.sections
    assert [measured(section, "tau", str(n)).value for n in range(4)] == pytest.approx([1, 0, 2 / 3, 1])
    assert measured(section, "tau", "1").std == pytest.approx(np.sqrt(2))
    assert findings.grids
    assert not isinstance(findings.figure, Missing)


def shared_ranks() -> dict[str, Any]:
    """Three cells, two seeds; the second is the average run and scores the true third best."""
    cells = [
        {"rank": 1, "scores": [60.0, 70.0]},
        {"rank": 2, "scores": [61.0, 69.0]},
        {"rank": 3, "scores": [62.0, 68.0]},
    ]
    moved = [{"run": "best", "seed": 1}, {"run": "average", "seed": 2}]
    return {"cells": cells, "displacements": moved, "seeds": [1, 2], "larger_is_better": False}


def test_the_cell_that_the_average_run_ranks_first_has_the_lowest_perplexity_of_its_scores() -> None:
    content: Any = shared_ranks()
    assert sharing._first(content) == MeasuredValue("3", 3)
    assert sharing._first({**content, "larger_is_better": True}) == MeasuredValue("1", 1)
    assert sharing._first({**content, "displacements": []}) is None


@pytest.mark.parametrize("name", ["figure2", "figure3", "figure4", "figure6", "table5"])
def test_what_was_not_measured_has_no_figure_and_the_command_that_makes_it(name: str) -> None:
    findings = found(name)
    assert isinstance(findings.figure, Missing)
    assert (findings.figure.command or "").startswith("harness study ")


def test_figure_7_needs_no_runs() -> None:
    findings = found("figure7")
    assert findings.content["table"] == "rnn2-ptb"
    assert not isinstance(findings.figure, Missing)
    assert found("figure7", ReproduceRequest("quick", Experiment(), "rnn2-austen")).content["table"] == "rnn2-austen"


def test_a_number_that_does_not_exist_is_missing_with_its_reason() -> None:
    assert number(Undefined("no run has a value"), 2) == Missing("no run has a value")
    assert mean_and_std(Undefined("why"), 1.0) == Missing("why")
    assert mean_and_std(0.5, Undefined("one seed has no standard deviation"), scale=100) == MeasuredValue("50.00", 50.0)


def test_a_table_that_nothing_reads_is_refused() -> None:
    for name, words in (("table4", "reads tables of nasbench101"), ("table1", "reads no table")):
        with pytest.raises(SettingError, match=words):
            items.require_table(items.find(name), replace(QUICK, table="rnn2-ptb"))
    items.require_table(items.find("table3"), replace(QUICK, table="rnn2-ptb"))


def test_a_misspelt_item_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'figure4'"):
        items.find("figur4")


def test_a_table_that_is_given_takes_the_place_of_the_one_of_its_scheme_alone() -> None:
    first, second = items.find("table3").steps(replace(QUICK, table="rnn2-ptb"))
    assert (first.experiment.table, second.experiment.table) == ("rnn2-ptb", "nasbench101-v5-digits")
    assert "--table rnn2-ptb" in first.command
    assert "--table" not in second.command


def test_the_scoring_epochs_of_figure_4_are_those_of_the_stored_study() -> None:
    (step,) = items.find("figure4").steps(QUICK)
    assert isinstance(step, WeightSharingStep)
    assert {tuple(spec.settings["policy"]["score_epochs"]) for spec in step.plan().specs} == {(6, 18)}
