"""`sen12ms info`: what a catalog holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from catalog.cli.opened import opened
from catalog.cli.options import out_argument
from catalog.cli.talk import json_option, print_json
from catalog.model import counted
from catalog.store import staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@click.command(short_help="Summarize a catalog.")
@out_argument
@json_option
def info(out: str, as_json: bool) -> None:
    """Summarize the catalog OUT: patches by season, split, continent and cover; what is missing.

    Example: sen12ms info OUT
    """
    with opened(out) as cat:
        found = cat.info()
        rejected, sensors = cat.rejected(), cat.dataset.sensors
    if as_json:
        print_json(found.as_dict() | {"rejected": len(rejected)})
        return
    click.echo(f"{out}: {found.words}")
    _print_total(found.total, sensors)
    if rejected:
        click.echo(f"rejected files: {len(rejected):,}, see {Path(out, staging.REPORT)}")
    console = Console(width=None if Console().is_terminal else 100)
    for name, rows in found.by.items():
        if all(row[name] is None for row in rows):  # such as land cover that the dataset has not
            continue
        table = Table(name.replace("_", " "), box=None, pad_edge=False)
        for count in ("patches", "complete"):
            table.add_column(count, justify="right")
        for row in rows:
            table.add_row(
                str(row[name] or "unknown"), f"{row['patches']:,}", f"{row['complete']:,}"
            )
        console.print()
        console.print(table)


def _print_total(total: Mapping[str, Any], sensors: Iterable[str]) -> None:
    if total["west"] is not None:
        edges = (total[name] for name in ("west", "south", "east", "north"))
        click.echo("extent: " + ", ".join(f"{edge:.4f}" for edge in edges) + " (degrees)")
    missing = [
        f"{total[f'without_{sensor}']:,} without {sensor}"
        for sensor in sensors
        if total[f"without_{sensor}"]
    ]
    if missing:
        click.echo(f"missing: {', '.join(missing)}")
    if total.get("with_cloud_cover"):
        least, median, most = (total[f"{name}_cloud_cover"] for name in ("least", "median", "most"))
        click.echo(
            f"cloud cover: known of {counted(total['with_cloud_cover'], 'patch')}, "
            f"{least:g} to {most:g} %, median {median:g} %"
        )
    if total["with_issues"]:
        click.echo(f"with issues: {total['with_issues']:,}, see the column `issues` of `patches`")
