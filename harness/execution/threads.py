"""One thread for numerical libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries use one thread: sums are taken in one order, and workers do not fight over the cores.

    Two runs side by side whose BLAS spins two threads each took twenty times as long as with one thread each.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
