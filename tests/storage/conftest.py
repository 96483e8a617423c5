"""An empty store, on SQLite and, where a database is at hand, on PostgreSQL."""

import os

import pytest
import sqlalchemy

from harness.storage.store import Store

POSTGRES = os.environ.get("HARNESS_TEST_POSTGRES")
"""A URL of an empty PostgreSQL database, where one is at hand: its tables are dropped."""


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
