"""Options that several commands share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from catalog.datasets import DATASETS
from catalog.errors import FilterError, StoreError
from catalog.experiment.strata import STRATA
from catalog.query.conditions import PREDICATES, names_of
from catalog.source.bucket import StoreOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_Command = TypeVar("_Command", bound="Callable[..., Any]")

out_argument = click.argument("out", metavar="OUT", type=click.Path())
"""A catalog's folder, or an `items.parquet`."""


class Integer(click.IntRange):
    """An integer within bounds."""

    name = "integer"


class Number(click.FloatRange):
    """A number within bounds."""

    name = "number"


seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")

root_option = click.option(
    "--root", type=click.Path(), help="Where the dataset is now, if it was moved."
)

_output_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file to write; - is standard output.",
)

stratify_option = click.option(
    "--stratify",
    metavar="COLUMN",
    help=f"The column whose values are balanced: {', '.join(STRATA)}.",
)


limit_option = click.option(
    "--limit", type=Integer(1), metavar="N", help="Only the first N patches."
)


_ENVIRONMENT: Final = {
    "endpoint": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
    "region": ("AWS_REGION",),
    "anonymous": ("AWS_SKIP_SIGNATURE", "GOOGLE_SKIP_SIGNATURE", "AZURE_SKIP_SIGNATURE"),
    "requester_pays": ("AWS_REQUEST_PAYER",),
}
"""Variables that the options of object stores set, for this process and those that it starts."""
_STORE: Final = f"{__name__}.store"
"""Where a context keeps these options as they were given."""


def given_store_options() -> StoreOptions:
    """What the command line says of object stores, whatever the environment does."""
    return StoreOptions(**click.get_current_context().meta.get(_STORE, {}))


def _into_environment(
    context: click.Context, option: click.Parameter, value: str | bool | None
) -> None:
    if not value:
        return
    name = str(option.name)
    given = context.meta.setdefault(_STORE, {})
    given[name] = value
    try:
        StoreOptions(**given)
    except StoreError as error:
        raise click.BadParameter(str(error), context, option) from error
    text = "true" if value is True else str(value)
    os.environ.update(dict.fromkeys(_ENVIRONMENT[name], text))


def _store_option(name: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(name, expose_value=False, callback=_into_environment, **settings)


def store_options(command: _Command) -> _Command:
    """How object stores are reached, where the environment does not say it."""
    for option in (
        _store_option("--requester-pays", is_flag=True, help="You pay for requests to the store."),
        _store_option("--anonymous", is_flag=True, help="The store is public: sign no requests."),
        _store_option("--region", metavar="NAME", help="Region of the store: eu-central-1."),
        _store_option("--endpoint", metavar="URL", help="URL of a store other than Amazon's."),
    ):
        command = option(command)
    return command


def print_options(formats: Sequence[str], help_: str) -> Callable[[_Command], _Command]:
    """`--format` and `-o`: see `cli.formats.checked_target` for what they are together."""
    format_option = click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        metavar="FORMAT",
        help=f"{help_} One of {', '.join(formats)}. Default: as -o ends, else {formats[0]}.",
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
_SPLIT: Final = _Name("split", (name for each in DATASETS.values() for name in each.splits))
_SENSOR: Final = _Name("sensor", (name for each in DATASETS.values() for name in each.sensors))


class _Region(click.ParamType):  # type: ignore[type-arg]
    """A region, whose names a shell completes."""

    name = "region"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - given by click
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        from catalog.query.suggest import without_accents  # noqa: PLC0415 - for shells alone
        from catalog.store.geoparquet import read_region_names  # noqa: PLC0415

        start = without_accents(incomplete)
        names = (name for name in read_region_names() if without_accents(name).startswith(start))
        return [CompletionItem(name) for name in names]


class _Cover(click.ParamType):  # type: ignore[type-arg]
    """A condition on the share of a class, whose names a shell completes."""

    name = "cover"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - given by click
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        start = incomplete.casefold()
        return [
            CompletionItem(f"{name}>=")
            for each in DATASETS.values()
            for legend, names in each.shares.items()
            for name in (names if legend == "cover" else [f"{legend}.{one}" for one in names])
            if name.startswith(start)
        ]


_FILTERS = (
    click.option(
        "--region",
        multiple=True,
        type=_Region(),
        help="Name or code (Brazil, BRA, Africa, EU, US-CA), W,S,E,N, WKT, GeoJSON (- reads "
        "standard input), or a vector file; may be repeated: any of them.",
    ),
    click.option(
        "--not-region",
        multiple=True,
        type=_Region(),
        help="Leave out the patches of this region; may be repeated.",
    ),
    click.option(
        "--predicate",
        type=_Name("predicate", PREDICATES),
        default="intersects",
        show_default=True,
        help="How a footprint must lie in the region.",
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
        type=_Cover(),
        metavar="CONDITION",
        help="Share of a class: 'forest>=0.5', 'water<10%', 'urban=0', 'forest=0.2..0.5', "
        "'lccs_lu.dense_forest>0'; may be repeated: all of them.",
    ),
    click.option(
        "--cloud-cover",
        multiple=True,
        metavar="CONDITION",
        help="Clouds in the cloudy image of SEN12MS-CR, percent, where they are known: '<=30', "
        "'10..30'; may be repeated: all of them.",
    ),
    click.option(
        "--split",
        multiple=True,
        type=_SPLIT,
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
        "--ids",
        metavar="FILE",
        help="Only patches on this list: ids, file names or paths, a manifest, or what `select` "
        "wrote; - reads lines from standard input.",
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


def numbers_by_name(text: str, example: str) -> dict[str, float]:
    """`train=0.8,val=0.2` as a mapping; `example` is what an error says to write.

    Raises
    ------
    click.UsageError
        If it is not written like that.
    """
    numbers: dict[str, float] = {}
    for item in text.split(","):
        name, _, number = item.partition("=")
        if name.strip() in numbers:
            raise click.UsageError(f"{name.strip()!r} is given twice: give each name once")
        try:
            numbers[name.strip()] = float(number)
        except ValueError as error:
            raise click.UsageError(
                f"{item.strip()!r} is not NAME=NUMBER: write {example}"
            ) from error
    return numbers
