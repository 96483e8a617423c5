"""Loads a text by the name of a data set, or from a folder with train.txt, valid.txt and test.txt."""

from __future__ import annotations

from pathlib import Path

from backends.data.known_datasets import DATASETS, TextDataset
from backends.data.sources import data_folder
from backends.data.text import Corpus, Text, words_of
from harness.core.errors import DataError, nearest_or_known

FILES = ("train.txt", "valid.txt", "test.txt")
"""Training, validation and test text of a folder: one sentence a line, words separated by blanks."""


def load(
    name: str, *, vocabulary: int = 0, train_tokens: int = 0, verify: bool = True, folder: Path | None = None
) -> Text:
    """A corpus as word numbers, with the `vocabulary` most frequent words of its first `train_tokens` (0: all).

    A `name` that is no known text is the name of a folder with three texts in `folder` (default: `data_folder()`), or a
    path. `verify=False` accepts Penn Treebank files that are not the known ones. Raises DataError if texts are missing
    or damaged, SettingError for sizes out of range.
    """
    known, place = DATASETS.get(name), folder or data_folder()
    if isinstance(known, TextDataset):
        corpus: Corpus = known.read(folder=place, verify=verify)
    else:
        corpus = _of_folder(name, place / name)
    return corpus.encoded(words=vocabulary, train_tokens=train_tokens)


def _of_folder(name: str, place: Path) -> Corpus:
    if missing := [file for file in FILES if not (place / file).is_file()]:
        known_texts = [known.name for known in DATASETS.values() if isinstance(known, TextDataset)]
        hint = nearest_or_known(name, known_texts)
        raise DataError(
            f"unknown text {name!r}; {hint}; a text of your own goes to {str(place)!r}, which lacks"
            f" {', '.join(missing)}, one sentence a line"
        )
    try:
        texts = [words_of((place / file).read_text(encoding="utf-8").splitlines()) for file in FILES]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the texts in {str(place)!r}: {' '.join(str(error).split())}") from error
    return Corpus(name, *texts)
