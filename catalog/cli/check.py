"""`sen12ms check`: a catalog against the files that it names."""

from __future__ import annotations

import click

from catalog.cli.options import out_argument, root_option
from catalog.cli.progress import progress_bars
from catalog.model import counted
from catalog.reading import check as checker


@click.command(short_help="Verify a catalog against its files.")
@out_argument
@root_option
def check(out: str, root: str | None) -> None:
    """Verify the catalog OUT again; the exit code is 1 if anything is not as it says.

    Every file is there and has its recorded size, every archive is as it was indexed; ids are
    unique; footprints are those of the grids, and patches lie on the grid of their scene; table,
    items and database agree.

    Example: sen12ms check OUT
    """
    with progress_bars() as progress:
        report = checker.check(
            out, root=root, progress=lambda done, total: progress("check", done, total, 0)
        )
    for finding in report.findings:
        click.echo(f"{finding.subject} {finding.problem}")
    skipped = f" ({report.unreachable:,} elsewhere not looked at)" if report.unreachable else ""
    problems = counted(len(report.findings), "problem") if report.findings else "all is as it says"
    looked = f"{counted(report.patches, 'patch')}, {counted(report.files, 'file')}"
    click.echo(f"{looked}{skipped}: {problems}", err=True)
    if report.findings:
        click.get_current_context().exit(1)
