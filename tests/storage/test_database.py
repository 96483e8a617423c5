"""The run store refuses what is no run store, or cannot be reached, in one clear line."""

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from harness.core.errors import StoreError
from harness.storage.database import store_errors
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, copied, ended, going, rows, spec


def test_the_folder_is_made_and_reading_makes_nothing(path):
    with pytest.raises(StoreError, match=r"there is no run store .*harness run"):
        Store.read(f"sqlite:///{path}")
    assert not path.parent.exists()
    Store.open(f"sqlite:///{path}").close()
    with Store.read(f"sqlite:///{path}") as store:
        assert store.runs() == []


def test_a_store_of_a_later_version_is_refused_and_left_as_it_is(path):
    url = f"sqlite:///{path}"
    Store.open(url).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE harness_schema SET version = 99")
    connection.close()
    before = path.read_bytes()
    for opening in (Store.open, Store.read):
        with pytest.raises(
            StoreError, match="has schema version 99, this harness reads versions up to 5; use the harness"
        ):
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
    monkeypatch.setattr("harness.storage.database.BUSY_SECONDS", 0.05)
    with Store.open(f"sqlite:///{path}") as store:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked; another process is writing to it"):
            store.begin(spec(), {})
        blocker.close()
        assert store.begin(spec(), {}) is None


def without_write_access(monkeypatch, folder):
    """Make a folder one that nothing can be written in, as far as the harness can see."""
    writable = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: writable(name, mode) and Path(name) != folder)


def test_a_closed_store_in_a_read_only_folder_is_read_and_nothing_is_written_beside_it(path, monkeypatch):
    with Store.open(f"sqlite:///{path}") as store:
        ended(store, spec(), trials=3)
    path.rename(path.with_name("a b#c?.db"))  # signs that mean something in a URL
    before = copied(path)
    without_write_access(monkeypatch, path.parent)
    with Store.read(f"sqlite:///{path.parent}/a b%23c%3F.db") as store:
        assert store.trials(spec().digest) == rows(0, 3)
        assert copied(path) == before
        with pytest.raises(StoreError, match=r"readonly database; it can only be read; copy it into a folder"):
            store.begin(spec(2), {})
    assert copied(path) == before


def test_commits_that_wait_beside_a_store_in_a_read_only_folder_are_never_left_out(path, monkeypatch):
    with Store.open(f"sqlite:///{path}") as writer:
        run = going(writer, spec(), 3)
        without_write_access(monkeypatch, path.parent)
        with Store.read(f"sqlite:///{path}") as store:
            assert store.trials(run) == rows(0, 3)


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        ("database is locked", "another process is writing to it; wait for it"),
        ("database table is locked", "another process is writing to it; wait for it"),
        ("database or disk is full", "make room and give the same command again; nothing that was committed is lost"),
        ("unable to open database file", "the file or its folder cannot be read; if commits wait beside it"),
    ],
)
def test_what_a_database_says_comes_with_what_to_do(told, hint):
    cause = OperationalError("SELECT 1", {}, sqlite3.OperationalError(f"{told}\n"))
    with (
        pytest.raises(StoreError, match=f"run store 'sqlite:///x.db': {told}; {hint}"),
        store_errors(make_url("sqlite:///x.db")),
    ):
        raise cause
