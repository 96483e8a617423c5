"""The run store keeps what was committed, whatever happens to its writer, and refuses what is no run store."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy

from harness.core.budget import Budget, Cost
from harness.core.errors import StoreError, UnknownNameError
from harness.core.oracle import Failed, Gradient, Score, Scored, Slope, Trial, Update, Updated
from harness.core.space import Architecture
from harness.judge import Look, NoVerdict, Verdict
from harness.records import Checkpoint, Result, Run, ScoreRow, score_rows
from harness.runspec import RunSpec
from harness.store import Store

POSTGRES = os.environ.get("HARNESS_TEST_POSTGRES")
"""A URL of an empty PostgreSQL database, where one is at hand: its tables are dropped."""


def spec(seed=1268, **changes):
    fixed = {"policy": "nao", "oracle": "tabular", "space": "rnn2", "table": "t", "table_digest": "ab" * 32}
    return RunSpec(
        **fixed | {"search_metric": "validation", "seed": seed, "budget": Budget(100), "settings": {}} | changes
    )


def rows(start, stop):
    return [ScoreRow(n, f"cell {n % 7}", 8, n / 1000, None, 8.0, 2.5) for n in range(start, stop)]


def checkpoint(trials, repeated=0):
    states = {"policy": {"told": trials, "w": np.full(3, float(trials))}, "oracle": {"drawn": trials}}
    return Checkpoint.of(trials, Cost(trials, 8.0 * trials, 2.5 * trials), repeated, **states)


def copied(path):
    """A database's files, by name."""
    return {file.name: file.read_bytes() for file in Path(path).parent.iterdir()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "harness.db"


@pytest.fixture(params=["sqlite", "postgres"] if POSTGRES else ["sqlite"])
def url(request, path):
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    engine = sqlalchemy.create_engine(POSTGRES)
    found = sqlalchemy.MetaData()
    found.reflect(engine)
    found.drop_all(engine)
    engine.dispose()
    return POSTGRES


@pytest.fixture
def store(url):
    with Store.open(url) as opened:
        yield opened


def test_a_new_run_starts_a_committed_one_goes_on_and_a_finished_one_comes_back(store):
    run = spec().digest
    assert store.begin(spec(), {"python": "3.11"}) is None
    store.commit(run, rows(0, 5), checkpoint(5, repeated=2))
    resumed = store.begin(spec(), {})
    assert resumed == checkpoint(5, repeated=2)
    assert resumed.policy_state["w"].tolist() == [5.0, 5.0, 5.0]
    assert resumed.oracle_state == {"drawn": 5}
    store.commit(run, rows(5, 9), checkpoint(9, repeated=3))
    store.finish(run, "cell 3")
    finished = store.begin(spec(), {})
    assert isinstance(finished, Run)
    assert finished == store.show(run)
    assert finished.recommendation == "cell 3"
    assert (finished.status, finished.trials, finished.scores, finished.repeated) == ("finished", 9, 9, 3)
    assert finished.spent == Cost(9, 72.0, 22.5)
    assert finished.spec == spec()
    assert finished.provenance == {"python": "3.11"}
    assert store.trials(run) == rows(0, 9)


def test_a_run_without_a_commit_starts_again(store):
    assert store.begin(spec(), {}) is None
    assert store.begin(spec(), {}) is None
    assert [run.status for run in store.runs()] == ["running"]


def test_a_policy_that_asks_nothing_finishes_at_no_cost(store):
    store.begin(spec(), {})
    store.finish(spec().digest, "cell 0")
    assert store.show(spec().digest).spent == Cost()


def test_a_failed_run_keeps_its_reason_until_it_goes_on_from_its_checkpoint(store):
    run = spec().digest
    store.begin(spec(), {})
    store.commit(run, rows(0, 5), checkpoint(5))
    store.fail(run, "the oracle broke")
    assert (store.show(run).status, store.show(run).reason) == ("failed", "the oracle broke")
    assert store.begin(spec(), {}) == checkpoint(5)
    assert (store.show(run).status, store.show(run).reason) == ("running", None)


def test_only_scores_become_rows_and_all_answers_count_as_trials(store):
    cell, price = Architecture((1, 0)), Cost(1, 8.0, 2.5)
    mixture = ((1.0, 0.0), (0.5, 0.5))
    trials = [
        Trial(0, Update((cell,)), Updated(None, Cost())),
        Trial(1, Score(cell, 8), Scored(0.5, price)),
        Trial(2, Gradient(mixture), Slope(1.0, mixture, Cost())),
        Trial(3, Score(cell), Failed("diverged", price)),
        Trial(4, Update((cell,)), Failed("diverged", Cost())),
    ]
    batch = score_rows(trials, lambda architecture: "-".join(map(str, architecture.choices)))
    assert batch == [
        ScoreRow(1, "1-0", 8, 0.5, None, 8.0, 2.5),
        ScoreRow(3, "1-0", None, None, "diverged", 8.0, 2.5),
    ]
    store.begin(spec(), {})
    store.commit(spec().digest, batch, checkpoint(5))
    assert store.trials(spec().digest) == batch
    assert (store.show(spec().digest).trials, store.show(spec().digest).scores) == (5, 2)


def test_runs_are_listed_and_chosen_by_what_they_are(store):
    for seed, policy in enumerate(("nao", "enas", "nao")):
        store.begin(spec(seed, policy=policy), {})
    store.finish(spec(2).digest, "cell 0")
    assert [run.spec.seed for run in store.runs()] == [0, 1, 2]
    assert [run.spec.seed for run in store.runs(policy="nao")] == [0, 2]
    assert [run.spec.seed for run in store.runs(policy="nao", status="finished")] == [2]
    assert store.runs(space="elsewhere") == []


def test_show_takes_a_unique_beginning_of_an_id_and_names_near_ones(store):
    for seed in range(40):
        store.begin(spec(seed), {})
    run = spec(7).digest
    assert store.show(run[:12]).spec.seed == 7
    with pytest.raises(UnknownNameError, match=r"is not unique: .* begin so; give more digits"):
        store.show("")
    wrong = f"{run[:6]}zz{run[8:12]}"
    with pytest.raises(UnknownNameError, match=f"unknown run '{wrong}'; did you mean '{run[:12]}'"):
        store.show(wrong)
    with pytest.raises(UnknownNameError, match="unknown run '%'"):
        store.show("%")


def test_results_come_back_and_a_new_word_replaces_the_old_one(store):
    run = spec().digest
    store.begin(spec(), {})
    store.finish(run, "cell 3")
    judged = Result("cell 3", "test_accuracy", "ab" * 32, Verdict(1 / 3, 2, 32, 0.1, 100 * 31 / 32))
    absent = Result("cell 3", "validation_accuracy", "ab" * 32, NoVerdict("the table does not hold it"))
    for result in (replace(judged, judgement=NoVerdict("not yet")), judged, absent):
        store.record_result(run, result)
    assert store.results(run) == [judged, absent]
    with pytest.raises(UnknownNameError, match="unknown run 'nobody'"):
        store.record_result("nobody", judged)


def test_looks_are_kept_in_order(store):
    looks = [Look(run, datetime.now(UTC), f"cell {i}", "test_accuracy", "ab" * 32) for i, run in enumerate("xyx")]
    for look in looks:
        store.record_look(look)
    assert store.looks() == looks
    assert store.looks("x") == [looks[0], looks[2]]


def test_two_processes_that_write_one_run_are_told_and_nothing_is_mixed(url, store):
    run = spec().digest
    store.begin(spec(), {})
    with Store.open(url) as other:
        other.begin(spec(), {})
        other.commit(run, rows(0, 4), checkpoint(4))
        with pytest.raises(StoreError, match="moved by another process"):
            store.commit(run, rows(0, 3), checkpoint(3))
        with pytest.raises(StoreError, match="moved by another process"):
            store.finish(run, "cell 0")
        assert other.trials(run) == rows(0, 4)
        assert other.begin(spec(), {}) == checkpoint(4)


def test_a_commit_that_fails_midway_leaves_nothing_behind(store):
    run = spec().digest
    store.begin(spec(), {})
    store.commit(run, rows(0, 3), checkpoint(3))
    with pytest.raises(StoreError, match="run store"):
        store.commit(run, [*rows(3, 5), *rows(4, 6)], checkpoint(6))
    assert store.begin(spec(), {}) == checkpoint(3)
    assert store.trials(run) == rows(0, 3)


def test_a_full_disk_loses_nothing_that_was_committed(path):
    run = spec().digest
    with Store.open(f"sqlite:///{path}") as store:
        store.begin(spec(), {})
        store.commit(run, rows(0, 3), checkpoint(3))
        with store._engine.connect() as connection:  # the pool keeps this connection, and its limit, for the commits
            connection.exec_driver_sql("PRAGMA max_page_count = 40")
        with pytest.raises(StoreError, match="disk is full"):
            store.commit(run, rows(3, 90_000), checkpoint(90_000))
        assert store.begin(spec(), {}) == checkpoint(3)
        assert store.trials(run) == rows(0, 3)


def test_a_damaged_state_is_a_store_error(path):
    with Store.open(f"sqlite:///{path}") as store:
        store.begin(spec(), {})
        store.commit(spec().digest, rows(0, 3), checkpoint(3))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE checkpoints SET policy_state = substr(policy_state, 1, 30)")
    connection.close()
    with Store.open(f"sqlite:///{path}") as store:
        resumed = store.begin(spec(), {})
        with pytest.raises(StoreError, match="damaged"):
            _ = resumed.policy_state


WRITER = """
import sys
from tests.test_store import Store, checkpoint, rows, spec
with Store.open(sys.argv[1]) as store:
    resumed = store.begin(spec(), {})
    done = 0 if resumed is None else resumed.trials
    print("ready", flush=True)
    while True:
        size = 1 + done * 7919 % 400
        store.commit(spec().digest, rows(done, done + size), checkpoint(done + size))
        done += size
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_run(path):
    url, root, before = f"sqlite:///{path}", Path(__file__).parents[1], 0
    delays = np.random.default_rng(0).uniform(0.0, 0.25, size=4)
    for delay in delays:
        with subprocess.Popen([sys.executable, "-c", WRITER, url], cwd=root, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        with Store.read(url) as store:  # before ``begin`` could have dropped rows beyond the checkpoint
            run, kept = store.show(spec().digest), store.trials(spec().digest)
        assert run.trials == run.scores == len(kept) >= before
        assert kept == rows(0, run.trials)
        with Store.open(url) as store:
            assert store.begin(spec(), {}) == (checkpoint(run.trials) if run.trials else None)
        before = run.trials
    assert before > 1000


def test_100_000_rows_are_committed_in_a_second(path):
    batch = rows(0, 100_000)
    with Store.open(f"sqlite:///{path}") as store:
        store.begin(spec(), {})
        start = time.perf_counter()
        store.commit(spec().digest, batch, checkpoint(100_000))
        seconds = time.perf_counter() - start
    assert seconds < 3  # measured: 0.6, so 170,000 rows a second


def test_the_folder_is_made_and_reading_makes_nothing(path):
    with pytest.raises(StoreError, match=r"there is no run store .*harness run"):
        Store.read(f"sqlite:///{path}")
    assert not path.parent.exists()
    Store.open(f"sqlite:///{path}").close()
    with Store.read(f"sqlite:///{path}") as store:
        assert store.runs() == []


def test_a_store_in_memory_works():
    with Store.open("sqlite://") as store:
        assert store.begin(spec(), {}) is None
        store.commit(spec().digest, rows(0, 2), checkpoint(2))
        assert store.begin(spec(), {}) == checkpoint(2)


def test_a_store_of_another_version_is_refused_and_left_as_it_is(path):
    url = f"sqlite:///{path}"
    Store.open(url).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE harness_schema SET version = 99")
    connection.close()
    before = path.read_bytes()
    for opening in (Store.open, Store.read):
        with pytest.raises(StoreError, match="has schema version 99, this harness reads version 1; use the harness"):
            opening(url)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_as_it_is(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = copied(path)
    for opening in (Store.open, Store.read):
        with pytest.raises(StoreError, match="no run store but a database with a table 'bookmarks'"):
            opening(f"sqlite:///{path}")
    assert copied(path) == before


@pytest.mark.parametrize("damage", ["text", "truncated", "zeroed head"])
def test_a_damaged_file_is_refused_in_one_line_and_left_as_it_is(path, damage):
    url = f"sqlite:///{path}"
    with Store.open(url) as store:
        store.begin(spec(), {})
        store.commit(spec().digest, rows(0, 5000), checkpoint(5000))
    content = path.read_bytes()
    spoilt = {
        "text": b"policy,seed\nnao,1268\n" * 500,
        "truncated": content[: len(content) // 2],
        "zeroed head": bytes(100) + content[100:],
    }
    path.write_bytes(spoilt[damage])
    for opening in (Store.open, Store.read):
        with pytest.raises(StoreError, match=r"run store 'sqlite:///.*(not a database|malformed)") as caught:
            opening(url)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == spoilt[damage]


def test_a_read_only_store_is_refused_for_writing_and_may_be_read(path):
    with Store.open(f"sqlite:///{path}") as store:
        store.begin(spec(), {})
    read_only = f"sqlite:///file:{path}?mode=ro&uri=true"
    with pytest.raises(StoreError, match="readonly database"):
        Store.open(read_only)
    with Store.read(read_only) as store:
        assert len(store.runs()) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("runs.db", "cannot be used"),
        ("nosuchsql://host/db", "cannot be used"),
        ("sqlite:////proc/no/such/harness.db", "cannot be made"),
        ("sqlite:////dev/null/harness.db", "cannot be made"),
        ("sqlite:////proc/harness.db", "unable to open"),
        ("oracle+oracledb://scott:tiger@host/db", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_reached_is_one_clear_line(url, words):
    with pytest.raises(StoreError, match=words) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)
    assert "tiger" not in str(caught.value)


def test_a_locked_store_says_that_another_process_writes(path, monkeypatch):
    monkeypatch.setattr("harness.schema.BUSY_SECONDS", 0.05)
    with Store.open(f"sqlite:///{path}") as store:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked; another process is writing to it"):
            store.begin(spec(), {})
        blocker.close()
        assert store.begin(spec(), {}) is None
