"""A harness that measures how good the search phase of neural architecture search is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

__version__ = "0.1.0"

__all__ = ["__version__", "load_runs", "load_trials"]


def load_runs(store: str = "sqlite:///runs/harness.db", where: str | Sequence[str] = ()) -> pandas.DataFrame:
    """The runs of a store, a row a run and truth that it was judged by; the columns are those of `harness export runs`.

    ``where`` holds conditions such as ``policy=nao`` or ``policy.pool!=100``. Raises a HarnessError where there is no
    such store, or no such key.
    """
    from harness.export.frames import runs_frame

    return runs_frame(store, (where,) if isinstance(where, str) else where)


def load_trials(store: str = "sqlite:///runs/harness.db", where: str | Sequence[str] = ()) -> pandas.DataFrame:
    """The answered Scores of a store's runs, a row each, as `harness export trials` writes them; see ``load_runs``."""
    from harness.export.frames import trials_frame

    return trials_frame(store, (where,) if isinstance(where, str) else where)
