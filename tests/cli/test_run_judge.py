"""``harness run --judge RECIPE`` as a user meets it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from tests.backends.standalone.recipe import TINY
from tests.cli.conftest import Harness

RECIPE = replace(TINY, epochs=(2,), stacks=1, train_images=64)


@pytest.fixture
def command(harness: Harness) -> tuple[str, ...]:
    """A search in a space that no table covers."""
    document = asdict(RECIPE) | {"epochs": list(RECIPE.epochs)}
    Path("tiny.yaml").write_text(yaml.safe_dump(document))
    oracle = ("--oracle", "standalone", "--set", "oracle.recipe=tiny.yaml", "--set", "oracle.device=cpu")
    return ("run", *oracle, "--space", "nasbench101-v6", "--seeds", "1:4", "--workers", "1", "--device", "cpu")


@pytest.mark.slow(reason="trains recommendations from scratch")
def test_a_space_that_no_table_covers_is_judged_by_training_once(harness: Harness, command: tuple[str, ...]) -> None:
    first = harness(*command, "--judge", "tiny.yaml", "--json")
    assert first.status == 0
    (row,) = json.loads(first.out)["leaderboard"]
    assert row["judge"] == "recipe tiny"
    assert row["metric"] == "test accuracy, mean of 2 repeats at 2 epochs"
    assert row["mean"] == pytest.approx(sum(row["values"]) / 3)
    assert row["best_rank"] is None
    assert row["reasons"]["best_rank"] == "trained from scratch: the space is not ranked"
    (journal,) = Path("runs").glob("judge-*.journal")
    assert len(journal.read_bytes().splitlines()) == 1 + 3 * RECIPE.repeats
    journal.unlink()
    assert harness(*command, "--judge", "tiny.yaml", "--json").out == first.out
    assert not journal.exists()


def test_without_a_table_or_a_recipe_to_judge_by_nothing_runs(harness: Harness, command: tuple[str, ...]) -> None:
    ended = harness(*command)
    assert (ended.status, ended.out) == (2, "")
    assert "no table that ships or was fetched covers space 'nasbench101-v6'" in ended.err
    assert "--judge RECIPE" in ended.err


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        ("tinny.yaml", "recipe 'tinny.yaml' cannot be read"),
        ("nasbench101-v5-digit", "unknown recipe 'nasbench101-v5-digit'; did you mean 'nasbench101-v5-digits'"),
    ],
)
def test_a_recipe_that_is_not_there_is_refused_before_anything_runs(
    harness: Harness, command: tuple[str, ...], judge: str, words: str
) -> None:
    ended = harness(*command, "--judge", judge)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
    assert not Path("runs").exists()


def test_a_device_that_only_the_judge_would_use_is_refused_before_anything_runs(
    harness: Harness, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    ended = harness("run", "--oracle", "tabular", "--seeds", "1", "--judge", "tiny.yaml", "--device", "cuda")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: setting 'device' cannot be 'cuda'")
    assert not Path("runs").exists()


def test_an_oracle_that_reads_a_table_needs_one_whoever_judges(harness: Harness, command: tuple[str, ...]) -> None:
    ended = harness("run", "--oracle", "tabular", "--space", "nasbench101-v6", "--judge", "tiny.yaml")
    assert ended.status == 2
    assert "covers space 'nasbench101-v6'; give --table FILE" in ended.err
