"""`sen12ms check`: a catalog against the files that it names."""

from __future__ import annotations

import click

from catalog.cli.options import out_argument, root_option
from catalog.cli.progress import progress_bars
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.model import counted
from catalog.reading import check as checker


@click.command(short_help="Verify a catalog against its files.")
@out_argument
@root_option
@json_option
@quiet_option
def check(out: str, root: str | None, as_json: bool) -> None:
    """Verify the catalog OUT against its files; the exit code is 1 if there are problems.

    Checks that every file is there with its recorded size; that archives did not change; that ids
    are unique; that footprints match the grids, and patches the grid of their scene; and that
    table, items and database agree.

    Example: sen12ms check OUT
    """
    with progress_bars() as progress:
        report = checker.check(
            out, root=root, progress=lambda done, total: progress("check", done, total, 0)
        )
    if as_json:
        print_json(report)
    else:
        click.echo(
            "".join(f"{each.subject} {each.problem}\n" for each in report.findings), nl=False
        )
    skipped = f" ({report.unreachable:,} elsewhere not checked)" if report.unreachable else ""
    problems = counted(len(report.findings), "problem") if report.findings else "no problems"
    looked = f"{counted(report.patches, 'patch')}, {counted(report.files, 'file')}"
    tell(f"{looked}{skipped}: {problems}")
    if report.findings:
        click.get_current_context().exit(1)
