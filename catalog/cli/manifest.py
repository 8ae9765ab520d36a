"""`sen12ms manifest`: subsets to share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from catalog.cli.asked import loaded, selected
from catalog.cli.formats import FORMATS, write_selection
from catalog.cli.groups import Commands
from catalog.cli.opened import opened
from catalog.cli.options import (
    filter_options,
    out_argument,
    print_options,
    root_option,
)
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.experiment import diff as compare
from catalog.experiment import patch_ids, read_list
from catalog.experiment import verify as verify_manifest
from catalog.model import counted
from catalog.store import staging

_SHOWN = 20
"""How many patches of each kind are printed."""


@click.group(cls=Commands, short_help="Write, verify, compare and load manifests.")
def manifest() -> None:
    """Subsets as files: patches, paths, sizes, how they were chosen, and a SHA-256.

    A manifest ends in .parquet, .csv or .json; official lists (.txt or .pkl) are read and written
    too, but hold names only. A manifest that was cut off or changed is refused.

    Example: sen12ms manifest save OUT --split train -o train.parquet
    """


_manifest_argument = click.argument("path", metavar="MANIFEST", type=click.Path(dir_okay=False))


@manifest.command(short_help="Write the manifest of a selection.")
@out_argument
@filter_options
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False), help="The manifest to write."
)
@root_option
@quiet_option
def save(out: str, output: str, root: str | None, **options: Any) -> None:
    """Write the manifest of the patches of the catalog OUT that pass all filters.

    Example: sen12ms manifest save OUT --region Brazil --split train -o brazil.parquet
    """
    with opened(out, root) as cat:
        saved = selected(cat, options).save(output)
    tell(f"{output}: {counted(len(saved.entries), 'patch')}, {saved.bytes:,} bytes")


@manifest.command(short_help="Print what made a manifest.")
@_manifest_argument
def show(path: str) -> None:
    """Print the header of a manifest, as JSON: counts, SHA-256 and how the subset was chosen.

    Example: sen12ms manifest show train.parquet
    """
    print_json(read_list(path).header())


@manifest.command(short_help="Verify a manifest.")
@_manifest_argument
@click.argument("against", metavar="DIR", type=click.Path())
@json_option
@quiet_option
def verify(path: str, against: str, as_json: bool) -> None:
    """Verify that all patches of a manifest are there, with the recorded sizes; else exit with 1.

    DIR is a catalog, or a folder with the files of the dataset.

    Example: sen12ms manifest verify train.parquet SEN12MS/
    """
    if against.endswith(".parquet") or (Path(against) / staging.ITEMS).is_file():
        with opened(against) as cat:
            findings = verify_manifest(path, cat)
    else:
        findings = verify_manifest(path, against)
    if as_json:
        print_json(findings)
    else:
        click.echo("".join(f"{each.subject} {each.problem}\n" for each in findings), nl=False)
    tell(counted(len(findings), "problem") if findings else "all files are there")
    if findings:
        sys.exit(1)


@manifest.command(short_help="Compare two manifests.")
@click.argument("first", type=click.Path(dir_okay=False))
@click.argument("second", type=click.Path(dir_okay=False))
def diff(first: str, second: str) -> None:
    """Compare the manifest SECOND with FIRST; exit with 1 if they differ.

    Example: sen12ms manifest diff train-old.parquet train.parquet
    """
    found = compare(first, second)
    for what in ("removed", "added", "moved", "resized"):
        names = getattr(found, what)
        for name in names[:_SHOWN]:
            click.echo(f"{what} {name}")
        if len(names) > _SHOWN:
            click.echo(f"{what} {len(names) - _SHOWN:,} more")
    for name in found.made:
        click.echo(f"different in the header: {name}")
    click.echo("they differ" if found else "they are equal", err=True)
    if found:
        sys.exit(1)


@manifest.command(short_help="Load a manifest into a selection.")
@_manifest_argument
@out_argument
@click.option("--part", help="Only this part of a split.")
@print_options(FORMATS, "How to print them.")
@root_option
def load(
    path: str, out: str, part: str | None, format_: str | None, output: str | None, root: str | None
) -> None:
    """Print the patches of a manifest or list, as they are in the catalog OUT.

    A list may come from standard input: -; FILE:PART is one part of a split. `select --ids` narrows
    a list by filters.

    Example: sen12ms manifest load val_list.txt OUT --format paths
    """
    with opened(out, root) as cat:
        if path == "-":
            chosen = cat.pick(patch_ids(sys.stdin, cat.dataset, where="standard input"))
        else:
            chosen = loaded(cat, path, part)
        write_selection(chosen, format_, output, ())
