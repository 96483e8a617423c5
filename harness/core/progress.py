"""How long tasks say how far they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Called now and then with what is done and the total, both in bytes, records, rows or whatever the task counts."""


def silent(done: int, total: int) -> None:
    """The progress of a task that nobody watches."""
