"""`sen12ms split`: train, validation and test parts without leakage."""

from __future__ import annotations

import re
import sys
from pathlib import Path
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
from catalog.store.manifest_file import LISTS, checked_format

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
    "--official", "use_official", is_flag=True, help="Official parts, with a validation part."
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
    help="Unit that stays whole; a region is a country.",
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
    help="The manifest to write; with {part} in its name one per part, with {fold} one per fold.",
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
    """Split patches of the catalog OUT into parts that share no ground.

    Patches that overlap, touch or lie within the buffer stay together. The same patches and seed
    give the same split on any machine. Prints what each part holds.

    Example: sen12ms split OUT --official --stratify season -o '{part}.txt'
    """
    if folds is not None and use_official:
        raise click.UsageError("--folds and --official exclude each other")
    if output is not None:
        _check_output(output, folded=folds is not None)
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


def _check_output(output: str, *, folded: bool) -> None:
    """The fields in braces must be known, and tell apart what is written."""
    fields = set(re.findall(r"\{(\w*)\}", output))
    known = {"part", "fold"} if folded else {"part"}
    if fields - known:
        wrong = ", ".join(f"{{{name}}}" for name in sorted(fields - known))
        right = " or ".join(f"{{{name}}}" for name in sorted(known))
        raise click.UsageError(f"-o {output}: {wrong} is not known, write {right}")
    if folded and "fold" not in fields:
        raise click.UsageError("with --folds, -o needs {fold} in its name: one manifest per fold")
    if "part" not in fields and checked_format(Path(output)) in LISTS:
        raise click.UsageError(
            f"-o {output}: a list does not tell the parts apart, write {{part}} in its name"
        )


def _write(parts: Split, heading: str, output: str | None) -> None:
    strata = sorted({stratum for part in parts.report for stratum in part.classes})
    rows = [
        [
            part.name,
            f"{part.patches:,}",
            f"{part.scenes:,}",
            f"{part.wanted:.1%}",
            f"{part.fraction:.1%}",
            *(f"{part.classes.get(name, 0) / part.patches:.1%}" for name in strata),
        ]
        for part in parts.report
    ]
    write_rows((heading, "patches", "scenes", "wanted", "got", *strata), rows, sys.stdout)
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
