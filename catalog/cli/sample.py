"""`sen12ms sample`: a reproducible random sample."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.opened import opened
from catalog.cli.options import (
    filter_options,
    given_filters,
    numbers_by_name,
    out_argument,
    root_option,
    seed_option,
    stratify_option,
)
from catalog.cli.rows import write_rows
from catalog.errors import ShortageWarning
from catalog.experiment import sample as draw
from catalog.experiment.sampling import BALANCES, shortage
from catalog.model import counted

if TYPE_CHECKING:
    from catalog.experiment.sampling import Balance


@click.command(short_help="Draw a balanced sample.")
@out_argument
@filter_options
@click.option(
    "-n",
    "size",
    metavar="N",
    type=float,
    required=True,
    help="Number of patches; below 1, the fraction.",
)
@stratify_option
@click.option(
    "--balance",
    default="proportional",
    show_default=True,
    metavar="HOW",
    help="Patches of each stratum: equal, proportional, or by weights, NAME=WEIGHT,…",
)
@click.option("--max-per-scene", type=click.IntRange(1), help="Most patches of one scene.")
@seed_option
@root_option
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The manifest to write.")
def sample(out: str, size: float, balance: str, output: str | None, **options: Any) -> None:
    """Draw a reproducible random sample of the patches of the catalog OUT.

    Prints counts per stratum; a stratum with too few patches is taken whole, with a warning.

    Example: sen12ms sample OUT -n 5000 --stratify season --balance equal
    """
    wanted: Balance = balance if balance in BALANCES else numbers_by_name(balance)
    arguments = {name: options.pop(name) for name in ("stratify", "max_per_scene", "seed")}
    with opened(out, options.pop("root")) as cat, warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortageWarning)
        selection = cat.select(**given_filters(**options))
        drawn = draw(selection, size, balance=wanted, **arguments)
        rows = [(each.name, each.available, each.wanted, each.taken) for each in drawn.strata]
        write_rows(
            (arguments["stratify"] or "stratum", "available", "wanted", "taken"), rows, sys.stdout
        )
        if output is not None:
            manifest = drawn.selection.save(output)
            click.echo(f"{output}: {counted(len(manifest.entries), 'patch')}", err=True)
    if drawn.shortages:
        click.echo(shortage(drawn), err=True)
