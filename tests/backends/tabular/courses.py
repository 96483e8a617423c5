"""A made-up ground truth of the 32 recurrent cells of two nodes: their whole courses of training, known in closed form.

The cells' order is the published one (eval-nas, visualization/best_configs.py), the numbers are not.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from backends.tabular import write_table
from harness.planning.settings import create_space
from harness.spaces.rnn_cell import OPERATIONS

BEST_FIRST = [2, 16, 12, 15, 6, 20, 26, 30, 23, 19, 8, 25, 1, 13, 11, 5]
BEST_FIRST += [21, 29, 14, 22, 0, 17, 10, 18, 3, 24, 28, 9, 4, 7, 27, 31]
"""The cells, numbered 8 op1 + 4 pred2 + op2, by their mean perplexity."""

EPOCHS = (1, 2, 3, 4)
RECIPE = {"dataset": "made up"}


def content() -> dict[str, Any]:
    """Test perplexity 62 + place / 4 after four epochs, twice as much after two; validation is 3 more, and half a point
    between one repeat and the next. An epoch takes 10 seconds.
    """
    place = np.argsort(BEST_FIRST)
    final = (62 + place / 4)[:, None, None] * np.array([4.0, 2.0, 1.5, 1.0])[None, :, None]
    test = final + np.array([-0.5, 0.0, 0.5])
    seconds = np.broadcast_to(10.0 * np.array(EPOCHS)[None, :, None], test.shape)
    return {
        "keys": np.arange(32),
        "epochs": EPOCHS,
        "recorded": np.ones(test.shape, dtype=bool),
        "final": {"validation_perplexity": test + 3, "test_perplexity": test, "training_seconds": seconds},
        "parameters": np.arange(32) + 1000,
        "recipe": json.dumps(RECIPE),
        "provenance": {"importer": "test"},
    }


def text_of(key: int) -> str:
    """The text form of a cell, from its number."""
    return f"{OPERATIONS[key // 8]}@0 {OPERATIONS[key % 4]}@{key // 4 % 2}"


def write(path: Path, **changes: Any) -> str:
    """Write the table with some parts replaced; returns its digest."""
    return write_table(path, space=create_space("rnn2"), **{**content(), **changes})


def journal_rows() -> list[dict[str, Any]]:
    """The same as the rows of a journal, one a course."""
    final = content()["final"]
    named = ("validation_perplexity", "test_perplexity")
    return [
        {"architecture": text_of(key), "repeat": repeat, "epochs": list(EPOCHS), "diverged": False}
        | {name: final[name][key, :, repeat].tolist() for name in named}
        | {"seconds": final["training_seconds"][key, :, repeat].tolist(), "parameters": 1000 + key}
        for key in range(32)
        for repeat in range(3)
    ]


def write_journal(path: Path, rows: list[dict[str, Any]]) -> Path:
    header = {"space": "rnn2", "recipe": RECIPE, "recipe_digest": "d", "data_digest": "e", "repeats": 3}
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *rows)))
    return path


def as_csv() -> str:
    """The same as a CSV file, one row an epoch of a training."""
    text = io.StringIO()
    names = ["architecture", "epochs", "repeat", "validation_perplexity", "test_perplexity", "training_seconds"]
    writer = csv.writer(text)
    writer.writerow([*names, "parameters"])
    for row in journal_rows():
        columns = (row[name] for name in ("epochs", "validation_perplexity", "test_perplexity", "seconds"))
        for epochs, *values in zip(*columns, strict=True):
            writer.writerow([row["architecture"], epochs, row["repeat"], *values, row["parameters"]])
    return text.getvalue()
