"""A page in its five forms."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from harness.core.errors import UnknownNameError
from harness.output.page import Page, TextTable, render, terminal

FIRST = TextTable("by cell", ("cell", "mean\n± std"), (("tanh@0 relu_x", "1.50 ± 0.25"), ("relu@0", "–")))
SECOND = TextTable("by epoch", ("epoch", "chosen"), (("1", "tanh@0 & relu@0"), ("1,000", "relu@0")))
PAGE = Page(
    "A study of 100 %", (FIRST, SECOND), ("The *smaller*, the better.",), {"study": "toy", "tau": [None, 1 / 3]}
)


def test_the_json_is_the_content_in_full_precision_with_title_and_notes() -> None:
    document = json.loads(render(PAGE, "json"))
    assert document == {"title": PAGE.title, "notes": list(PAGE.notes), "study": "toy", "tau": [None, 1 / 3]}


def test_a_number_that_json_lacks_is_a_bug_and_is_never_written() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        render(Page("", (), (), {"tau": float("nan")}), "json")


def test_the_csv_of_one_table_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(render(Page("", (FIRST,), (), {}), "csv"))))
    assert rows == [["cell", "mean ± std"], *map(list, FIRST.rows)]


def test_the_csv_of_several_tables_names_each_of_them() -> None:
    first, second = render(PAGE, "csv").split("\n\n")
    assert first.splitlines()[0] == "# by cell"
    assert list(csv.reader(second.splitlines()[1:])) == [["epoch", "chosen"], *map(list, SECOND.rows)]


def test_a_text_of_csv_is_no_formula_and_a_number_stays_one() -> None:
    numbers = ("-1.50 ± 0.25", "+3.1 %", "-0.5 to 0.5", "-2", "–")
    texts = ("=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", "\rx")
    grid = TextTable("", ("what", "found"), tuple((text, number) for text in texts for number in numbers))
    _, *rows = csv.reader(io.StringIO(render(Page("", (grid,), (), {}), "csv")))
    safe = ["'=1+1", "'+cmd", "'-x", "'@SUM(A1)", "'\tx", "'\\u000dx"]
    assert rows == [[text, number] for text in safe for number in numbers]


def test_the_markdown_has_a_table_for_each_with_numbers_to_the_right() -> None:
    lines = render(PAGE, "markdown").splitlines()
    assert lines[0] == "**A study of 100 %**"
    assert "| cell | mean ± std |" in lines
    assert [line for line in lines if "--" in line] == ["| --- | --: |", "| --: | --- |"]
    assert lines[-1] == r"The \*smaller\*, the better."


def test_the_latex_has_a_booktabs_table_for_each_and_the_notes_once() -> None:
    latex = render(PAGE, "latex")
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == latex.count(r"\toprule") == 2
    assert r"\caption{A study of 100 \%: by cell}" in latex
    assert r"tanh@0 relu\_x & 1.50 $\pm$ 0.25 \\" in latex
    assert r"1 & tanh@0 \& relu@0 \\" in latex
    assert latex.count("smaller") == latex.count("footnotesize") == 1


def test_the_terminal_shows_title_tables_and_notes() -> None:
    console = Console(width=100, file=io.StringIO(), color_system=None)
    console.print(terminal(PAGE))
    lines = [line.strip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert lines[0] == PAGE.title
    assert "tanh@0 relu_x 1.50 ± 0.25" in lines
    assert "1,000 relu@0" in lines
    assert lines[-1] == PAGE.notes[0]


@pytest.mark.parametrize("text", ["", "–", "1", "1,000", "-0.33", "+2.88 ± 2.60", "1.0 ± –", "3e-04", "−5", "12 %"])
def test_a_number_as_tables_print_it_stands_to_the_right(text: str) -> None:
    assert TextTable("", ("x",), ((text,),)).names == []


@pytest.mark.parametrize("text", ["tanh@0", "3 of 5", "20 → 4", "1 2 3", "--", "conv3x3"])
def test_other_text_stands_to_the_left(text: str) -> None:
    assert TextTable("", ("x",), ((text,),)).names == [0]


def test_an_unknown_form_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'cvs'; did you mean 'csv'"):
        render(PAGE, "cvs")
