"""A console of rich that prints stored texts as they are: no markup, and control characters as escapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from harness.core.quoting import printable


class PlainConsole(Console):
    """A console whose segments of text hold no control characters but line breaks; rich's own codes are no text."""

    def render(self, *args: Any, **kwargs: Any) -> Iterable[Segment]:
        """Render as rich does, and escape control characters before lines are measured and cut."""
        for segment in super().render(*args, **kwargs):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)
