"""What is found of plug-ins that see the truth, and what is not: the trust that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard.end_to_end import compare
from harness.leaderboard.leaderboard import Leaderboard
from harness.leaderboard.stored_boards import stored_boards
from harness.planning.experiment import Experiment
from harness.report.board_report import board_report_of
from harness.report.checklist import checklist
from harness.storage.store import Store
from tests.fakes.watch import Watch

CHEATS = ("OpensTheFile", "BuildsAJudge", "WalksTheCollector", "WalksTheStack", "AsksNothing")
UNSCORED = "2 of 2 runs recommend a cell that they never scored"
LEAK = "saw test_accuracy, the metric that it is judged by: its numbers are too good"


def named(name: str) -> str:
    return f"tests.fakes.cheating:{name}"


def compared(path: Path, policy: str, oracle: str = "tabular", **changes: Any) -> Leaderboard:
    fields = {"policies": (policy,), "oracles": (oracle,), "seeds": (1, 2), "budget": {"queries": 12}, "workers": 1}
    store = {"store": f"sqlite:///{path}/runs.db", "equal_cost": False, "space": "nasbench101-v5"}
    return compare(Experiment.model_validate(fields | store | changes), Watch())


def row(board: Leaderboard, policy: str) -> Any:
    return next(entry for entry in board.entries if entry.policy == policy)


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_stolen_cell_that_was_never_scored_is_flagged(tmp_path: Path, cheat: str) -> None:
    board = compared(tmp_path, named(cheat))
    assert row(board, named(cheat)).best_rank == 1
    assert [text for text in board.warnings if UNSCORED in text]


def test_a_stolen_cell_that_was_also_scored_is_not_found(tmp_path: Path) -> None:
    board = compared(tmp_path, named("CoversUp"))
    assert row(board, named("CoversUp")).best_rank == 1
    assert not [text for text in board.warnings if "never scored" in text or LEAK in text]


@pytest.mark.parametrize("policy", ["random", "random-search", "evolution"])
def test_honest_policies_are_not_flagged(tmp_path: Path, policy: str) -> None:
    board = compared(tmp_path, policy)
    assert not [text for text in board.warnings if "never scored" in text]


def test_an_oracle_that_declares_test_figures_has_the_warning_of_a_leak(tmp_path: Path) -> None:
    board = compared(tmp_path, "random-search", named("SaysTest"))
    assert [text for text in board.warnings if text == f"the search of random-search {LEAK}"]
    with Store.read(f"sqlite:///{tmp_path}/runs.db") as store:
        assert {store.search_split(run.id) for run in store.runs() if run.spec.policy != "random"} == {"test"}
        (again,) = stored_boards(store, store.runs(), searches=False)
    assert [text for text in again.board.warnings if LEAK in text]


def test_an_oracle_that_answers_with_the_truth_is_found_whatever_it_declares(tmp_path: Path) -> None:
    board = compared(tmp_path, "random-search", named("AnswersTest"))
    (warning,) = [text for text in board.warnings if "answered with test_accuracy" in text]
    assert warning.startswith(f"oracle {named('AnswersTest')} answered with test_accuracy")
    with Store.read(f"sqlite:///{tmp_path}/runs.db") as store:
        looks = [look.architecture for look in store.looks() if "compared with the truth" in look.architecture]
    assert looks == ["12 answers of the oracle, compared with the truth"] * 2


def test_answers_that_are_near_the_truth_are_not_found(tmp_path: Path) -> None:
    board = compared(tmp_path, "random-search", named("AnswersNearTest"))
    assert not [text for text in board.warnings if "answered with" in text or LEAK in text]


@pytest.mark.parametrize(
    ("policy", "oracle", "methods", "protocol"),
    [
        ("random-search", "tabular", True, "yes"),
        (named("CoversUp"), "tabular", False, "not recorded"),
        ("random-search", named("AnswersNearTest"), False, "not recorded"),
        ("random-search", named("SaysTest"), False, "no"),
        ("random-search", named("AnswersTest"), False, "no"),
    ],
)
def test_the_checklist_states_nothing_that_was_not_established(
    tmp_path: Path, policy: str, oracle: str, methods: bool, protocol: str
) -> None:
    compared(tmp_path, policy, oracle)
    with Store.read(f"sqlite:///{tmp_path}/runs.db") as store:
        report = board_report_of(stored_boards(store, store.runs(), searches=False)[0], store)
    items = {item.question: item for item in checklist(report)}
    asked = items["Is the same evaluation protocol used for all methods?"]
    assert asked.answer == protocol
    assert ("not known" in asked.evidence) == (protocol == "not recorded")
    assert ("not this project's own" not in items["Is the code of the search methods published?"].evidence) == methods
