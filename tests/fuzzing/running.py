"""Tries hostile files on every reader, each in a process of its own, and prints what came of them."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import resource
import tempfile
import time
import traceback
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from harness.core.errors import HarnessError

CONTEXT = multiprocessing.get_context("spawn")

SECONDS = 20
"""After how many seconds a reader counts as hanging."""

MEMORY = 6 << 30
"""Bytes of address space of the process; a reader that asks for more fails with MemoryError."""

OUTCOMES = ("refused", "accepted", "traceback", "killed", "hung", "slow")


def outcome(reader: Any, number: int) -> tuple[str, str]:
    """What a reader makes of a hostile file: ``refused`` in one line, ``accepted`` or ``traceback``, and the reason."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / reader.file
        path.write_bytes(reader.make(Random(number)))
        try:
            reader.read(path)
        except HarnessError as error:
            one_line = len(str(error)) < 5000
            return ("refused", "") if one_line else ("traceback", f"a message of {len(str(error))} characters")
        except Exception:  # noqa: BLE001  (what a reader must not raise)
            return "traceback", traceback.format_exc()
        return "accepted", ""


def _work(name: str, numbers: range, pipe: Connection) -> None:
    from tests.fuzzing.readers import READERS

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    reader = next(each for each in READERS if each.name == name)
    with contextlib.suppress(Exception):
        reader.make(Random(0))
    pipe.send(("ready", ""))
    for number in numbers:
        pipe.send(outcome(reader, number))


def tried(name: str, examples: int, verbose: bool) -> Counter[str]:
    """The outcomes of a reader, counted."""
    counts: Counter[str] = Counter()
    done = 0
    while done < examples:
        ours, theirs = CONTEXT.Pipe(duplex=False)
        process = CONTEXT.Process(target=_work, args=(name, range(done, examples), theirs))
        process.start()
        theirs.close()
        ready, begun = False, time.monotonic()
        while done < examples:
            result = _next(ours, process, SECONDS if ready else 120)
            if result[0] == "ready":
                ready, begun = True, time.monotonic()
                continue
            slow, begun = time.monotonic() - begun > 5 and result[0] in ("refused", "accepted"), time.monotonic()
            counts["slow" if slow else result[0]] += 1
            if verbose and (slow or result[0] in ("traceback", "killed", "hung")):
                print(f"--- {name} {done}: {'slow ' if slow else ''}{result[0]}\n{result[1][-1500:]}", flush=True)
            done += 1
            if result[0] in ("killed", "hung"):
                break
        process.kill()
        process.join()
    return counts


def _next(pipe: Connection, process: Any, seconds: float) -> tuple[str, str]:
    try:
        if pipe.poll(seconds):
            received: tuple[str, str] = pipe.recv()
            return received
        return "hung", ""
    except EOFError:
        process.join()
        return "killed", f"exit status {process.exitcode}"


def main() -> None:
    """Print a row of counts for each reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--reader", action="append")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    from tests.fuzzing.readers import READERS

    print(f"{'reader':<22} {'tried':>6} " + " ".join(f"{name:>9}" for name in OUTCOMES), flush=True)
    total: Counter[str] = Counter()
    names = [reader.name for reader in READERS if not arguments.reader or reader.name in arguments.reader]
    for name in names:
        counts = tried(name, arguments.examples, arguments.verbose)
        total += counts
        _print(name, counts)
    _print("all", total)


def _print(name: str, counts: Counter[str]) -> None:
    print(f"{name:<22} {sum(counts.values()):>6} " + " ".join(f"{counts[each]:>9}" for each in OUTCOMES), flush=True)
