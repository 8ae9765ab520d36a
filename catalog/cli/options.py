"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalog.datasets.legacy import SEASONS, SENSORS
from catalog.experiment.strata import STRATA
from catalog.query.conditions import PREDICATES, SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Command = TypeVar("_Command", bound="Callable[..., Any]")

out_argument = click.argument("out", metavar="OUT", type=click.Path())
"""A catalog's folder, or an `items.parquet`."""

seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Another seed, another outcome."
)

root_option = click.option(
    "--root", type=click.Path(), help="Where the dataset is now, if it was moved."
)

_output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="A file to write instead."
)

stratify_option = click.option(
    "--stratify",
    metavar="COLUMN",
    help=f"The column whose values are balanced: {', '.join(STRATA)}.",
)


def print_options(formats: Sequence[str], help_: str) -> Callable[[_Command], _Command]:
    """`--format`, which is the first of them unless another is given, and `-o`."""
    choice = click.Choice(formats)
    format_option = click.option(
        "--format", "format_", type=choice, default=formats[0], show_default=True, help=help_
    )
    return lambda command: format_option(_output_option(command))


def filter_options(command: _Command) -> _Command:
    """The filters of `Catalog.select`, one option each."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


_FILTERS = (
    click.option(
        "--region",
        multiple=True,
        help="Name or code (Brazil, BRA, Africa, US-CA), W,S,E,N, WKT, or a vector file; may be "
        "repeated.",
    ),
    click.option(
        "--not-region",
        multiple=True,
        help="Leave out the patches of this region; may be repeated.",
    ),
    click.option(
        "--predicate",
        type=click.Choice(PREDICATES),
        default="intersects",
        show_default=True,
        help="How a footprint lies in the region.",
    ),
    click.option(
        "--season",
        multiple=True,
        type=click.Choice(list(SEASONS)),
        help="Season in the file name; may be repeated.",
    ),
    click.option(
        "--local-season",
        multiple=True,
        type=click.Choice(list(SEASONS)),
        help="Actual season, also south of the equator; may be repeated.",
    ),
    click.option(
        "--cover",
        multiple=True,
        metavar="CLASS>=SHARE",
        help="Share of a class, 'forest>=0.5' or 'water<=0.1'; may be repeated.",
    ),
    click.option("--split", type=click.Choice(SPLITS), help="Official split."),
    click.option(
        "--sensor",
        multiple=True,
        type=click.Choice(list(SENSORS)),
        help="Only patches with this file, and only its path; may be repeated.",
    ),
    click.option(
        "--complete/--incomplete", default=None, help="Only patches with all files, or only others."
    ),
    click.option("--where", metavar="SQL", help="One more SQL expression over `patches`."),
)


def given_filters(**options: Any) -> dict[str, Any]:
    """Arguments of `Catalog.select` from options: those that were not given are left out."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def numbers_by_name(text: str) -> dict[str, float]:
    """`train=0.8,val=0.2` as a mapping.

    Raises
    ------
    click.UsageError
        If it is not written like that.
    """
    numbers = {}
    for item in text.split(","):
        name, _, number = item.partition("=")
        try:
            numbers[name.strip()] = float(number)
        except ValueError as error:
            raise click.UsageError(
                f"{item.strip()!r} gives no number: write NAME=NUMBER,NAME=NUMBER"
            ) from error
    return numbers
