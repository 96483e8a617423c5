"""A bar for one long task."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from harness.output.progress_bar import progress_bar


@click.command()
@click.option("--quiet", is_flag=True)
def task(quiet: bool) -> None:
    """Something long."""
    with progress_bar("importing") as report:
        report(1, 2)


def shown(*arguments: str) -> str:
    return CliRunner().invoke(task, arguments, catch_exceptions=False).stderr


def test_a_bar_is_drawn_on_a_terminal_and_not_where_quiet_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is written here counts as a terminal
    assert "importing" in shown()
    assert shown("--quiet") == ""


def test_a_bar_in_a_file_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert shown() == ""


def test_outside_of_a_command_a_bar_is_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("importing") as report:
        report(1, 2)
    assert "importing" in capsys.readouterr().err
