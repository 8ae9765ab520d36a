"""The command `sen12ms`: one command a file."""

from __future__ import annotations

import os
import sys

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
from catalog.errors import CatalogError

EPILOG = (
    "Exit codes: 0 done, 1 error or problems found, 2 usage, 3 done but some files were rejected, "
    "130 interrupted."
)


class _Commands(click.Group):
    """The commands; a reader of their output that has had enough, such as `head`, is no error."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from error
        return outcome


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
    """Run the command line; errors that a user can cause are one sentence."""
    try:
        code = sen12ms.main(prog_name="sen12ms", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted: what was there before is unchanged.", err=True)
        sys.exit(130)
    except CatalogError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
