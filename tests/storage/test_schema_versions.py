"""A store that an earlier version of the harness wrote is read as it is, and gains what is new when it is written.

``version1.db.gz`` is such a file: a finished run that was judged, and one that goes on from its third trial.
"""

import gzip
import sqlite3
from pathlib import Path

import pytest

from harness.core.errors import StoreError
from harness.core.judgement import Correlation, Truth, Verdict
from harness.core.numbers import Undefined
from harness.storage.records import ProbeCorrelation, Result
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, copied, rows

FIRST = Path(__file__).with_name("version1.db.gz")


@pytest.fixture
def old(path):
    path.parent.mkdir()
    path.write_bytes(gzip.decompress(FIRST.read_bytes()))
    return f"sqlite:///{path}"


def tables(path):
    """What SQLite holds: the statements that made tables and indexes, and the rows of each table."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    held = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in made if name != "looks_by_run"}
    connection.close()
    return made, held


def test_an_old_store_is_read_as_one_without_probes_and_not_changed(old, path):
    before = path.read_bytes()
    with Store.read(old) as store:
        finished, running = store.runs()
        assert (finished.status, finished.recommendation, running.status) == ("finished", "cell 3", "running")
        assert store.trials(finished.id) == rows(0, 5)
        assert store.results(finished.id) == [
            Result("cell 3", "test_accuracy", "ab" * 32, Verdict(0.75, 2, 32, 0.125, 96.875))
        ]
        assert [look.architecture for look in store.looks(finished.id)] == ["cell 3"]
        assert store.probe(finished.id) == []
        assert store.correlations(finished.id) == []
    assert path.read_bytes() == before


def test_opening_an_old_store_for_writing_adds_what_is_new_and_keeps_what_was(old, path):
    made, held = tables(path)
    assert held["harness_schema"] == [(1,)]
    Store.open(old).close()
    upgraded, holds = tables(path)
    assert {name: upgraded[name] for name in made} == made
    assert {name: holds[name] for name in held if name != "harness_schema"} | {"harness_schema": [(1,)]} == held
    assert upgraded.keys() - made.keys() == {"probes", "correlations", "truths", "answers", "tracebacks", "metrics"}
    assert holds["harness_schema"] == [(5,)]


def test_a_run_of_an_old_store_goes_on_and_is_probed(old):
    ranked = ProbeCorrelation("test_accuracy", "ab" * 32, Correlation(0.5, 2))
    with Store.open(old) as store:
        running = store.runs(status="running")[0]
        assert store.begin(running.spec, {}) == checkpoint(3)
        store.commit(running.id, rows(3, 4), checkpoint(4))
        store.finish(running.id, "cell 1", [("cell 1", 0.5), ("cell 2", None)])
        store.record_correlation(running.id, ranked)
    with Store.open(old) as store:
        assert store.trials(running.id) == rows(0, 4)
        assert store.probe(running.id) == [("cell 1", 0.5), ("cell 2", None)]
        assert store.correlations(running.id) == [ranked]


def test_an_upgraded_store_is_one_that_was_made_new(old, path, tmp_path):
    Store.open(old).close()
    fresh = tmp_path / "fresh.db"
    Store.open(f"sqlite:///{fresh}").close()
    assert tables(path)[0] == tables(fresh)[0]


def test_an_old_store_that_is_read_only_is_refused_for_writing_and_left_as_it_is(old, path):
    before = copied(path)
    with pytest.raises(StoreError, match="readonly database"):
        Store.open(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert copied(path)[path.name] == before[path.name]


def test_an_old_store_that_is_only_read_takes_judgements_and_no_truths(old, path):
    truth = Truth("test_accuracy", 3, 8, "table", "t", "ab" * 32, True, Undefined("none"))
    judged = Result("cell 3", "validation_accuracy", "ab" * 32, Verdict(0.75, 2, 32, 0.125, 96.875))
    with Store.read(old) as store:
        run = store.runs(status="finished")[0].id
        store.record_truth("rnn2", truth)
        store.record_result(run, judged)
        assert store.truths() == {}
        assert judged in store.results(run)
    assert tables(path)[1]["harness_schema"] == [(1,)]
