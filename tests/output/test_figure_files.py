"""Figures are written whole or not at all, in the form of their ending."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from harness.core.errors import SettingError
from harness.output.figure_files import require_plottable, save

BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF-"}


def line(height: float = 1.0) -> Figure:
    figure = Figure()
    figure.add_subplot().plot([0, 1], [0, height], label="a line")
    return figure


@pytest.mark.parametrize("ending", BEGINNINGS)
def test_the_ending_chooses_the_form_and_the_same_figure_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending.upper()}"
    save(line(), first)
    save(line(), second)
    assert first.read_bytes().startswith(BEGINNINGS[ending])
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_another_ending_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"--plot 'x\.gif' must end in \.png, \.svg, \.pdf"):
        require_plottable("x.gif")
    with pytest.raises(SettingError, match="must end in"):
        save(line(), tmp_path / "picture")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_refused() -> None:
    with pytest.raises(SettingError, match="there is no folder '/nowhere' to write in"):
        require_plottable("/nowhere/x.png")


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    with pytest.raises(SettingError, match="is a folder"):
        save(line(), tmp_path / "x.png")


def test_a_figure_that_breaks_while_it_is_written_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"old")

    def full(_figure: Figure, path: Path, **_settings: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(SettingError, match="cannot be written: No space left on device"):
        save(line(), target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
