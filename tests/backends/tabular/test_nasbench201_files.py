"""What is refused of NAS-Bench-201's files and of requests for them: in a line each, and nothing is written or run."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular.importers import import_table
from harness.core.errors import HarnessError, TableError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench201 import NASBench201
from tests.backends.tabular.nasbench201_source import (
    NOTHING,
    SEEDS,
    SPACE,
    compressed,
    entry,
    folder,
    imported,
    whole,
)
from tests.files.test_plain_pickles import Calls


@pytest.mark.parametrize("call", [Calls(os.system, "touch ran"), Calls(eval, "open('ran', 'w')"), Calls(print)])
def test_code_in_a_file_is_named_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Calls, published: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    name = rf"{call.call[0].__module__}.*{call.call[0].__name__}|builtin"
    compressed(published / "000001.pickle.pbz2", entry(1) | {"200": call})
    with pytest.raises(TableError, match=f"000001.*is no pickle of numbers, texts and containers alone.*{name}"):
        imported(published)
    torch = pytest.importorskip("torch")
    for form in (True, False):
        torch.save(whole() | {"arch2infos": call}, "whole.pth", _use_new_zipfile_serialization=form)
        with pytest.raises(TableError, match=name):
            imported(tmp_path / "whole.pth")
    assert not Path("ran").exists()
    assert not Path("table.h5").exists()


def without_test(cell: int) -> dict[str, Any]:
    content = entry(cell)
    for each in content["12"]["all_results"].values():
        each["eval_acc1es"].pop("ori-test@11", None)
    return content


def test_trainings_without_a_test_are_named_and_the_others_can_be_imported(tmp_path: Path) -> None:
    source = folder(tmp_path / "source", without_test)
    with pytest.raises(TableError, match="cell 0: a training of 12 epochs lacks 'ori-test@11'"):
        imported(source)
    assert imported(source, epochs=200).epochs == (200,)


def test_without_the_times_of_every_training_there_are_no_seconds(tmp_path: Path) -> None:
    def timeless(cell: int) -> dict[str, Any]:
        content = entry(cell)
        content["200"]["all_results"]["cifar10-valid", SEEDS[200][cell][0]]["train_times"] = None
        return content

    assert "training_seconds" not in imported(folder(tmp_path / "source", timeless)).metrics


def test_numbers_of_a_machine_with_the_other_byte_order_are_read_as_they_are(tmp_path: Path) -> None:
    rebuild = np.float64(1).__reduce__()[0]

    def swapped(cell: int) -> dict[str, Any]:
        content = entry(cell)
        for each in content["200"]["all_results"].values():
            each["params"] = Calls(rebuild, np.dtype(">f8"), struct.pack(">d", each["params"]))
        return content

    parameters = imported(folder(tmp_path / "source", swapped), epochs=200).parameters
    assert parameters is not None
    assert sorted(parameters.tolist()) == [5, 73_306, 1_531_331]


def change(key: str, value: Any) -> Any:
    """Entries in which one key of a training has another value."""

    def changed(cell: int) -> dict[str, Any]:
        content = entry(cell)
        content["200"]["all_results"]["cifar10-valid", SEEDS[200][cell][0]][key] = value
        return content

    return changed


WRONG = {
    "seed": (lambda cell: {"12": {**entry(cell)["12"], "dataset_seed": {"cifar10-valid": [778]}}}, "778"),
    "unknown seed": (
        lambda cell: {
            "x": {
                "arch_str": NOTHING,
                "dataset_seed": {"cifar10-valid": [5]},
                "all_results": {("cifar10-valid", 5): {"epochs": 12}},
            }
        },
        "the seed 5 is none of the benchmark's",
    ),
    "accuracy": (change("eval_acc1es", {"x-valid@199": 120.0, "ori-test@199": 50.0}), "x-valid@199 is 120.0"),
    "text for a number": (change("params", "many"), "params is 'many'; expected a number from 0"),
    "array for a number": (change("params", np.arange(2)), "Dropped object"),
    "epochs": (change("train_acc1es", {}), "no results of NAS-Bench-201"),
    "other content": (lambda cell: {"a": 1}, "no results of NAS-Bench-201"),
    "no dictionary": (lambda cell: [cell], "holds no results of a cell, but 'list'"),
    "no cell": (lambda cell: {"12": {**entry(cell)["12"], "arch_str": "|conv~0|"}}, "expected a text such as"),
    "another data set": (lambda cell: {}, "holds no training on 'cifar10-valid' of 12 or 200 epochs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_cell_is_one_line_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    entries, words = WRONG[name]
    with pytest.raises(TableError) as caught:
        imported(folder(tmp_path / "source", entries))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "table.h5").exists()


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.pickle.pbz2").write_bytes(b"text")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(1))
    (tmp_path / "c.tar").write_bytes(b"")
    compressed(tmp_path / "d.pickle.pbz2", {"arch2infos": {"a": {}}})
    cut = compressed(tmp_path / "e.pickle.pbz2", whole())
    cut.write_bytes(cut.read_bytes()[:-100])
    (tmp_path / "f.pth").write_bytes(b"PK")
    words = {
        "empty": "has no cells",
        "a.pickle.pbz2": "not compressed by bzip2",
        "b.pth": "is no file that PyTorch saved",
        "c.tar": "expected a folder",
        "d.pickle.pbz2": "holds no 'arch2infos'",
        "e.pickle.pbz2": "ended before",
        "f.pth": "is no pickle",
        "g.pth": "there is no file",
    }
    for name, expectation in words.items():
        with pytest.raises(TableError, match=expectation):
            imported(tmp_path / name)


@pytest.mark.parametrize(
    ("space", "options", "words"),
    [
        (NASBench201(cells="unique"), {}, "import into 'nasbench201'"),
        (NASBench101(vertices=3), {}, "not those of 'nasbench101-v3'"),
        (SPACE, {"dataset": "cifar-100"}, "did you mean 'cifar100'"),
        (SPACE, {"epochs": 90}, "it must be 12 or 200"),
        (SPACE, {"data": "cifar10"}, "did you mean 'dataset'"),
    ],
    ids=["unique", "another space", "data set", "epochs", "option"],
)
def test_mistakes_in_the_request_are_named(published: Path, space: Any, options: Any, words: str) -> None:
    with pytest.raises(HarnessError, match=words):
        import_table("nasbench201", published, space, published.parent / "table.h5", **options)
