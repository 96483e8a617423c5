"""The progress callbacks of long tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Called from time to time with the amount done and the total, in the task's own unit (bytes, records, rows)."""


def silent(done: int, total: int) -> None:
    """A progress callback that does nothing."""
