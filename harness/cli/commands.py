"""Click groups that suggest the nearest name for an unknown command, and import a command only when it is called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class SuggestingGroup(click.Group):
    """A group that suggests the nearest name for an unknown command."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve as click does; an unknown command raises UsageError with the nearest name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"unknown command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(SuggestingGroup):
    """A group that imports each command when it is needed; ``paths`` maps its name to ``module:attribute``."""

    def __init__(self, *args: Any, paths: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._paths = dict(paths)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of ``paths``; imports nothing."""
        return list(self._paths)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` for an unknown name."""
        if cmd_name not in self._paths:
            return None
        module, _, attribute = self._paths[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command
