"""`sen12ms plot`: a selection at a glance."""

from __future__ import annotations

from typing import Any

import click

from catalog.cli.opened import opened
from catalog.cli.options import filter_options, given_filters, out_argument, root_option


@click.command(short_help="Draw where patches are and what they look like.")
@out_argument
@filter_options
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False), help="The PNG to write."
)
@click.option(
    "--tiles",
    type=click.IntRange(0, 200),
    default=8,
    show_default=True,
    help="Sample patches to show.",
)
@root_option
def plot(out: str, output: str, tiles: int, root: str | None, **options: Any) -> None:
    """Draw the patches of the catalog OUT that pass all filters: map, classes, seasons, samples.

    Example: sen12ms plot OUT --region Africa --season summer -o africa.png
    """
    with opened(out, root) as cat:
        cat.select(**given_filters(**options)).plot(output, tiles=tiles)
    click.echo(output, err=True)
