"""The commands that are disturbed, and the part of their result that a disturbance must not change."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HARNESS = (sys.executable, "-m", "harness")

TRAINING = """
dataset: digits
train_images: 256
validation_images: 200
width: 4
stacks: 2
modules: 1
epochs: [2, 4]
batch_size: 32
learning_rate: 0.1
warmup: 0.25
momentum: 0.9
weight_decay: 1.0e-4
batch_norm_momentum: 0.2
train_accuracy_images: 100
noise: 0.0
repeats: 2
seed: 7
"""

MEASURED = ("hours", "search", "seconds")
"""Beginnings of the columns of a leaderboard that depend on how long live training really took."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the harness. ``result`` reads from its folder and its output what must always be the same."""

    name: str
    arguments: tuple[str, ...]
    result: Callable[[Path, str], Any]
    prepare: tuple[tuple[str, ...], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def make_ready(self, folder: Path) -> None:
        """Write the files that the command needs into an empty folder, and run the commands that come first."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_text(content)
        for arguments in self.prepare:
            subprocess.run([*HARNESS, *arguments], cwd=folder, check=True, capture_output=True)

    @property
    def argv(self) -> list[str]:
        """The command line."""
        return [*HARNESS, *self.arguments]


def leaderboard(folder: Path, output: str) -> Any:
    """The rows of a JSON leaderboard, without measured times."""
    return [
        {name: value for name, value in row.items() if not name.startswith(MEASURED)}
        for row in json.loads(output)["leaderboard"]
    ]


def plain(folder: Path, output: str) -> Any:
    """The output as it is."""
    return output


def file(name: str) -> Callable[[Path, str], Any]:
    """The digest of a file that the command writes."""
    return lambda folder, output: hashlib.sha256((folder / name).read_bytes()).hexdigest()


def table(name: str) -> Callable[[Path, str], Any]:
    """The accuracies of a table; its seconds are measured."""

    def figures(folder: Path, output: str) -> Any:
        command = [*HARNESS, "table", "info", name, "--json"]
        found = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
        return {name: row for name, row in json.loads(found)["figures"].items() if "seconds" not in name}

    return figures


def _run(*arguments: str, json_output: bool = True) -> tuple[str, ...]:
    return ("run", *arguments, *(("--json",) if json_output else ()))


EVOLUTION = ("--policy", "evolution", "--seeds", "1:4")
TABULAR = (*EVOLUTION, "--set", "evolution.samples=8000")
SYNTHETIC = ("--oracle", "synthetic", "--space", "nasbench101-v5", *EVOLUTION, "--set", "evolution.samples=12000")
SHARED = ("--oracle", "supernet", "--space", "nasbench101-v4", "--policy", "random-sharing", "--seeds", "1:2")
SHARED += ("--set", "random-sharing.epochs=3", "--set", "random-sharing.samples=20", "--workers", "1")
ALONE = ("--oracle", "standalone", "--space", "nasbench101-v3", "--table", "nasbench101-v5-digits", "--seeds", "1:2")
ALONE += ("--policy", "random-search", "--set", "random-search.samples=4", "--set", "oracle.recipe=recipe.yaml")
SHORT = _run("--policy", "random-search", "--seeds", "1:30")

COMMANDS = (
    Command("run, one process, table", _run(*TABULAR, "--workers", "1"), leaderboard),
    Command("run, two workers, closed form", _run(*SYNTHETIC, "--workers", "2"), leaderboard),
    Command("run, supernet", _run(*SHARED), leaderboard),
    Command("run, stand-alone training", _run(*ALONE), leaderboard, files={"recipe.yaml": TRAINING}),
    Command(
        "run, judged by training",
        _run("--oracle", "synthetic", "--space", "nasbench101-v3", "--seeds", "1:4", "--judge", "recipe.yaml"),
        leaderboard,
        files={"recipe.yaml": TRAINING},
    ),
    Command(
        "table build",
        ("table", "build", "recipe.yaml", "--space", "nasbench101-v3", "--output", "made.h5", "--workers", "2"),
        table("made.h5"),
        files={"recipe.yaml": TRAINING},
    ),
    Command(
        "surrogate fit",
        ("surrogate", "fit", "--table", "nasbench101-v5-digits", "--output", "made.surrogate.h5"),
        file("made.surrogate.h5"),
    ),
    Command(
        "merge",
        ("merge", "sqlite:///all.db", "sqlite:///runs/harness.db"),
        lambda folder, output: stored(folder, "sqlite:///all.db"),
        prepare=(SHORT,),
    ),
    Command("export", ("export", "trials", "--output", "trials.csv"), file("trials.csv"), prepare=(SHORT,)),
    Command("leaderboard", ("leaderboard", "--json"), plain, prepare=(SHORT,)),
)


def stored(folder: Path, store: str) -> str:
    """The runs of a store."""
    command = [*HARNESS, "list", "runs", "--store", store, "--json"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
