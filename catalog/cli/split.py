"""`sen12ms split`: train, validation and test parts without leakage."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.asked import selected
from catalog.cli.opened import opened
from catalog.cli.options import (
    Integer,
    Number,
    filter_options,
    numbers_by_name,
    out_argument,
    root_option,
    seed_option,
    stratify_option,
)
from catalog.cli.rows import write_rows
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.experiment import k_fold, official
from catalog.experiment import split as cut
from catalog.experiment.assignment import BY
from catalog.experiment.outlines import MAX_BUFFER_KM
from catalog.model import counted
from catalog.store.manifest_file import LISTS, checked_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.experiment import Split


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
    "--official",
    "use_official",
    is_flag=True,
    help="The official parts, with a validation part cut from train.",
)
@click.option(
    "--validation",
    type=Number(0, 1),
    default=0.1,
    show_default=True,
    help="With --official: fraction of its train that becomes val.",
)
@click.option("--folds", type=Integer(2), metavar="K", help="K splits into train and val instead.")
@click.option(
    "--by",
    type=click.Choice(BY),
    default="scene",
    show_default=True,
    help="What stays in one part; a region is a country.",
)
@click.option(
    "--buffer-km",
    type=Number(0, MAX_BUFFER_KM),
    default=0.0,
    show_default=True,
    help="Least distance between parts.",
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
@json_option
@quiet_option
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
        raise click.UsageError("--folds and --official cannot be combined: choose one")
    if output is not None:
        _check_output(output, folded=folds is not None)
    show = _show_json if options.pop("as_json") else _show
    names = ("by", "buffer_km", "stratify", "seed")
    arguments = {name: options.pop(name) for name in names}
    with opened(out, options.pop("root")) as cat:
        selection = selected(cat, options)
        if folds is not None:
            parts = list(k_fold(selection, folds, **arguments))
        elif use_official:
            parts = [official(selection, validation=validation, **arguments)]
        else:
            parts = [cut(selection, numbers_by_name(fractions, "train=0.8,val=0.2"), **arguments)]
        show(parts, folded=folds is not None)
        if output is not None:
            for number, each in enumerate(parts):
                _save(each, output.replace("{fold}", str(number)))


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
    if checked_format(Path(output)) in LISTS and "part" not in fields:
        raise click.UsageError(
            f"-o {output}: a list does not tell the parts apart, write {{part}} in its name"
        )


def _show(splits: Sequence[Split], *, folded: bool) -> None:
    for number, parts in enumerate(splits):
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
        heading = f"fold {number}" if folded else "part"
        write_rows((heading, "patches", "scenes", "wanted", "got", *strata), rows, sys.stdout)
        tell(
            f"{counted(parts.groups, 'group')} had to stay together, "
            f"the largest of {counted(parts.largest, 'patch')}"
        )


def _show_json(splits: Sequence[Split], *, folded: bool) -> None:
    """The parts with the ids of their patches; a list of such where there are folds."""
    found = [
        {
            part.name: {
                "wanted": part.wanted,
                "fraction": part.fraction,
                "ids": parts[part.name].ids,
            }
            for part in parts.report
        }
        for parts in splits
    ]
    print_json(found if folded else found[0])


def _save(parts: Split, output: str) -> None:
    if "{part}" not in output:
        parts.save(output)
        tell(output)
        return
    for name, selection in parts.items():
        path = output.replace("{part}", name)
        selection.save(path)
        tell(path)
