"""``harness reproduce`` as a user meets it: the plan, the runs, what is shown, and the files."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended, Harness
from tests.cli.test_start import modules_after
from tests.reproduce.conftest import FEW, RECURRENT, SEARCHES, setting

pytestmark = pytest.mark.slow(reason="whole searches")

FIGURE3 = ("reproduce", "figure3", *RECURRENT, *SEARCHES)
FIGURE2 = ("reproduce", "figure2", *RECURRENT, *SEARCHES)
TABLE4 = ("reproduce", "table4", "--seeds", "1:3", "--workers", "1", *setting(*FEW))


def read(ended: Ended) -> Any:
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def dashes(document: Any) -> list[str]:
    """The commands of our cells without a value, in one section."""
    cells = [cell for row in document["sections"][0]["rows"] for cell in row["cells"].values()]
    ours = [cell["ours"] for cell in cells if cell["ours"] is not None]
    return list(dict.fromkeys(each["command"] for each in ours if each["value"] is None))


@pytest.mark.slow(reason="trains supernets of four policies")
def test_the_command_below_a_dash_makes_the_runs_that_fill_it(small: Harness) -> None:
    before = small(*FIGURE3, "--stored", "--json")
    (command,) = dashes(read(before))
    plan = read(small(*FIGURE3, "--dry-run", "--json"))
    assert [group["done"] for group in plan["steps"][0]["groups"]] == [0] * 7
    assert not Path("runs").exists()
    made = small(*shlex.split(command)[1:], "--workers", "1", "--json")
    after = small(*FIGURE3, "--stored", "--json")
    assert dashes(read(after)) == []
    assert [group["done"] for group in read(small(*FIGURE3, "--dry-run", "--json"))["steps"][0]["groups"]] == [2] * 7
    again = small(*FIGURE3, "--json")
    assert (again.out, again.err) == (after.out, "")  # nothing is performed
    rows = {row["name"]: row["cells"] for row in read(after)["sections"][0]["rows"]}
    for row in read(made)["rows"]:
        assert rows[row["policy"]]["best rank"]["ours"]["value"] == row["shared"]["best_rank"]
        assert rows[row["policy"]]["worst rank"]["ours"]["value"] == max(row["shared"]["ranks"])


@pytest.mark.slow(reason="trains supernets of four policies")
def test_what_the_store_lacks_is_announced_with_its_cost_and_then_performed(small: Harness) -> None:
    ended = small(*FIGURE2, "--output", "here", "--plot", "figure.pdf", "--json")
    document = read(ended)
    assert "14 runs to do: harness study penalty --space rnn2 --table rnn2.h5 --seeds 1:3" in ended.err
    assert "nao on supernet, rnn2: 2 of 2 runs, about" in ended.err
    assert "random on tabular, rnn2: 2 of 2 runs, one draw a run" in ended.err
    assert sorted(path.name for path in Path("here").iterdir()) == sorted(
        f"figure2.{ending}" for ending in ("csv", "json", "png", "svg", "tex")
    )
    assert json.loads(Path("here/figure2.json").read_text()) == document
    assert Path("here/figure2.svg").read_text().startswith("<?xml")
    assert Path("here/figure2.png").read_bytes().startswith(b"\x89PNG")
    assert "\\begin{tabular}" in Path("here/figure2.tex").read_text()
    assert Path("figure.pdf").read_bytes().startswith(b"%PDF-")
    check_courses(document["details"])
    rows = {row["policy"]: row for row in document["details"]["rows"]}
    for row in document["sections"][0]["rows"]:
        ends = [course[-1] for course in rows[row["name"]]["courses"]]
        assert row["cells"]["best at the end"]["ours"]["value"] == min(ends)
        assert row["cells"]["mean at the end"]["ours"]["value"] == pytest.approx(sum(ends) / 2)


def check_courses(details: Any) -> None:
    """The made-up table has perplexities of 4, 2, 3/2 and 1 times the last test value, and 3 more for validation."""
    assert details["epochs"] == [1, 2, 3, 4]
    for row in details["rows"]:
        assert len(row["courses"]) == 2
        for course in row["courses"]:
            last = course[-1] - 3
            assert course == pytest.approx([4 * last + 3, 2 * last + 3, 1.5 * last + 3, last + 3])
        assert row["best"] == min(row["courses"], key=lambda course: course[-1])
        ends = [sum(values) / 2 for values in zip(*row["courses"], strict=True)]
        assert row["mean"] == pytest.approx(ends)


@pytest.mark.slow(reason="whole searches")
def test_table_4_is_searched_on_the_table_and_shown_beside_the_printed_numbers(small: Harness) -> None:
    ended = small(*TABLE4)
    assert ended.status == 0, ended.err
    assert "ours at quick scale: test accuracy, mean of 3 repeats at 12 epochs of table" in " ".join(ended.out.split())
    assert "2 seeds a policy" in " ".join(ended.out.split())
    for printed in ("93.08 ± 0.71", "93.54 ± 0.45", "3543", "4610"):
        assert printed in ended.out
    assert "Eq. 1: the probability that a policy surpasses random search" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100
    run = small(
        "run", "--policy", "nao", "--policy", "enas", "--seeds", "1:3", *setting(*FEW), "--json", "--no-equal-cost"
    )
    board = {row["policy"]: row for row in read(run)["leaderboard"]}
    assert run.err == ""  # its runs are the ones that are there
    rows = {row["name"]: row["cells"] for row in read(small(*TABLE4, "--json"))["sections"][0]["rows"]}
    for policy in ("nao", "enas", "random"):
        assert rows[policy]["mean"]["ours"]["value"] == pytest.approx(100 * board[policy]["mean"])
        assert rows[policy]["best rank"]["ours"]["value"] == board[policy]["best_rank"]


def test_a_long_command_is_broken_as_a_shell_takes_it(small: Harness) -> None:
    (command,) = dashes(read(small(*FIGURE3, "--stored", "--json")))
    lines = small(*FIGURE3, "--stored").out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("harness study penalty"))
    parts = [lines[start]]
    while parts[-1].endswith("\\"):
        parts.append(lines[start + len(parts)])
    assert len(parts) > 1
    assert " ".join(" ".join(part.removesuffix("\\") for part in parts).split()) == command


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_every_form_has_our_numbers_and_the_printed_ones(small: Harness, form: str) -> None:
    ended = small("reproduce", "table1", "--format", form)
    assert ended.status == 0
    assert "0.7040" in ended.out
    assert "59.88" in ended.out
    if form == "csv":
        assert all(line.startswith("#") or "," in line or not line for line in ended.out.splitlines())


def test_the_published_scale_names_all_that_must_be_fetched_in_one_line(
    small: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("harness.files.folders.cache_folder", lambda: tmp_path)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    ended = small("reproduce", "table3", "--scale", "paper")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    for words in ("`harness table fetch nasbench101`", "`harness data fetch cifar10`", "data set 'ptb'"):
        assert words in ended.err
    plan = small("reproduce", "table3", "--scale", "paper", "--dry-run", "--json")
    first, second = read(plan)["steps"]
    assert [group["done"] for group in first["groups"]] == [0] * 7
    assert [group["done"] for group in second["groups"]] == [None] * 4
    assert "table 'nasbench101'" in second["lacking"][0]
    stored = read(small("reproduce", "table3", "--scale", "paper", "--stored", "--json"))
    assert "--set oracle.recipe=cifar10" in str(stored["sections"][1])
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tabel3",), "unknown table or figure 'tabel3'; did you mean 'table3'?"),
        (("table4", "--table", "rnn2-ptb"), "has no use for table4, which reads tables of nasbench101"),
        (("table4", "--table", "rnn2-pt"), "unknown table 'rnn2-pt'; did you mean 'rnn2-ptb'?"),
        (("table4", "--set", "nao.pol=3", "--stored"), "unknown setting of nao 'pol'; did you mean 'pool'?"),
        (("figure3", "--stored", "--plot", "f.png"), "there is nothing to draw of figure3: not measured yet"),
        (("table1", "--output", "file"), "--output 'file' cannot be a folder"),
        (("table1", "--scale", "huge"), "'huge' is not one of 'quick', 'paper'"),
    ],
)
def test_a_mistake_is_one_line(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    Path("file").touch()
    ended = harness("reproduce", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended.err
    assert words in ended.err
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_leaves_nothing_half_done(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    ended = harness("reproduce", "table2", "--output", "here")
    assert ended.status == 2
    assert "cannot be written: No space left on device" in ended.err
    assert list(Path("here").iterdir()) == []


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "sys.argv = ['harness', 'reproduce', '--help']\nfrom harness.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code"
    )
    assert not modules_after(code, tmp_path) & {"torch", "matplotlib", "numpy", "sqlalchemy", "harness.reproduce.items"}
