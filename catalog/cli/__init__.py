"""The command `sen12ms`: one command per file."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from catalog.cli.groups import Commands, LazyCommands
from catalog.cli.streams import drop_output, flush_output, open_closed_streams, sentence
from catalog.cli.supervised import leave
from catalog.errors import CatalogError

EPILOG = (
    "Exit codes: 0 done, 1 error or problems found, 2 usage, 3 done but some files were rejected, "
    "130 interrupted."
)


class _Commands(Commands):
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


SUMMARIES = {
    "demo": "Make a small synthetic SEN12MS and its catalog.",
    "index": "Make or update the catalog of a dataset.",
    "select": "Select patches by region, season, land cover.",
    "archives": "List the archives that a selection needs.",
    "extract": "Extract only the selected files from the archives.",
    "sql": "Run an SQL query over a catalog.",
    "info": "Summarize a catalog.",
    "check": "Verify a catalog against its files.",
    "publish": "Upload a catalog to an object store.",
    "serve": "Open a catalog in the web browser.",
    "plot": "Draw where patches are and what they look like.",
    "sample": "Draw a balanced sample.",
    "split": "Split without leakage.",
    "leakage": "Audit two lists for leakage.",
    "manifest": "Write, verify, compare and load manifests.",
}
"""What each command does; its module is imported when it is called."""


@click.group(
    cls=_Commands,
    commands=LazyCommands("catalog.cli", SUMMARIES),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="sen12ms-catalog", prog_name="sen12ms")
def sen12ms() -> None:
    """Select from SEN12MS before you touch 421 GiB.

    Try `sen12ms demo /tmp/demo` first: it needs no data.
    """


def main() -> None:
    """Run the command line in this process."""
    sys.exit(_run(own_process=False))


def command_line() -> None:
    """Run the command line as a shell starts it: queries go on in a process of their own."""
    leave(_run(own_process=True))


def _run(*, own_process: bool) -> int:
    """The exit code; errors that a user or a machine can cause are one sentence."""
    open_closed_streams()
    try:
        code = _call(own_process=own_process)
        flush_output()
    except CatalogError as error:
        code = _failed(str(error))
    except (OSError, UnicodeEncodeError) as error:
        code = _failed(sentence(error))
    with suppress(OSError):
        flush_output()
    return code


def _call(*, own_process: bool) -> int:
    try:
        code = sen12ms.main(prog_name="sen12ms", standalone_mode=False, obj=own_process)
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
