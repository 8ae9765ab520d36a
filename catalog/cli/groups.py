"""Groups of commands that are imported when they are called, and check how options are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


class LazyCommands(Mapping[str, click.Command]):
    """Commands by name, each from the module of its name.

    Parameters
    ----------
    package : str
        Where the modules are.
    summaries : mapping
        What each command does, by its name, in the order of the help.
    """

    def __init__(self, package: str, summaries: Mapping[str, str]) -> None:
        self._package = package
        self.summaries = summaries

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.summaries:
            raise KeyError(name)
        command: click.Command = getattr(import_module(f"{self._package}.{name}"), name)
        command.short_help = self.summaries[name]
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self.summaries)

    def __len__(self) -> int:
        return len(self.summaries)


class Commands(click.Group):
    """A group whose commands refuse an option that is empty, or given twice without need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - given by click
        """Names in the order in which the commands were given."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        if not isinstance(self.commands, LazyCommands):
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands.summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, its options checked."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, click.Group):
            _check_options(command, click.Context(command, ctx, name), rest)
        return name, command, rest


def _check_options(command: click.Command, context: click.Context, arguments: list[str]) -> None:
    try:
        values, _, given = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:
        return  # It is raised again, with its own context, when the command is called.
    for option, times in Counter(given).items():
        is_single = isinstance(option, click.Option) and not (option.multiple or option.count)
        if is_single and times > 1:
            message = f"{option.opts[0]} is given {times} times: give it once"
            raise click.UsageError(message, context)
        if (
            isinstance(option, click.Option)
            and option.default != ""
            and _is_empty(values[option.name])
        ):
            message = f"{option.opts[0]} is empty: give a value, or leave it out"
            raise click.UsageError(message, context)


def _is_empty(value: object) -> bool:
    """Whether the value of an option, or one of several, is a text without characters."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(text, str) and not text.strip() for text in texts)
