"""Six novels by Jane Austen (public domain, after Project Gutenberg; Debian package r-cran-janeaustenr), which ship."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from backends.data.text import Corpus, words_of

FILE = Path(__file__).parent / "austen.txt.gz"

RUNS = 100
"""Pieces of consecutive paragraphs that the novels are cut into."""

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|--|[^\sa-z\d]")
"""A word with its apostrophes, a number, a dash, or one other sign."""


def load() -> Corpus:
    """Lower-cased words and signs, one paragraph a line.

    Of every ten of a hundred equal runs of paragraphs the first eight are training, the ninth is validation, the tenth
    test: whole pages, and some of every novel in every text.
    """
    text = gzip.decompress(FILE.read_bytes()).decode("utf-8").lower().replace("_", "")
    paragraphs = [" ".join(_TOKEN.findall(part)) for part in re.split(r"\n\s*\n", text) if part.strip()]
    ends = [len(paragraphs) * run // RUNS for run in range(RUNS + 1)]
    parts: list[list[str]] = [[], [], []]
    for run in range(RUNS):
        parts[max(run % 10 - 7, 0)] += paragraphs[ends[run] : ends[run + 1]]
    return Corpus("austen", *map(words_of, parts))
