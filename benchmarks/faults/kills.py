"""Kills commands at random moments, gives them again, and compares the end with that of an undisturbed one."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.commands import COMMANDS, Command
from benchmarks.faults.processes import Started, intact

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}
ADVICE = "nothing finished is lost: run the same command again to go on"


@dataclass(slots=True)
class Tally:
    """What happened to one command: kills by signal, and what went wrong."""

    command: str
    kills: dict[str, int] = field(default_factory=lambda: {sent.name: 0 for sent in SIGNALS})
    too_late: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The result of a command that nothing disturbed, and the seconds that it took."""

    result: Any
    seconds: float


def kill_all(kills: int, seed: int, folder: Path, report: Callable[[str], None]) -> list[Tally]:
    """Kill each command ``kills / len(COMMANDS)`` times; ``seed`` determines the moments and the signals."""
    rng, tallies = random.Random(seed), {command.name: Tally(command.name) for command in COMMANDS}
    whole = {command.name: undisturbed(command, folder) for command in COMMANDS}
    for number in range(kills):
        command, sent = COMMANDS[number % len(COMMANDS)], SIGNALS[number // len(COMMANDS) % len(SIGNALS)]
        tally = tallies[command.name]
        kill(command, sent, rng.uniform(0.05, 1.0) * whole[command.name].seconds, whole[command.name], folder, tally)
        report(f"{number + 1}/{kills} {command.name}: {sent.name}{'; '.join(['', *tally.wrong])}")
    return [*tallies.values()]


def undisturbed(command: Command, folder: Path) -> Undisturbed:
    """Run a command to its end."""
    place = folder / "undisturbed"
    command.make_ready(place)
    started = Started(command.argv, place)
    ended, seconds = started.wait(), time.monotonic() - started.began
    if ended.status != 0:
        raise RuntimeError(f"{command.name} ends with status {ended.status}: {ended.errors}")
    result = command.result(place, ended.output)
    shutil.rmtree(place)
    return Undisturbed(result, seconds)


def kill(command: Command, sent: signal.Signals, after: float, whole: Undisturbed, folder: Path, tally: Tally) -> None:
    """Kill a command once, ``after`` so many seconds, and give it again."""
    place = folder / "killed"
    command.make_ready(place)
    started = Started(command.argv, place)
    time.sleep(after)
    started.process.send_signal(sent)
    ended = started.wait()
    if ended.status in (0, 1):
        tally.too_late += 1
    else:
        tally.kills[sent.name] += 1
    tally.wrong += _wrong_end(sent, ended.status, ended.last_line, after)
    if left := started.left_behind():
        tally.wrong.append(f"{len(left)} processes were left behind")
    if not intact(place):
        tally.wrong.append("a database was damaged")
    again = Started(command.argv, place).wait()
    if again.status != 0:
        tally.wrong.append(f"given again it ended with status {again.status}: {again.last_line}")
    elif command.result(place, again.output) != whole.result:
        tally.wrong.append("given again it ended with another result")
    shutil.rmtree(place)


START_SECONDS = 1.5
"""Until then Python itself may be starting, which a signal ends without words."""


def _wrong_end(sent: signal.Signals, status: int, line: str, after: float) -> Sequence[str]:
    if status == 0 or sent not in ENDS or after < START_SECONDS:
        return ()
    right = status == ENDS[sent] and line.endswith(ADVICE)
    return () if right else (f"{sent.name} ended it with status {status}: {line}",)
