"""Worker processes: started afresh, each with its GPU, and ended with whoever started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from harness.core.errors import HarnessError

CONTEXT = multiprocessing.get_context("spawn")
"""Spawned, not forked: a forked child would inherit the locks and threads of torch, HDF5 and the database."""


@contextmanager
def worker_pool(
    workers: int, gpus: Sequence[int], enter: Callable[..., None], *arguments: Any
) -> Iterator[ProcessPoolExecutor]:
    """Processes that first call ``enter(*arguments, gpu)``, where ``gpu`` is one of ``gpus`` in turn, or None.

    They end on leaving, whatever they are at, and when this process is killed; an interrupt is for this process alone.
    Raises HarnessError where one of them was killed.
    """
    turns, others = CONTEXT.Queue(), set(multiprocessing.active_children())
    for worker in range(workers):
        turns.put(gpus[worker % len(gpus)] if gpus else None)
    started = ProcessPoolExecutor(workers, mp_context=CONTEXT, initializer=_begin, initargs=(turns, enter, arguments))
    try:
        yield started
    except BrokenProcessPool as error:
        raise HarnessError("a worker was killed; run the same command again to go on") from error
    finally:
        started.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()


def _begin(turns: Any, enter: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    threading.Thread(target=_die_with_parent, daemon=True).start()
    enter(*arguments, turns.get())


def _die_with_parent() -> None:
    """A worker whose parent was killed has nobody to send to."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
