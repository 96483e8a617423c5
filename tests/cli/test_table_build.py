"""``harness table build`` for recurrent cells: from a text and a recipe to a table of whole courses of training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backends.standalone.language import LITTLE, write_text, written
from tests.cli.conftest import Harness


@pytest.mark.slow(reason="trains all recurrent cells of two nodes")
def test_recurrent_cells_are_trained_into_a_table_and_built_again_nothing_is(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(write_text(tmp_path)))
    recipe = replace(LITTLE, epochs=2)
    build = ("table", "build", str(written(tmp_path, recipe)), "--space", "rnn1", "--output", "t.h5", "--workers", "1")
    assert harness(*build).status == 0
    journal = Path("t.h5.journal").read_bytes()
    info = json.loads(harness("table", "info", "t.h5", "--json").out)
    assert (info["space"], info["rows"], info["trainings"]) == ("rnn1", 4, 4 * 2 * 2)
    assert info["metrics"] == ["validation_perplexity", "test_perplexity", "training_seconds"]
    assert info["epochs"] == [1, 2]
    assert json.loads(info["recipe"]) == recipe.document()
    assert info["provenance"]["recipe_digest"] == recipe.digest()
    assert harness(*build).status == 0
    assert Path("t.h5.journal").read_bytes() == journal
