"""The options that all benchmarks share, and the file that they write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.command_line import RESULTS, command_line, known_figures, print_and_write, results_file, write_figures


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ([], RESULTS / "a.json"),
        (["--quick"], None),
        (["--output", "b.json"], Path("b.json")),
        (["--quick", "--output", "b.json"], Path("b.json")),
    ],
)
def test_figures_go_to_the_results_unless_a_run_is_quick_or_names_a_file(arguments: list[str], path: object) -> None:
    assert results_file(command_line(None).parse_args(arguments), "a.json") == path


def test_figures_are_written_whole_and_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results" / "a.json"
    assert known_figures(path) == known_figures(None) == {}
    print_and_write(path, {"cpu": {"seconds": 1.5}})
    assert json.loads(capsys.readouterr().out) == known_figures(path) == {"cpu": {"seconds": 1.5}}
    assert list(path.parent.iterdir()) == [path]
    write_figures(None, {"nothing": 1})
    assert list(tmp_path.iterdir()) == [path.parent]
