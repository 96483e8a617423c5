"""How well shared weights rank cells in the course of their training: tau by epoch, a line a policy or setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.figures.style import COLOURS, DASHES, GREY, canvas, counted, known, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (7.0, 4.2)

FEW = 12
"""The most epochs of which each gets a tick."""


class Seeds(TypedDict):
    """The tau of each seed after each epoch, ``None`` where there is none; a row a seed."""

    name: str
    epochs: list[int]
    taus: list[list[float | None]]


class Content(TypedDict):
    """What is drawn."""

    title: str
    groups: list[Seeds]


def training_of(title: str, taus: Mapping[str, tuple[Sequence[int], Sequence[Sequence[float | None]]]]) -> Content:
    """By the name of a line: the epochs, and for each seed its tau after each of them."""
    groups = [
        Seeds(name=name, epochs=list(epochs), taus=[list(row) for row in rows]) for name, (epochs, rows) in taus.items()
    ]
    seeds = max((len(group["taus"]) for group in groups), default=0)
    return Content(title=f"{title}\nthick: mean of {counted(seeds, 'seed')}, thin: each of them", groups=groups)


def training(content: Content) -> Figure:
    """Thin lines are seeds, thick ones their means over the seeds that have a tau; 0 is no better than chance."""
    figure = canvas(SIZE)
    axes = figure.add_subplot()
    for place, group in enumerate(content["groups"]):
        _draw(axes, group, (COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]))
    epochs = sorted({epoch for group in content["groups"] for epoch in group["epochs"]})
    if len(epochs) <= FEW:
        axes.set_xticks(epochs)
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("epochs of training the shared weights")
    axes.set_ylabel("Kendall's tau-b with the truth")
    tidy(axes, content["title"])
    if content["groups"]:
        figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, group: Seeds, look: tuple[str, str]) -> None:
    colour, dash = look
    for row in group["taus"]:
        axes.plot(group["epochs"], known(row), color=colour, linestyle=dash, linewidth=0.8, alpha=0.35)
    (mean,) = axes.plot(group["epochs"], known(means_of(group)), color=colour, linestyle=dash, label=group["name"])
    mean.set(linewidth=2.5, marker="o", markersize=4)


def means_of(group: Seeds) -> list[float | None]:
    """The mean after each epoch over the seeds that have a tau."""
    columns = ([tau for tau in column if tau is not None] for column in zip(*group["taus"], strict=True))
    return [sum(column) / len(column) if column else None for column in columns]
