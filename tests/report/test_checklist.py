"""The checklist says yes on evidence alone: each answer flips when the evidence is taken away."""

from dataclasses import replace

import pytest

from harness.core.numbers import Undefined
from harness.leaderboard.stored_boards import stored_boards
from harness.report.board_data import chapter_of
from harness.report.checklist import checklist, tally
from harness.storage.store import Store

QUESTIONS = 15
"""Items 1 to 12 of the paper; its first one has four parts that a store can show."""

CLEAN = {"harness": "0.1.0", "python": "3.11", "platform": "x", "cpu_count": 2, "packages": {"numpy": "2"}}


@pytest.fixture
def chapter(store_url):
    with Store.read(store_url) as store:
        found = chapter_of(stored_boards(store, store.runs())[0], store)
    return remade(found, lambda run: replace(run, provenance=CLEAN | {"git_revision": "ab12"}))


def remade(chapter, change):
    rows = tuple(replace(row, runs=tuple(change(run) for run in row.runs)) for row in chapter.rows)
    return replace(chapter, rows=rows)


def with_made(chapter, **made):
    """The chapter, whose first run was made in other circumstances."""
    first = chapter.runs[0].id
    return remade(chapter, lambda run: replace(run, provenance=run.provenance | made) if run.id == first else run)


def answer(chapter, word):
    (item,) = [item for item in checklist(chapter) if word in item.question]
    return item.answer


def test_every_item_is_answered_and_counted(chapter):
    items = checklist(chapter)
    assert len(items) == QUESTIONS
    assert all(item.evidence for item in items)
    assert tally(items) == "12 yes, 1 no, 2 not recorded"


@pytest.mark.parametrize(
    ("revision", "expected"), [("ab12", "yes"), ("ab12-dirty", "no"), (None, "not recorded")], ids=str
)
def test_code_is_known_by_a_clean_revision_alone(chapter, revision, expected):
    changed = remade(chapter, lambda run: replace(run, provenance=CLEAN | {"git_revision": revision}))
    assert answer(changed, "code of the search space") == expected
    assert answer(changed, "code of the search methods") == expected


def test_a_policy_of_ones_own_is_not_in_the_store(chapter):
    own = remade(chapter, lambda run: replace(run, spec=replace(run.spec, policy="mine:Mine")))
    assert answer(own, "search methods") == "not recorded"


@pytest.mark.parametrize("made", [{"platform": "y"}, {"python": "3.12"}, {"cpu_count": 4}, {"packages": {}}], ids=str)
def test_one_run_on_another_machine_or_version_is_a_confounder(chapter, made):
    assert answer(chapter, "confounders") == "yes"
    assert answer(with_made(chapter, **made), "confounders") == "no"


def test_one_run_by_another_search_metric_is_another_benchmark_and_a_leak(chapter):
    first = chapter.runs[0].id
    leaky = remade(
        chapter, lambda run: replace(run, spec=replace(run.spec, search_metric="test")) if run.id == first else run
    )
    assert answer(chapter, "same benchmark") == answer(chapter, "evaluation protocol") == "yes"
    assert answer(leaky, "same benchmark") == answer(leaky, "evaluation protocol") == "no"


def test_a_look_at_the_truth_before_the_end_of_a_run_is_told(chapter):
    assert chapter.early_looks == 0
    assert answer(replace(chapter, early_looks=1), "evaluation protocol") == "no"


def test_a_second_setting_of_a_policy_is_an_ablation(chapter):
    first = next(run.id for run in chapter.runs if run.spec.policy == "evolution")
    settings = {"policy": {"population": 1}, "oracle": {}, "space": {}}
    two = remade(
        chapter, lambda run: replace(run, spec=replace(run.spec, settings=settings)) if run.id == first else run
    )
    assert answer(chapter, "ablations") == "no"
    assert answer(two, "ablations") == "yes"


def test_without_scores_or_without_the_truth_nothing_is_compared_over_time(chapter):
    assert answer(chapter, "over time") == "yes"
    assert answer(remade(chapter, lambda run: replace(run, scores=0)), "over time") == "no"
    assert answer(replace(chapter, ground=Undefined("no table")), "over time") == "no"


def test_random_search_counts_and_a_single_draw_does_not(chapter):
    alone = tuple(
        replace(row, entry=replace(row.entry, against_search=()))
        for row in chapter.rows
        if row.entry.policy in ("evolution", "random")
    )
    assert answer(chapter, "random search") == "yes"
    assert answer(replace(chapter, rows=alone), "random search") == "no"


def test_a_single_seed_is_no_repetition(chapter):
    one = tuple(replace(row, entry=replace(row.entry, seeds=row.entry.seeds[:1])) for row in chapter.rows)
    assert answer(chapter, "repeated") == "yes"
    assert answer(replace(chapter, rows=one), "repeated") == "no"


def test_a_missing_record_of_the_machine_is_a_gap(chapter):
    assert answer(chapter, "whole experimental setup") == "yes"
    assert answer(with_made(chapter, platform=""), "whole experimental setup") == "no"
