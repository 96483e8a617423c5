"""A figure as an SVG element of a page: it takes the page's font and ink, and holds no style and no script.

The page allows no style attributes, so properties become attributes, which the page's own style may override.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNUSED = ("metadata", "style", "width", "height", "version", "font", "font-family")
"""Elements, attributes of the drawing and properties of text that a page has of its own."""

REFERENCE = re.compile(r"#(?=[\w.]+\)?$)")
FONT_SIZE = re.compile(r"[\d.]+px")


def inline_svg(figure: Figure, name: str, label: str) -> str:
    """The element, the same for the same figure; screen readers say ``label``, and ``name`` begins its ids alone."""
    from matplotlib import rc_context

    written = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "harness"}):
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawn = _tidied(ElementTree.fromstring(written.getvalue()), name)
    for attribute in set(drawn.attrib).intersection(UNUSED):
        del drawn.attrib[attribute]
    drawn.attrib |= {"role": "img", "aria-label": label, "class": "drawn"}
    return ElementTree.tostring(drawn, encoding="unicode")


def _tidied(element: ElementTree.Element, name: str) -> ElementTree.Element:
    """An element with all below it, without namespaces, and named as in the page."""
    tag = _local(element.tag)
    properties = _properties(element.attrib.pop("style", ""))
    attributes = {_local(key): REFERENCE.sub(f"#{name}-", value) for key, value in element.attrib.items()}
    if found := attributes.pop("id", ""):
        attributes |= {} if tag == "g" else {"id": f"{name}-{found}"}
    tidied = ElementTree.Element(tag, attributes | properties)
    tidied.text = element.text if tag in ("text", "tspan") else None
    tidied.extend(_tidied(child, name) for child in element if _local(child.tag) not in UNUSED)
    return tidied


def _properties(style: str) -> dict[str, str]:
    """What a style attribute says, the size of a font alone where it has all in one."""
    found = dict(part.split(": ", 1) for part in style.split("; ") if part)
    if size := FONT_SIZE.search(found.get("font", "")):
        found["font-size"] = size[0]
    return {key: value for key, value in found.items() if key not in UNUSED}


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
