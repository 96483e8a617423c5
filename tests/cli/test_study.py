"""``harness study`` on the command line: its frame, early stopping, and the penalty of weight sharing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.study import COMMAND_PATHS
from tests.backends.tabular import courses
from tests.cli.conftest import Harness
from tests.cli.test_start import modules_after

PENALTY = (
    *("study", "penalty", "--table", "rnn2.h5", "--oracle", "tests.fakes.live:SharedOracle"),
    *("--policy", "tests.fakes.live:Trainer", "--seeds", "1:4", "--workers", "1", "--store", "sqlite:///runs.db"),
)


@pytest.fixture
def table(tmp_path: Path) -> str:
    courses.write(tmp_path / "rnn2.h5")
    return "rnn2.h5"


def test_every_study_has_a_command_with_a_summary(harness: Harness) -> None:
    lines = harness("study", "--help").out.split("Commands:")[1].splitlines()
    described = dict(line.split(maxsplit=1) for line in lines if line.strip())
    assert list(described) == list(COMMAND_PATHS)


def test_a_misspelt_study_is_answered_with_the_nearest_one(harness: Harness) -> None:
    ended = harness("study", "early-stoping")
    assert (ended.status, ended.err) == (2, "error: unknown command 'early-stoping'; did you mean 'early-stopping'?\n")


def test_early_stopping_prints_a_row_an_epoch_and_draws_its_figure(harness: Harness, table: str) -> None:
    ended = harness("study", "early-stopping", "--table", table, "--plot", "figure.svg")
    assert ended.status == 0
    lines = [line.split() for line in ended.out.splitlines()]
    best = courses.text_of(courses.BEST_FIRST[0]).split()
    for epoch in courses.EPOCHS:
        assert [str(epoch), "1.000", "5", "of", "5", *best, "1", "0.00", "–", "–"] in lines
    assert Path("figure.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "latex"])
def test_early_stopping_has_every_form(harness: Harness, table: str, form: str) -> None:
    ended = harness("study", "early-stopping", "--table", table, "--metric", "test_perplexity", "--format", form)
    assert ended.status == 0
    if form == "json":
        document = json.loads(ended.out)
        assert (document["study"], document["metric"], document["size"]) == ("early-stopping", "test_perplexity", 32)
        assert (
            ended.out
            == harness(*("study", "early-stopping", "--table", table, "--metric", "test_perplexity", "--json")).out
        )
    else:
        assert courses.text_of(courses.BEST_FIRST[0]) in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--table", "nothing"), "unknown table 'nothing'"),
        (("--table", "rnn2.h5", "--metric", "accuracy"), "unknown metric of table 'rnn2' 'accuracy'"),
        (("--table", "rnn2.h5", "--plot", "figure.jpg"), "must end in .png, .svg, .pdf"),
        (("--table", "rnn2.h5", "--plot", "no/figure.png"), "there is no folder 'no'"),
        (("--table", "rnn2.h5", "--top", "0"), "0 is not in the range x>=1"),
    ],
)
def test_a_mistake_is_one_line(harness: Harness, table: str, arguments: tuple[str, ...], words: str) -> None:
    ended = harness("study", "early-stopping", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err


def test_early_stopping_imports_neither_torch_nor_matplotlib(tmp_path: Path, table: str) -> None:
    code = (
        f"sys.argv = ['harness', 'study', 'early-stopping', '--table', '{table}']\nfrom harness.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code"
    )
    loaded = modules_after(code, tmp_path)
    assert "backends.tabular.table" in loaded
    assert not loaded & {"torch", "matplotlib", "sqlalchemy"}


def test_the_penalty_compares_the_same_seeds_on_both_sides(harness: Harness, table: str) -> None:
    ended = harness(*PENALTY, "--json", "--plot", "figure.png")
    assert ended.status == 0
    assert "9 of 9 runs are to be done, 1 at a time" in ended.err
    document = json.loads(ended.out)
    (row,) = document["rows"]
    assert document["seeds"] == [1, 2, 3]
    assert (row["without"]["oracle"], row["shared"]["oracle"]) == ("tabular", "tests.fakes.live:SharedOracle")
    pairs = zip(row["without"]["values"], row["shared"]["values"], strict=True)
    assert row["penalty"]["differences"] == pytest.approx([shared - without for without, shared in pairs])
    assert row["probed"] == 32
    assert Path("figure.png").read_bytes().startswith(b"\x89PNG")
    again = harness(*PENALTY, "--json")
    assert (again.out, again.err) == (ended.out, "")


def test_the_penalty_of_a_policy_of_slopes_has_them_estimated_for_it_alone(harness: Harness, table: str) -> None:
    few = ("darts.epochs=1", "darts.updates=1", "enas.epochs=1", "enas.steps=1", "enas.updates=1", "enas.pool=3")
    settings = [part for setting in (*few, "oracle.sharing=20") for part in ("--set", setting)]
    command = ("study", "penalty", "--table", table, "--oracle", "tests.fakes.live:SharedLandscape")
    asked = ("--policy", "darts", "--policy", "enas", "--seeds", "1", "--workers", "1", "--json")
    ended = harness(*command, *asked, *settings)
    assert ended.status == 0, ended.err
    oracles = {row["policy"]: row["without"]["oracle"] for row in json.loads(ended.out)["rows"]}
    assert oracles == {"darts": "tabular+score-gradient", "enas": "tabular"}
    assert "5 of 5 runs" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--policy", "evolution"), "policy evolution trains no shared weights"),
        (
            ("--policy", "nao", "--oracle", "synthetic"),
            "oracle synthetic shares no weights",
        ),
        (("--policy", "naso"), "unknown policy 'naso'; did you mean 'nao'?"),
        (("--policy", "nao", "--table", "cifar"), "unknown table 'cifar'"),
    ],
)
def test_a_penalty_that_cannot_be_is_refused_in_one_line(
    harness: Harness, arguments: tuple[str, ...], words: str
) -> None:
    ended = harness("study", "penalty", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
    assert not list(Path().iterdir())


def test_a_run_draws_the_rank_of_every_seed(harness: Harness) -> None:
    run = ("run", "--policy", "random", "--seeds", "1:4", "--workers", "1", "--store", "sqlite:///runs.db")
    ended = harness(*run, "--plot", "ranks.pdf", "--json")
    assert ended.status == 0
    row = json.loads(ended.out)["leaderboard"][0]
    assert min(row["ranks"]) == row["best_rank"]
    assert Path("ranks.pdf").read_bytes().startswith(b"%PDF-")


def test_a_run_judged_by_training_has_no_ranks_to_draw(harness: Harness) -> None:
    ended = harness("run", "--policy", "random", "--judge", "nasbench101-v5-digits", "--plot", "ranks.png")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "--plot draws ranks, and judge 'nasbench101-v5-digits' ranks nothing" in ended.err
