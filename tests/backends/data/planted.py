"""Other entries in the table of data sets, for one test."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from backends.data.images import Images, Split
from backends.data.known_datasets import DATASETS, ImageDataset, TextDataset
from backends.data.text import Corpus


def plant(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """Change what the table says of a data set."""
    monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], **changes))


def plant_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter images and a text, with readers of their own."""
    for known in (GREY, ABC):
        monkeypatch.setitem(DATASETS, known.name, known)


GREY = ImageDataset(
    name="greys",
    reader=f"{__name__}:read_greys",
    licence="no licence",
    members={"greys.txt": ""},
    shape=(1, 8, 8),
    classes=2,
    images=300,
    stored="uint8",
)
ABC = TextDataset(name="abc", reader=f"{__name__}:read_abc", licence="no licence", package="the tests", words=6)


def read_greys(train_images: int, validation_images: int, *, folder: Path, verify: bool) -> Images:
    """Images of 0 and of 255 in turn, which are of class 0 and 1."""
    assert verify
    assert folder.name == "greys"
    labels = torch.arange(400) % 2
    images = (labels * 255).to(torch.uint8)[:, None, None, None].expand(400, 1, 8, 8).contiguous()
    ends = (0, train_images, train_images + validation_images, 400)
    parts = [Split(images[begin:end], labels[begin:end]) for begin, end in pairwise(ends)]
    mean, std = torch.full((1, 1, 1), 127.5), torch.full((1, 1, 1), 127.5)
    return Images("greys", *parts, mean, std, 2)


def read_abc() -> Corpus:
    return Corpus("abc", list("abcabc"), list("ab"), list("bc"))
