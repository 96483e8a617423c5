"""How the free choices of supernet recipes change the ranking of cells.

    python -m benchmarks.ranking digits|austen [--quick]

Measures Kendall's tau-b between validation scores of the probe's cells and the test metric of the space's table. For
each choice and seed it trains one supernet on uniformly drawn cells, with a copy of recipe ``FAMILY/spos``.

``digits``: nasbench101-v5 after trainings of several lengths, each scored with the three kinds of batch normalisation
statistics (three minutes of one core). ``austen``: rnn2 at several learning rates (eight minutes). Prints one line for
each record and writes the records to ``benchmarks/results/ranking.json`` or ``ranking-austen.json``.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from backends.supernet.oracle import SupernetOracle
from backends.tabular.named_tables import open_table
from backends.training.recipes.files import supernet_recipe_path
from benchmarks.command_line import command_line, results_file, write_figures
from harness.core.numbers import Undefined
from harness.core.oracle import State, Update, Updated
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.execution.probe import score_probe
from harness.judging.judge import Judge
from harness.planning.settings import create_space

SEEDS = (1268, 1269)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Values of one key of a recipe's training section, and the oracle settings with which each supernet is scored."""

    space: str
    table: str
    recipe: str
    key: str
    values: Sequence[float]
    scored: Sequence[dict[str, Any]]
    file: str
    quick: bool = False
    """Whether an epoch is enough, whatever the recipe or the value says."""


SWEEPS = {
    "digits": Sweep(
        "nasbench101-v5",
        "nasbench101-v5-digits",
        "digits/spos",
        "epochs",
        (20, 60, 100, 200),
        [{"batch_norm": name} for name in ("recalibrated", "batch", "running")],
        "ranking.json",
    ),
    "austen": Sweep(
        "rnn2", "rnn2-austen", "austen/spos", "learning_rate", (0.02, 0.01, 0.005, 0.002), [{}], "ranking-austen.json"
    ),
}


def recipe(sweep: Sweep, value: float) -> tuple[str, int]:
    """A copy of the recipe with this value, and its epochs."""
    content = yaml.safe_load(supernet_recipe_path(sweep.recipe).read_text(encoding="utf-8"))
    content["training"] |= {sweep.key: value} | ({"epochs": 1} if sweep.quick else {})
    path = Path(tempfile.mkdtemp()) / "spos.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path), content["training"]["epochs"]


def trained(space: SearchSpace, seed: int, path: str, epochs: int) -> State:
    """The oracle's state after ``epochs`` of training on one uniformly drawn cell a step."""
    oracle, rng = SupernetOracle(space, seed, recipe=path), stream(seed, "policy")
    for _ in range(epochs):
        answers = oracle.answer([Update((space.sample(rng),)) for _ in range(oracle.steps_per_epoch)])
        if not all(isinstance(answer, Updated) for answer in answers):
            raise SystemExit("the training diverged")
    return oracle.state_dict()


def rankings(sweep: Sweep, space: SearchSpace, judge: Judge, value: float, seed: int) -> Iterator[dict[str, Any]]:
    """One record for each of the sweep's oracle settings, on the same weights."""
    path, epochs = recipe(sweep, value)
    state = trained(space, seed, path, epochs)
    for settings in sweep.scored:
        oracle = SupernetOracle(space, seed, recipe=path, **settings)
        oracle.load_state_dict(state)
        cells, values = zip(*score_probe(oracle), strict=True)
        tau = judge.tau([space.parse(cell) for cell in cells], values, run="").tau
        known = [each for each in values if each is not None and math.isfinite(each)]
        yield {
            sweep.key: value,
            "seed": seed,
            **settings,
            "tau": None if isinstance(tau, Undefined) else round(tau, 4),
            "mean_score": round(statistics.fmean(known), 4),
            "failed": len(values) - len(known),
        }


def main() -> None:
    """Train, rank, print and write."""
    parser = command_line(__doc__)
    parser.add_argument("family", choices=SWEEPS, help="which supernets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sweep, seeds = SWEEPS[options.family], SEEDS
    if options.quick:
        sweep, seeds = replace(sweep, values=sweep.values[:1], quick=True), SEEDS[:1]
    space = create_space(sweep.space)
    judge = Judge(open_table(sweep.table), space)
    records = []
    for value in sweep.values:
        for seed in seeds:
            for record in rankings(sweep, space, judge, value, seed):
                records.append(record)
                print(record, flush=True)
    write_figures(results_file(options, sweep.file), records)


if __name__ == "__main__":
    main()
