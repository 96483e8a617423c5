"""Cells as graphs to draw, from text forms that name each vertex with its predecessors."""

from __future__ import annotations

from harness.core.space import CellDrawing


def drawing_of_words(text: str, first: str) -> CellDrawing:
    """Of ``relu@0 tanh@0,1``: a word is a vertex after the ``first``; one called ``output`` is no operation."""
    words = [word.partition("@") for word in text.split()]
    edges = ((int(source), place) for place, (*_, sources) in enumerate(words, 1) for source in sources.split(","))
    return CellDrawing(((first, False), *((name, name != "output") for name, *_ in words)), tuple(edges))
