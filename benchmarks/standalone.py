"""Trainings an hour of the stand-alone trainer: three repeats together compared with one at a time.

    python -m benchmarks.standalone [--recipe NAME] [--device DEVICE]

Prints its figures and writes them, by recipe and device, to ``benchmarks/results/standalone.json``: trainings an hour
of one core or GPU, their ratio from one run, and the cost of a checkpoint. Both ways train the same cells with the same
seeds, in turn. The time of evaluation does not count, as in a table's seconds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from backends.networks.adapters import graphs_of
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.checkpoints import INTERVAL, TrainingCheckpoint
from backends.standalone.training import CellTraining
from backends.training.recipes import Recipe, load_recipe, recipe_path
from benchmarks.recording import machine, stored, write
from harness.core.random import stream
from harness.spaces.nasbench101 import NASBench101

RESULTS = Path(__file__).parent / "results" / "standalone.json"
TARGETS = {"side_by_side_speedup": 1.5, "checkpoint_share_of_interval": 0.02}
REPEATS = (0, 1, 2)


def sampled(number: int) -> list[ArchitectureGraphs]:
    """Cells drawn uniformly from those of at most five vertices."""
    space, rng = NASBench101(vertices=5), stream(0, "benchmark")
    keys = space.canonical_keys(space.keys(space.sample_many(rng, number)))
    return graphs_of(space, keys.tolist())


def seconds(trainer: CellTrainer, cell: ArchitectureGraphs, epochs: int, repeats: tuple[int, ...]) -> float:
    """Training seconds of these repeats together."""
    return sum(curve.final.seconds for curve in trainer.curves(cell, epochs, repeats))


def trainings_an_hour(trainer: CellTrainer, cells: list[ArchitectureGraphs], epochs: int) -> dict[str, float]:
    """Both ways, by the median over the cells."""
    trainer.curves(cells[0], epochs, REPEATS)
    together, alone = list[float](), list[float]()
    for cell in cells:
        together.append(seconds(trainer, cell, epochs, REPEATS))
        alone.append(sum(seconds(trainer, cell, epochs, (repeat,)) for repeat in REPEATS))
    return {
        "side_by_side_trainings_an_hour": 3600 * len(REPEATS) / statistics.median(together),
        "one_at_a_time_trainings_an_hour": 3600 * len(REPEATS) / statistics.median(alone),
        "side_by_side_speedup": statistics.median(a / t for a, t in zip(alone, together, strict=True)),
    }


def checkpoint_share(trainer: CellTrainer, recipe: Recipe, cell: ArchitectureGraphs) -> float:
    """The seconds of writing the state of three repeats, divided by the seconds between two writes."""
    training = CellTraining(cell, recipe, trainer._data, epochs=2, seeds=REPEATS)
    training._take_step()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        TrainingCheckpoint(Path(folder), "benchmark").write(training.state_dict())
        return (time.perf_counter() - start) / INTERVAL


def measure(recipe: Recipe, device: str, number: int) -> dict[str, float]:
    """All figures at the recipe's least budget."""
    trainer, cells = CellTrainer(recipe, device, verify=False), sampled(number)
    figures = trainings_an_hour(trainer, cells, min(recipe.epochs))
    figures["checkpoint_share_of_interval"] = checkpoint_share(trainer, recipe, cells[0])
    return {name: round(value, 4) for name, value in figures.items()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="nasbench101-v5-digits", help="a recipe's name or file")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--cells", type=int, default=7, help="how many cells to train")
    options = parser.parse_args()
    # With continued budgets, trainings would be read from disk and not repeated.
    recipe = replace(load_recipe(recipe_path(options.recipe)), budgets="separate")
    measured_on = {"machine": machine(f"torch {torch.__version__}", options.device)}
    figures = measured_on | measure(recipe, options.device, options.cells)
    document = stored(RESULTS) | {f"{options.recipe} on {options.device}": figures}
    print(write(RESULTS, document | {"targets": TARGETS}))


if __name__ == "__main__":
    main()
