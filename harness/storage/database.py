"""Opens databases, and creates, recognises and upgrades run stores.

SQLite runs in WAL mode with ``synchronous=NORMAL``: a commit has reached the operating system when it returns, so it
survives the process being killed at any moment, and the file is never corrupt. Only a power cut can lose the newest
commits; the runs then go on from the checkpoint before. ``FULL`` would need an fsync for each commit to prevent that.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from harness.core.errors import StoreError
from harness.storage import schema

BUSY_SECONDS = 30
"""How long a commit waits for another process's commit."""

HINTS = {
    "locked": "another process is writing to it; wait for it, then give the same command again",
    "disk is full": "make room and give the same command again; nothing that was committed is lost",
    "readonly database": "it can only be read; copy it into a folder that can be written",
    "unable to open database file": "the file or its folder cannot be read; if commits wait beside it in a file named "
    "-wal, as its process was killed, copy both into a folder that can be written",
}
"""What to do, by words in what a database says."""


@contextmanager
def store_errors(url: sa.URL) -> Iterator[None]:
    """Convert the errors of a database to a StoreError with a one-line message."""
    try:
        yield
    except DBAPIError as error:
        raise _refused(url, error.orig) from error


def _refused(url: sa.URL, error: object) -> StoreError:
    """What a database said, in one line, and what to do where that is known."""
    cause = " ".join(str(error).split())
    hint = next((f"; {hint}" for words, hint in HINTS.items() if words in cause), "")
    return StoreError(f"run store {quoted_url(url)}: {cause}{hint}")


def quoted_url(url: sa.URL) -> str:
    """The URL without its password, quoted."""
    return repr(url.render_as_string(hide_password=True))


def connect(text: str, *, reading: bool = False) -> sa.Engine:
    """An engine for the database at this URL, not connected yet; raises StoreError for a URL that cannot be used.

    To be only read, an SQLite file that was closed may lie where nothing can be written.
    """
    try:
        url = sa.make_url(text)
        how: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}} if _is_sqlite(url) else {}
        if reading and (path := file_of(url)) is not None and _is_fixed(path):
            how = {"creator": partial(_open_fixed, path)}
        engine = sa.create_engine(url, **how)
    except (ArgumentError, ImportError) as error:
        masked, reason = (re.sub(r"//.*@", "//***@", " ".join(part.split())) for part in (text, str(error)))
        raise StoreError(
            f"run store {masked!r} cannot be used ({reason}); expected a URL such as sqlite:///runs/harness.db, "
            "or postgresql+psycopg://user@host/database with the package psycopg installed"
        ) from error
    if _is_sqlite(url):
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _is_fixed(path: Path) -> bool:
    """Whether nobody can write to a file: its folder is read-only, and no commits wait beside it in a log.

    SQLite reads a file in WAL mode only where it may write a log and an index beside it, unless the file never changes.
    """
    log = path.with_name(f"{path.name}-wal")
    return path.is_file() and not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def _open_fixed(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?immutable=1", uri=True, check_same_thread=False)


def _set_up(connection: Any, _record: object) -> None:
    # sqlite3's own transactions begin too late (not before DDL or SELECT); _begin opens them instead.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction; a writer locks at once: a reader that became a writer could not wait for another one."""
    writing = connection.get_execution_options().get("harness_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def require_store(engine: sa.Engine) -> None:
    """Raise StoreError unless the database is a run store of a known version; changes nothing."""
    path = file_of(engine.url)
    if path is not None and not os.path.isfile(path):
        raise StoreError(f"there is no run store {quoted_url(engine.url)}; `harness run` makes one")
    with store_errors(engine.url), engine.connect() as connection:
        if not _is_store(connection):
            raise StoreError(f"run store {quoted_url(engine.url)} is empty; `harness run` fills one")


def make_store(engine: sa.Engine) -> None:
    """Create the missing tables; raises StoreError for an unknown version, or if the database cannot be written."""
    _make_folder(engine.url)
    writer = engine.execution_options(harness_write=True)
    with store_errors(engine.url):
        with engine.connect() as connection:
            _is_store(connection)
        if _is_sqlite(engine.url):
            _enable_wal(engine)
        with writer.begin() as connection:
            is_store, versions = _is_store(connection), schema.versions
            schema.metadata.create_all(connection)  # an older store gets the tables that it lacks; the others stay
            if is_store:
                older = versions.c.version != schema.VERSION
                connection.execute(sa.update(versions).where(older).values(version=schema.VERSION))
            else:
                connection.execute(sa.insert(versions).values(version=schema.VERSION))
            # Deletes nothing, but fails for a read-only database now, not after an hour of search.
            connection.execute(sa.delete(versions).where(sa.false()))


def table_exists(engine: sa.Engine, table: sa.Table) -> bool:
    """Whether the store has this table; a store of an older version lacks some until it is opened for writing."""
    with store_errors(engine.url), engine.connect() as connection:
        return sa.inspect(connection).has_table(table.name)


def _is_store(connection: sa.Connection) -> bool:
    """Whether the tables exist; raises StoreError if there are other tables, or those of an unknown version."""
    url, names = connection.engine.url, set(sa.inspect(connection).get_table_names())
    if schema.versions.name not in names:
        strange = names if _is_sqlite(url) else names & schema.metadata.tables.keys()
        if strange:
            raise StoreError(
                f"{quoted_url(url)} is no run store but a database with a table {min(strange)!r}; "
                "choose another --store"
            )
        return False
    version = connection.execute(sa.select(schema.versions.c.version)).scalar()
    if version not in schema.READABLE:
        raise StoreError(
            f"run store {quoted_url(url)} has schema version {version}, "
            f"this harness reads versions up to {schema.VERSION}; "
            "use the harness that wrote it, or choose another --store"
        )
    return True


def _enable_wal(engine: sa.Engine) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise _refused(engine.url, error) from error
    finally:
        connection.close()


def file_of(url: sa.URL) -> Path | None:
    """The file of an SQLite URL; ``None`` for a server, a database in memory, and a ``file:`` URI."""
    name = url.database
    named = _is_sqlite(url) and name and name != ":memory:" and not name.startswith("file:")
    return Path(name) if named and name else None


def _make_folder(url: sa.URL) -> None:
    path = file_of(url)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"run store {quoted_url(url)} cannot be made: {error.strerror}: {error.filename!r}") from error
