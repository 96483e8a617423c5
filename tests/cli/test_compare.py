"""``harness compare``: the numbers of two leaderboards, and what may explain their difference."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from harness.storage.store import Store
from tests.cli.conftest import Harness
from tests.fakes.stored_runs import ended
from tests.fakes.table_runs import CELLS, filled, spec, truth_of

A, B = "sqlite:///a.db", "sqlite:///b.db"


def made(url: str, cells: list[str], policies: tuple[str, ...] = ("nao",), **changes: Any) -> None:
    with Store.open(url) as store:
        for policy in policies:
            for seed, cell in enumerate(cells, 1):
                ended(store, spec(seed, policy, **changes), cell, trials=5, provenance={"python": "3.11.7"})


def rows(harness: Harness, a: str = A, b: str = B, *more: str) -> Any:
    found = harness("compare", a, b, *more, "--json")
    assert (found.status, found.err) == (0, "")
    return json.loads(found.out)


def test_the_difference_of_two_rows_is_welchs(harness: Harness) -> None:
    made(A, CELLS)
    made(B, [CELLS[0], CELLS[0], CELLS[1], CELLS[1]], policy_settings={"pool": 7})
    (row,) = rows(harness)["rows"]
    a = [truth_of(cell) for cell in CELLS]
    b = [truth_of(cell) for cell in (CELLS[0], CELLS[0], CELLS[1], CELLS[1])]
    # perplexities: positive where B's are smaller
    assert row["comparison"]["difference"] == pytest.approx(statistics.fmean(a) - statistics.fmean(b))
    expected = scipy.stats.ttest_ind(a, b, equal_var=False)
    assert row["comparison"]["welch_p"] == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert [row["comparison"]["interval"][end] for end in ("low", "high")] == pytest.approx(
        [interval.low, interval.high]
    )
    assert row["differing"] == {"seeds": ["1 to 3", "1 to 4"], "policy.pool": ["–", "7"]}


def test_the_correction_is_over_the_rows_that_test_something(harness: Harness) -> None:
    first, second, third = CELLS
    made(A, [first, first, second, second], ("nao", "enas", "darts"))
    made(B, [first, first, second, second], ("darts",))
    made(B, [third, third, second, third], ("nao",))
    made(B, [first, second, second, second], ("enas",))
    found = {row["a"]["policy"]: row["comparison"] for row in rows(harness)["rows"]}
    expected = multipletests([found["nao"]["welch_p"], found["enas"]["welch_p"]], method="holm")[1]
    assert [found["nao"]["holm_p"], found["enas"]["holm_p"]] == pytest.approx(expected)
    assert found["nao"]["holm_p"] != pytest.approx(found["nao"]["welch_p"])


def test_what_differs_in_every_row_is_told_once(harness: Harness) -> None:
    made(A, CELLS, ("nao", "enas"))
    made(B, CELLS[::-1], ("nao", "enas"), version="0.0.9")
    page = harness("compare", A, B).out
    assert [line.split() for line in page.splitlines() if " version " in line] == [["all", "version", "0.1.0", "0.0.9"]]


def test_runs_that_nothing_recorded_explains_are_a_warning(harness: Harness) -> None:
    made(A, CELLS)
    made(B, [CELLS[0], CELLS[1], CELLS[1]])
    told = rows(harness)
    assert (told["rows"][0]["moved_seeds"], told["rows"][0]["unexplained"]) == ([3], True)
    words = " ".join(harness("compare", A, B).out.split())
    assert "warning: nao: the same settings, version and truth, yet other values of seed 3" in words


def test_the_same_runs_are_said_to_be_the_same(harness: Harness) -> None:
    made(A, CELLS)
    made(B, CELLS)
    told = rows(harness)
    assert told["rows"][0]["moved_seeds"] == []
    assert "same in every seed" in harness("compare", "a.db", "b.db").out
    assert "warning" not in " ".join(told["notes"])


def test_rows_in_one_alone_are_listed(harness: Harness) -> None:
    made(A, CELLS, ("nao", "enas"))
    made(B, CELLS, ("nao", "evolution"))
    told = rows(harness)
    assert [row["policy"] for row in told["only_in_a"]] == ["enas"]
    assert [row["policy"] for row in told["only_in_b"]] == ["evolution"]


def test_a_policy_whose_settings_are_in_its_name_meets_the_one_that_fits(harness: Harness) -> None:
    made(A, CELLS, policy_settings={"pool": 7})
    made(B, CELLS, policy_settings={"pool": 9})
    assert len(rows(harness)["rows"]) == 1
    made(A, CELLS, policy_settings={"pool": 8})
    told = rows(harness)
    assert (told["rows"], len(told["only_in_a"])) == ([], 2)  # two could be meant
    told = rows(harness, A, B, "--where", "policy.pool!=8")
    assert told["rows"][0]["differing"]["policy.pool"] == ["7", "9"]


def test_json_leaderboards_are_compared_as_their_stores_are(harness: Harness) -> None:
    made(A, CELLS)
    made(B, CELLS[::-1], version="0.0.9")
    for name in "ab":
        Path(f"{name}.json").write_text(harness("leaderboard", "--store", f"sqlite:///{name}.db", "--json").out)
    files, stores = rows(harness, "a.json", "b.json"), rows(harness)
    assert files["rows"] == stores["rows"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.json", None, "leaderboard file 'none.json' cannot be read: No such file or directory"),
        ("text.json", "hello", "'text.json' is no leaderboard in JSON"),
        ("list.json", "[1]", "'list.json' is no leaderboard in JSON"),
        ("other.json", '{"leaderboard": [{"policy": "nao"}]}', "'other.json' is no leaderboard in JSON"),
        ("none.db", None, "there is no run store 'sqlite:///none.db'"),
    ],
)
def test_what_is_no_leaderboard_is_one_line(harness: Harness, name: str, content: str | None, words: str) -> None:
    if content is not None:
        Path(name).write_text(content)
    with Store.open(A) as store:
        filled(store)
    found = harness("compare", name, A)
    assert (found.status, found.out, found.err.count("\n")) == (2, "", 1)
    assert words in found.err
