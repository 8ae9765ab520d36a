"""Options that several commands share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from catalog.datasets import DATASETS
from catalog.errors import FilterError
from catalog.experiment.strata import STRATA
from catalog.query.conditions import PREDICATES, SPLITS, names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_Command = TypeVar("_Command", bound="Callable[..., Any]")

out_argument = click.argument("out", metavar="OUT", type=click.Path())
"""A catalog's folder, or an `items.parquet`."""

seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")

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


class _Name(click.ParamType):  # type: ignore[type-arg]
    """One of some names, whatever its letter case."""

    def __init__(self, what: str, known: Iterable[str]) -> None:
        self.name = what
        self.known = tuple(dict.fromkeys(known))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            (name,) = names_of(self.name, value, self.known) or []
        except FilterError as error:
            self.fail(str(error), param, ctx)
        return name

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002 - given by click
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        return f"[{'|'.join(self.known)}]"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - given by click
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        start = incomplete.casefold()
        return [CompletionItem(name) for name in self.known if name.casefold().startswith(start)]


_SEASON: Final = _Name("season", (name for each in DATASETS.values() for name in each.seasons))
_SENSOR: Final = _Name("sensor", (name for each in DATASETS.values() for name in each.sensors))

_FILTERS = (
    click.option(
        "--region",
        multiple=True,
        help="Name or code (Brazil, BRA, Africa, EU, US-CA), W,S,E,N, WKT, GeoJSON (- reads "
        "standard input), or a vector file; may be repeated: any of them.",
    ),
    click.option(
        "--not-region",
        multiple=True,
        help="Leave out the patches of this region; may be repeated.",
    ),
    click.option(
        "--predicate",
        type=_Name("predicate", PREDICATES),
        default="intersects",
        show_default=True,
        help="How a footprint lies in the region.",
    ),
    click.option(
        "--bbox", metavar="W,S,E,N", help="Only patches that intersect this box, degrees."
    ),
    click.option(
        "--season",
        multiple=True,
        type=_SEASON,
        help="Season in the file name; may be repeated: any of them.",
    ),
    click.option(
        "--local-season",
        multiple=True,
        type=_SEASON,
        help="Actual season, also south of the equator; may be repeated: any of them.",
    ),
    click.option(
        "--cover",
        multiple=True,
        metavar="CONDITION",
        help="Share of a class: 'forest>=0.5', 'water<10%', 'urban=0', 'forest=0.2..0.5', "
        "'lccs_lu.dense_forest>0'; may be repeated: all of them.",
    ),
    click.option(
        "--split",
        multiple=True,
        type=_Name("split", SPLITS),
        help="Official split; may be repeated: any of them.",
    ),
    click.option(
        "--sensor",
        multiple=True,
        type=_SENSOR,
        help="Only patches with this file, and only its path; may be repeated: all of them.",
    ),
    click.option(
        "--complete/--incomplete", default=None, help="Only patches with all files, or only others."
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="SQL",
        help="An SQL expression over `patches`; may be repeated: all of them.",
    ),
    click.option(
        "--filter",
        metavar="CQL2",
        help="A condition in CQL2, STAC's filter language: \"season = 'winter' AND "
        'cover.forest > 0.5".',
    ),
)


def given_filters(**options: Any) -> dict[str, Any]:
    """Arguments of `Catalog.select` from options: those that were not given are left out."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("region", "not_region"):
        if "-" in given.get(name, ()):
            text = sys.stdin.read()
            given[name] = [text if region == "-" else region for region in given[name]]
    return given


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
