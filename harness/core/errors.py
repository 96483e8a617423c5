"""Errors that a user can cause, as one tree; the command line prints them in one line and exits with 2.

HarnessError
├── UnknownNameError      a policy, oracle, space, table, run or setting that does not exist
├── SettingError          a setting of the wrong type or value
├── SpaceError            a cell outside its space, a text that does not parse, a space too large to enumerate
├── IncompatibleError     a policy that needs what an oracle cannot answer, a table of another space
├── TableError            a table or a source file that is damaged, foreign or contradictory
├── StoreError            a run store that cannot be opened, read or written
├── DataError             training data that is missing or damaged
├── ResourceError         a run that needs more memory than is available
└── SearchFailedError     a search most of whose answers failed, so that its recommendation means nothing
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from harness.core.quoting import quoted


class HarnessError(Exception):
    """A user's mistake: the message says in one line what was wrong, what was expected and what to do."""


class UnknownNameError(HarnessError):
    """A name that does not exist."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """Build the message for ``name``, with the nearest known name when one is near."""
        return cls(f"unknown {kind} {quoted(name)}; {nearest_or_known(name, sorted(known))}")


def nearest_or_known(name: str, known: Sequence[str]) -> str:
    """A question with the known name that is nearest to ``name``; where none is near, all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"


class SettingError(HarnessError):
    """A setting of the wrong type or outside its range."""


class SpaceError(HarnessError):
    """A cell outside its space, a text that does not parse, or a space too large to enumerate."""


class IncompatibleError(HarnessError):
    """Two parts that cannot work together, known before anything runs."""


class TableError(HarnessError):
    """A table or a source file that is damaged, foreign or contradictory."""


class StoreError(HarnessError):
    """A run store that cannot be opened, read or written."""


class DataError(HarnessError):
    """Training data that is missing or damaged."""


class SearchFailedError(HarnessError):
    """A search most of whose answers failed, so that its recommendation means nothing."""


class ResourceError(HarnessError):
    """A run that needs more memory than is available; the message says what to lower."""
