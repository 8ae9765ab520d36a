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
    """Verify the catalog OUT again; the exit code is 1 if there are problems.

    Every file is there and has its recorded size, every archive is as it was indexed; ids are
    unique; footprints are those of the grids, and patches lie on the grid of their scene; table,
    items and database agree.

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
