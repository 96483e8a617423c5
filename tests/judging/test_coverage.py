"""What an encoding reaches of a space, against brute force, published counts and a space judged by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends.synthetic import SyntheticOracle
from backends.tabular.named_tables import open_table
from harness.core.errors import SpaceError, TableError
from harness.core.numbers import Undefined
from harness.core.runspec import RunSpec
from harness.judging.coverage import coverage, coverage_warnings, partial_coverage, percent
from harness.judging.judge import Judge
from harness.judging.judge_runs import judge_run
from harness.planning.settings import create_space
from harness.storage.store import Store
from tests.fakes import stored_runs
from tests.fakes.judged_runs import SCRATCH, board, every_form, runs
from tests.fakes.spaces import Pairs
from tests.fakes.tables import TRUTH, FakeTable

DIGITS = open_table("nasbench101-v5-digits")
TREE = {"encoding": "tree"}


class Steps(Pairs):
    """Pairs of the numbers below 4 of which only those whose numbers differ by one are reached: 0+1, 1+2 and 2+3."""

    encoding = "steps"

    @property
    def reachable(self) -> int:
        return 3

    def enumerate_keys(self) -> Any:
        return np.array([1, 12, 23])


def trees(vertices: int) -> set[int]:
    """The cells that the tree encoding reaches, by walking all its choices."""
    space = create_space(f"nasbench101-v{vertices}", TREE)
    choices = np.array(list(itertools.product(*(range(n) for n in space.options))))
    keys = space.canonical_keys(space.keys(choices))
    return set(keys[keys >= 0].tolist())


@pytest.mark.parametrize(
    ("name", "reached", "size"),
    # the sequences of eval-nas, enas_policy/utils_for_nasbench.py, joined by isomorphism; sizes by NAS-Bench-101
    [
        ("nasbench101-v4", 15, 91),
        ("nasbench101-v5", 82, 2_532),
        ("nasbench101-v6", 495, 64_542),
        ("nasbench101", 3_123, 423_624),
    ],
)
def test_the_tree_encoding_reaches_a_small_part_of_the_space(name: str, reached: int, size: int) -> None:
    found = coverage(create_space(name, TREE))
    assert (found.space, found.encoding, found.reachable, found.size) == (name, "tree", reached, size)
    assert found.share == pytest.approx(reached / size)
    assert found.best == Undefined("no table is at hand")


def test_the_best_that_a_tree_reaches_is_that_of_walking_all_trees() -> None:
    found = coverage(create_space("nasbench101-v5", TREE), DIGITS)
    means = dict(zip(DIGITS.keys.tolist(), DIGITS.values("test_accuracy").mean(axis=1).tolist(), strict=True))
    cells = trees(5)
    best = max(cells, key=means.__getitem__)
    assert not isinstance(found.best, Undefined)
    assert len(cells) == found.reachable
    assert found.best.verdict.value == pytest.approx(means[best])
    assert found.best.verdict.rank == 1 + sum(value > means[best] + 1e-9 for value in means.values())
    space = create_space("nasbench101-v5")
    assert space.canonical_keys(space.require([space.parse(found.best.cell)])).tolist() == [best]
    assert found.text == (
        "encoding tree reaches 82 of 2,532 cells (3.2 %); the best of them is "
        f"rank {found.best.verdict.rank}, {100 * means[best]:.2f} %: no policy can do better"
    )


def test_of_perplexities_the_best_is_the_smallest() -> None:
    table = FakeTable({0: 0.7, 1: 0.9, 2: 0.9, 11: 0.8, 12: 0.95, 22: 0.75}, metrics=("test_perplexity",))
    best = coverage(Steps(), table).best
    assert not isinstance(best, Undefined)
    assert (best.cell, best.metric, best.verdict.value, best.verdict.rank) == ("0+1", "test_perplexity", 0.9, 4)
    assert best.text == "rank 4, 0.90"


def test_cells_without_a_value_are_not_the_best_and_where_none_has_one_there_is_a_reason() -> None:
    table = FakeTable({0: 0.7, 1: 0.9, 12: float("nan"), 33: 0.95})
    best = coverage(Steps(), table).best
    assert not isinstance(best, Undefined)
    assert (best.cell, best.verdict.rank) == ("0+1", 2)
    none = coverage(Steps(), FakeTable({0: 0.7, 12: float("nan"), 33: 0.95}))
    assert none.best == Undefined("the table has no value of any cell that is reached")
    assert none.text == "encoding steps reaches 3 of 10 cells (30 %)"


def test_a_table_without_such_a_metric_and_a_space_too_large_to_walk_are_refused() -> None:
    with pytest.raises(TableError, match="no metric 'test_acc'"):
        coverage(create_space("nasbench101-v5", TREE), DIGITS, "test_acc")
    large = create_space("rnn12")
    with pytest.raises(SpaceError, match="too many to enumerate"):
        coverage(large, FakeTable(TRUTH, scheme=large.scheme))


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100 %"), (0.03239, "3.2 %"), (0.00737, "0.74 %"), (0.165, "16 %"), (3e-6, "0.0003 %")]
)
def test_a_share_is_told_by_two_digits(share: float, text: str) -> None:
    assert percent(share) == text


def spec(seed: int = 1, **changes: Any) -> RunSpec:
    settings = {"policy": {}, "oracle": {}, "space": {"encoding": "tree", "sampler": "cells"}}
    fixed = {"space": "nasbench101-v5", "table": str(DIGITS.path), "table_digest": DIGITS.digest, "settings": settings}
    return stored_runs.spec(seed, **fixed | changes)  # type: ignore[no-any-return,no-untyped-call]


def test_an_encoding_that_reaches_all_lacks_nothing() -> None:
    space = create_space("nasbench101-v5")
    assert partial_coverage(spec(), space, Judge(DIGITS, space).truth) is None


def test_a_table_is_found_by_its_content_wherever_its_file_lies() -> None:
    space = create_space("nasbench101-v5", TREE)
    truth = Judge(DIGITS, space).truth
    here, gone = partial_coverage(spec(), space, truth), partial_coverage(spec(table="/nowhere/moved.h5"), space, truth)
    other = partial_coverage(spec(table=str(open_table("rnn2-ptb").path)), space, truth)
    assert here == gone == other == coverage(space, DIGITS)


def test_the_closed_form_behind_an_oracle_tells_the_best_too() -> None:
    space = create_space("nasbench101-v4", TREE)
    settings = {"policy": {}, "oracle": {}, "space": TREE}
    run = spec(oracle="synthetic", space="nasbench101-v4", table=None, table_digest=None, settings=settings)
    form = SyntheticOracle(space, 1).truth()
    found = partial_coverage(run, space, Judge(form, space).truth)
    assert found is not None
    assert not isinstance(found.best, Undefined)
    means = dict(zip(form.keys.tolist(), form.mean("test_accuracy").tolist(), strict=True))
    assert found.best.verdict.value == pytest.approx(max(means[key] for key in trees(4)))
    other = partial_coverage(run, space, replace(Judge(form, space).truth, digest="another form's"))
    assert other is not None
    assert other.best == Undefined("no table is at hand")


def test_a_recipe_ranks_nothing_and_so_has_no_best() -> None:
    for changes in ({}, {"oracle": "supernet", "table": None, "table_digest": None}):
        found = partial_coverage(spec(**changes), create_space("nasbench101-v5", TREE), SCRATCH)
        assert found is not None
        assert found.text == "encoding tree reaches 82 of 2,532 cells (3.2 %)"


def test_a_judged_run_carries_what_its_encoding_lacks_by_one_look_that_is_about_no_run() -> None:
    space = create_space("nasbench101-v5", TREE)
    with Store.open("sqlite://") as store:
        run = spec().digest
        store.begin(spec(), {})
        store.commit(run, [], stored_runs.checkpoint(5))
        judged_cell = space.format(space.from_key(int(space.enumerate_keys()[0])))
        store.finish(run, judged_cell)
        judge = Judge(DIGITS, space, record=store.record_lookup)
        judged = judge_run(store.show(run), judge, store, space)
        assert judged.coverage == coverage(space, DIGITS)
        judge_run(store.show(run), judge, store, space)
        looks = [(look.run, look.architecture) for look in store.looks()]
    assert looks == [(run, judged_cell), ("", "the best of 82 cells that encoding tree reaches")]


def test_every_form_of_a_leaderboard_says_what_its_encoding_cannot_reach() -> None:
    found = coverage(create_space("nasbench101-v5", TREE), DIGITS)
    made = board(runs("nao", [0.93, 0.94], [1, 2], coverage=found), runs("random", [0.8, 0.9], [1, 2], coverage=found))
    assert made.warnings.count(found.text) == 1
    forms = [" ".join(text.split()) for text in every_form(made) if not text.startswith("policy,")]
    assert len(forms) == 4
    assert all("encoding tree reaches 82 of 2,532 cells" in text for text in forms)
    assert not [each for each in board(runs("nao", [0.9], [1])).warnings if "encoding" in each]


def test_of_several_spaces_each_is_named_and_said_once() -> None:
    four, five = (coverage(create_space(f"nasbench101-v{n}", TREE)) for n in (4, 5))
    assert coverage_warnings([four, None, five, four]) == [
        "nasbench101-v4: encoding tree reaches 15 of 91 cells (16 %)",
        "nasbench101-v5: encoding tree reaches 82 of 2,532 cells (3.2 %)",
    ]
