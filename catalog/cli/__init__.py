"""The command `sen12ms`: one command a file."""

from __future__ import annotations

import sys

import click

from catalog.cli.check import check
from catalog.cli.demo import demo
from catalog.cli.index import index
from catalog.cli.info import info
from catalog.cli.select import select
from catalog.cli.sql import sql
from catalog.errors import CatalogError

EPILOG = "Exit codes: 0 done, 1 error, 2 usage, 3 done but some files were rejected."


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sen12ms-catalog", prog_name="sen12ms")
def sen12ms() -> None:
    """Select from SEN12MS before you touch 421 GiB.

    Try `sen12ms demo /tmp/demo` first: it needs no data.
    """


for command in (demo, index, select, sql, info, check):
    sen12ms.add_command(command)


def main() -> None:
    """Run the command line; errors that a user can cause are one sentence."""
    try:
        sen12ms(prog_name="sen12ms")
    except CatalogError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has had enough.
        sys.stderr.close()
        sys.exit(0)
