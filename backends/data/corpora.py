"""Text by name: `ptb`, `austen`, or a folder with train.txt, valid.txt and test.txt."""

from __future__ import annotations

from pathlib import Path

from backends.data import austen, penn_treebank
from backends.data.sources import data_folder
from backends.data.text import Corpus, Text, words_of
from harness.core.errors import DataError

FILES = ("train.txt", "valid.txt", "test.txt")
"""Training, validation and test text of a folder: one sentence a line, words parted by blanks."""


def load(
    name: str, *, vocabulary: int = 0, train_tokens: int = 0, verify: bool = True, folder: Path | None = None
) -> Text:
    """A corpus as word numbers, with the `vocabulary` most frequent words of its first `train_tokens` (0: all).

    A `name` other than `ptb` and `austen` is that of a folder with three texts, in `folder`, by default
    `data_folder()`, or a path. `verify=False` takes Penn Treebank files that are not the known ones. Raises DataError
    for texts that are missing or damaged, SettingError for sizes out of range.
    """
    return _corpus(name, folder or data_folder(), verify=verify).encoded(words=vocabulary, train_tokens=train_tokens)


def _corpus(name: str, folder: Path, *, verify: bool) -> Corpus:
    match name:
        case "ptb":
            return penn_treebank.load(folder, verify=verify)
        case "austen":
            return austen.load()
        case _:
            return _of_folder(name, folder / name)


def _of_folder(name: str, place: Path) -> Corpus:
    if missing := [file for file in FILES if not (place / file).is_file()]:
        raise DataError(
            f"text {name!r} is neither 'ptb' nor 'austen', and {str(place)!r} lacks {', '.join(missing)};"
            " put them there, one sentence a line"
        )
    try:
        texts = [words_of((place / file).read_text(encoding="utf-8").splitlines()) for file in FILES]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the texts in {str(place)!r}: {' '.join(str(error).split())}") from error
    return Corpus(name, *texts)
