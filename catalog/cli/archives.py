"""`sen12ms archives`: what to download for a selection."""

from __future__ import annotations

import sys
from typing import Any

import click

from catalog.cli.asked import selected
from catalog.cli.opened import opened
from catalog.cli.options import filter_options, out_argument, root_option
from catalog.cli.rows import write_rows
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.model import counted
from catalog.query.conditions import names_of


@click.command(short_help="List the archives that a selection needs.")
@out_argument
@filter_options
@click.option(
    "--needs",
    multiple=True,
    metavar="SENSOR",
    help="Only the archives of these files, whether the catalog has them or not; may be repeated. "
    "Default: those of --sensor, else all.",
)
@root_option
@json_option
@quiet_option
def archives(out: str, needs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """List the archives that hold the files of the patches that pass all filters.

    A catalog of the land-cover archives alone knows all patches, and so which others to download.

    Example: sen12ms archives OUT --region Italy --needs s2
    """
    with opened(out, options.pop("root")) as cat:
        known = cat.dataset.sensors
        sensors = names_of("sensor", needs or options["sensor"] or list(known), known) or []
        found = selected(cat, options).archives(*sensors)
    if as_json:
        print_json(found)
        return
    rows = [
        (each.name, f"{each.files:,}", f"{each.bytes / 1e6:,.1f}", "yes" if each.indexed else "no")
        for each in found
    ]
    if rows:
        write_rows(("archive", "files", "MB unpacked", "in catalog"), rows, sys.stdout)
    files, size = sum(each.files for each in found), sum(each.bytes for each in found)
    tell(f"{counted(len(found), 'archive')}: {counted(files, 'file')}, {size / 1e6:,.1f} MB")
