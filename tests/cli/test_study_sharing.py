"""``harness study weight-sharing`` and ``sharing-amount`` as a user meets them."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from tests.backends.standalone.recipe import TINY
from tests.backends.supernet.tiny import TINY as SUPERNET
from tests.cli.conftest import Harness

pytestmark = pytest.mark.slow(reason="whole studies")

FAST = ("--oracle", "synthetic", "--set", "oracle.sharing=5", "--set", "policy.epochs=4", "--set", "policy.updates=5")
SHARING = ("study", "weight-sharing", "--space", "nasbench101-v4", *FAST, "--seeds", "1:4", "--workers", "1")


def test_the_page_of_a_study_has_its_numbers_in_every_form(harness: Harness) -> None:
    shown = harness(*SHARING, "--cells", "30", "--score-epochs", "0,2", "--json")
    assert shown.status == 0, shown.err
    assert shown.err.startswith("note: less than a minute on 1 worker: 3 runs of 20 updates")
    found = json.loads(shown.out)
    assert (found["epochs"], found["seeds"], len(found["cells"])) == ([0, 2, 4], [1, 2, 3], 30)
    again = harness(*SHARING, "--cells", "30", "--score-epochs", "2,0", "--format", "csv")
    assert again.err == ""  # the runs are there
    lines = again.out[again.out.index("epoch,tau-b") :].splitlines()
    rows = list(csv.DictReader(lines[: lines.index("")]))
    tau = found["summary"][-1]["tau"]
    assert (rows[0]["tau-b"], rows[-1]["tau-b"]) == ("–", f"{tau['mean']:.3f} ± {tau['std']:.3f}")
    page = harness(*SHARING, "--cells", "30", "--score-epochs", "2,0").out
    assert "Weight sharing on nasbench101-v4: scores by validation accuracy against test accuracy of synthetic" in page
    assert max(map(len, page.splitlines())) <= 100
    for form in ("markdown", "latex"):
        assert f"{tau['mean']:.3f}" in harness(*SHARING, "--cells", "30", "--score-epochs", "2,0", "--format", form).out


def test_a_figure_is_drawn_where_it_is_asked_for(harness: Harness) -> None:
    assert harness(*SHARING, "--plot", "tau.svg").status == 0
    assert Path("tau.svg").read_text().startswith("<?xml")


@pytest.mark.slow(reason="12 cells trained with shared weights and alone")
def test_how_much_is_shared_is_studied_on_12_cells(harness: Harness) -> None:
    recipe = replace(TINY, epochs=(2,), train_images=64, train_accuracy_images=50, stacks=1, repeats=1)
    Path("tiny.yaml").write_text(yaml.safe_dump(asdict(recipe) | {"epochs": [2]}))
    command = ("study", "sharing-amount", *FAST, "--truth-recipe", "tiny.yaml", "--seeds", "1:3", "--workers", "1")
    shown = harness(*command, "--plot", "amount.png")
    assert shown.status == 0, shown.err
    assert "How much is shared, on nasbench101-v6" in shown.out
    assert "0 among them, must be means over runs" in " ".join(shown.out.split()).replace("0.0 ", "0 ")
    assert Path("amount.png").stat().st_size > 0
    found = json.loads(harness(*command, "--json").out)
    assert [group["shared"] for group in found["groups"]] == [0, 1, 2, 3]
    assert all(tau in (None, -1, 1) or abs(tau) == pytest.approx(1 / 3) for tau in found["groups"][0]["taus"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--score-epochs", "0,5"), "setting 'score_epochs' cannot hold 5: the training has epochs 0 to 4"),
        (("--score-epochs", "0;2"), "--score-epochs '0;2' must be whole numbers with commas between, such as 0,5,10"),
        (("--score-epochs", "-2"), "an epoch cannot be negative; 0 is before the training"),
        (("--cells", "201"), "201 is not in the range 3<=x<=200"),
        (("--recipe", "digits"), "--recipe 'digits' has no use for oracle synthetic, which has no recipes"),
        (("--oracle", "supernett"), "unknown oracle 'supernett'; did you mean 'supernet'?"),
        (("--set", "oracle.sharing=0"), "oracle synthetic shares no weights with these settings: nothing to study"),
        (("--plot", "tau.gif"), "--plot 'tau.gif' must end in .png, .svg, .pdf"),
        (("--table", "nasbench101-v5-digit"), "did you mean 'nasbench101-v5-digits'?"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    ended = harness(*SHARING, *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended.err
    assert words in ended.err
    assert not Path("runs").exists()


@pytest.mark.parametrize("study", ["weight-sharing", "sharing-amount"])
def test_the_published_scale_says_which_table_it_needs(
    harness: Harness, study: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("harness.files.folders.cache_folder", lambda: tmp_path)
    ended = harness("study", study, "--paper")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "the truth of this scale is table 'nasbench101', which is not here" in ended.err
    assert "`harness table fetch nasbench101`" in ended.err


@pytest.mark.slow(reason="a supernet trained twice, in one process and in two")
def test_a_supernet_is_studied_the_same_whatever_the_number_of_workers(harness: Harness, tmp_path: Path) -> None:
    Path("tiny.yaml").write_text(yaml.safe_dump(asdict(SUPERNET) | {"search": {"epochs": 3, "updates": 4}}))
    live = ("--space", "nasbench101-v4", "--cells", "10", "--seeds", "1:3", "--device", "cpu", "--json")
    command = ("study", "weight-sharing", *live, "--set", "oracle.recipe=tiny.yaml")
    one, two = (harness(*command, "--workers", n, "--store", f"sqlite:///{tmp_path}/{n}.db") for n in ("1", "2"))
    assert one.status == 0, one.err
    assert one.out == two.out
    found = json.loads(one.out)
    assert found["epochs"] == [0, 1, 2, 3]  # every quarter, rounded to whole epochs
    assert (found["factors"]["recipe"], found["factors"]["batch_norm"]) == ("tiny.yaml", "recalibrated")
    assert (found["table"], found["metric"], found["repeats"]) == ("nasbench101-v5-digits", "test_accuracy", 3)
    assert all(0 <= score <= 1 for cell in found["cells"] for score in cell["scores"])
