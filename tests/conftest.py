"""Tests run side by side: one thread each, set before NumPy is imported, and no example fails for being slow.

The user's cache is an empty folder for each process of the tests and for the commands that it starts.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="harness-cache-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

from hypothesis import settings  # noqa: E402  (the variables come first)

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture
def store() -> Iterator[Any]:
    """A store in memory."""
    from harness.storage.store import Store

    with Store.open("sqlite://") as opened:
        yield opened


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A test that is left out of the quick suite says why it takes long."""
    for item in items:
        for mark in item.iter_markers("slow"):
            assert mark.kwargs.get("reason"), f"{item.nodeid} is marked slow without a reason"
