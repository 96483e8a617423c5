"""Judging by training from scratch: each cell once, all from the same seeds, and nothing is trained again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from backends.tabular.journal import read_journal
from harness.core.errors import DataError, SettingError, SpaceError, StoreError, UnknownNameError
from harness.core.judgement import Correlation, NoVerdict, TruthLookup, UnrankedVerdict
from harness.core.numbers import Undefined
from harness.core.space import Architecture
from harness.execution.executor import Workers
from harness.judging.training_judge import ScratchTraining, TrainedJudge
from harness.planning.settings import create_space

SPACE = create_space("nasbench101-v4")
FAKE = "tests.fakes.trainer:FakeTrainer"


def cells(count: int = 3, operation: int = 0) -> list[Architecture]:
    """Distinct cells whose operations are all this one."""
    found = [cell for cell in SPACE.enumerate() if set(operations(cell)) == {operation}]
    return found[:count]


def operations(cell: Architecture) -> tuple[int, ...]:
    from harness.spaces.nasbench101_keys import matrix_of_key

    return matrix_of_key(SPACE.key(cell))[1]


def relabelled(cell: Architecture) -> Architecture:
    """Another description of the same cell."""
    canonical = SPACE.canonical(cell)
    return next(other for other in SPACE.neighbours(canonical) if SPACE.canonical(other) == canonical)


DIGITS = ScratchTraining.of("nasbench101-v5-digits", SPACE)
SCRATCH = ScratchTraining("tiny", replace(DIGITS.recipe, repeats=2))


def trained(asked: list[Architecture], folder: Path, scratch: ScratchTraining = SCRATCH) -> dict[int, float]:
    return scratch.train(asked, SPACE, folder, workers=Workers(1), trainer=FAKE)


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("judge-*.journal"))


def test_each_cell_is_trained_once_and_has_the_mean_of_its_repeats(tmp_path: Path) -> None:
    asked = cells()
    values = trained([*asked, *asked[::-1]], tmp_path)
    assert len(values) == 3
    for cell in asked:
        expected = 0.1 + 0.2 * len(operations(cell)) + 0.05  # repeats 0 and 1
        assert values[SPACE.key(cell)] == pytest.approx(expected)
    (journal,) = journals(tmp_path)
    assert len(read_journal(journal)[1]) == 3 * 2
    assert {row["epochs"] for row in read_journal(journal)[1]} == {12}


def test_what_was_trained_is_not_trained_again_and_what_is_new_is_added(tmp_path: Path) -> None:
    first, more = cells(2), cells(4)
    before = trained(first, tmp_path)
    (journal,) = journals(tmp_path)
    content = journal.read_bytes()
    assert trained(first, tmp_path) == before
    assert journal.read_bytes() == content
    values = trained(more, tmp_path)
    assert journal.read_bytes().startswith(content)
    assert len(read_journal(journal)[1]) == 4 * 2
    assert values.items() > before.items()


def test_where_nothing_is_asked_no_worker_is_started(tmp_path: Path) -> None:
    assert SCRATCH.train([], SPACE, tmp_path, workers=Workers(1), trainer="nowhere:Nothing") == {}
    assert not journals(tmp_path)


def test_a_repeat_that_diverged_leaves_the_cell_without_a_value(tmp_path: Path) -> None:
    (cell,) = cells(1, operation=2)
    values = trained([cell], tmp_path)
    assert math.isnan(values[SPACE.key(cell)])
    text = SPACE.format(cell)
    judgement = TrainedJudge(SCRATCH.truth, SPACE, values).judge(cell)
    assert judgement == NoVerdict(f"training the recommended cell {text} from scratch diverged")


def test_another_recipe_has_a_journal_of_its_own(tmp_path: Path) -> None:
    trained(cells(1), tmp_path)
    trained(cells(1), tmp_path, ScratchTraining("tiny", replace(SCRATCH.recipe, seed=8)))
    assert len(journals(tmp_path)) == 2


@pytest.mark.slow(reason="starts worker processes")
def test_workers_train_on_the_gpus_that_they_are_given_and_else_on_the_cpu(tmp_path: Path) -> None:
    for gpus, devices in (((), {"cpu"}), ((3,), {"cuda:3"}), ((0, 2), {"cuda:0", "cuda:2"})):
        folder = tmp_path / str(gpus)
        SCRATCH.train(cells(6), SPACE, folder, workers=Workers(2, gpus), trainer=FAKE)
        (journal,) = journals(folder)
        found = {row["device"] for row in read_journal(journal)[1]}
        assert found
        assert found <= devices


def test_what_is_wrong_with_the_data_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fetch it"):
        trained(cells(1), tmp_path, ScratchTraining("tiny", replace(SCRATCH.recipe, dataset="missing")))


def test_a_trained_cell_has_a_value_in_any_labelling_and_each_look_is_recorded(tmp_path: Path) -> None:
    kept: list[TruthLookup] = []
    (cell,), other = cells(1), cells(2)[1]
    judge = TrainedJudge(SCRATCH.truth, SPACE, {SPACE.key(cell): 0.75}, record=kept.append)
    assert judge.judge(cell, run="r1") == UnrankedVerdict(0.75)
    assert judge.judge(relabelled(cell), run="r2") == UnrankedVerdict(0.75)
    assert judge.judge(other) == NoVerdict(f"the recommended cell {SPACE.format(other)} was not trained from scratch")
    assert [look.run for look in kept] == ["r1", "r2", ""]
    assert {(look.metric, look.table_digest) for look in kept} == {("test_accuracy", SCRATCH.recipe.digest())}
    with pytest.raises(SpaceError, match="so it has no truth"):
        judge.judge(Architecture((9,)))

    def refuse(look: TruthLookup) -> None:
        raise StoreError("read-only")

    with pytest.raises(StoreError, match="read-only"):
        TrainedJudge(SCRATCH.truth, SPACE, {SPACE.key(cell): 0.75}, record=refuse).judge(cell)


def test_cells_that_were_probed_have_no_truth_and_are_not_looked_at() -> None:
    kept: list[TruthLookup] = []
    judge = TrainedJudge(SCRATCH.truth, SPACE, {}, record=kept.append)
    assert judge.tau(cells(), [0.1, 0.2, 0.3]) == Correlation(
        Undefined("trained from scratch: the space is not ranked"), 0
    )
    assert not kept


def test_the_truth_is_that_of_the_full_budget_alone() -> None:
    assert DIGITS.recipe.epochs == (12,)
    truth = DIGITS.truth
    assert truth.text == "test accuracy, mean of 3 repeats at 12 epochs"
    assert (truth.kind, truth.name, truth.digest) == ("recipe", "nasbench101-v5-digits", DIGITS.recipe.digest())
    assert truth.ranking == Undefined("trained from scratch: the space is not ranked")


def test_recurrent_cells_are_judged_by_their_last_test_perplexity(tmp_path: Path) -> None:
    space = create_space("rnn3")
    recipe = ScratchTraining.of("tables/rnn2-austen.yaml", space).recipe
    scratch = ScratchTraining("text", replace(recipe, repeats=2))
    good, bad = space.parse("tanh@0 tanh@1 sigmoid@0"), space.parse("tanh@0 tanh@1 relu@0")
    values = scratch.train(
        [good, bad, good], space, tmp_path, workers=Workers(1), trainer="tests.fakes.trainer:FakeLanguageTrainer"
    )
    assert values[space.key(good)] == pytest.approx(0.8 * (300 + 301) / 2)
    assert math.isnan(values[space.key(bad)])
    assert scratch.truth.text == "test perplexity, mean of 2 repeats at 6 epochs"
    assert not scratch.truth.larger_is_better


def test_an_unknown_recipe_or_one_that_cannot_train_the_space_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown recipe 'nasbench101-v5-digit'; did you mean"):
        ScratchTraining.of("nasbench101-v5-digit", SPACE)
    with pytest.raises(SettingError, match="one of task 'language'"):
        ScratchTraining.of("nasbench101-v5-digits", create_space("rnn2"))
