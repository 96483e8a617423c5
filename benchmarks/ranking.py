"""How the supernet of nasbench101-v5 ranks cells after trainings of several lengths, by the statistics that it uses.

    python -m benchmarks.ranking

Kendall's tau-b between validation scores of the probe's 200 cells and the test accuracy of the table
nasbench101-v5-digits: one supernet a length and seed, trained by recipe ``digits/spos`` on uniform cells with a
schedule of that length. Prints a line each and writes them to ``benchmarks/results/ranking.json``; takes three
minutes of one core.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml

from backends.supernet.image_task import Statistics
from backends.supernet.oracle import SupernetOracle
from backends.supernet.recipe import FOLDER
from backends.tabular.shelf import open_table
from harness.core.oracle import State, Update, Updated
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.judge import Judge
from harness.probe import measured
from harness.settings import create_space
from harness.statistics import Undefined

RESULTS = Path(__file__).parent / "results" / "ranking.json"
LENGTHS = (20, 60, 100, 200)
SEEDS = (1268, 1269)
STATISTICS: tuple[Statistics, ...] = ("recalibrated", "batch", "running")


def recipe(epochs: int) -> str:
    """A copy of the recipe with a schedule of so many epochs."""
    content = yaml.safe_load((FOLDER / "digits/spos.yaml").read_text(encoding="utf-8"))
    content["training"]["epochs"] = epochs
    path = Path(tempfile.mkdtemp()) / "spos.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def trained(space: SearchSpace, seed: int, path: str, epochs: int) -> State:
    """The state after so many epochs of one uniform cell a step."""
    oracle, rng = SupernetOracle(space, seed, recipe=path), stream(seed, "policy")
    for _ in range(epochs):
        answers = oracle.answer([Update((space.sample(rng),)) for _ in range(oracle.steps_per_epoch)])
        if not all(isinstance(answer, Updated) for answer in answers):
            raise SystemExit("the training diverged")
    return oracle.state_dict()


def rankings(space: SearchSpace, judge: Judge, epochs: int, seed: int) -> Iterator[dict[str, Any]]:
    """One record for each way to normalise, on the same weights."""
    path = recipe(epochs)
    state = trained(space, seed, path, epochs)
    for statistics in STATISTICS:
        oracle = SupernetOracle(space, seed, recipe=path, batch_norm=statistics)
        oracle.load_state_dict(state)
        cells, values = zip(*measured(oracle), strict=True)
        tau = judge.tau([space.parse(cell) for cell in cells], values, run="").tau
        yield {
            "epochs": epochs,
            "seed": seed,
            "batch_norm": statistics,
            "tau": None if isinstance(tau, Undefined) else round(tau, 4),
            "mean_score": round(sum(values) / len(values), 4),
        }


def main() -> None:
    """Train, rank, print and write."""
    torch.set_num_threads(1)
    space = create_space("nasbench101-v5")
    judge = Judge(open_table("nasbench101-v5-digits"), space)
    records = []
    for epochs in LENGTHS:
        for seed in SEEDS:
            for record in rankings(space, judge, epochs, seed):
                records.append(record)
                print(record, flush=True)
    RESULTS.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
