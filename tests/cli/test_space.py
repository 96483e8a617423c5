"""``harness space`` and ``harness list``."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from harness.storage.store import Store
from tests.cli.conftest import Harness


@pytest.mark.parametrize(
    ("name", "cells", "decisions", "reach"),
    [
        ("nasbench101", 423_624, 26, {"edges": 423_624, "tree": 3_123}),
        ("nasbench101-v6", 64_542, 19, {"edges": 64_542, "tree": 495}),
        ("nasbench101-v5", 2_532, 13, {"edges": 2_532, "tree": 82}),
        ("nasbench101-v4", 91, 8, {"edges": 91, "tree": 15}),
        ("rnn2", 32, 4, {"choices": 32, "edges": 32}),
        ("rnn12", 8_036_313_307_545_600, 24, {"choices": 8_036_313_307_545_600, "edges": 8_036_313_307_545_600}),
    ],
)
def test_info_says_how_large_a_space_is_and_what_its_encodings_reach(
    harness: Harness, name: str, cells: int, decisions: int, reach: dict[str, int]
) -> None:
    document = json.loads(harness("space", "info", name, "--json").out)
    assert (document["cells"], document["decisions"]) == (cells, decisions)
    assert {encoding: each["cells"] for encoding, each in document["reach"].items()} == reach
    assert f"{cells:,}" in harness("space", "info", name).out


def test_enumerate_streams_every_cell_with_its_published_hash(harness: Harness) -> None:
    lines = harness("space", "enumerate", "nasbench101-v4", "--hashes").out.splitlines()
    hashes = sorted(line.split()[0] for line in lines)
    # the checksum of the sorted hashes of all cells of at most four vertices
    assert hashlib.md5("\n".join(hashes).encode()).hexdigest() == "e2400f00bdb3121cca417b46132126a3"
    assert harness("space", "enumerate", "rnn2").out.count("\n") == 32


def test_the_notebook_s_sampler_loves_the_trivial_cell(harness: Harness) -> None:
    draws = harness("space", "sample", "nasbench101", "--count", "2000", "--set", "sampler=notebook").out.splitlines()
    assert 0.07 < Counter(draws)["output@0"] / 2000 < 0.13
    uniform = harness("space", "sample", "nasbench101", "--count", "2000").out.splitlines()
    assert Counter(uniform)["output@0"] == 0


def test_a_seed_repeats_its_samples(harness: Harness) -> None:
    first, second, other = (harness("space", "sample", "rnn12", "--seed", seed).out for seed in ("1", "1", "2"))
    assert first == second != other


def test_hashes_of_a_space_without_any_are_refused(harness: Harness) -> None:
    ended = harness("space", "enumerate", "rnn2", "--hashes")
    assert (ended.status, ended.err) == (2, "error: space 'rnn2' has no module hashes; leave --hashes out\n")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("policies", "nao"),
        ("oracles", "tabular"),
        ("oracles", "NAME+score-gradient"),
        ("spaces", "nasbench101"),
        ("tables", "nasbench101-v5-digits"),
    ],
)
def test_list_names_what_there_is(harness: Harness, kind: str, name: str) -> None:
    rows = json.loads(harness("list", kind, "--json").out)
    assert name in [row["name"] for row in rows]
    assert name in harness("list", kind).out


def test_the_best_cell_by_a_table_is_a_look_at_the_truth_that_a_store_records(harness: Harness, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/looks.db"
    command = ("space", "info", "nasbench101-v5", "--set", "encoding=tree", "--table", "nasbench101-v5-digits")
    assert "of 2,532" in harness(*command, "--store", url).out
    with Store.read(url) as store:
        look = store.looks()[0]
    assert (look.run, look.architecture) == ("", "the best of 82 cells that encoding tree reaches")
    assert look.metric == "test_accuracy"
    assert harness("space", "info", "nasbench101-v5").status == 0
