"""The trainings in a cell's results, in the form of NATS-Bench (nats_bench/api_utils.py, ArchResults, ResultsCount)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.tabular.nasbench201_files import CellResults
from harness.core.errors import TableError
from harness.core.quoting import quoted

SEEDS = (777, 888, 999)
"""The seeds of the benchmark; the place of one is the number of the repeat, the same for every cell."""

SUBSTITUTE_SEED = 111
"""The seed of trainings of 12 epochs that takes the place of one that was not used for these."""


MOST_MILLIONS = 1e6
"""The most parameters of a network, in millions; the benchmark's have 1.5 at most."""

MOST_SECONDS = 1e9
"""The most seconds of an epoch."""


@dataclass(frozen=True, slots=True)
class TrainingSelection:
    """A data set, the names of its evaluations (``train`` among them) and the lengths in epochs that are asked for."""

    dataset: str
    evaluations: tuple[str, ...]
    epochs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RecordedTraining:
    """A training of the cell of an ``index``, and its accuracies at the end, fractions in the order of what was asked.

    ``seconds`` are those of all its epochs without evaluation, None where they were not recorded.
    """

    index: int
    cell: str
    epochs: int
    seed: int
    accuracies: tuple[float, ...]
    seconds: float | None
    parameters: int


def trainings_of(entry: CellResults, asked: TrainingSelection, source: str) -> Iterator[RecordedTraining]:
    """The trainings of a cell that are asked for.

    Raises TableError, with ``source`` and the cell's index, where results are not of the benchmark's form.
    """
    try:
        for state in entry.results.values():
            for seed in state["dataset_seed"].get(asked.dataset, ()):
                trial = state["all_results"][asked.dataset, seed]
                if trial["epochs"] in asked.epochs:
                    yield _training(entry.index, state["arch_str"], seed, trial, asked.evaluations)
    except TableError as error:
        raise TableError(f"{source}, cell {entry.index}: {error}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = quoted(error)
        raise TableError(f"{source}, cell {entry.index}: no results of NAS-Bench-201 ({reason})") from error


def _training(
    index: int, cell: str, seed: int, trial: Mapping[str, Any], evaluations: Sequence[str]
) -> RecordedTraining:
    if seed not in (*SEEDS, SUBSTITUTE_SEED):
        raise TableError(
            f"the seed {quoted(seed)} is none of the benchmark's, which are {', '.join(map(str, SEEDS))} and "
            f"{SUBSTITUTE_SEED}"
        )
    if type(cell) is not str or type(trial["epochs"]) is not int:
        raise TypeError("a cell is no text, or its epochs are no whole number")
    epochs = trial["epochs"]
    accuracies = tuple(_percent(trial, name) / 100 for name in evaluations)
    parameters = round(1e6 * _number(trial["params"], "params", MOST_MILLIONS))
    return RecordedTraining(index, cell, epochs, seed, accuracies, _seconds(trial), parameters)


def _number(value: Any, name: str, high: float) -> float:
    """A number from 0 to ``high``; raises TableError for any other, NaN and infinity included."""
    if type(value) not in (int, float) or not 0 <= value <= high:
        raise TableError(f"{name} is {quoted(value)}; expected a number from 0 to {high:,}")
    return float(value)


def _percent(trial: Mapping[str, Any], name: str) -> float:
    """The top-1 accuracy after the last epoch; epochs count from 0 there."""
    last = trial["epochs"] - 1
    if name == "train":
        return _number(trial["train_acc1es"][last], f"train_acc1es[{last}]", 100)
    key = f"{name}@{last}"
    if key not in trial["eval_acc1es"]:
        raise TableError(f"a training of {last + 1} epochs lacks {key!r}; import those of another length alone")
    return _number(trial["eval_acc1es"][key], key, 100)


def _seconds(trial: Mapping[str, Any]) -> float | None:
    """The sum over the epochs, each of which is recorded on its own."""
    times = trial.get("train_times")
    return (
        None if times is None else sum(_number(times[n], "train_times", MOST_SECONDS) for n in range(trial["epochs"]))
    )


def repeat_seeds(trainings: Sequence[RecordedTraining]) -> dict[int, tuple[int, ...]]:
    """By epochs the seeds in the order of repeats, the same for all cells: a cell may have trainings of some alone."""
    used: dict[int, set[int]] = {}
    for training in trainings:
        used.setdefault(training.epochs, set()).add(training.seed)
    return {epochs: _seeds_in_order(used[epochs]) for epochs in sorted(used)}


def _seeds_in_order(used: set[int]) -> tuple[int, ...]:
    if SUBSTITUTE_SEED not in used:
        return SEEDS
    free = next((place for place, seed in enumerate(SEEDS) if seed not in used), len(SEEDS))
    return (*SEEDS[:free], SUBSTITUTE_SEED, *SEEDS[free + 1 :])
