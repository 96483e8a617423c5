"""What the README shows runs as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow(reason="processes that search and that check a contract")
def test_the_readme_s_policy_runs_and_keeps_the_contract(tmp_path: Path) -> None:
    policy, checks = blocks("python")
    assert policy.count("\n") < 40
    (tmp_path / "hill_climbing.py").write_text(policy)
    command = next(line for line in README.splitlines() if line.startswith("harness run --policy hill_climbing"))
    arguments = [sys.executable, "-m", *command.split(), "--json"]
    ran = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = json.loads(ran.stdout)["leaderboard"]
    assert [row["policy"] for row in rows] == ["hill_climbing:HillClimbing", "random"]
    (tmp_path / "checks.py").write_text(checks)
    subprocess.run([sys.executable, "checks.py"], cwd=tmp_path, check=True)


def test_the_readme_s_experiment_file_is_one(tmp_path: Path) -> None:
    from harness.planning.experiment import load_experiment

    (path := tmp_path / "experiment.yaml").write_text(blocks("yaml")[0])
    experiment = load_experiment(str(path), {})
    assert experiment.policies == ("nao", "evolution")
    assert experiment.budget.queries == 500


def test_the_readme_stays_short() -> None:
    assert README.count("\n") < 200
