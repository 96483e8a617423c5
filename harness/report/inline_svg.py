"""Turns a figure into an SVG element that uses the page's font and text colour, without style or script.

The page allows no style attributes, so properties become attributes, which the page's own style may override.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from harness.core.quoting import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNUSED = ("metadata", "style", "width", "height", "version", "font", "font-family")
"""Elements, attributes of the SVG and text properties that the page defines itself."""

REFERENCE = re.compile(r"#(?=[\w.]+\)?$)")
FONT_SIZE = re.compile(r"[\d.]+px")


def inline_svg(figure: Figure, name: str, label: str) -> str:
    """The element, the same for the same figure; screen readers read ``label``; ``name`` is the prefix of its ids."""
    from matplotlib import rc_context

    written = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "harness"}):
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawn = _tidied(ElementTree.fromstring(printable(written.getvalue().decode())), name)
    for attribute in set(drawn.attrib).intersection(UNUSED):
        del drawn.attrib[attribute]
    drawn.attrib |= {"role": "img", "aria-label": label, "class": "drawn"}
    return ElementTree.tostring(drawn, encoding="unicode")


def _tidied(element: ElementTree.Element, name: str) -> ElementTree.Element:
    """An element with its descendants, without namespaces, with ids that are unique in the page."""
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
    """The properties of a style attribute; of a combined font property, only the size."""
    found = dict(part.split(": ", 1) for part in style.split("; ") if part)
    if size := FONT_SIZE.search(found.get("font", "")):
        found["font-size"] = size[0]
    return {key: value for key, value in found.items() if key not in UNUSED}


def _local(name: str) -> str:
    return name.rpartition("}")[2]
