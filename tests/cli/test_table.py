"""``harness table``: import, look at, check and build tables; bad sources are refused and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Harness

CELLS = """architecture,epochs,repeat,validation_accuracy,test_accuracy,training_seconds
conv3x3@0 output@1,4,0,0.5,0.4,10
conv3x3@0 output@1,4,1,0.6,0.5,12
conv1x1@0 output@1,4,0,0.3,0.2,8
conv1x1@0 output@1,4,1,0.4,0.3,9
"""
RECIPE = """
dataset: digits
train_images: 64
validation_images: 32
noise: 0.0
train_accuracy_images: 32
width: 4
stacks: 1
modules: 1
batch_norm_momentum: 0.1
epochs: [2, 4]
batch_size: 32
learning_rate: 0.1
warmup: 0.5
momentum: 0.9
weight_decay: 1.0e-4
repeats: 2
seed: 1
"""


def imported(harness: Harness, text: str = CELLS) -> Path:
    Path("cells.csv").write_text(text)
    arguments = ("table", "import", "csv", "cells.csv", "--space", "nasbench101-v3", "--output", "table.h5")
    assert harness(*arguments).status == 0
    return Path("table.h5")


def test_a_csv_becomes_a_table_that_can_be_searched_and_judged(harness: Harness) -> None:
    imported(harness)
    document = json.loads(harness("table", "info", "table.h5", "--json").out)
    assert (document["rows"], document["epochs"], document["repeats"]) == (2, [4], 2)
    assert document["figures"]["test_accuracy"]["best"] == pytest.approx(0.45)
    assert "validation_accuracy" in harness("table", "info", "table.h5").out
    ran = harness(
        "run", "--policy", "random-search", "--table", "table.h5", "--seeds", "1:3", "--workers", "1", "--json"
    )
    assert ran.status == 0
    row = next(row for row in json.loads(ran.out)["leaderboard"] if row["policy"] == "random-search")
    assert row["values"] == [pytest.approx(0.45)] * 2
    assert (row["best_rank"], row["size"]) == (1, 2)


def test_verify_finds_a_copied_test_column(harness: Harness) -> None:
    imported(harness)
    assert harness("table", "verify", "table.h5").status == 0
    imported(
        harness,
        CELLS.replace("0.5,0.4", "0.4,0.4")
        .replace("0.6,0.5", "0.5,0.5")
        .replace("0.3,0.2", "0.2,0.2")
        .replace("0.4,0.3", "0.3,0.3"),
    )
    ended = harness("table", "verify", "table.h5", "--json")
    assert ended.status == 1
    assert any("copy" in finding for finding in json.loads(ended.out)["findings"])


BAD = [
    (CELLS.replace("test_accuracy", "test_acuracy").replace("validation_accuracy", "other"), "accuracy"),
    (CELLS.replace("0.6", "six tenths"), "six tenths"),
    (CELLS.replace("0.6", "60"), "60"),
    (CELLS.replace("conv1x1@0 output@1,4,0", "conv3x3@0 output@1,4,0"), "differs"),
    (CELLS.replace("conv1x1@0 output@1", "conv1x1@0 conv1x1@1 conv1x1@2 output@3"), "nasbench101-v4"),
    (CELLS.replace("conv3x3@0", "conv7x7@0"), "conv7x7"),
    ("", "cells.csv"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=lambda value: value.splitlines()[0][:30] if value else "empty")
def test_a_bad_csv_is_refused_in_one_line_and_no_table_is_written(harness: Harness, text: str, words: str) -> None:
    Path("cells.csv").write_text(text)
    ended = harness("table", "import", "csv", "cells.csv", "--space", "nasbench101-v4", "--output", "table.h5")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: ")
    assert words in ended.err
    assert [path.name for path in Path().iterdir()] == ["cells.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table", "import", "cvs", "x", "--space", "rnn2", "--output", "t.h5"), "did you mean 'csv'"),
        (("table", "import", "csv", "none.csv", "--space", "rnn2", "--output", "t.h5"), "none.csv"),
        (("table", "info", "nasbench101-v5-digit"), "did you mean 'nasbench101-v5-digits'"),
        (("table", "fetch", "nasbench201"), "unknown published table 'nasbench201'"),
        (("table", "build", "none.yaml", "--output", "t.h5"), "none.yaml"),
        (("table", "build", "nasbench101-cifar10", "--output", "t.h5", "--space", "rnn2"), "one of task 'language'"),
        (("table", "build", "rnn-ptb", "--output", "t.h5"), "one of task 'image'"),
        (("table", "build", "rnn-ptb", "--output", "t.h5", "--space", "rnn8"), "rnn8"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_line(harness: Harness, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = harness(*arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
    assert not list(tmp_path.iterdir())


def test_a_truncated_table_and_a_foreign_file_are_refused(harness: Harness) -> None:
    table = imported(harness)
    table.write_bytes(table.read_bytes()[:-200])
    Path("text.h5").write_text("no HDF5 at all")
    for name in ("table.h5", "text.h5"):
        ended = harness("run", "--table", name)
        assert (ended.status, ended.err.count("\n")) == (2, 1)
        assert name in ended.err


@pytest.mark.slow(reason="a build that is killed, and one by two workers, in processes that train")
def test_a_killed_build_goes_on_and_ends_with_the_same_table(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    command = ("table", "build", "recipe.yaml", "--space", "nasbench101-v3")
    first = subprocess.Popen(
        [sys.executable, "-m", "harness", *command, "--output", "a.h5", "--workers", "1"], cwd=tmp_path
    )
    journal = tmp_path / "a.h5.journal"
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 5):
        assert first.poll() is None, "the build ended before it could be killed"
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "a.h5").exists()
    begun = journal.read_bytes()
    for name, workers in (("a.h5", "2"), ("b.h5", "1")):
        assert harness(*command, "--output", name, "--workers", workers).status == 0
    assert journal.read_bytes().startswith(begun[: begun.rindex(b"\n")])
    infos = [json.loads(harness("table", "info", name, "--json").out) for name in ("a.h5", "b.h5")]
    figures = [
        {name: info["figures"][f"{name}_accuracy"] for name in ("train", "validation", "test")} for info in infos
    ]
    assert figures[0] == figures[1]
    assert infos[0]["trainings"] == 7 * 2 * 2
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("width: 4", "width: 5"))
    mixed = harness(*command, "--output", "a.h5")
    assert (mixed.status, mixed.err.count("\n")) == (2, 1)
    assert "recipe" in mixed.err
