"""`sen12ms leakage`: what two lists of patches share."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import orjson

from catalog.cli.asked import loaded
from catalog.cli.formats import checked_target, target_file
from catalog.cli.opened import opened
from catalog.cli.options import Number, out_argument, print_options
from catalog.cli.rows import write_rows
from catalog.cli.talk import quiet_option, tell
from catalog.experiment import LeakyPair, LeakyScenes
from catalog.experiment import leakage as find_leakage
from catalog.experiment.outlines import MAX_BUFFER_KM
from catalog.model import counted
from catalog.store.csv_rows import csv_writer

if TYPE_CHECKING:
    from catalog.experiment import Leakage
    from catalog.reading.catalog import Catalog
    from catalog.reading.selection import Selection

_FORMATS = ("table", "csv", "json")
FOUND = 1
"""Exit code: there is leakage."""


@click.command(short_help="Audit two lists for leakage.")
@out_argument
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--buffer-km",
    type=Number(0, MAX_BUFFER_KM),
    default=0.0,
    show_default=True,
    help="Patches closer than this count as near.",
)
@click.option(
    "--b-from",
    metavar="CATALOG",
    type=click.Path(),
    help="The catalog of B, if it is another one; it may be of another dataset.",
)
@print_options(
    _FORMATS,
    "Scenes as a table, pairs of patches as CSV, or scenes and totals as JSON. Of patches that are "
    "near, CSV has the nearest of each scene of A.",
)
@click.option(
    "--map", "picture", type=click.Path(dir_okay=False), help="A map to draw (.png, .pdf or .svg)."
)
@quiet_option
def leakage(
    out: str, a: str, b: str, *, buffer_km: float, b_from: str | None, **targets: Any
) -> None:
    """Report patches of B that overlap, touch or lie near a patch of A; exit with 1 if any does.

    A and B are manifests, what `select` writes, or lists of ids, file names or paths (.txt, .pkl,
    .csv, .json); one part of a manifest, FILE:PART; or the official `train` and `test`. Footprints
    are those of the catalog OUT. Patches of two datasets are the same if their season, scene and
    number are.

    Example: sen12ms leakage OUT train.txt val.txt --map leakage.png
    """
    with opened(out) as cat, nullcontext(cat) if b_from is None else opened(b_from) as other:
        found = find_leakage(_patches(cat, a), _patches(other, b), buffer_km=buffer_km)
    format_, output = checked_target(targets["format_"], targets["output"], _FORMATS)
    with target_file(output) as file:
        _write(found, format_, file)
    if targets["picture"] is not None:
        found.plot(targets["picture"])
    _report(found)
    if found:
        sys.exit(FOUND)


def _write(found: Leakage, format_: str, file: IO[str]) -> None:
    if format_ == "csv":
        writer = csv_writer(file)
        writer.writerow(LeakyPair._fields)
        writer.writerows(found.pairs())
    elif format_ == "json":
        file.write(orjson.dumps(_summary(found), option=orjson.OPT_INDENT_2).decode() + "\n")
    elif found:
        write_rows(LeakyScenes._fields, found.scenes(), file)


def _patches(cat: Catalog, name: str) -> Selection:
    if name in cat.dataset.splits and not Path(name).exists():
        return cat.select(split=name)
    return loaded(cat, name)


def _summary(found: Leakage) -> dict[str, object]:
    return {
        "buffer_km": found.buffer_km,
        "a": len(found.a),
        "b": len(found.b),
        "same": found.same,
        "overlapping": found.overlapping,
        "near": found.near,
        "unplaced": found.unplaced,
        "scenes": [scenes._asdict() for scenes in found.scenes()],
        "hints": found.hints(),
    }


def _report(found: Leakage) -> None:
    near = f"lie within {found.buffer_km:g} km of one" if found.buffer_km else "touch one"
    tell(
        f"Of {counted(len(found.b), 'patch')} of B, {found.same:,} are in A too, "
        f"{found.overlapping:,} more overlap one of A, {found.near:,} more {near}."
    )
    if found.unplaced:
        tell(f"{counted(found.unplaced, 'patch')} without a footprint: not compared.")
    for hint in found.hints():
        tell(hint)
