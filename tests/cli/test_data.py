"""``harness data`` as a user meets it: what is there, and how to get what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backends.data import corpora
from backends.data.known_datasets import DATASETS, TextDataset
from tests.backends.data.planted import plant_new
from tests.cli.conftest import Harness


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "none"))


def test_every_data_set_is_listed_with_its_place_or_the_way_to_it(harness: Harness) -> None:
    ended = harness("data", "list", "--json")
    assert ended.status == 0
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert set(rows) == {"digits", "cifar10", "fashion-mnist", "austen", "ptb"}
    assert rows["digits"]["where"] == "comes with scikit-learn"
    assert rows["austen"]["where"] == "comes with the harness"
    assert rows["cifar10"]["content"] == "50,000 images"
    assert rows["ptb"]["content"] == "929,589 words"
    assert "ptb.train.txt" in rows["ptb"]["where"]
    for name in ("cifar10", "fashion-mnist"):
        assert rows[name]["where"].startswith("missing: ")
        assert f"harness data fetch {name}" in rows[name]["where"]
    assert "cifar10" in harness("data", "list").out


def test_the_corpus_that_ships_has_as_many_words_as_the_list_says() -> None:
    austen = DATASETS["austen"]
    assert isinstance(austen, TextDataset)
    assert austen.words == len(corpora.load("austen").train)


def test_data_that_is_there_is_listed_with_its_folder(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images").mkdir()
    monkeypatch.setattr("backends.data.datasets.load", lambda name, **_: name)
    monkeypatch.setattr("backends.data.corpora.load", lambda name: name)
    rows = json.loads(harness("data", "list", "--json", "--data-dir", "images").out)
    assert {row["name"]: row["where"] for row in rows} == {
        "digits": "comes with scikit-learn",
        "cifar10": str(tmp_path / "images"),
        "fashion-mnist": str(tmp_path / "images"),
        "austen": "comes with the harness",
        "ptb": str(tmp_path / "images"),
    }


def test_a_data_set_is_fetched_by_name(harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(name: str, *, on_progress: Callable[[int, int], None]) -> Path:
        on_progress(1, 2)
        return tmp_path / name

    monkeypatch.setattr("backends.data.fetch.fetch", fetched)
    ended = harness("data", "fetch", "cifar10")
    assert (ended.status, ended.out, ended.err) == (0, "", f"cifar10 is in {tmp_path / 'cifar10'}\n")


def test_a_new_entry_of_the_table_is_listed(harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_new(monkeypatch)
    (tmp_path / "greys").mkdir()
    rows = {row["name"]: row for row in json.loads(harness("data", "list", "--json", "--data-dir", "greys").out)}
    assert rows["greys"] == {"name": "greys", "content": "300 images", "where": str(tmp_path / "greys")}
    assert rows["abc"] == {"name": "abc", "content": "6 words", "where": "comes with the tests"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("data", "fetch", "cifar"), "unknown data set 'cifar'; did you mean 'cifar10'?"),
        (("data", "fetch", "digits"), "nothing to fetch"),
        (("data", "fetch", "austen"), "comes with the harness: there is nothing to fetch"),
        (("data", "fetch", "ptb"), "has no public licence, so it cannot be fetched"),
        (("data", "fetch", "cifar10", "--data-dir", "nowhere"), "nowhere"),
        (("data", "fech", "cifar10"), "fech"),
    ],
)
def test_a_mistake_is_one_line_with_status_2(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    ended = harness(*arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
