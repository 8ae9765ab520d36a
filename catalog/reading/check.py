"""A catalog against the files that it names, and against itself."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from catalog.datasets.legacy import PREVIEWS, SENSORS, patch_id
from catalog.errors import CatalogNotFoundError, QueryError
from catalog.model import EDGES, UNMOVED, Finding, Grid, Grids, PatchKey, archive_of, gdal_root
from catalog.query.database import answering, open_database, open_items
from catalog.query.statements import statement
from catalog.reading.extraction import is_unchanged, known_archives
from catalog.source.tar import stamp_of
from catalog.stac.collection import SceneSummary, scene_catalog, upper_catalogs
from catalog.stac.footprint import footprints
from catalog.stac.grid import off_grid
from catalog.stac.item import COLLECTION, items_from_rows, scene_path
from catalog.stac.summary import summary_of
from catalog.store import staging
from catalog.store.columns import table_columns
from catalog.store.geoparquet import read_countries, read_items
from catalog.store.report import Report, read_report
from catalog.store.static import encoded, encoded_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from catalog.model import Rebase, SceneKey

TOLERANCE_DEGREES: Final = 1e-7
"""How far a recorded corner may be from PROJ's: about a centimetre."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` did."""

    patches: int
    """Rows that were checked."""
    files: int
    """Files that were looked at."""
    unreachable: int
    """Files behind URLs or in archives, which were not looked at."""
    findings: tuple[Finding, ...]
    """All that is wrong, by scene."""


def check(
    out: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Verify a catalog again.

    Every file is there and has its recorded size, every archive is as it was indexed; ids are
    unique and say what the columns say; footprints are those of the recorded grids, and patches lie
    on the grid of their scene; table, items and database agree.

    Parameters
    ----------
    out : path
        The catalog's folder.
    root : path, optional
        Where the dataset is now, if it was moved.
    progress : callable, optional
        Told patches done and in all.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog.
    """
    folder = Path(out)
    if not (folder / staging.ITEMS).is_file():
        raise CatalogNotFoundError(
            f"there is no catalog in {folder}: make one with `sen12ms index`"
        )
    if root is not None and not Path(root).is_dir():
        raise CatalogNotFoundError(f"there is no folder {os.fspath(root)!r}: name the dataset's")
    return _Check(folder, root).run(progress)


class _Check:
    """One run of `check`."""

    def __init__(self, folder: Path, root: str | os.PathLike[str] | None) -> None:
        self.folder = folder
        self.ids: Counter[str] = Counter()
        self.files: Counter[bool] = Counter()
        self.summaries: list[SceneSummary] = []
        self.previews = False
        self.countries = {row["code"]: row["name"] for row in read_countries() if row["code"]}
        self.findings: list[Finding] = []
        try:
            self.report: Report | None = read_report(folder)
        except CatalogNotFoundError as error:
            self.report = None
            self.findings.append(Finding(staging.REPORT, f"cannot be used: {error}"))
        self.rebase = self.report.moved_to(root) if self.report and root else UNMOVED

    def run(self, progress: Callable[[int, int], None] | None) -> CheckReport:
        for key, rows in read_items(self.folder / staging.ITEMS):
            self._check_scene(key, rows)
            if progress:
                done = self.ids.total()
                progress(done, self.report.patches if self.report else done)
        twice = [(name, n) for name, n in self.ids.items() if n > 1]
        self.findings += [Finding(name, f"is in the table {n} times") for name, n in twice]
        self.findings += self._check_catalogs()
        self.findings += self._check_strangers()
        self.findings += self._check_count()
        self.findings += _check_archives(self.folder, self.rebase)
        self.findings += _check_database(self.folder, self.ids)
        return CheckReport(
            self.ids.total(), self.files[True], self.files[False], tuple(self.findings)
        )

    def _check_scene(self, key: SceneKey, rows: Sequence[Row]) -> None:
        self.ids.update(row["id"] for row in rows)
        self.previews |= any(row["assets"][name] for row in rows for name in PREVIEWS)
        summary = summary_of(key, rows, self.countries)
        self.summaries.append(summary)
        self.findings += _check_names(rows)
        self.findings += _check_places(rows)
        self.findings += _check_files(rows, self.rebase, self.files)
        self.findings += _check_items(self.folder, key, rows)
        self.findings += _check_scene_catalog(self.folder, summary, rows)

    def _check_catalogs(self) -> Iterator[Finding]:
        """Root, collection and seasons."""
        scenes = sorted(self.summaries, key=lambda summary: summary.key)
        upper = upper_catalogs(scenes, table_columns(), previews=self.previews)
        for name, value in upper.items():
            yield from _check_file(self.folder / name, encoded(value))

    def _check_strangers(self) -> Iterator[Finding]:
        """Folders of scenes, and of seasons, that are in no row."""
        scenes = {self.folder / scene_path(summary.key) for summary in self.summaries}
        known = scenes | {scene.parent for scene in scenes}
        top = self.folder / COLLECTION
        for path in sorted([*top.glob("*"), *top.glob("*/*")]):
            if path not in known and path.name not in {staging.CATALOG, "collection.json"}:
                yield Finding(str(path), "is not in the table")

    def _check_count(self) -> Iterator[Finding]:
        patches = self.ids.total()
        if self.report and self.report.patches != patches:
            counted = f"{self.report.patches:,} patches, not {patches:,}"
            yield Finding(staging.REPORT, f"counts {counted}")


def _check_names(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        key = PatchKey(row["sen12ms:season"], row["sen12ms:scene"], row["sen12ms:patch"])
        if row["id"] != patch_id(key):
            yield Finding(row["id"], f"has the key of {patch_id(key)}")


def _check_places(rows: Sequence[Row]) -> Iterator[Finding]:
    grids = Grids.of(
        [
            Grid(row["proj:code"], tuple(row["proj:shape"]), tuple(row["proj:transform"]))
            for row in rows
        ]
    )
    recorded = shapely.from_wkb([row["geometry"] for row in rows])
    boxes = np.array([_edges(row["bbox"]) for row in rows])
    unlike = ~np.isclose(boxes, shapely.bounds(recorded), 0, TOLERANCE_DEGREES, equal_nan=True)
    moved = ~shapely.equals_exact(recorded, footprints(grids), TOLERANCE_DEGREES, normalize=True)
    moved &= ~shapely.is_missing(recorded)
    numbers = np.array([row["sen12ms:patch"] for row in rows])
    for index in np.flatnonzero(moved).tolist():
        yield Finding(rows[index]["id"], "has a footprint that is not that of its grid")
    for index in np.flatnonzero(unlike.any(axis=1)).tolist():
        yield Finding(rows[index]["id"], "has a box that is not that of its footprint")
    for index in np.flatnonzero(off_grid(numbers, grids.transform[:, [2, 5]])).tolist():
        yield Finding(rows[index]["id"], "does not lie where its number says in the scene's grid")


def _edges(bbox: Mapping[str, float] | None) -> tuple[float, ...]:
    return (np.nan,) * 4 if bbox is None else tuple(bbox[edge] for edge in EDGES)


def _check_files(rows: Sequence[Row], rebase: Rebase, files: Counter[bool]) -> Iterator[Finding]:
    for row in rows:
        for asset in filter(None, (row["assets"][sensor] for sensor in SENSORS)):
            path = rebase.of(asset["href"])
            local = "://" not in path and not path.startswith("/vsi")
            files[local] += 1
            if not local:
                continue
            try:
                size = os.stat(path).st_size
            except OSError as error:
                yield Finding(path, f"cannot be found: {error.strerror}")
            else:
                if size != asset["file:size"]:
                    yield Finding(
                        path, f"has {size:,} bytes where {asset['file:size']:,} are recorded"
                    )


def _check_archives(folder: Path, rebase: Rebase) -> Iterator[Finding]:
    for known in known_archives(folder).values():
        archive = archive_of(rebase.of(gdal_root(known["path"])))
        try:
            unchanged = is_unchanged(archive, stamp_of(archive), known)
        except OSError as error:
            yield Finding(archive, f"cannot be found: {error.strerror}")
        else:
            if not unchanged:
                yield Finding(archive, "has changed since it was indexed: run `sen12ms index`")


def _check_items(folder: Path, key: SceneKey, rows: Sequence[Row]) -> Iterator[Finding]:
    scene = folder / scene_path(key)
    expected = {f"{item['id']}.json": encoded_item(item) for item in items_from_rows(rows, key)}
    pictures = {
        Path(row["assets"][preview]["href"]).name
        for row in rows
        for preview in PREVIEWS
        if row["assets"][preview]
    }
    present = {entry.name for entry in os.scandir(scene)} if scene.is_dir() else set()
    for name in sorted(present - expected.keys() - pictures - {staging.CATALOG}):
        yield Finding(str(scene / name), "is not in the table")
    for name in sorted(pictures - present):
        yield Finding(str(scene / name), "is missing")
    for name, item in expected.items():
        yield from _check_file(scene / name, item)


def _check_scene_catalog(
    folder: Path, summary: SceneSummary, rows: Sequence[Row]
) -> Iterator[Finding]:
    titles = [(row["id"], row["title"]) for row in rows]
    path = folder / scene_path(summary.key) / staging.CATALOG
    yield from _check_file(path, encoded(scene_catalog(summary, titles)))


def _check_file(path: Path, expected: bytes) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding(str(path), "is missing")
    elif path.read_bytes() != expected:
        yield Finding(str(path), "says something else than the table")


def _check_database(folder: Path, ids: Counter[str]) -> Iterator[Finding]:
    path = folder / staging.DATABASE
    if not path.is_file():
        yield Finding(str(path), "is missing: the catalog answers from the table, more slowly")
        return
    try:
        with (
            answering(),
            open_database(path).connection as database,
            open_items(str(folder / staging.ITEMS)).connection as table,
        ):
            known = {row[0] for row in database.execute(statement("queries/ids")).fetchall()}
            said, expected = (
                connection.execute(statement("queries/patches_hash")).fetchall()
                for connection in (database, table)
            )
    except QueryError as error:
        yield Finding(str(path), str(error))
        return
    if known != ids.keys():
        yield Finding(str(path), "holds other patches than the table")
    elif said != expected:
        yield Finding(str(path), "says something else than the table")
