"""Reads each leaderboard of a comparison, from a store or a JSON file, as rows that can be matched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from harness.core.errors import SettingError
from harness.core.measures import measure_of
from harness.leaderboard.board_formats import recorded_document
from harness.leaderboard.stored_boards import stored_boards
from harness.storage.selection import require_runs, select, with_baseline
from harness.storage.store import Store

MatchKey: TypeAlias = tuple[str, str, str, str, str]
"""What identifies a row: policy, oracle, space, the judge (``table nasbench101-v5-digits``) and its metric."""

KEY_FIELDS = ("policy", "oracle", "space", "judge", "metric")
FIELDS = (*KEY_FIELDS, "seeds", "values", "ranks", "queries")


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row of a leaderboard: the values and ranks of its seeds, ``None`` for a run without one.

    ``recorded`` holds the distinct values of each recorded key of its runs, or only ``truth`` if none was.
    """

    key: MatchKey
    metric: str
    seeds: tuple[int, ...]
    values: tuple[float | None, ...]
    ranks: tuple[int | None, ...]
    queries: float
    recorded: Mapping[str, Sequence[Any]]

    @property
    def known(self) -> list[float]:
        """The values that exist."""
        return [value for value in self.values if value is not None]

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        measure = measure_of(self.metric)
        return measure is None or measure.larger_is_better


ComparedRows: TypeAlias = Mapping[MatchKey, ComparedRow]


def read_leaderboard(source: str, wheres: Sequence[str]) -> ComparedRows:
    """Read the rows of a JSON file, a database file or a store's URL; raises a HarnessError for anything else.

    Judges the runs of a store that were not judged yet. ``wheres`` select runs of a store; a JSON file ignores them.
    """
    path = Path(source)
    if path.suffix == ".json":
        return _rows(_read(path))
    with Store.read(url_of(source)) as store:
        runs = store.runs()
        found = select(runs, wheres)
        require_runs(found, runs, wheres)
        boards = stored_boards(store, with_baseline(found, runs, wheres), searches=False)
    return _rows(record for each in boards for record in recorded_document(each)["leaderboard"])


def url_of(source: str) -> str:
    """The URL of a store given by its URL or by its SQLite file, whether it exists or not."""
    return source if "://" in source else f"sqlite:///{source}"


def _read(path: Path) -> list[dict[str, Any]]:
    """The entries that `harness run --json` or `harness leaderboard --json` printed."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = [entry for board in document.get("leaderboards", [document]) for entry in board["leaderboard"]]
        return [{**entry, **{name: entry[name] for name in FIELDS}} for entry in entries]
    except OSError as error:
        raise SettingError(f"leaderboard file {str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"{str(path)!r} is no leaderboard in JSON; expected what `harness leaderboard --json` prints, or a store"
        ) from error


def _rows(records: Iterable[Mapping[str, Any]]) -> dict[MatchKey, ComparedRow]:
    rows = map(_row, records)
    return {row.key: row for row in rows}


def _row(record: Mapping[str, Any]) -> ComparedRow:
    metric = record["metric"].partition(",")[0].replace(" ", "_")
    key = (record["policy"], record["oracle"], record["space"], record["judge"], metric)
    seeds, values, ranks = (tuple(record[name]) for name in ("seeds", "values", "ranks"))
    recorded = dict(record.get("recorded", {}))
    recorded["truth"] = [record["metric"]]
    return ComparedRow(key, metric, seeds, values, ranks, record["queries"], recorded)
