"""`sen12ms extract`: the files of a selection, out of archives or folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.cli.asked import selected
from catalog.cli.index import REJECTED
from catalog.cli.options import filter_options, out_argument, root_option
from catalog.cli.progress import progress_bars
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.reading.catalog import Catalog
from catalog.reading.extraction import HOW
from catalog.source.tar_members import THREADS

if TYPE_CHECKING:
    from catalog.reading.extraction import Extraction, ExtractionSource

_SHOWN = 10
"""How many of the files that could not be written are named."""


@click.command(short_help="Extract only the selected files from the archives.")
@out_argument
@filter_options
@click.option("--to", metavar="DIR", required=True, type=click.Path(), help="The folder to fill.")
@click.option(
    "--how",
    type=click.Choice(HOW),
    default="copy",
    show_default=True,
    help="How to write files that are in folders; those in archives are copied.",
)
@click.option("--dry-run", is_flag=True, help="Print count and bytes; write nothing.")
@root_option
@json_option
@quiet_option
def extract(
    out: str, to: str, how: str, dry_run: bool, root: str | None, as_json: bool, **options: Any
) -> None:
    """Write the files of the patches that pass all filters into DIR, in the dataset's own folders.

    OUT may be of archives or of folders. A file that is there already is kept, so that a run that
    was stopped can be resumed. Files are checked by size, and by checksums.sha512 if that lies
    beside the data; if some cannot be written, the exit code is 3.

    Example: sen12ms extract OUT --region Brazil --sensor s2 --to brazil/
    """
    with Catalog.open(out, root=root) as cat, progress_bars() as progress:
        selection = selected(cat, options)
        done = selection.extract(
            *options["sensor"],
            to=to,
            how=how,
            dry_run=dry_run,
            progress=lambda done, total: progress(
                "extract", done // 1_000_000, total // 1_000_000, 0
            ),
        )
    for source in done.sources:
        tell(_sentence(source))
    if as_json:
        print_json(done)
    elif dry_run:
        click.echo(f"{done.files:,} files, {done.bytes:,} bytes")
    else:
        tell(_summary(done, to))
    if done.rejected:
        click.get_current_context().exit(REJECTED)


def _sentence(source: ExtractionSource) -> str:
    start = f"{source.name}: {source.files:,} files, {_megabytes(source.bytes)}"
    if source.cost is None:
        return f"{start}, by {source.how}"
    passing = _megabytes(source.cost.passing)
    if source.cost.seeking is None:
        return f"{start}, in one pass: {passing} to decompress, without a valid seek index"
    seeking = _megabytes(source.cost.seeking)
    if source.how == "seek":
        return (
            f"{start}, by seeking: {seeking} to decompress on one thread, where one pass takes "
            f"{passing} on {THREADS}"
        )
    return (
        f"{start}, in one pass: {passing} to decompress on {THREADS} threads, where seeking takes "
        f"{seeking} on one"
    )


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"


def _summary(done: Extraction, to: str) -> str:
    lines = [f"{done.files:,} files, {_megabytes(done.bytes)}: {to}"]
    if done.files or done.present:
        lines.append(f"It is a catalog of these patches: sen12ms select {to}")
    if not (done.files or done.present or done.rejected):
        lines.append("The catalog has no such files: see `sen12ms info` for what is missing.")
    if done.present:
        lines.append(f"{done.present:,} files were there already.")
    if done.rejected:
        lines.append(f"{len(done.rejected):,} could not be written:")
        lines += [f"  {entry.path} {entry.reason}" for entry in done.rejected[:_SHOWN]]
        if len(done.rejected) > _SHOWN:
            lines.append("  …")
    return "\n".join(lines)
