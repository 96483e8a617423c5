"""Where files of the project lie: the tables and recipes that ship, and the user's cache of downloads."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """Where downloads and the tables made from them are kept."""
    return user_cache_path("nas-search-harness")


def table_folders() -> tuple[Path, ...]:
    """Where named tables lie, the first that has a name wins: a clone, an installed wheel, the cache."""
    return ROOT / "tables", ROOT / "harness" / "tables", cache_folder() / "tables"
