"""A store's leaderboards come from its runs alone, each judged once, by its table wherever that lies now."""

import shutil
import sqlite3
import statistics

import numpy as np
import pytest

from backends.tabular.named_tables import open_table
from harness.core.budget import Budget
from harness.core.errors import HarnessError, StoreError, TableError
from harness.core.judgement import Truth, UnrankedVerdict
from harness.core.numbers import Undefined
from harness.leaderboard.equal_cost import SEED_OFFSET
from harness.leaderboard.stored_boards import stored_boards
from harness.planning.settings import create_space
from harness.storage.records import Result, ScoreRow
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, ended, going
from tests.fakes.table_runs import CELLS, TABLE, filled, spec, truth_of

RECIPE = Truth(
    metric="test_perplexity",
    repeats=2,
    epochs=3,
    kind="recipe",
    name="tiny",
    digest="e" * 64,
    larger_is_better=False,
    ranking=Undefined("trained from scratch: the space is not ranked"),
)


def boards(store, runs, **asked):
    return [found.board for found in stored_boards(store, runs, **asked)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "harness.db"


@pytest.fixture
def store(path):
    with Store.open(f"sqlite:///{path}") as opened:
        yield opened


def test_a_board_holds_the_truth_of_what_each_run_recommends(store):
    (board,) = boards(store, filled(store))
    truths = [truth_of(cell) for cell in CELLS]
    everything = TABLE.values("test_perplexity").mean(axis=1)
    for entry in board.entries:
        assert entry.values == pytest.approx(truths)
        assert entry.mean == pytest.approx(statistics.fmean(truths))
        assert entry.std == pytest.approx(statistics.stdev(truths))
        assert entry.ranks == tuple(1 + int((everything < truth - 1e-9).sum()) for truth in truths)
    assert [entry.policy for entry in board.entries] == ["nao", "random"]
    assert (board.truth.name, board.truth.metric, board.truth.repeats) == ("rnn2-austen", "test_perplexity", 10)


def test_each_judgement_is_one_look_and_none_the_second_time(store):
    first = boards(store, filled(store))
    assert [look.run for look in store.looks()] == [run.id for run in store.runs()]
    assert boards(store, store.runs()) == first
    assert len(store.looks()) == 6


def test_another_metric_is_another_judgement(store):
    (board,) = boards(store, filled(store), metric="validation_perplexity")
    assert board.entries[0].values == pytest.approx([truth_of(cell, "validation_perplexity") for cell in CELLS])
    assert {look.metric for look in store.looks()} == {"validation_perplexity"}
    assert boards(store, store.runs())[0].truth.metric == "test_perplexity"


def test_rows_know_their_runs(store):
    (found,) = stored_boards(store, filled(store))
    assert [run.spec.seed for run in found.runs["nao", "tabular", "rnn2"]] == [1, 2, 3]
    assert {entry.key for entry in found.board.entries} == found.runs.keys()


def test_runs_of_other_settings_are_other_rows(store):
    for pool in (10, 20):
        for seed, cell in enumerate(CELLS, 1):
            ended(store, spec(seed, policy_settings={"pool": pool}), cell, trials=5)
    (board,) = boards(store, store.runs())
    assert {entry.policy for entry in board.entries} == {"nao (policy.pool=10)", "nao (policy.pool=20)"}
    assert not any("stands twice" in warning for warning in board.warnings)


def test_each_space_has_a_board_of_its_own(store):
    filled(store)
    other = create_space("rnn3")
    cell = other.format(other.sample(np.random.default_rng(0)))
    ended(store, spec(1, space="rnn3", table=None, table_digest=None, oracle="synthetic"), cell, trials=5)
    found = boards(store, store.runs())
    assert [(board.entries[0].space, board.truth.name) for board in found] == [
        ("rnn2", "rnn2-austen"),
        ("rnn3", "synthetic"),
    ]


def test_a_table_that_was_moved_is_found_by_its_content(store, tmp_path, monkeypatch):
    moved = tmp_path / "renamed.h5"
    shutil.copy(TABLE.path, moved)
    monkeypatch.setattr("backends.tabular.named_tables.known_tables", lambda: {"renamed": moved})
    ended(store, spec(table="/nowhere/rnn2-austen.h5"), CELLS[0], trials=5)
    (board,) = boards(store, store.runs())
    assert board.truth.name == "renamed"
    assert board.entries[0].values == pytest.approx([truth_of(CELLS[0])])


def test_another_table_at_the_runs_path_does_not_judge_it(store, tmp_path):
    other = tmp_path / "rnn2-austen.h5"
    shutil.copy(open_table("rnn2-ptb").path, other)
    ended(store, spec(table=str(other)), CELLS[0], trials=5)
    (board,) = boards(store, store.runs())
    assert board.truth.digest == TABLE.digest


@pytest.fixture
def gone(monkeypatch):
    """Take every table away from here on."""

    def take():
        monkeypatch.setattr("backends.tabular.named_tables.known_tables", dict)
        monkeypatch.setattr("backends.tabular.named_tables.Table.open", _missing)

    return take


def _missing(path):
    raise TableError(f"there is no table file {str(path)!r}")


def test_without_its_table_what_was_judged_is_told_from_the_store(store, gone):
    (before,) = boards(store, filled(store))
    gone()
    (after,) = boards(store, store.runs())
    assert [(row.key, row.values, row.ranks, row.welch_p) for row in after.entries] == [
        (row.key, row.values, row.ranks, row.welch_p) for row in before.entries
    ]
    (found,) = (row.against_random for row in after.entries if row.policy == "nao")
    assert found.exact_p == Undefined("the table that ranks the cells is not at hand")
    assert [text for text in before.warnings if text not in after.warnings] == [before.warnings[0]]
    assert before.warnings[0].startswith("the table cannot tell the best")
    assert len(store.looks()) == 6


def test_without_its_table_a_run_that_was_not_judged_is_an_error_that_names_it(store, gone):
    boards(store, filled(store))
    run = ended(store, spec(7), CELLS[0], trials=5)
    gone()
    with pytest.raises(
        TableError, match=rf"table 'rnn2-austen' .* run {run[:12]} was not judged.*--where 'table_digest!="
    ):
        boards(store, store.runs())


def test_without_its_table_a_store_of_an_earlier_version_says_that_it_does_not_know(store, path, gone):
    boards(store, filled(store))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE truths")
    connection.close()
    gone()
    with pytest.raises(TableError, match="is not to be found, and the store does not say what its numbers are of"):
        boards(store, store.runs())


def test_unfinished_runs_are_counted_and_left_out(store):
    filled(store)
    going(store, spec(8), 3)
    (board,) = boards(store, store.runs())
    assert board.warnings[-1].startswith("1 run of nao is not finished and left out")
    assert len(board.entries[0].seeds) == 3


def test_a_run_that_failed_stands_in_its_row_without_a_value(store):
    filled(store)
    going(store, spec(8), 3)
    store.fail(spec(8).digest, "out of memory")
    (board,) = boards(store, store.runs())
    assert {entry.policy: entry.failed for entry in board.entries}["nao"] == ((8, "out of memory"),)


def test_nothing_to_show_is_one_clear_line(store):
    with pytest.raises(StoreError, match="holds no run yet"):
        boards(store, [])
    going(store, spec(8), 3)
    with pytest.raises(StoreError, match="none of 1 runs is finished"):
        boards(store, store.runs())
    live = {"oracle": "standalone", "table": None, "table_digest": None}
    ended(store, spec(9, **live), CELLS[0])
    with pytest.raises(StoreError, match="is judged; `harness run --judge RECIPE`"):
        boards(store, store.runs(status="finished"))


def test_what_a_recipe_judged_is_a_board_of_its_own_and_nothing_is_trained(store):
    live = {"oracle": "standalone", "table": None, "table_digest": None}
    judged = [ended(store, spec(seed, **live), cell, trials=5) for seed, cell in enumerate(CELLS, 1)]
    ended(store, spec(4, **live), CELLS[0], trials=5)
    store.record_truth("rnn2", RECIPE)
    for value, run in enumerate(judged, 50):
        store.record_result(run, Result("", RECIPE.metric, RECIPE.digest, UnrankedVerdict(float(value))))
    (board,) = boards(store, store.runs())
    assert board.truth == RECIPE
    assert board.entries[0].values == (50.0, 51.0, 52.0)
    assert board.warnings[-1].startswith("1 run of nao is not judged and left out")
    assert store.looks() == []


def test_a_recipe_that_the_store_does_not_describe_is_an_error_that_says_what_to_do(store):
    live = {"oracle": "standalone", "table": None, "table_digest": None}
    run = ended(store, spec(1, **live), CELLS[0], trials=5)
    store.record_result(run, Result("", RECIPE.metric, RECIPE.digest, UnrankedVerdict(50.0)))
    with pytest.raises(
        TableError, match=r"judged by recipe eeeeeeeeeeee.*give their `harness run --judge RECIPE` command"
    ):
        boards(store, store.runs())


def test_random_searches_that_nobody_asked_for_are_no_rows_unless_they_are_alone(store):
    filled(store)
    beside = ended(store, spec(1 + SEED_OFFSET, "random-search"), CELLS[0])
    (board,) = boards(store, store.runs())
    assert {entry.policy for entry in board.entries} == {"nao", "random"}
    (board,) = boards(store, [store.show(beside)])
    assert [entry.policy for entry in board.entries] == ["random-search"]
    ended(store, spec(1, "random-search"), CELLS[0])
    (board,) = boards(store, store.runs())
    assert {entry.policy: entry.seeds for entry in board.entries}["random-search"] == (1,)


def test_random_search_at_equal_cost_is_compared_with_where_it_is_stored(store):
    filled(store)
    settings = {"samples": 9, "batch": 100}
    for seed in (1, 2, 3):
        made = spec(seed + SEED_OFFSET, "random-search", policy_settings=settings, budget=Budget())
        store.begin(made, {})
        scored = [ScoreRow(n, CELLS[2 - n % 3], None, n / 10, None, 6.0, 2.5) for n in range(9)]
        store.commit(made.digest, scored, checkpoint(9))
        store.finish(made.digest, CELLS[0])
    (found,) = boards(store, store.runs(policy="nao") + store.runs(policy="random"))
    (queries, *_) = found.entries[0].against_search
    expected = [truth_of(cell) for cell in CELLS]
    # the fifth of its scores is the best of as many as nao asked for, and CELLS[1] has it in each seed
    assert queries.difference == pytest.approx(truth_of(CELLS[1]) - statistics.fmean(expected))
    (without,) = stored_boards(store, store.runs(policy="nao"), searches=False)
    assert without.board.entries[0].against_search == ()


@pytest.mark.parametrize("part", ["policy", "oracle", "space"])
def test_a_run_whose_settings_lack_a_part_is_named(store, part):
    parts = {name: {} for name in ("policy", "oracle", "space") if name != part}
    run = ended(store, spec(1, settings=parts), CELLS[0], trials=5)
    with pytest.raises(StoreError, match=rf"run '{run[:12]}' is damaged: .* has no settings of {part}; "):
        boards(store, store.runs())


@pytest.mark.parametrize("settings", [{"noise": "x"}, {"nosuch": 1}])
def test_settings_that_no_oracle_takes_are_one_line(store, settings):
    parts = {"policy": {}, "oracle": settings, "space": {}}
    ended(store, spec(1, oracle="synthetic", table=None, table_digest=None, settings=parts), CELLS[0], trials=5)
    with pytest.raises(HarnessError, match=next(iter(settings))):
        boards(store, store.runs())
