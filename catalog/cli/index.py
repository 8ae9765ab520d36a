"""`sen12ms index`: make or update a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.options import Integer, given_store_options, store_options
from catalog.cli.progress import progress_bars
from catalog.cli.talk import json_option, print_json, quiet_option, tell
from catalog.datasets import DATASETS
from catalog.errors import CatalogNotFoundError
from catalog.indexing import indexer
from catalog.model import counted
from catalog.store import staging
from catalog.store.report import ITEM_FILES, read_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.model import Rejected
    from catalog.store.report import Report

REJECTED = 3
"""Exit code: done, but some files were rejected."""
_SHOWN = 10
"""Rejected files that are named; the report names all."""


@click.command(short_help="Make or update the catalog of a dataset.")
@click.argument("roots", metavar="ROOT...", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", metavar="OUT", required=True, type=click.Path(), help="The catalog.")
@click.option(
    "--add", is_flag=True, help="Keep what OUT holds of other folders and archives: read ROOT only."
)
@click.option(
    "--href-base",
    metavar="URL",
    help="What hrefs start with instead of ROOT, in a catalog to publish; default: absolute paths.",
)
@click.option(
    "--alternate",
    metavar="URL",
    help="Where a web server has the files of ROOT, too: items list them as alternate assets.",
)
@click.option(
    "--schema-url",
    metavar="URL",
    help="Where you publish the JSON Schema of the sen12ms: fields.",
)
@click.option(
    "--previews",
    is_flag=True,
    help="Draw a thumbnail and overviews of every patch into OUT: about 0.4 MB per patch.",
)
@click.option(
    "--statistics",
    is_flag=True,
    help="Read the pixels of all images too: NaN, empty or saturated ones become issues.",
)
@click.option(
    "--items",
    type=click.Choice(ITEM_FILES),
    help="none: items are in items.parquet alone, which saves one file per patch; default: files.",
)
@click.option(
    "--partition",
    type=click.Choice(staging.PARTITION_KEYS),
    help="Also write the table in parts, for engines that read many files at once: in folders "
    "such as items/season=winter/.",
)
@click.option(
    "--dataset",
    type=click.Choice(list(DATASETS)),
    callback=lambda _context, _option, name: name and DATASETS[name],
    help="What ROOT holds; default: what its file names tell, else sen12ms.",
)
@click.option(
    "--cloud-cover",
    metavar="TABLE",
    type=click.Path(),
    help="CSV or Parquet with the columns id and cloud_cover, percent: clouds in the cloudy "
    "images of SEN12MS-CR.",
)
@click.option(
    "--land-cover-from",
    metavar="CATALOG",
    type=click.Path(),
    help="A catalog of SEN12MS, or its items.parquet: patches of SEN12MS-CR take the class counts "
    "of the patch of the same key and grid.",
)
@click.option("--workers", type=Integer(1, 256), help="Processes; default: one per core.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Scheduler of a Dask cluster that does the work: tcp://HOST:8786. Its workers share the "
    "file system of OUT, or else only the object store that ROOT is in.",
)
@store_options
@json_option
@quiet_option
def index(roots: tuple[str, ...], out: str, as_json: bool, **choices: Any) -> None:
    """Read the headers and land cover of every file in ROOT, and write the catalog OUT.

    ROOT is a folder, nested in any way, or an archive as the dataset is shipped: .tar, .tar.gz or
    .tgz; or the URL of one: s3://, gs://, az://, or https:// with a list in files.txt. A second run
    reads only what changed. Bad files, and what follows the damage in a damaged archive, are
    reported and left out; then the exit code is 3.

    Example: sen12ms index SEN12MS/ -o sen12ms-catalog/
    """
    before = _sources(out)
    with progress_bars() as progress:
        store = given_store_options()
        report = indexer.index(*roots, into=out, store=store, progress=progress, **choices)
    tell(summary(report, out))
    if as_json:
        print_json(report)
    for source in sorted(before - set(report.sources)):
        tell(f"No longer in it: {source}; with --add it would have stayed.")
    if report.rejected:
        click.get_current_context().exit(REJECTED)


def _sources(out: str) -> set[str]:
    """What the catalog that is there was made from."""
    try:
        return set(read_report(Path(out)).sources)
    except CatalogNotFoundError:
        return set()


def summary(report: Report, out: str) -> str:
    """What a run did, for people."""
    patches, scenes = counted(report.patches, "patch"), counted(report.scenes, "scene")
    lines = [f"{patches} of {scenes} from {counted(report.files, 'file')}: {out}"]
    missing = [f"{count:,} without {sensor}" for sensor, count in report.missing.items() if count]
    if missing:
        lines.append(f"Incomplete patches: {', '.join(missing)}.")
    if report.cloud_cover:
        lines.append(
            f"Cloud cover of {report.cloud_cover['taken']:,} from {report.cloud_cover['source']}; "
            f"{report.cloud_cover['not_in_catalog']:,} of its ids are not in the catalog, "
            f"{report.cloud_cover['without_value']:,} have no value."
        )
    if report.land_cover:
        lacking = [
            f"{len(report.land_cover[reason]):,} {text}"
            for reason, text in (("missing", "not there"), ("other_grid", "on another grid"))
        ]
        lines.append(
            f"Land cover of {report.land_cover['taken']:,} from {report.land_cover['source']}; "
            f"{', '.join(lacking)}."
        )
    if report.rejected:
        files = counted(len(report.rejected), "file")
        lines.append(f"{files} rejected, listed in {Path(out, staging.REPORT)}:")
        lines += [f"  {line}" for line in _rejected_lines(report.rejected)]
    return "\n".join(lines)


def _rejected_lines(rejected: Sequence[Rejected]) -> Iterator[str]:
    """The first files that are bad, and one of those that are there twice."""
    bad = [entry for entry in rejected if not entry.is_second]
    yield from (f"{entry.path} {entry.reason}" for entry in bad[:_SHOWN])
    if len(bad) > _SHOWN:
        yield "…"
    second = [entry for entry in rejected if entry.is_second]
    if len(second) > 1:
        yield f"{len(second):,} files are there twice; the first of them:"
    yield from (f"{entry.path} {entry.reason}" for entry in second[:1])
