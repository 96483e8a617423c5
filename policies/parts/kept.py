"""Attributes of policies as parts of their states."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from harness.core.oracle import State


def kept_state(owner: object, names: Sequence[str]) -> dict[str, Any]:
    """Copies of the named attributes, which are plain values or arrays, by their names without the underscore."""
    return {name.removeprefix("_"): copy(getattr(owner, name)) for name in names}


def restore_kept(owner: object, names: Sequence[str], state: State) -> None:
    """Set the named attributes to copies of the values that ``kept_state`` put into a state."""
    for name in names:
        setattr(owner, name, copy(state[name.removeprefix("_")]))
