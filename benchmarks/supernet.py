"""Speed of the weight-sharing supernet against a plain PyTorch loop that does the same work.

    python -m benchmarks.supernet [--device DEVICE]

Prints its figures and writes them, by device, to ``benchmarks/results/supernet.json``: steps and scored cells a second,
each as a ratio to ``benchmarks/plain_supernet.py``; the share of the peak of a large 3x3 convolution that a step
reaches; what the messages around a step cost; mixtures against single paths. All ratios are taken in one run, call by
call in turn, on one thread; medians. ``digits`` is the recipe of that name; ``images`` has the 32x32 pixels, the crop
and the flip of CIFAR-10 at a quarter of its width, on random bytes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from benchmarks.timing import interleaved
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
"""How often a step and a score of the digits are timed; those of images a twentieth and an eighth as often."""

EPOCHS = 50
"""Of 16 steps each: how long the messages of a search are measured."""


@dataclass(frozen=True, slots=True)
class SupernetScale:
    """Cells of a space at the sizes of a recipe; ``rounds`` says how often a step is timed, ``scores`` a score."""

    name: str
    space: NASBench101
    recipe: ImageRecipe
    data: Images
    rounds: int
    scores: int


def image_recipe(name: str) -> ImageRecipe:
    """A recipe that ships."""
    recipe = load_supernet_recipe(name)
    if not isinstance(recipe, ImageRecipe):
        raise SystemExit(f"recipe {name!r} is none of images")
    return recipe


def scales(device: torch.device) -> tuple[SupernetScale, SupernetScale]:
    """The digits recipe, and one of coloured images that a processor can do."""
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
    """Our shared weights and the plain loop with the same start, on cells drawn uniformly."""

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
        """The weights, to be scored with these statistics."""
        recipe = self.scale.recipe
        task = ImageTask(self.cells, self.batches, recipe, 0, statistics=statistics, mixed=mixed)
        return SharedWeights(task, recipe.optimizer_settings)

    def drawn(self, count: int) -> list[tuple[CellPoint, MatrixAndOperations]]:
        """Cells as both take them."""
        space, rng = self.scale.space, stream(0, "benchmark")
        found = [space.canonical(space.sample(rng)) for _ in range(count)]
        return [(self.cells.discrete(each), matrix_of_key(space.key(each))) for each in found]


def peak_flops(device: torch.device) -> float:
    """Floating-point operations a second of a large 3x3 convolution."""
    image = torch.ones(16, 256, 32, 32, device=device).to(memory_format=torch.channels_last)
    weight = torch.ones(256, 256, 3, 3, device=device).to(memory_format=torch.channels_last)
    times = interleaved({"peak": lambda _: functional.conv2d(image, weight, padding=1)}, range(5), device)
    return 2 * image.numel() * 9 * 256 / min(times.seconds["peak"])


def step_flops(weights: SharedWeights[CellPoint], path: CellPoint) -> int:
    """Floating-point operations of the convolutions of a step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        weights.update([path])
    return int(counter.get_total_flops())


def steps(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """Training steps, and how near they come to the peak."""
    contest = SpeedComparison(scale, device)
    cells = contest.drawn(scale.rounds)
    calls = {"ours": lambda it: contest.ours.update([it[0]]), "plain": lambda it: contest.plain.update(it[1])}
    highest = peak_flops(device)
    times = interleaved(calls, cells, device)
    counted = zip(cells[:20], times.seconds["ours"], strict=False)
    shares = [step_flops(contest.ours, path) / took / highest for (path, _), took in counted]
    return {
        "steps_per_second": 1 / times.median("ours"),
        "steps_speedup": times.ratio("plain", "ours"),
        "step_share_of_convolution_peak": statistics.median(shares),
    }


def scores(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """Whole scores on the validation split, with statistics of their own and with the running ones."""
    contest = SpeedComparison(scale, device)
    running = contest.weights("running")

    def recalibrated(cell: MatrixAndOperations) -> float:
        contest.plain.recalibrate(cell)
        return contest.plain.accuracy(cell)

    calls: dict[str, Callable[[Any], float]] = {
        "ours": lambda it: contest.ours.score(it[0]).item(),
        "plain": lambda it: recalibrated(it[1]),
        "ours running": lambda it: running.score(it[0]).item(),
        "plain running": lambda it: contest.plain.accuracy(it[1]),
    }
    times = interleaved(calls, contest.drawn(scale.scores), device)
    return {
        "recalibrated_cells_per_second": 1 / times.median("ours"),
        "recalibrated_cells_speedup": times.ratio("plain", "ours"),
        "running_cells_per_second": 1 / times.median("ours running"),
        "running_cells_speedup": times.ratio("plain running", "ours running"),
    }


def mixtures(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """Steps and slopes of mixtures, against steps of single paths; the seconds of a step and of a DARTS pair."""
    contest = SpeedComparison(scale, device)
    rng, count = stream(0, "mixtures"), max(1, scale.rounds // 5)
    drawn = [tuple(tuple(rng.dirichlet(np.ones(n)).tolist()) for n in scale.space.options) for _ in range(count)]
    cells = [(path, mixture) for (path, _), mixture in zip(contest.drawn(count), drawn, strict=True)]
    calls: dict[str, Callable[[Any], Any]] = {
        "path": lambda it: contest.ours.update([it[0]]),
        "mixture": lambda it: contest.ours.update([contest.cells.point(it[1])]),
        "slope": lambda it: contest.ours.slope(contest.cells.rows(it[1])),
        "unrolled": lambda it: contest.ours.unrolled_slope(contest.cells.rows(it[1])),
    }
    times = interleaved(calls, cells, device)
    ratios = {f"{name}_over_path_step": times.ratio(name, "path") for name in ("mixture", "slope", "unrolled")}
    pair = times.median("mixture") + times.median("unrolled")
    return ratios | messages(times.median("path"), pair)


class NoOpSharedWeights:
    """Shared weights that answer at once: what a search then takes is the policy, the driver and the oracle."""

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch

    def update(self, points: Sequence[CellPoint]) -> Tensor:
        """No step."""
        return torch.zeros(())

    def unrolled_slope(self, rows: MixtureRows) -> tuple[Tensor, MixtureRows]:
        """A slope that is the mixture."""
        return torch.zeros(()), rows


def messages(step: float, pair: float) -> dict[str, float]:
    """Microseconds around a step of SPOS and around a pair of DARTS, and as shares of their seconds."""
    update, both = message_seconds(SPOS, "digits/spos"), message_seconds(DARTS, "digits/darts")
    return {
        "update_message_microseconds": 1e6 * update,
        "update_message_share_of_step": update / step,
        "gradient_and_update_message_microseconds": 1e6 * both,
        "gradient_and_update_message_share_of_pair": both / pair,
    }


def message_seconds(factory: Callable[..., Any], recipe: str) -> float:
    """Processor seconds for each Update of a search whose shared weights do nothing; the median of three searches."""
    taken = []
    for _ in range(3):
        space = NASBench101(vertices=5)
        oracle = SupernetOracle(space, 0, recipe=recipe, device="cpu")
        policy = factory(space, stream(0, "policy"), epochs=EPOCHS, updates=16)
        oracle._weights = NoOpSharedWeights(oracle.steps_per_epoch)  # type: ignore[assignment]
        start = time.process_time()
        search(policy, oracle, Budget(epochs=EPOCHS))
        taken.append((time.process_time() - start) / (16 * EPOCHS))
    return statistics.median(taken)


def half_precision(scale: SupernetScale, device: torch.device) -> dict[str, float]:
    """Steps that compute in bfloat16, against single precision; on an accelerator alone."""
    if device.type == "cpu":
        return {}
    single, mixed = SpeedComparison(scale, device), SpeedComparison(scale, device, mixed=True)
    calls = {
        "single": lambda it: single.ours.update([it[0]]),
        "mixed": lambda it: mixed.ours.update([it[0]]),
    }
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
