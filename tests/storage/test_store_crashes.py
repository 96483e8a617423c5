"""The run store keeps what was committed, whatever happens to its writer."""

import errno
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import StoreError
from harness.storage.run_locks import NoLocks
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, rows, spec


def test_two_processes_that_write_one_run_are_told_and_nothing_is_mixed(url, store, monkeypatch):
    run = spec().digest
    store.begin(spec(), {})
    with Store.open(url) as other:
        with pytest.raises(StoreError, match=r"\(nao on tabular, seed 1268\) is being performed by another process"):
            other.begin(spec(), {})
        monkeypatch.setattr(other, "_locks", NoLocks())  # as on a file system without locks
        other.begin(spec(), {})
        other.commit(run, rows(0, 4), checkpoint(4))
        with pytest.raises(StoreError, match="moved by another process"):
            store.commit(run, rows(0, 3), checkpoint(3))
        with pytest.raises(StoreError, match="moved by another process"):
            store.finish(run, "cell 0")
        assert other.trials(run) == rows(0, 4)
        assert other.begin(spec(), {}) == checkpoint(4)


def test_a_run_whose_end_cannot_be_written_can_still_be_told_to_have_failed(store):
    run = spec().digest
    store.begin(spec(), {})
    with pytest.raises(StoreError, match="run store"):
        store.finish(run, "cell 0", [(None, 0.5)])
    store.fail(run, "the end could not be written")
    assert (store.show(run).status, store.show(run).reason) == ("failed", "the end could not be written")
    assert store.probe(run) == []


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
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, rows, spec
with Store.open(sys.argv[1]) as store:
    resumed = store.begin(spec(), {})
    done = 0 if resumed is None else resumed.trials
    print("ready", flush=True)
    while True:
        size = 1 + done * 7919 % 400
        store.commit(spec().digest, rows(done, done + size), checkpoint(done + size))
        done += size
"""


@pytest.mark.slow(reason="kills a process again and again")
def test_a_writer_killed_at_any_moment_leaves_a_whole_run(path):
    url, root, before = f"sqlite:///{path}", Path(__file__).parents[2], 0
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
    assert before > 0


@pytest.mark.slow(reason="writes a hundred thousand rows")
def test_100_000_rows_are_committed_at_once(path):
    batch = rows(0, 100_000)
    with Store.open(f"sqlite:///{path}") as store:
        store.begin(spec(), {})
        store.commit(spec().digest, batch, checkpoint(100_000))
        assert store.trials(spec().digest) == batch


HOLDER = """
import sys, time
from harness.storage.store import Store
from tests.fakes.stored_runs import spec

store = Store.open(sys.argv[1])
store.begin(spec(), {})
print("begun", flush=True)
time.sleep(60)
"""


def test_a_killed_process_gives_its_runs_up(url):
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder, Store.open(url) as store:
        assert holder.stdout.readline() == "begun\n"
        with pytest.raises(StoreError, match="is being performed by another process"):
            store.begin(spec(), {})
        assert store.begin(spec(2), {}) is None
        holder.kill()
        holder.wait()
        assert store.begin(spec(), {}) is None


def test_a_run_that_ended_or_whose_store_was_closed_is_free(url):
    with Store.open(url) as store, Store.open(url) as other:
        store.begin(spec(), {})
        store.fail(spec().digest, "no memory")
        assert other.begin(spec(), {}) is None
    with Store.open(url) as third:
        assert third.begin(spec(), {}) is None


def test_a_store_whose_lock_file_cannot_be_made_goes_without(path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("harness.storage.run_locks.os.open", refuse)
    with Store.open(f"sqlite:///{path}") as store:
        assert store.begin(spec(), {}) is None
