"""The checklist says yes on evidence alone: each answer flips when the evidence is taken away."""

from dataclasses import replace

import pytest

from harness.core.numbers import Undefined
from harness.leaderboard.stored_boards import stored_boards
from harness.report.board_report import board_report_of
from harness.report.checklist import checklist, tally
from harness.storage.store import Store

QUESTIONS = 15
"""Items 1 to 12 of the paper; its first one has four parts that a store can show."""

CLEAN = {"harness": "0.1.0", "python": "3.11", "platform": "x", "cpu_count": 2, "packages": {"numpy": "2"}}


@pytest.fixture
def board_report(store_url):
    with Store.read(store_url) as store:
        found = board_report_of(stored_boards(store, store.runs())[0], store)
    return remade(found, lambda run: replace(run, provenance=CLEAN | {"git_revision": "ab12"}))


def remade(board_report, change):
    rows = tuple(replace(row, runs=tuple(change(run) for run in row.runs)) for row in board_report.rows)
    return replace(board_report, rows=rows)


def with_made(board_report, **made):
    """The chapter, whose first run was made in other circumstances."""
    first = board_report.runs[0].id
    return remade(board_report, lambda run: replace(run, provenance=run.provenance | made) if run.id == first else run)


def answer(board_report, word):
    (item,) = [item for item in checklist(board_report) if word in item.question]
    return item.answer


def test_every_item_is_answered_and_counted(board_report):
    items = checklist(board_report)
    assert len(items) == QUESTIONS
    assert all(item.evidence for item in items)
    assert tally(items) == "12 yes, 1 no, 2 not recorded"


@pytest.mark.parametrize(
    ("revision", "expected"), [("ab12", "yes"), ("ab12-dirty", "no"), (None, "not recorded")], ids=str
)
def test_code_is_known_by_a_clean_revision_alone(board_report, revision, expected):
    changed = remade(board_report, lambda run: replace(run, provenance=CLEAN | {"git_revision": revision}))
    assert answer(changed, "code of the search space") == expected
    assert answer(changed, "code of the search methods") == expected


def test_a_policy_of_ones_own_is_not_in_the_store(board_report):
    own = remade(board_report, lambda run: replace(run, spec=replace(run.spec, policy="mine:Mine")))
    assert answer(own, "search methods") == "not recorded"


@pytest.mark.parametrize("made", [{"platform": "y"}, {"python": "3.12"}, {"cpu_count": 4}, {"packages": {}}], ids=str)
def test_one_run_on_another_machine_or_version_is_a_confounder(board_report, made):
    assert answer(board_report, "confounders") == "yes"
    assert answer(with_made(board_report, **made), "confounders") == "no"


def test_one_run_by_another_search_metric_is_another_benchmark_and_a_leak(board_report):
    first = board_report.runs[0].id
    leaky = remade(
        board_report, lambda run: replace(run, spec=replace(run.spec, search_metric="test")) if run.id == first else run
    )
    assert answer(board_report, "same benchmark") == answer(board_report, "evaluation protocol") == "yes"
    assert answer(leaky, "same benchmark") == answer(leaky, "evaluation protocol") == "no"


def test_a_look_at_the_truth_before_the_end_of_a_run_is_told(board_report):
    assert board_report.early_lookups == 0
    assert answer(replace(board_report, early_lookups=1), "evaluation protocol") == "no"


def test_a_second_setting_of_a_policy_is_an_ablation(board_report):
    first = next(run.id for run in board_report.runs if run.spec.policy == "evolution")
    settings = {"policy": {"population": 1}, "oracle": {}, "space": {}}
    two = remade(
        board_report, lambda run: replace(run, spec=replace(run.spec, settings=settings)) if run.id == first else run
    )
    assert answer(board_report, "ablations") == "no"
    assert answer(two, "ablations") == "yes"


def test_without_scores_or_without_the_truth_nothing_is_compared_over_time(board_report):
    assert answer(board_report, "over time") == "yes"
    assert answer(remade(board_report, lambda run: replace(run, scores=0)), "over time") == "no"
    assert answer(replace(board_report, ground_truth=Undefined("no table")), "over time") == "no"


def test_random_search_counts_and_a_single_draw_does_not(board_report):
    alone = tuple(
        replace(row, entry=replace(row.entry, against_search=()))
        for row in board_report.rows
        if row.entry.policy in ("evolution", "random")
    )
    assert answer(board_report, "random search") == "yes"
    assert answer(replace(board_report, rows=alone), "random search") == "no"


def test_a_single_seed_is_no_repetition(board_report):
    one = tuple(replace(row, entry=replace(row.entry, seeds=row.entry.seeds[:1])) for row in board_report.rows)
    assert answer(board_report, "repeated") == "yes"
    assert answer(replace(board_report, rows=one), "repeated") == "no"


def test_a_missing_record_of_the_machine_is_a_gap(board_report):
    assert answer(board_report, "whole experimental setup") == "yes"
    assert answer(with_made(board_report, platform=""), "whole experimental setup") == "no"
