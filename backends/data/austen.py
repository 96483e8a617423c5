"""Six novels by Jane Austen, in this package (public domain; Project Gutenberg; Debian package r-cran-janeaustenr)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from backends.data.text import Corpus, words_of

FILE = Path(__file__).parent / "austen.txt.gz"

RUNS = 100
"""The number of pieces, of consecutive paragraphs, into which the novels are cut."""

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|--|[^\sa-z\d]")
"""A word with its apostrophes, a number, a dash, or one other sign."""


def load() -> Corpus:
    """Lower-case words and signs, one line for each paragraph.

    Of every ten consecutive pieces the first eight are training text, the ninth is validation text and the tenth is
    test text, so that each text has whole pages of every novel.
    """
    text = gzip.decompress(FILE.read_bytes()).decode("utf-8").lower().replace("_", "")
    paragraphs = [" ".join(_TOKEN.findall(part)) for part in re.split(r"\n\s*\n", text) if part.strip()]
    ends = [len(paragraphs) * run // RUNS for run in range(RUNS + 1)]
    parts: list[list[str]] = [[], [], []]
    for run in range(RUNS):
        parts[max(run % 10 - 7, 0)] += paragraphs[ends[run] : ends[run + 1]]
    return Corpus("austen", *map(words_of, parts))
