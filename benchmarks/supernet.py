"""Speed of the weight-sharing supernet compared with a plain PyTorch loop that does the same work.

    python -m benchmarks.supernet [--device DEVICE]

Prints its figures and writes them, by device, to ``benchmarks/results/supernet.json``: steps and scored cells a second,
also as ratios to ``benchmarks/plain_supernet.py``; the speed of a step as a fraction of a large 3x3 convolution's; the
cost of the messages of a step; mixtures compared with single paths. Calls alternate in one run on one thread, and
figures are medians. ``digits`` is the recipe of that name; ``images`` has the 32x32 pixels, crop and flip of CIFAR-10
at a quarter of its width, on random bytes.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from backends.data.digits import load as load_digits
from backends.data.images import Images, Split
from backends.networks.nasbench101_points import CellPoint, NASBench101Cells
from backends.networks.supernet_points import MixtureRows
from backends.supernet.batches import ImageBatches
from backends.supernet.build import skeleton
from backends.supernet.image_task import ImageTask, Statistics
from backends.supernet.oracle import SupernetOracle
from backends.supernet.weights import SharedWeights
from backends.training.recipes.files import load_supernet_recipe
from backends.training.recipes.images import ImageData, ImageEvaluation, ImageRecipe
from benchmarks.plain_supernet import MatrixAndOperations, PlainLoop, plain_copy
from benchmarks.recording import record
from benchmarks.timing import interleaved, processor_seconds
from harness.core.budget import Budget
from harness.core.driver import search
from harness.core.random import stream
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import matrix_of_key
from policies.darts import DARTS
from policies.spos import SPOS

RESULTS = Path(__file__).parent / "results" / "supernet.json"
TARGETS = {
    "digits_steps_speedup": 1.2,
    "images_steps_speedup": 1.5,
    "update_message_share_of_step": 0.1,
    "gradient_and_update_message_share_of_pair": 0.02,
}
ROUNDS, SCORES = 300, 60
"""The number of timings of a step and of a score on the digits; images have a twentieth and an eighth of them."""

EPOCHS = 50
"""The epochs, of 16 steps each, of the searches whose messages are timed."""


@dataclass(frozen=True, slots=True)
class SupernetScale:
    """A space, recipe and data; ``rounds`` is the number of timings of a step, ``scores`` of a score."""

    name: str
    space: NASBench101
    recipe: ImageRecipe
    data: Images
    rounds: int
    scores: int


def image_recipe(name: str) -> ImageRecipe:
    """An image recipe of the project, by name."""
    recipe = load_supernet_recipe(name)
    if not isinstance(recipe, ImageRecipe):
        raise SystemExit(f"recipe {name!r} is none of images")
    return recipe


def scales(device: torch.device) -> tuple[SupernetScale, SupernetScale]:
    """The digits recipe, and a recipe of colour images that is small enough for a CPU."""
    digits, published = image_recipe("digits/spos"), image_recipe("cifar10/spos")
    coloured = replace(
        published,
        data=ImageData(dataset="random", train_images=512, validation_images=256, crop=4, flip=True),
        network=replace(published.network, width=32),
        training=replace(published.training, batch_size=64),
        evaluation=ImageEvaluation(quick_batch=64, batch=128, recalibration_images=128),
    )
    part, space = digits.data, NASBench101(vertices=5)
    small = load_digits(part.train_images, part.validation_images, noise=part.noise)
    large = random_images(coloured.data.train_images, coloured.data.validation_images)
    return (
        SupernetScale("digits", space, digits, small.to(device), ROUNDS, SCORES),
        SupernetScale("images", space, coloured, large.to(device), max(1, ROUNDS // 20), max(1, SCORES // 8)),
    )


def random_images(*counts: int) -> Images:
    """Random bytes of 3x32x32 and labels of ten classes, as training and validation split."""
    rng = stream(0, "images")
    pixels = [torch.from_numpy(rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)) for n in counts]
    train, validation = (Split(each, torch.from_numpy(rng.integers(0, 10, len(each)))) for each in pixels)
    middle = torch.full((3, 1, 1), 127.5)
    return Images("random", train, validation, validation, middle, middle / 2, 10)


class SpeedComparison:
    """The harness's shared weights and the plain loop, with the same initial weights."""

    def __init__(self, scale: SupernetScale, device: torch.device, *, mixed: bool = False) -> None:
        sizes = skeleton(scale.recipe, scale.data, "nasbench", None)
        self.scale = scale
        self.cells = NASBench101Cells(scale.space, sizes, 0, device)
        self.batches = ImageBatches(scale.data, scale.data.validation, scale.recipe, 0)
        self.plain = PlainLoop(
            plain_copy(self.cells.module, device), scale.data, scale.recipe, torch.Generator().manual_seed(0)
        )
        self.ours = self.weights("recalibrated", mixed=mixed)

    def weights(self, statistics: Statistics, *, mixed: bool = False) -> SharedWeights[CellPoint]:
        """Shared weights whose scores use these statistics."""
        recipe = self.scale.recipe
        task = ImageTask(self.cells, self.batches, recipe, 0, statistics=statistics, mixed=mixed)
        return SharedWeights(task, recipe.optimizer_settings)

    def drawn(self, count: int) -> list[tuple[CellPoint, MatrixAndOperations]]:
        """Uniformly drawn cells, in the forms of both implementations."""
        space, rng = self.scale.space, stream(0, "benchmark")
        found = [space.canonical(space.sample(rng)) for _ in range(count)]
        return [(self.cells.discrete(each), matrix_of_key(space.key(each))) for each in found]


def peak_flops(device: torch.device) -> float:
    """The floating-point operations a second of a large 3x3 convolution."""
    image = torch.ones(16, 256, 32, 32, device=device).to(memory_format=torch.channels_last)
    weight = torch.ones(256, 256, 3, 3, device=device).to(memory_format=torch.channels_last)
    times = interleaved({"peak": lambda _: functional.conv2d(image, weight, padding=1)}, range(5), device)
    return 2 * image.numel() * 9 * 256 / min(times.seconds["peak"])


def step_flops(weights: SharedWeights[CellPoint], path: CellPoint) -> int:
    """The floating-point operations of a step's convolutions, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        weights.update([path])
    return int(counter.get_total_flops())


def steps(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """The speed of training steps, and its fraction of the peak of a convolution."""
    comparison = SpeedComparison(scale, device)
    cells = comparison.drawn(scale.rounds)
    calls = {"ours": lambda it: comparison.ours.update([it[0]]), "plain": lambda it: comparison.plain.update(it[1])}
    highest = peak_flops(device)
    times = interleaved(calls, cells, device)
    counted = zip(cells[:20], times.seconds["ours"], strict=False)
    shares = [step_flops(comparison.ours, path) / took / highest for (path, _), took in counted]
    return {
        "steps_per_second": 1 / times.median("ours"),
        "steps_speedup": times.ratio("plain", "ours"),
        "step_share_of_convolution_peak": statistics.median(shares),
    }


def scores(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """The speed of scores on the validation split, with recalibrated and with running statistics."""
    comparison = SpeedComparison(scale, device)
    running = comparison.weights("running")

    def recalibrated(cell: MatrixAndOperations) -> float:
        comparison.plain.recalibrate(cell)
        return comparison.plain.accuracy(cell)

    calls: dict[str, Callable[[Any], float]] = {
        "ours": lambda it: comparison.ours.score(it[0]).item(),
        "plain": lambda it: recalibrated(it[1]),
        "ours running": lambda it: running.score(it[0]).item(),
        "plain running": lambda it: comparison.plain.accuracy(it[1]),
    }
    times = interleaved(calls, comparison.drawn(scale.scores), device)
    return {
        "recalibrated_cells_per_second": 1 / times.median("ours"),
        "recalibrated_cells_speedup": times.ratio("plain", "ours"),
        "running_cells_per_second": 1 / times.median("ours running"),
        "running_cells_speedup": times.ratio("plain running", "ours running"),
    }


def mixtures(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """Steps and slopes of mixtures compared with steps of single paths, and the cost of messages."""
    comparison = SpeedComparison(scale, device)
    rng, count = stream(0, "mixtures"), max(1, scale.rounds // 5)
    drawn = [tuple(tuple(rng.dirichlet(np.ones(n)).tolist()) for n in scale.space.options) for _ in range(count)]
    cells = [(path, mixture) for (path, _), mixture in zip(comparison.drawn(count), drawn, strict=True)]
    calls: dict[str, Callable[[Any], Any]] = {
        "path": lambda it: comparison.ours.update([it[0]]),
        "mixture": lambda it: comparison.ours.update([comparison.cells.point(it[1])]),
        "slope": lambda it: comparison.ours.slope(comparison.cells.rows(it[1])),
        "unrolled": lambda it: comparison.ours.unrolled_slope(comparison.cells.rows(it[1])),
    }
    times = interleaved(calls, cells, device)
    ratios = {f"{name}_over_path_step": times.ratio(name, "path") for name in ("mixture", "slope", "unrolled")}
    pair = times.median("mixture") + times.median("unrolled")
    return ratios | messages(times.median("path"), pair)


class NoOpSharedWeights:
    """Shared weights that answer at once, so that the time of a search is that of policy, driver and oracle alone."""

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch

    def update(self, points: Sequence[CellPoint]) -> Tensor:
        """Take no step; returns a loss of 0."""
        return torch.zeros(())

    def unrolled_slope(self, rows: MixtureRows) -> tuple[Tensor, MixtureRows]:
        """A loss of 0, and the mixture as its slope."""
        return torch.zeros(()), rows


def messages(step: float, pair: float) -> dict[str, float]:
    """The cost of the messages of a SPOS step and of a DARTS pair, in microseconds and as fractions of their time."""
    update, both = message_seconds(SPOS, "digits/spos"), message_seconds(DARTS, "digits/darts")
    return {
        "update_message_microseconds": 1e6 * update,
        "update_message_share_of_step": update / step,
        "gradient_and_update_message_microseconds": 1e6 * both,
        "gradient_and_update_message_share_of_pair": both / pair,
    }


def message_seconds(factory: Callable[..., Any], recipe: str) -> float:
    """Processor seconds for each Update of a search with ``NoOpSharedWeights``; the median of three searches."""
    taken = []
    for _ in range(3):
        space = NASBench101(vertices=5)
        oracle = SupernetOracle(space, 0, recipe=recipe, device="cpu")
        policy = factory(space, stream(0, "policy"), epochs=EPOCHS, updates=16)
        oracle._weights = NoOpSharedWeights(oracle.steps_per_epoch)  # type: ignore[assignment]
        taken.append(processor_seconds(partial(search, policy, oracle, Budget(epochs=EPOCHS))) / (16 * EPOCHS))
    return statistics.median(taken)


def half_precision(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """The speed of bfloat16 steps compared with single precision; empty on a CPU."""
    if device.type == "cpu":
        return {}
    single, mixed = SpeedComparison(scale, device), SpeedComparison(scale, device, mixed=True)
    calls = {"single": lambda it: single.ours.update([it[0]]), "mixed": lambda it: mixed.ours.update([it[0]])}
    return {"bfloat16_steps_speedup": interleaved(calls, single.drawn(scale.rounds), device).ratio("single", "mixed")}


def measure(device: torch.device) -> dict[str, float]:
    """All figures of a device."""
    small, large = scales(device)
    figures = mixtures(small, device)
    for scale in (small, large):
        found = steps(scale, device) | scores(scale, device) | half_precision(scale, device)
        figures |= {f"{scale.name}_{name}": value for name, value in found.items()}
    return figures


if __name__ == "__main__":
    record(RESULTS, __doc__, measure, targets=TARGETS)
