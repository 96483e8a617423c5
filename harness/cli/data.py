"""``harness data``: fetch the data sets that oracles train on, and list where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.listing import print_rows
from harness.cli.options import data_option, json_option
from harness.output.terminal import echo

if TYPE_CHECKING:
    from backends.data.known_datasets import ImageDataset, TextDataset


@click.group("data")
def data_group() -> None:
    """Fetch and list the images and texts that live training needs."""


@data_group.command()
@click.argument("name")
@data_option
def fetch(name: str) -> None:
    """Download a published data set, one that `harness data list` says to fetch, and check its digests."""
    from backends.data import fetch as fetching
    from harness.output.progress_bar import progress_bar

    with progress_bar(f"downloading {name}") as report:
        folder = fetching.fetch(name, on_progress=report)
    echo(f"{name} is in {folder}", err=True)


@data_group.command("list")
@data_option
@json_option
def list_(as_json: bool) -> None:
    """Read and check every data set; list where it is or how to get it."""
    from backends.data.known_datasets import DATASETS

    print_rows([_row(known) for known in DATASETS.values()], as_json)


def _row(known: ImageDataset | TextDataset) -> dict[str, str]:
    """A line of the list; ``content`` is the training data, for images with those for validation."""
    from backends.data import corpora, datasets
    from backends.data.known_datasets import TextDataset
    from backends.data.sources import data_folder
    from harness.core.errors import DataError

    where = f"comes with {known.package}" if known.package else str(data_folder())
    content = f"{known.words:,} words" if isinstance(known, TextDataset) else f"{known.images:,} images"
    try:
        if isinstance(known, TextDataset):
            corpora.load(known.name)
        else:
            datasets.load(known.name, train_images=known.images, validation_images=0)
    except DataError as error:
        where = f"missing: {error}"
    return {"name": known.name, "content": content, "where": where}
