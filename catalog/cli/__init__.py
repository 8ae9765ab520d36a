"""The command `sen12ms`: one command a file."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from catalog.cli.check import check
from catalog.cli.demo import demo
from catalog.cli.extract import extract
from catalog.cli.index import index
from catalog.cli.info import info
from catalog.cli.leakage import leakage
from catalog.cli.manifest import manifest
from catalog.cli.plot import plot
from catalog.cli.sample import sample
from catalog.cli.select import select
from catalog.cli.serve import serve
from catalog.cli.split import split
from catalog.cli.sql import sql
from catalog.cli.streams import drop_output, flush_output, open_closed_streams, sentence
from catalog.errors import CatalogError

EPILOG = (
    "Exit codes: 0 done, 1 error or problems found, 2 usage, 3 done but some files were rejected, "
    "130 interrupted."
)


class _Commands(click.Group):
    """The commands; a reader of their output that has had enough, such as `head`, is no error."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, SystemExit) as error:
            broken = error.__context__ if isinstance(error, SystemExit) else error
            if not isinstance(broken, BrokenPipeError):  # which rich turns into SystemExit(1)
                raise
            drop_output()
            raise click.exceptions.Exit(0) from error


@click.group(cls=_Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sen12ms-catalog", prog_name="sen12ms")
def sen12ms() -> None:
    """Select from SEN12MS before you touch 421 GiB.

    Try `sen12ms demo /tmp/demo` first: it needs no data.
    """


COMMANDS = (
    demo,
    index,
    select,
    extract,
    sql,
    info,
    check,
    serve,
    plot,
    sample,
    split,
    leakage,
    manifest,
)

for command in COMMANDS:
    sen12ms.add_command(command)


def main() -> None:
    """Run the command line; errors that a user or a machine can cause are one sentence."""
    open_closed_streams()
    try:
        code = _run()
        flush_output()
    except CatalogError as error:
        code = _failed(str(error))
    except (OSError, UnicodeEncodeError) as error:
        code = _failed(sentence(error))
    with suppress(OSError):
        flush_output()
    sys.exit(code)


def _run() -> int:
    try:
        code = sen12ms.main(prog_name="sen12ms", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted: what was there before is unchanged.", err=True)
        return 130
    return code if isinstance(code, int) else 0


def _failed(message: str) -> int:
    click.echo(f"Error: {message}", err=True)
    return 1
