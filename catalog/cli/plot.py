"""`sen12ms plot`: a selection at a glance."""

from __future__ import annotations

import warnings
from typing import Any

import click

from catalog.cli.opened import opened
from catalog.cli.options import filter_options, given_filters, out_argument, root_option
from catalog.errors import UnreadableWarning


@click.command(short_help="Draw where patches are and what they look like.")
@out_argument
@filter_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    help="The picture to write (.png, .pdf or .svg).",
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
    with opened(out, root) as cat, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UnreadableWarning)
        selection = cat.select(**given_filters(**options))
        selection.plot(output, tiles=tiles)
        empty = not len(selection)
    if empty:
        click.echo("No patch passes the filters: the map is empty.", err=True)
    for warning in (each for each in told if each.category is UnreadableWarning):
        click.echo(f"Warning: {warning.message}", err=True)
    click.echo(output, err=True)
