"""What the contract checks share: the error, and the comparison of state trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.core.errors import HarnessError


class ContractError(AssertionError):
    """A plug-in broke a rule of its contract; the message states the rule."""


def require(kept: bool, rule: str) -> None:
    """Raise ContractError with the rule unless it was kept."""
    if not kept:
        raise ContractError(rule)


def same_state(a: Any, b: Any) -> bool:
    """Whether two state trees are equal, leaf by leaf; NaN equals NaN."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same_state(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same_state(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and bool(a == b or (a != a and b != b))


def require_refused(error: type[Exception], rule: str, call: Callable[..., object], *arguments: object) -> None:
    """Raise ContractError with the rule unless the call raises this error."""
    try:
        call(*arguments)
    except error:
        return
    raise ContractError(rule)


def require_declared(read: Callable[[], object]) -> None:
    """Raise ContractError if reading a plug-in's declarations raises a HarnessError."""
    try:
        read()
    except HarnessError as error:
        raise ContractError(str(error)) from error


def require_plain(state: Any, where: str) -> None:
    """Raise ContractError unless a state tree holds only dicts with text keys, lists, plain values and arrays."""
    if isinstance(state, Mapping):
        for key, value in state.items():
            require(isinstance(key, str), f"{where}: a state's keys must be text, but {key!r} is not")
            require_plain(value, where)
    elif isinstance(state, list | tuple):
        for value in state:
            require_plain(value, where)
    else:
        plain = state is None or isinstance(state, bool | int | float | str | np.ndarray)
        require(plain, f"{where}: a state holds plain values and NumPy arrays, not {type(state).__name__}")
