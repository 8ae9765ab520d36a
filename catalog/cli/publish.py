"""`sen12ms publish`: a catalog into an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.options import out_argument, store_options
from catalog.cli.progress import progress_bars
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.indexing import publishing
from catalog.model import counted

if TYPE_CHECKING:
    from catalog.indexing.publishing import Published


@click.command(short_help="Upload a catalog to an object store.")
@out_argument
@click.argument("url", metavar="URL")
@click.option("--prune", is_flag=True, help="Delete files there that only an older catalog has.")
@click.option("--dry-run", is_flag=True, help="Count files and bytes; upload nothing.")
@store_options
@json_option
@quiet_option
def publish(out: str, url: str, prune: bool, dry_run: bool, as_json: bool) -> None:
    """Upload the catalog OUT to s3://BUCKET/FOLDER, gs:// or az://.

    Only what changed is uploaded, so a run that was stopped can be repeated; catalog.json comes
    last. Every command can then open the catalog by its URL, and a browser its index.html.

    Example: sen12ms publish OUT s3://my-bucket/sen12ms-catalog
    """
    with progress_bars() as progress:
        done = publishing.publish(
            out,
            url,
            prune=prune,
            dry_run=dry_run,
            progress=lambda done, total: progress(
                "publish", done // 1_000_000, total // 1_000_000, 0
            ),
        )
    if as_json:
        print_json(done)
    elif dry_run:
        click.echo(f"{done.files:,} files, {done.bytes:,} bytes")
    else:
        tell(_summary(done))
    if done.is_local:
        tell(
            "Its hrefs are paths on this machine: index with --href-base URL, so that others find "
            "the files of the dataset."
        )


def _summary(done: Published) -> str:
    lines = [f"{counted(done.files, 'file')}, {done.bytes / 1e6:,.1f} MB: {done.url}"]
    if done.present:
        lines.append(f"{counted(done.present, 'file')} there already.")
    if done.deleted:
        lines.append(f"{counted(done.deleted, 'file')} of an older catalog deleted.")
    elif done.gone:
        lines.append(
            f"{counted(done.gone, 'file')} of an older catalog there: --prune deletes them."
        )
    return "\n".join(lines)
