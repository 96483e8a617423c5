"""What a terminal shows is what it showed: screens are compared with those in ``golden``.

Where a screen is meant to change, make them anew with ``HARNESS_REMAKE=1 pytest tests/screens`` and read the difference
with ``git diff tests/screens/golden`` before it is committed. Such a run fails, so that none passes by it.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from tests.screens.screens import PICTURES, SCREENS, WIDTH

GOLDEN = Path(__file__).parent / "golden"


def require_same(path: Path, shown: str) -> None:
    """Fail with the lines that differ; where screens are made anew, write this one."""
    if os.environ.get("HARNESS_REMAKE"):
        path.write_text(shown, encoding="utf-8")
        pytest.fail(f"made anew: {path.name}; look at it, then run the tests without HARNESS_REMAKE")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if shown != kept:
        lines = difflib.unified_diff(kept.splitlines(), shown.splitlines(), f"golden/{path.name}", "shown", lineterm="")
        pytest.fail(
            "\n".join([*lines, "", "if this is meant: HARNESS_REMAKE=1 pytest tests/screens, then git diff"]),
            pytrace=False,
        )


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_the_one_that_was_approved(name: str) -> None:
    text = SCREENS[name]().export_text()
    require_same(GOLDEN / f"{name}.txt", "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


@pytest.mark.parametrize("name", PICTURES)
def test_a_screen_has_its_colours(name: str) -> None:
    drawn = SCREENS[name]().export_svg(title=f"harness: {name}", unique_id=name)
    require_same(GOLDEN / f"{name}.svg", "".join(f"{line.rstrip()}\n" for line in drawn.splitlines()))


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_fits_a_terminal_of_100_columns(name: str) -> None:
    assert max(map(len, SCREENS[name]().export_text().splitlines())) <= WIDTH


def test_every_golden_file_belongs_to_a_screen() -> None:
    expected = {f"{name}.txt" for name in SCREENS} | {f"{name}.svg" for name in PICTURES}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_a_screen_that_changed_is_told_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_REMAKE", raising=False)
    (tmp_path / "kept.txt").write_text("same\nold\n")
    require_same(tmp_path / "kept.txt", "same\nold\n")
    with pytest.raises(pytest.fail.Exception) as failed:
        require_same(tmp_path / "kept.txt", "same\nnew\n")
    assert {"-old", "+new", " same"} < set(str(failed.value).splitlines())


def test_screens_made_anew_are_written_and_pass_by_no_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_REMAKE", "1")
    with pytest.raises(pytest.fail.Exception, match=r"made anew: kept\.txt"):
        require_same(tmp_path / "kept.txt", "same\n")
    assert (tmp_path / "kept.txt").read_text() == "same\n"
