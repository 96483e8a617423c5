"""``harness data``: fetch image data that oracles train on, and see what is there."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.listing import print_rows
from harness.cli.options import data_option, json_option


@click.group("data")
def data_group() -> None:
    """Fetch and list the image data that live training needs."""


@data_group.command()
@click.argument("name")
@data_option
def fetch(name: str) -> None:
    """Download a published data set and check its digests: cifar10 or fashion-mnist."""
    from backends.data import fetch as fetching
    from harness.bar import bar

    with bar(f"downloading {name}") as report:
        folder = fetching.fetch(name, on_progress=report)
    click.echo(f"{name} is in {folder}", err=True)


@data_group.command("list")
@data_option
@json_option
def list_(as_json: bool) -> None:
    """Every data set, read and checked: where it is, or how to get it."""
    from backends.data.datasets import FACTS

    print_rows([_row(name, known.images) for name, known in FACTS.items()], as_json)


def _row(name: str, images: int) -> dict[str, Any]:
    """``images`` are those that training and validation share."""
    return {"name": name, "images": images, "where": _where(name, images)}


def _where(name: str, images: int) -> str:
    from backends.data.datasets import load
    from backends.data.sources import data_folder
    from harness.core.errors import DataError

    try:
        load(name, train_images=images, validation_images=0)
    except DataError as error:
        return f"missing: {error}"
    return "comes with scikit-learn" if name == "digits" else str(data_folder())
