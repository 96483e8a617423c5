"""The folders of the project: shipped tables and recipes, and the user's cache of downloads."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """The folder of downloads and of the tables made from them."""
    return user_cache_path("nas-search-harness")


def table_folders() -> tuple[Path, ...]:
    """The folders of named tables, in order of precedence: of a clone, of an installed wheel, of the cache."""
    return ROOT / "tables", ROOT / "harness" / "tables", cache_folder() / "tables"
