"""`sen12ms plot`: a selection at a glance."""

from __future__ import annotations

import warnings
from typing import Any

import click

from catalog.cli.asked import selected
from catalog.cli.opened import opened
from catalog.cli.options import Integer, filter_options, out_argument, root_option
from catalog.cli.talk import quiet_option, tell
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
    type=Integer(0, 200),
    default=8,
    show_default=True,
    help="Sample patches to show.",
)
@root_option
@quiet_option
def plot(out: str, output: str, tiles: int, root: str | None, **options: Any) -> None:
    """Draw the patches of the catalog OUT that pass all filters: map, classes, seasons, samples.

    Example: sen12ms plot OUT --region Africa --season summer -o africa.png
    """
    with opened(out, root) as cat, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UnreadableWarning)
        selected(cat, options).plot(output, tiles=tiles)
    for warning in (each for each in told if each.category is UnreadableWarning):
        tell(f"Warning: {warning.message}")
    tell(output)
