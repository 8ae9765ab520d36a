"""What commands say beside their answer: on standard error, unless `--quiet` is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_QUIET: Final = f"{__name__}.quiet"


def _be_quiet(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[_QUIET] = wanted


_quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_be_quiet,
    help="Only the answer and errors: no summary, hint or progress bar.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def quiet_option(command: _Command) -> _Command:
    """`--quiet`, which `tell` heeds."""
    return _quiet_option(command)


def is_quiet() -> bool:
    """Whether the command that runs was given `--quiet`."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_QUIET))


def tell(text: str) -> None:
    """Say something on standard error."""
    if text and not is_quiet():
        click.echo(text, err=True)


def print_json(content: object) -> None:
    """Print JSON on standard output, dataclasses as objects."""
    click.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
