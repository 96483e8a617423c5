"""``harness data``: fetch the data sets that oracles train on, and list where they are."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.listing import print_rows
from harness.cli.options import data_option, json_option


@click.group("data")
def data_group() -> None:
    """Fetch and list the images and texts that live training needs."""


@data_group.command()
@click.argument("name")
@data_option
def fetch(name: str) -> None:
    """Download a published data set and check its digests: cifar10 or fashion-mnist."""
    from backends.data import fetch as fetching
    from harness.output.progress_bar import progress_bar

    with progress_bar(f"downloading {name}") as report:
        folder = fetching.fetch(name, on_progress=report)
    click.echo(f"{name} is in {folder}", err=True)


@data_group.command("list")
@data_option
@json_option
def list_(as_json: bool) -> None:
    """Every data set, read and checked: where it is, or how to get it."""
    from backends.data.datasets import DATASETS

    rows = [_row(name, f"{known.images:,} images", _images(name, known.images)) for name, known in DATASETS.items()]
    print_rows(rows + [_row(name, words, _text(name)) for name, words in TEXTS.items()], as_json)


TEXTS = {"austen": "681,956 words", "ptb": "929,589 words"}
"""The texts that are known by name, with their training words and ends of lines."""


def _row(name: str, content: str, where: str) -> dict[str, Any]:
    """``content`` is what training has, of images together with validation."""
    return {"name": name, "content": content, "where": where}


def _images(name: str, images: int) -> str:
    from backends.data.datasets import load
    from backends.data.sources import data_folder
    from harness.core.errors import DataError

    try:
        load(name, train_images=images, validation_images=0)
    except DataError as error:
        return f"missing: {error}"
    return "comes with scikit-learn" if name == "digits" else str(data_folder())


def _text(name: str) -> str:
    from backends.data.corpora import load
    from backends.data.sources import data_folder
    from harness.core.errors import DataError

    try:
        load(name)
    except DataError as error:
        return f"missing: {error}"
    return "comes with the harness" if name == "austen" else str(data_folder())
