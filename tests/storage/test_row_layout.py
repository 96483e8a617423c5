"""A damaged row of any table is one line that names the run and the column, whoever reads it."""

import contextlib
import json
import shutil
import sqlite3
from datetime import UTC, datetime

import pytest

from harness.core.errors import HarnessError, StoreError
from harness.core.judgement import Correlation, NoVerdict, Ranking, Truth, TruthLookup, UnrankedVerdict, Verdict
from harness.export.rows import run_rows, trial_rows
from harness.live.watch import StoreWatch
from harness.live.watch_page import document
from harness.storage import schema
from harness.storage.merging import merge
from harness.storage.records import Checkpoint, ProbeCorrelation, Result
from harness.storage.row_layout import layout_of
from harness.storage.selection import keys_of
from harness.storage.store import Store
from tests.fakes.stored_runs import ended, going, rows, spec

DIGEST = "cd" * 32
RANKED = Truth("test_accuracy", 3, 8, "table", "t", DIGEST, True, Ranking(32, 32, 0.9, 0.8, 0.1))
FIRST = {"trials": "number = 0", "probes": "number = 0"}
"""The row that is damaged in a table without ids of rows; in others it is the first."""

HOSTILE = (None, "\x1b[31m\r", -1, b"\x00\xff", float("inf"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small store with a row of every kind in every table; none of its columns refuses NULL."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with Store.open(f"sqlite:///{path}") as store:
        run = ended(store, spec(1), trials=3, probe=[("cell 1", 0.5), ("cell 2", None)])
        going(store, spec(2), 3)
        store.fail(going(store, spec(3), 3), "out of memory")
        for table, judgement in enumerate((Verdict(0.75, 2, 32, 0.1, 96.0), UnrankedVerdict(0.5), NoVerdict("gone"))):
            store.record_result(run, Result("cell 1", "test_accuracy", f"{table}{DIGEST[1:]}", judgement))
        store.record_correlation(run, ProbeCorrelation("test_accuracy", DIGEST, Correlation(0.5, 2)))
        store.record_truth("rnn2", RANKED)
        store.record_lookup(TruthLookup(run, datetime.now(UTC), "cell 1", "test_accuracy", DIGEST))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA writable_schema=1")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
        connection.commit()
    return path


@pytest.fixture
def damaged(whole, path):
    """Changes the rows of a copy of that store, and gives its URL."""

    def change(table, column, value, where="1"):
        path.parent.mkdir(exist_ok=True)
        shutil.copy(whole, path)
        with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.IntegrityError):
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
            connection.commit()
        return f"sqlite:///{path}"

    return change


def read_records(url):
    with Store.read(url) as store:
        runs = store.runs()
        for run in runs:
            keys_of(run)
            store.correlations(run.id), store.probe(run.id), store.best_score(run.id), store.looks(run.id)
        store.looks()
        json.dumps([dict(row) for row in (*run_rows(store, runs), *trial_rows(store, runs))], allow_nan=False)


def show_runs(url):
    with Store.read(url) as store:
        for prefix in (spec(1).digest, "", "zz"):
            store.show(prefix)


def watch(url):
    with contextlib.closing(StoreWatch.of(url)) as watched:
        json.dumps(document(watched.look()), allow_nan=False)


def resume(url):
    with Store.open(url) as store:
        for seed in (1, 2, 3):
            found = store.begin(spec(seed), {})
            if isinstance(found, Checkpoint):
                assert (found.policy_state["told"], found.oracle_state["drawn"]) == (3, 3)


def merge_into(url):
    merge(url, url.replace("harness.db", "whole.db"))


READERS = (read_records, show_runs, watch)
WRITERS = (lambda url: merge("sqlite://", url), resume, merge_into)
COLUMNS = [(table.name, column.name) for table in schema.metadata.sorted_tables for column in table.c]


@pytest.mark.slow(reason="a store is made, damaged and read by every command for each value of each column")
@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda name: name)
def test_no_value_in_any_column_ends_in_anything_but_a_line(damaged, whole, path, table, column):
    for place, value in enumerate(HOSTILE):
        url = damaged(table, column, value, FIRST.get(table, "rowid = 1"))
        shutil.copyfile(whole, path.with_name("whole.db"))
        for use in READERS + (WRITERS if place == 1 else ()):
            with contextlib.suppress(HarnessError):
                use(url)


def test_every_column_has_a_layout_and_every_written_row_keeps_it(whole):
    for table in schema.metadata.tables.values():
        assert layout_of(table).keys() == {column.name for column in table.c} - {"run"} | (
            {"run"} if table is schema.looks else set()
        )
    read_records(f"sqlite:///{whole}")


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("runs", "trials", "abc", r"runs\.trials holds 'abc', expected a whole number from 0 on"),
        ("runs", "trials", -1, r"runs\.trials holds -1, expected a whole number from 0 on"),
        ("runs", "seconds", float("inf"), r"runs\.seconds holds inf, expected a finite number from 0 on"),
        ("runs", "status", "done", r"runs\.status holds 'done', expected 'running' or 'finished' or 'failed'"),
        ("runs", "created", "yesterday", r"runs\.created holds 'yesterday', expected a date"),
        ("runs", "policy", None, r"runs\.policy holds None, expected text"),
        ("runs", "policy", "enas", r"runs\.policy holds 'enas', but its specification 'nao'"),
        ("runs", "seed", "7", r"runs\.seed holds '7', but its specification '1'"),
        ("runs", "recommendation", None, r"runs\.recommendation is NULL, and the run has finished"),
        ("runs", "provenance", "{", r"runs\.provenance holds no JSON \("),
        ("runs", "provenance", "[]", r"runs\.provenance holds no JSON object: '\[\]'"),
        ("runs", "provenance", '{"a": NaN}', r"runs\.provenance holds the number nan"),
        ("runs", "provenance", '{"a": 1e999}', r"runs\.provenance holds the number inf"),
        ("runs", "provenance", '{"a": "\\ud800"}', r"runs\.provenance holds a text that cannot be written"),
        ("runs", "provenance", '{"packages": 3}', r"runs\.provenance has packages 3, expected a JSON object"),
        ("runs", "provenance", '{"a":' * 60 + "1" + "}" * 60, r"runs\.provenance is nested deeper than 50 levels"),
        ("runs", "spec", "[" * 9000, r"runs\.spec is nested deeper than 50 levels"),
        ("runs", "spec", "{}", r"runs\.spec has policy None, expected text"),
        ("trials", "value", "abc", r"trials\.value holds 'abc', expected a finite number or NULL"),
        ("trials", "value", None, r"trials\.value stands in a row of no value, expected one of value, or of reason"),
        ("trials", "architecture", b"5", r"trials\.architecture holds b'5', expected text"),
        ("results", "rank", None, r"results\.value stands in a row of percentile and regret and size and value"),
        ("results", "rank", 33, r"results\.rank holds 33, expected at most the 32 of results\.size"),
        ("results", "percentile", 100.5, r"results\.percentile holds 100\.5, expected a finite number from 0 to 100"),
        ("probes", "value", b"x", r"probes\.value holds b'x', expected a finite number or NULL"),
        ("correlations", "cells", None, r"correlations\.cells holds None, expected a whole number from 0 on"),
        ("looks", "at", "noon", r"looks\.at holds 'noon', expected a date"),
    ],
)
def test_a_damaged_row_is_named_with_its_run_its_column_and_what_to_do(damaged, table, column, value, words):
    with pytest.raises(StoreError, match=words) as caught:
        read_records(damaged(table, column, value, FIRST.get(table, "rowid = 1")))
    told = str(caught.value)
    assert told.startswith(f"run {spec(1).digest[:12]!r} is damaged: column ")
    assert told.endswith("; restore the store from a copy, or use another --store")


SPECS = [{"policy": 5}, {"seed": "1"}, {"seed": -1}, {"seed": True}, {"budget": None}, {"budget": []}, {"table": 3}]
SPECS += [{"budget": budget} for budget in ({"q": 1}, {"queries": 0}, {"queries": 1.5}, {"epochs": "x"}, {"epochs": 0})]
SPECS += [{"settings": None}, {"settings": []}, {"settings": {"policy": 5}}, {"version": None}, {"new": 1}]


@pytest.mark.parametrize("changed", SPECS, ids=str)
def test_a_specification_of_another_layout_is_refused(damaged, changed):
    text = json.dumps(json.loads(spec(1).to_json()) | changed)
    with pytest.raises(StoreError, match=r"run '\w{12}' is damaged: column runs\.spec "):
        read_records(damaged("runs", "spec", text, "number = 1"))


def test_a_blob_that_is_text_or_a_number_is_no_state(damaged):
    for value in ("text", 10**12):
        url = damaged("checkpoints", "policy_state", value)
        with (
            Store.open(url) as store,
            pytest.raises(StoreError, match=r"policy_state holds .*expected bytes"),
        ):
            store.begin(spec(2), {})


def test_a_damaged_source_changes_nothing_in_the_target(damaged, tmp_path):
    target = f"sqlite:///{tmp_path}/target.db"
    with pytest.raises(StoreError, match=r"trials\.cost_epochs holds 'abc'"):
        merge(target, damaged("trials", "cost_epochs", "abc", "number = 2"))
    with Store.read(target) as store:
        assert store.runs() == []


def test_rows_that_a_damaged_one_stands_among_are_told_apart(damaged):
    with Store.read(damaged("trials", "value", "abc", "number = 1 AND run = 2")) as store:
        assert store.trials(spec(1).digest) == rows(0, 3)
        with pytest.raises(StoreError, match=f"run '{spec(2).digest[:12]}' is damaged"):
            store.trials(spec(2).digest)
