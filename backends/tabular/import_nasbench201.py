"""Imports the trainings of NAS-Bench-201 on one of its data sets (Dong and Yang 2020; Dong et al. 2021, NATS-Bench)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backends.tabular.import_rows import TableImport
from backends.tabular.layout import SECONDS
from backends.tabular.nasbench201_files import CellResultsSource, entries_of
from backends.tabular.nasbench201_trainings import RecordedTraining, TrainingSelection, repeat_seeds, trainings_of
from harness.core.errors import SettingError, TableError, UnknownNameError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace

SPACE = "nasbench201"
BUDGETS = (12, 200)


@dataclass(frozen=True, slots=True)
class NASBench201Dataset:
    """A data set: its evaluations that are ``validation`` and ``test`` here ("" is none), and its ``images`` in words.

    ``ori-test`` of CIFAR-100 and ImageNet16-120 is ``x-valid`` and ``x-test`` together, and so neither of the two.
    """

    validation: str
    test: str
    images: str

    @property
    def evaluations(self) -> dict[str, str]:
        """The benchmark's name of each split that there is."""
        splits = {"train": "train", "validation": self.validation, "test": self.test}
        return {split: name for split, name in splits.items() if name}


DATASETS: Mapping[str, NASBench201Dataset] = {
    "cifar10-valid": NASBench201Dataset(
        "x-valid",
        "ori-test",
        "trained on 25,000 of CIFAR-10's training images, validation on the other 25,000, test on its test images",
    ),
    "cifar10": NASBench201Dataset(
        "",
        "ori-test",
        "trained on all 50,000 training images of CIFAR-10, no validation, test on its test images",
    ),
    "cifar100": NASBench201Dataset(
        "x-valid",
        "x-test",
        "trained on CIFAR-100's training images, validation on 5,000 of its test images, test on the other 5,000",
    ),
    "ImageNet16-120": NASBench201Dataset(
        "x-valid",
        "x-test",
        "trained on 151,700 images of ImageNet16-120, validation on 3,000 of its test images, test on the other 3,000",
    ),
}
"""By their names in the benchmark (Dong and Yang 2020, Sec. 2.2; nats_bench/api_utils.py, ArchResults.get_metrics)."""


def import_nasbench201(
    source: str | Path,
    space: SearchSpace,
    output: str | Path,
    on_progress: ProgressCallback = silent,
    *,
    dataset: str = "cifar10-valid",
    epochs: int | None = None,
) -> None:
    """Write the table of one data set from NATS-Bench's folder or file, or NAS-Bench-201's file; progress is in cells.

    A training of 12 epochs and one of 200 are two budgets; ``epochs`` takes one of them alone. Repeats 0, 1 and 2 are
    the seeds 777, 888 and 999 (see ``repeat_seeds``); cells lack some, which stay missing. Accuracies are those at the
    end of a training, seconds those of all its epochs without evaluation. ``cifar10`` has no validation: its networks
    were trained on the images that are validation in ``cifar10-valid``. Whatever a file holds, nothing of it is run. No
    published file was at hand: what is read is what the published API reads, tried on files made in its form alone.
    Raises UnknownNameError for a data set, TableError for a file of another form, with the cell's index for what is
    wrong with one.
    """
    if not Path(source).exists():
        raise TableError(f"there is no file or folder {str(source)!r}")
    wanted = _wanted(space, dataset, epochs)
    files = entries_of(source)
    asked = TrainingSelection(dataset, tuple(wanted.evaluations.values()), BUDGETS if epochs is None else (epochs,))
    found = _read(files, asked, repr(str(source)), on_progress)
    if not found:
        raise TableError(f"{str(source)!r} holds no training on {dataset!r} of {epochs or '12 or 200'} epochs")
    timed = all(training.seconds is not None for training in found)
    columns = [f"final/{split}_accuracy" for split in wanted.evaluations] + [f"final/{SECONDS}"] * timed
    table_import = TableImport(space, repr(str(source)), "cell", columns)
    seeds = repeat_seeds(found)
    for training in found:
        _add(table_import, training, seeds[training.epochs].index(training.seed), timed)
    provenance = {"source": Path(source).name, "sha256": files.sha256, "importer": "nasbench201", "dataset": dataset}
    recipe = f"NAS-Bench-201 (Dong and Yang 2020), {dataset}: {wanted.images}"
    details = {"evaluations": wanted.evaluations, "seeds": {str(epochs): seeds[epochs] for epochs in seeds}}
    table_import.write(output, recipe=recipe, provenance=provenance | details)


def _wanted(space: SearchSpace, dataset: str, epochs: int | None) -> NASBench201Dataset:
    if space.name != SPACE:
        raise TableError(
            f"the benchmark trained all cells of space {SPACE!r}, not those of {space.name!r}; import into {SPACE!r}, "
            f"whose table serves 'nasbench201-unique' as well"
        )
    if dataset not in tuple(DATASETS):
        raise UnknownNameError.among("data set", str(dataset), DATASETS)
    if epochs not in (None, *BUDGETS):
        raise SettingError(f"option 'epochs' cannot be {epochs!r}: it must be 12 or 200, or left out for both")
    return DATASETS[dataset]


def _read(
    files: CellResultsSource, asked: TrainingSelection, source: str, on_progress: ProgressCallback
) -> list[RecordedTraining]:
    found: list[RecordedTraining] = []
    for count, entry in enumerate(files.entries, start=1):
        found += trainings_of(entry, asked, source)
        on_progress(count, files.total)
    return found


def _add(table_import: TableImport, training: RecordedTraining, repeat: int, timed: bool) -> None:
    cell = table_import.find(training.cell)
    if cell is None:
        cell = table_import.add(training.cell, training.cell, training.index, parameters=training.parameters)
    values = [*training.accuracies, *([training.seconds or 0.0] if timed else [])]
    table_import.trainings.add(cell, training.epochs, values, training.index, repeat)
