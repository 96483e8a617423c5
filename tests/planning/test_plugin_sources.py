"""The source of a plug-in is part of the identity of its runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.core.runspec import RunSpec
from harness.planning import registry
from harness.planning.experiment import Experiment
from harness.planning.plan import make_plan
from harness.planning.plugin_sources import plugin_sources, source_digest
from harness.storage.selection import keys_of
from tests.fakes import stored_runs

POLICY = """
import helper_of_mine
from policies.random import Random


class Mine(Random):
    recommends_unscored = True
    step = helper_of_mine.STEP
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a module and its helper, and load them as a new process would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text: str = POLICY, step: str = "STEP = 1") -> str:
        (tmp_path / "policy_of_mine.py").write_text(text)
        (tmp_path / "helper_of_mine.py").write_text(step)
        (tmp_path / "unrelated_of_mine.py").write_text(step)
        importlib.invalidate_caches()
        for name in ("policy_of_mine", "helper_of_mine"):
            sys.modules.pop(name, None)
        return "policy_of_mine:Mine"

    yield write
    for name in ("policy_of_mine", "helper_of_mine"):
        sys.modules.pop(name, None)


def spec_of(policy: str, **fields: Any) -> RunSpec:
    return make_plan(Experiment(policies=(policy,), space="nasbench101-v4", seeds="1", **fields)).specs[0]


def test_an_edited_class_is_another_run_and_the_same_text_the_same(plugin: Any) -> None:
    first = spec_of(plugin())
    assert spec_of(plugin()).digest == first.digest
    edited = spec_of(plugin(POLICY + "# another word\n"))
    assert edited.digest != first.digest
    assert list(first.sources) == ["policy"]
    assert RunSpec.from_json(edited.to_json()) == edited


def test_a_helper_beside_the_class_counts_and_an_unrelated_file_does_not(plugin: Any, tmp_path: Path) -> None:
    first = spec_of(plugin())
    assert spec_of(plugin(step="STEP = 2")).digest != first.digest
    assert spec_of(plugin()).digest == first.digest
    (tmp_path / "unrelated_of_mine.py").write_text("STEP = 3")
    assert spec_of("policy_of_mine:Mine").digest == first.digest


def test_parts_of_this_project_have_no_source_and_keep_their_digests() -> None:
    assert plugin_sources({"policy": "nao", "oracle": "tabular+score-gradient", "space": "rnn2"}) == {}
    own = stored_runs.spec()
    assert own.sources == {}
    assert "sources" not in own.to_json()
    assert own.digest == "616775f1cf6d7ad7c1544be0b4c31a9c5fe93237de1be730a67820b4ba60044d"


def test_oracles_and_spaces_count_too() -> None:
    found = plugin_sources({"policy": "random", "oracle": "tests.fakes.cheating:SaysTest", "space": "nasbench101"})
    assert found == {"oracle": source_digest(registry.load("oracle", "tests.fakes.cheating:SaysTest"))}
    assert found != plugin_sources({"oracle": "tests.fakes.live:SharedOracle"})


def test_rows_of_two_sources_are_told_apart(plugin: Any) -> None:
    run = stored_runs.run(sources={"policy": "ab" * 32})
    assert keys_of(run)["sources.policy"] == "ab" * 32
