"""A figure becomes an SVG element whatever its texts hold."""

from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from harness.report.inline_svg import inline_svg


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_text_with_control_characters_is_drawn_with_escapes() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "nao\x1b[2J\x9b")
    drawn = ElementTree.fromstring(inline_svg(figure, "f", "a figure"))
    assert [text.text for text in drawn.iter("text")] == ["nao\\u001b[2J\\u009b"]
