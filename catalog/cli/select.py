"""`sen12ms select`: patches by region, season, land cover."""

from __future__ import annotations

from typing import Any

import click

from catalog.cli.asked import selected, tell_wrong_root
from catalog.cli.formats import FORMATS, write_selection
from catalog.cli.opened import opened
from catalog.cli.options import (
    filter_options,
    limit_option,
    out_argument,
    print_options,
    root_option,
)
from catalog.cli.talk import quiet_option


@click.command(short_help="Select patches by region, season, land cover.")
@out_argument
@filter_options
@limit_option
@print_options(FORMATS, "How to print them.")
@root_option
@quiet_option
def select(
    out: str, format_: str | None, output: str | None, root: str | None, **options: Any
) -> None:
    """Print the patches of the catalog OUT that pass all filters.

    Example: sen12ms select OUT --region Brazil --sensor s2 --format paths
    """
    with opened(out, root) as cat:
        selection = selected(cat, options)
        tell_wrong_root(root, selection, options["sensor"])
        write_selection(selection, format_, output, options["sensor"])
