"""A Sphinx extension that generates parts of pages from the code: it replaces a line ``% generated: NAME``.

So the command reference shows the command line's help texts, and the page of exports the columns of their schema.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping

import click
from sphinx.application import Sphinx

from harness.cli import cli
from harness.export import columns as exporting
from harness.output.text_tables import markdown_table, markdown_text
from harness.planning import registry, settings

MARKER = re.compile(r"^% generated: (\w+)$", re.MULTILINE)


def commands() -> Iterator[str]:
    """A section for each command, below the section of its group."""
    yield from _section(cli, click.Context(cli, info_name="harness"), 2)


def _section(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}\n"
    yield markdown_text((command.help or "").replace("\b", "").strip()) + "\n"
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    options = [part for part in command.params if isinstance(part, click.Option) and not part.hidden]
    if options:
        records = [record for part in options if (record := part.get_help_record(context))]
        rows = [(_code(name), markdown_text(meaning)) for name, meaning in records]
        yield "\n".join(markdown_table(("option", "meaning"), rows, names=(0, 1))) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _section(inner, click.Context(inner, context, name), min(level + 1, 4))


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


def export() -> Iterator[str]:
    """A table of columns for each kind of export."""
    for kind, columns_of_kind in exporting.COLUMNS_BY_KIND.items():
        rows = [(_code(each.name), each.type, each.unit, markdown_text(each.meaning)) for each in columns_of_kind()]
        yield f"## {kind}\n"
        yield "\n".join(markdown_table(("column", "type", "unit", "meaning"), rows, names=(0, 1, 2, 3))) + "\n"


def policies() -> Iterator[str]:
    """A section for each policy: the summary of its module, the docstring of its class, and its settings."""
    for name, entry in registry.entries("policy").items():
        policy = registry.load("policy", name)
        asks = ", ".join(sorted(kind.__name__ for kind in policy.needs)) or "nothing"
        yield f"## {name}\n"
        yield f"{markdown_text(registry.summary(entry))}\n"
        yield f"{markdown_text(inspect.cleandoc(policy.__doc__ or ''))}\n"
        yield f"Asks: {asks}.\n"
        rows = [(_code(f"{name}.{key}"), _code(repr(value))) for key, value in settings.defaults(policy).items()]
        if rows:
            yield "\n".join(markdown_table(("setting", "default"), rows, names=(0, 1))) + "\n"


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "export": export,
    "policies": policies,
}


def fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Replace the markers of a page's source with the generated text."""
    source[0] = MARKER.sub(lambda found: "\n".join(PARTS[found[1]]()), source[0])


def setup(app: Sphinx) -> Mapping[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
