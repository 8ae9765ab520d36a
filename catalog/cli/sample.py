"""`sen12ms sample`: a reproducible random sample."""

from __future__ import annotations

import sys
import warnings
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from catalog.cli.asked import selected
from catalog.cli.formats import FORMATS, write_selection
from catalog.cli.opened import opened
from catalog.cli.options import (
    Integer,
    filter_options,
    numbers_by_name,
    out_argument,
    print_options,
    root_option,
    seed_option,
    stratify_option,
)
from catalog.cli.rows import write_rows
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.errors import ShortageWarning
from catalog.experiment import sample as draw
from catalog.experiment.sampling import BALANCES, shortage
from catalog.model import counted
from catalog.store.manifest_file import checked_format

if TYPE_CHECKING:
    from catalog.experiment.sampling import Balance

_BALANCES: Final = f"{', '.join(BALANCES)}, or weights as summer=2,winter=1"


class _Size(click.ParamType):  # type: ignore[type-arg]
    """A number of patches, or a fraction below 1; 1.0 might be either."""

    name = "size"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            size = float(value)
        except ValueError:
            size = float("nan")
        if isnan(size) or ("." in str(value) and size >= 1):
            self.fail(f"{value!r} is not a size: write 100 patches as 100, half as 0.5", param, ctx)
        return size


@click.command(short_help="Draw a balanced sample.")
@out_argument
@filter_options
@click.option(
    "-n",
    "size",
    metavar="N",
    type=_Size(),
    required=True,
    help="Number of patches; or, below 1, the fraction of them.",
)
@stratify_option
@click.option(
    "--balance",
    default="proportional",
    show_default=True,
    metavar="HOW",
    help="Patches of each stratum: equal, proportional, or by weights, NAME=WEIGHT,…",
)
@click.option("--max-per-scene", type=Integer(1), help="Most patches of one scene.")
@seed_option
@root_option
@json_option
@quiet_option
@print_options(FORMATS, "How to print the patches; without it, only counts are printed.")
def sample(out: str, size: float, balance: str, as_json: bool, **options: Any) -> None:
    """Draw a reproducible random sample of the patches of the catalog OUT.

    Prints counts per stratum, or the patches with --format; a stratum with too few patches is taken
    whole, with a warning. -o writes a manifest, unless --format is given.

    Example: sen12ms sample OUT -n 5000 --stratify season --balance equal
    """
    wanted: Balance = balance if balance in BALANCES else numbers_by_name(balance, _BALANCES)
    arguments = {name: options.pop(name) for name in ("stratify", "max_per_scene", "seed")}
    format_, output = options.pop("format_"), options.pop("output")
    if output == "-" and format_ is None:
        raise click.UsageError("-o - prints the patches: choose how with --format paths or ids")
    if format_ is None and output is not None:
        checked_format(Path(output))
    with opened(out, options.pop("root")) as cat, warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortageWarning)
        selection = selected(cat, options)
        drawn = draw(selection, size, balance=wanted, **arguments)
        if format_ is not None:
            write_selection(drawn.selection, format_, output, options["sensor"])
        elif as_json:
            print_json(drawn.strata)
        else:
            rows = [(each.name, each.available, each.wanted, each.taken) for each in drawn.strata]
            heading = arguments["stratify"] or "stratum"
            write_rows((heading, "available", "wanted", "taken"), rows, sys.stdout)
        if format_ is None and output is not None:
            manifest = drawn.selection.save(output)
            tell(f"{output}: {counted(len(manifest.entries), 'patch')}")
    if drawn.shortages:
        tell(shortage(drawn))
