"""Text: the published token counts, vocabularies, streams, folders, and what is said where files are missing."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest
import torch

from backends.data import austen, penn_treebank
from backends.data.corpora import load
from backends.data.sources import data_folder
from backends.data.text import Corpus, batchify, inputs_and_targets, words_of
from harness.core.errors import DataError, SettingError

TEXTS = {"train": " the cat sat \n the dog sat \n the cat ran \n", "valid": " the cow sat \n\n", "test": " a cat \n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a text of one's own, and the same as false Penn Treebank files, zipped and not."""
    for place, prefix in ((tmp_path / "own", ""), (tmp_path / "plain" / "ptb", "ptb.")):
        place.mkdir(parents=True)
        for name, text in TEXTS.items():
            (place / f"{prefix}{name}.txt").write_text(text)
    (tmp_path / "zipped").mkdir()
    with zipfile.ZipFile(tmp_path / "zipped" / "ptb.zip", "w") as archive:
        for name, text in TEXTS.items():
            archive.writestr(f"data/ptb.{name}.txt", text)
            archive.writestr(f"__MACOSX/._ptb.{name}.txt", "")
    return tmp_path


def test_penn_treebank_has_the_published_numbers_of_tokens_and_words() -> None:
    """929k, 73k and 82k tokens and 10,000 words (Mikolov et al. 2010; Zaremba et al. 2014)."""
    try:
        text = load("ptb")
    except DataError:
        pytest.skip(f"Penn Treebank is not in {data_folder()}; HARNESS_DATA names another folder")
    assert [len(part) for part in (text.train, text.validation, text.test)] == [929_589, 73_760, 82_430]
    assert len(text.vocabulary) == 10_000


def test_lines_end_with_a_word_of_their_own() -> None:
    assert words_of(["the cat", "", " sat "]) == ["the", "cat", "<eos>", "<eos>", "sat", "<eos>"]


def test_words_are_numbered_by_frequency_and_then_by_alphabet(folder: Path) -> None:
    text = load("own", folder=folder)
    assert text.vocabulary == ("<eos>", "the", "cat", "sat", "dog", "ran", "<unk>")
    assert text.train.tolist() == [1, 2, 3, 0, 1, 4, 3, 0, 1, 2, 5, 0]
    assert text.validation.tolist() == [1, 6, 3, 0, 0]
    assert text.test.tolist() == [6, 2, 0]
    assert text.train.dtype == torch.int64


def test_a_smaller_vocabulary_keeps_the_most_frequent_words_and_the_two_of_its_own(folder: Path) -> None:
    text = load("own", folder=folder, vocabulary=3)
    assert text.vocabulary == ("<eos>", "the", "<unk>")
    assert text.train.tolist() == [1, 2, 2, 0, 1, 2, 2, 0, 1, 2, 2, 0]


def test_a_shorter_training_text_has_the_vocabulary_of_what_is_left(folder: Path) -> None:
    text = load("own", folder=folder, train_tokens=4)
    assert text.vocabulary == ("<eos>", "cat", "sat", "the", "<unk>")
    assert text.train.tolist() == [3, 1, 2, 0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"vocabulary": 8}, "7 different words"),
        ({"vocabulary": 2}, "expected 3 or more, or 0"),
        ({"train_tokens": 13}, "has 12 training tokens"),
        ({"train_tokens": -1}, "0 takes all"),
    ],
)
def test_sizes_out_of_range_are_refused(folder: Path, sizes: dict[str, int], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        load("own", folder=folder, **sizes)  # type: ignore[arg-type]


def test_penn_treebank_is_read_from_an_archive_as_from_files(folder: Path) -> None:
    zipped, plain = (load("ptb", folder=folder / name, verify=False) for name in ("zipped", "plain"))
    assert zipped.digest() == plain.digest() == load("own", folder=folder).digest()


def test_another_text_under_penn_treebanks_name_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"ptb\.train\.txt is not the known text: its MD5 is"):
        load("ptb", folder=folder / "plain")


def test_a_missing_penn_treebank_is_one_line_that_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no public licence.*ptb\.train\.txt.*HARNESS_DATA") as caught:
        load("ptb", folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_an_archive_without_the_texts_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ptb.zip", "w") as archive:
        archive.writestr("ptb.train.txt", "a")
    with pytest.raises(DataError, match=r"no archive of ptb\.train\.txt"):
        load("ptb", folder=tmp_path)
    (tmp_path / "ptb.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"no archive of ptb\.train\.txt"):
        load("ptb", folder=tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [(8, b"\x01\x00"), (10, b"\x63\x00"), (16, b"\x00\x00"), (24, b"\xff\xff\xff\x7f"), (42, b"\xff\xff\xff\x7f")],
    ids=["encrypted", "unknown compression", "checksum", "2 GB", "offset"],
)
def test_a_damaged_archive_is_named(folder: Path, field: int, value: bytes) -> None:
    path = folder / "zipped" / "ptb.zip"
    content = bytearray(path.read_bytes())
    central, local = content.find(b"PK\x01\x02") + field, content.find(b"PK\x03\x04") + field - 2
    for start in (central, local)[: 1 if field == 42 else 2]:
        content[start : start + len(value)] = value
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is no archive of|more than 268,435,456 bytes"):
        load("ptb", folder=folder / "zipped", verify=False)


def test_a_penn_treebank_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "plain" / "ptb" / "ptb.valid.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"ptb\.valid\.txt is no text in UTF-8"):
        load("ptb", folder=folder / "plain", verify=False)


def test_a_folder_that_lacks_a_text_is_named_with_it(folder: Path) -> None:
    (folder / "own" / "valid.txt").unlink()
    with pytest.raises(DataError, match=r"lacks valid\.txt"):
        load("own", folder=folder)
    with pytest.raises(DataError, match=r"'own2'; known: austen, ptb; .*lacks train\.txt, valid\.txt, test\.txt"):
        load("own2", folder=folder)
    with pytest.raises(DataError, match=r"unknown text 'austin'; did you mean 'austen'"):
        load("austin", folder=folder)


def test_a_text_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "own" / "test.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match="cannot read the texts"):
        load("own", folder=folder)


def test_the_digest_tells_the_texts_of_a_corpus_apart(folder: Path) -> None:
    digests = [
        load("own", folder=folder, **sizes).digest()  # type: ignore[arg-type]
        for sizes in ({}, {"vocabulary": 3}, {"train_tokens": 8})
    ]
    moved = Corpus("own", ["a", "b"], ["a"], ["b"]).encoded()
    digests += [moved.digest(), Corpus("own", ["a", "b"], ["a", "b"], []).encoded().digest()]
    assert len(set(digests)) == len(digests)


def test_columns_are_consecutive_pieces_side_by_side() -> None:
    assert batchify(torch.arange(11), 3).tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    with pytest.raises(DataError, match="11 words cannot be cut into 6 columns"):
        batchify(torch.arange(11), 6)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 7, 10])
def test_every_word_but_the_first_is_a_target_once_after_the_one_before_it(number: int) -> None:
    inputs, targets = inputs_and_targets(torch.arange(11), number)
    pairs = sorted((int(b), int(a)) for a, b in zip(inputs.flatten(), targets.flatten(), strict=True) if b >= 0)
    assert pairs == [(word, word - 1) for word in range(1, 11)]
    assert int((targets >= 0).sum()) == 10


def test_a_text_without_a_word_to_predict_is_refused() -> None:
    with pytest.raises(DataError, match="a text of 1 words has none to predict"):
        inputs_and_targets(torch.arange(1), 2)


def test_the_novels_are_whole_and_split_in_known_parts() -> None:
    """717,537 words in the file; the best known first sentences of four of the six novels are in its texts."""
    corpus = austen.load()
    parts = (corpus.train, corpus.validation, corpus.test)
    words = Counter(word for part in parts for word in part if word.replace("'", "").isalpha())
    assert 700_000 < sum(words.values()) < 750_000
    shares = [len(part) / sum(map(len, parts)) for part in parts]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    running = " ".join(corpus.train)
    assert "emma woodhouse , handsome , clever , and rich ," in running
    assert all(name in part for part in parts for name in ("emma", "elizabeth", "elinor", "anne", "fanny", "catherine"))


def test_the_known_subfolders_include_mikolovs_own() -> None:
    assert "simple-examples/data" in penn_treebank.FOLDERS
