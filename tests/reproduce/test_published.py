"""The paper's numbers, typed once more by hand, and what is known to be inconsistent in them."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_ind_from_stats

from harness.core.errors import UnknownNameError
from harness.reproduce import published, recomputed
from harness.reproduce.cells import MeasuredValue, ReproducedSection
from harness.reproduce.items import ITEMS
from harness.reproduce.published import Printed

SAMPLE = [
    ("table1", "ptb", "enas", "perplexity", 59.88, 1.92),
    ("table1", "cifar10", "nao", "t-test p", 0.00, None),
    ("table2", "cifar10", "bayesnas", "mean", 95.99, 0.25),
    ("table2", "cifar10", "darts", "best of the original paper", 97.24, None),
    ("table3", "rnn", "darts", "mean valid", 71.29, 2.45),
    ("table3", "rnn", "nao", "best test", 63.59, None),
    ("table3", "rnn", "enas", "mean test", 66.61, 0.0),
    ("table3", "rnn", "space", "best valid", 65.38, None),
    ("table3", "cnn", "nao", "best rank", 19552, None),
    ("table3", "cnn", "space", "mean", 90.93, 5.84),
    ("table4", "cnn", "enas", "mean", 93.54, 0.45),
    ("table4", "cnn", "nao", "p(beats random)", 0.92, None),
    ("table5", "cnn", "tau", "2", -0.33, None),
    ("table6", "n4", "spos", "K-T", 0.441, None),
    ("table6", "n5", "fbnet", "mean", 92.51, 1.51),
    ("table6", "n6", "fairnas", "best", 94.47, None),
    ("table6", "n7", "fairnas", "K-T", -0.232, None),
    ("table6", "all", "enas", "best", 93.69, None),
    ("figure2", "best", "random", "best at the end", 57.60, None),
    ("figure4", "tau", "tau", "average", -0.004, None),
]


@pytest.mark.parametrize(("name", "section", "row", "column", "value", "std"), SAMPLE)
def test_a_printed_cell_is_the_papers(
    name: str, section: str, row: str, column: str, value: float, std: float | None
) -> None:
    cell = published.load(name).sections[section].cell(row, column)
    assert (cell.value, cell.std) == (value, std)


@pytest.mark.parametrize("name", published.names())
def test_every_row_has_a_cell_a_column_in_text(name: str) -> None:
    for section in published.load(name).sections.values():
        for cells in section.rows.values():
            assert len(cells) == len(section.columns)
            assert all(isinstance(cell.text, str) for cell in cells)


def test_a_dash_and_words_have_no_value() -> None:
    assert (Printed("–").value, Printed("–").std, Printed("no run").value) == (None, None, None)
    assert (Printed("-0.33").value, Printed("69.99 ± 0.0").std) == (-0.33, 0.0)


@pytest.mark.parametrize(("row", "column", "words"), [("enass", "mean", "'enas'"), ("enas", "men", "'mean'")])
def test_a_cell_that_is_not_printed_is_answered_with_the_nearest_one(row: str, column: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean {words}"):
        published.load("table2").sections["cifar10"].cell(row, column)


def test_an_unknown_table_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'table3'"):
        published.load("tabel3")


def test_every_item_has_printed_numbers_and_every_inconsistency_touches_items() -> None:
    assert set(published.names()) == set(ITEMS)
    touched = {name for item in ITEMS for each in published.inconsistencies(item) for name in each.touches}
    assert touched <= set(ITEMS)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("table1", "no single number of runs gives these p"),
        ("table3", "is printed as 1 - (1 - r/rmax)^n"),
        ("table3", "19552 in the table and 19522 in the text"),
        ("table3", "90.93 ± 5.84 is printed"),
        ("table6", "94.47 is above the best mean test accuracy"),
        ("table6", "the best of these is 92.95"),
        ("table5", "must be means over runs"),
        ("table2", "BayesNAS has 0.25"),
    ],
)
def test_an_inconsistency_stands_with_the_item_that_it_touches(item: str, words: str) -> None:
    assert any(words in each.text for each in published.inconsistencies(item))


def test_no_inconsistency_of_another_item_is_told() -> None:
    assert not any("BayesNAS" in each.text for each in published.inconsistencies("table5"))


def values(section: ReproducedSection, place: int) -> dict[str, float]:
    """Our numbers of a column, by row."""
    cells = {row.name: row.cells[place].ours for row in section.rows}
    return {name: float(cell.value) for name, cell in cells.items() if isinstance(cell, MeasuredValue)}


def test_the_printed_chances_are_those_of_the_complement_of_equation_1() -> None:
    expected = {"table3": {"nao": 0.62, "darts": 0.24, "enas": 0.07}, "table4": {"nao": 0.92, "enas": 0.90}}
    for name, chances in expected.items():
        part = published.load(name).sections["cnn"]
        section = recomputed.chances(part.rows, part.columns)
        assert {row: round(p, 2) for row, p in values(section, 0).items()} == chances
        printed = {row: round(p, 2) for row, p in values(section, 1).items()}
        assert printed == {row: pytest.approx(1 - p, abs=0.011) for row, p in chances.items()}


def test_the_printed_p_of_table_1_is_not_what_welchs_test_gives() -> None:
    found = values(recomputed.welch(), 0)
    for key, part in published.load("table1").sections.items():
        random = part.rows["random"][0]
        for policy in ("enas", "darts", "nao"):
            mine = part.rows[policy][0]
            expected = ttest_ind_from_stats(
                mine.value, mine.std, 10, random.value, random.std, 10, equal_var=False
            ).pvalue
            assert found[f"{policy}, {key}"] == pytest.approx(expected)
    assert round(found["enas, cifar10"], 5) == 0.00016  # 0.01 is printed
