"""`sen12ms split`: parts that share no ground."""

from __future__ import annotations

import sys
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
from catalog.experiment import k_fold, official
from catalog.experiment import split as cut
from catalog.experiment.assignment import BY
from catalog.model import counted

if TYPE_CHECKING:
    from catalog.experiment import Split
    from catalog.reading.selection import Selection


@click.command(short_help="Split without leakage.")
@out_argument
@filter_options
@click.option(
    "--fractions",
    default="train=0.8,val=0.1,test=0.1",
    show_default=True,
    metavar="PARTS",
    help="Names and fractions of the parts.",
)
@click.option(
    "--official", "use_official", is_flag=True, help="Official parts, and one to validate."
)
@click.option(
    "--validation",
    type=float,
    default=0.1,
    show_default=True,
    help="With --official: fraction of its train that becomes val.",
)
@click.option("--folds", type=int, metavar="K", help="K splits into train and val instead.")
@click.option(
    "--by",
    type=click.Choice(BY),
    default="scene",
    show_default=True,
    help="What stays whole at least; a region is a country.",
)
@click.option(
    "--buffer-km", type=float, default=0.0, show_default=True, help="Least distance between parts."
)
@stratify_option
@seed_option
@root_option
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="The manifest to write; with {part} in it one a part, with {fold} one a fold.",
)
def split(
    out: str,
    fractions: str,
    use_official: bool,
    validation: float,
    folds: int | None,
    output: str | None,
    **options: Any,
) -> None:
    """Split patches of the catalog OUT so that no part overlaps, touches or nears another.

    The same patches and seed give the same split everywhere; the parts are printed as they came
    out.

    Example: sen12ms split OUT --official --stratify season -o '{part}.txt'
    """
    if folds is not None and (use_official or (output and "{fold}" not in output)):
        raise click.UsageError("--folds goes without --official, and with {fold} in -o")
    names = ("by", "buffer_km", "stratify", "seed")
    arguments = {name: options.pop(name) for name in names}
    with opened(out, options.pop("root")) as cat:
        selection = cat.select(**given_filters(**options))
        if folds is not None:
            for number, fold in enumerate(k_fold(selection, folds, **arguments)):
                _write(fold, f"fold {number}", output and output.replace("{fold}", str(number)))
        elif use_official:
            _write(official(selection, validation=validation, **arguments), "part", output)
        else:
            shares = numbers_by_name(fractions)
            _write(cut(selection, shares, **arguments), "part", output)


def _write(parts: Split, heading: str, output: str | None) -> None:
    kinds = sorted({kind for part in parts.report for kind in part.classes})
    rows = [
        [
            part.name,
            f"{part.patches:,}",
            f"{part.scenes:,}",
            f"{part.wanted:.1%}",
            f"{part.fraction:.1%}",
            *(f"{part.classes.get(kind, 0) / part.patches:.1%}" for kind in kinds),
        ]
        for part in parts.report
    ]
    write_rows((heading, "patches", "scenes", "wanted", "got", *kinds), rows, sys.stdout)
    click.echo(
        f"{counted(parts.groups, 'group')} had to stay together, "
        f"the largest of {counted(parts.largest, 'patch')}",
        err=True,
    )
    if output is None:
        return
    if "{part}" not in output:
        parts.save(output)
        click.echo(output, err=True)
        return
    for name, selection in parts.items():
        _save(selection, output.replace("{part}", name))


def _save(selection: Selection, path: str) -> None:
    selection.save(path)
    click.echo(path, err=True)
