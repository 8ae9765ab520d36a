"""A catalog against the files that it names, and against itself."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.compute as pc
import shapely

from catalog.errors import CatalogNotFoundError, QueryError
from catalog.model import (
    EDGES,
    UNMOVED,
    Finding,
    PatchKey,
    archive_of,
    gdal_root,
    is_member,
    is_url,
)
from catalog.query.database import answering, open_database, open_items
from catalog.query.statements import statement
from catalog.reading.extraction import is_unchanged
from catalog.reading.opening import dataset_of
from catalog.source.hrefs import Hrefs
from catalog.source.stores import sizes_of
from catalog.source.tar import stamp_of
from catalog.stac.collection import SceneSummary, scene_catalog, upper_catalogs
from catalog.stac.footprint import footprints
from catalog.stac.grid import off_grid
from catalog.stac.item import items_from_rows, scene_path
from catalog.stac.scene_columns import grids_from_columns
from catalog.stac.summary import columns_from_table, summary_of
from catalog.store import staging
from catalog.store.columns import rows_from_table, table_columns
from catalog.store.geoparquet import read_countries, read_items
from catalog.store.integrity import damaged_files
from catalog.store.members import read_archive_list
from catalog.store.partitions import partition_problems
from catalog.store.report import ITEM_FILES, Report, read_report
from catalog.store.static import encoded, encoded_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from catalog.datasets import Dataset
    from catalog.model import Rebase, SceneKey

TOLERANCE_DEGREES: Final = 1e-7
"""How far a recorded corner may be from PROJ's: about a centimetre."""

_AGAIN: Final = "run `sen12ms index` again, which rebuilds it"

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
    dataset: Dataset | None = None,
    root: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Verify a catalog again.

    Its large files are those that `index` wrote. Every file is there and has its recorded size,
    every archive is as it was indexed; ids are unique and say what the columns say; footprints are
    those of the recorded grids, and patches lie on the grid of their scene; table, items and
    database agree.

    Parameters
    ----------
    out : path
        The catalog's folder.
    dataset : Dataset, optional
        What it holds; by default the one that its collection names.
    root : path, optional
        Where the dataset is now, if it was moved.
    progress : callable, optional
        Told patches done and in all.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog.
    """
    if is_url(os.fspath(out)):
        raise CatalogNotFoundError(
            f"{os.fspath(out)} is not on this machine: check the folder that it was published from"
        )
    folder = Path(out)
    if not any((folder / name).exists() for name in (staging.ITEMS, staging.REPORT)):
        raise CatalogNotFoundError(
            f"there is no catalog in {folder}: make one with `sen12ms index`"
        )
    if root is not None and not (is_url(os.fspath(root)) or Path(root).is_dir()):
        raise CatalogNotFoundError(
            f"there is no folder {os.fspath(root)!r}: name the dataset's as root"
        )
    return _Check(folder, dataset or dataset_of(folder)).run(root, progress)


class _Check:
    """One run of `check`."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.dataset = dataset
        self.ids: Counter[str] = Counter()
        self.files: Counter[bool] = Counter()
        self.summaries: list[SceneSummary] = []
        self.previews = False
        self.has_item_files = any(
            path.name != staging.CATALOG for path in (folder / dataset.id).glob("*/*/*.json")
        )
        self.findings: list[Finding] = []
        self.rebase = UNMOVED
        self.gone: Counter[str] = Counter()
        self.roots: tuple[str, ...] = ()
        self.stores: tuple[str, ...] = ()
        self.storage: Mapping[str, Any] | None = None
        self.hrefs = Hrefs(())

    def run(
        self,
        root: str | os.PathLike[str] | None,
        progress: Callable[[int, int], None] | None,
    ) -> CheckReport:
        damaged = damaged_files(self.folder)
        self.findings += [
            Finding(str(self.folder / name), problem) for name, problem in damaged.items()
        ]
        report = None if staging.REPORT in damaged else self._report(root)
        if staging.ITEMS not in damaged and self._check_table(report, progress):
            self.findings += self._check_whole(report)
            self.findings += self._check_partitions(report, damaged)
            if staging.DATABASE not in damaged:
                self.findings += _check_database(self.folder, self.dataset, self.ids)
        if staging.ARCHIVE_LIST not in damaged:
            self.findings += _check_archives(self.folder, self.rebase)
        return CheckReport(
            self.ids.total(), self.files[True], self.files[False], tuple(self.findings)
        )

    def _report(self, root: str | os.PathLike[str] | None) -> Report | None:
        try:
            report = read_report(self.folder)
        except CatalogNotFoundError as error:
            self.findings.append(_unreadable(self.folder / staging.REPORT, error))
            return None
        self.rebase = report.moved_to(root) if root else UNMOVED
        self.dataset = replace(self.dataset, schema_url=report.schema_url)
        self.has_item_files = report.items == ITEM_FILES[0]
        self.storage = report.storage
        self.hrefs = Hrefs(report.roots, report.href_base, report.alternate)
        roots = tuple(map(self.rebase.of, report.roots))
        self.stores = tuple(f"{root}/" for root in roots if is_url(root))
        self.roots = tuple(
            root
            for root in roots
            if root.startswith(os.sep) and not os.path.isdir(root) and not is_member(root)
        )
        return report

    def _check_table(
        self, report: Report | None, progress: Callable[[int, int], None] | None
    ) -> bool:
        """Check the table scene by scene; False if it cannot be read."""
        names = {row["code"]: row["name"] for row in read_countries() if row["code"]}
        try:
            for key, table in read_items(self.folder / staging.ITEMS):
                self._check_scene(key, table, names)
                if progress:
                    done = self.ids.total()
                    progress(done, report.patches if report else done)
        except CatalogNotFoundError as error:
            self.findings.append(_unreadable(self.folder / staging.ITEMS, error))
            return False
        return True

    def _check_whole(self, report: Report | None) -> Iterator[Finding]:
        """What only all scenes together tell."""
        twice = [(name, n) for name, n in self.ids.items() if n > 1]
        yield from (Finding(name, f"is in the table {n} times") for name, n in twice)
        yield from self._check_catalogs()
        yield from self._check_orphans()
        for root, files in self.gone.items():
            yield Finding(
                root, f"is not there, with {files:,} files: if it was moved, name it with --root"
            )
        if report and report.patches != self.ids.total():
            counted = f"{report.patches:,} patches, not {self.ids.total():,}"
            yield Finding(staging.REPORT, f"counts {counted}")

    def _check_scene(self, key: SceneKey, table: pa.Table, names: Mapping[str, str]) -> None:
        columns = columns_from_table(self.dataset, table)
        rows = rows_from_table(table)
        self.ids.update(columns["id"].to_pylist())
        self.previews |= any(row["assets"][name] for row in rows for name in self.dataset.previews)
        summary = summary_of(key, columns, names)
        self.summaries.append(summary)
        self.findings += self._check_names(columns)
        self.findings += self._check_places(columns)
        self.findings += self._check_files(rows)
        self.findings += self._check_items(key, rows)
        titles = [(row["id"], row["title"]) for row in rows] if self.has_item_files else None
        path = self.folder / scene_path(self.dataset, key) / staging.CATALOG
        self.findings += _check_file(path, encoded(scene_catalog(self.dataset, summary, titles)))

    def _check_catalogs(self) -> Iterator[Finding]:
        """Root, collection and seasons."""
        scenes = sorted(self.summaries, key=lambda summary: summary.key)
        upper = upper_catalogs(
            self.dataset,
            scenes,
            table_columns(self.dataset),
            previews=self.previews,
            storage=self.storage,
            alternate=self.hrefs.alternate,
        )
        for name, value in upper.items():
            yield from _check_file(self.folder / name, encoded(value))

    def _check_orphans(self) -> Iterator[Finding]:
        """Folders of scenes, and of seasons, that are in no row."""
        scenes = {self.folder / scene_path(self.dataset, summary.key) for summary in self.summaries}
        known = scenes | {scene.parent for scene in scenes}
        top = self.folder / self.dataset.id
        for path in sorted([*top.glob("*"), *top.glob("*/*")]):
            if path not in known and path.name not in {staging.CATALOG, "collection.json"}:
                yield Finding(str(path), "is not in the table: delete it")

    def _check_partitions(
        self, report: Report | None, damaged: Mapping[str, str]
    ) -> Iterator[Finding]:
        if report is None:
            return
        for name, problem in partition_problems(self.folder, report.partition, self.dataset):
            if name not in damaged:
                yield Finding(str(self.folder / name), f"{problem}: {_AGAIN}")

    def _check_names(self, columns: Mapping[str, pa.ChunkedArray]) -> Iterator[Finding]:
        keys = (columns[f"sen12ms:{name}"].to_pylist() for name in PatchKey._fields)
        for name, *key in zip(columns["id"].to_pylist(), *keys, strict=True):
            expected = self.dataset.patch_id(PatchKey(*key))
            if name != expected:
                yield Finding(name, f"has the key of {expected}")

    def _check_places(self, columns: Mapping[str, pa.ChunkedArray]) -> Iterator[Finding]:
        ids, grids = columns["id"].to_pylist(), grids_from_columns(columns)
        recorded = shapely.from_wkb(columns["geometry"].to_pylist())
        boxes = np.stack(
            [pc.struct_field(columns["bbox"], edge).to_numpy() for edge in EDGES], axis=1
        )
        unlike = ~np.isclose(
            boxes, shapely.bounds(recorded), 0, TOLERANCE_DEGREES, equal_nan=True
        ).all(axis=1)
        moved = ~shapely.equals_exact(
            recorded, footprints(grids), TOLERANCE_DEGREES, normalize=True
        )
        moved &= ~shapely.is_missing(recorded)
        numbers = columns["sen12ms:patch"].to_numpy()
        shifted = off_grid(self.dataset, numbers, grids.transform[:, [2, 5]])
        for wrong, problem in (
            (moved, "has a footprint that is not that of its grid"),
            (unlike, "has a box that is not that of its footprint"),
            (shifted, "is not where its number puts it in the scene's grid"),
        ):
            yield from (Finding(ids[index], problem) for index in np.flatnonzero(wrong).tolist())

    def _check_files(self, rows: Sequence[Row]) -> Iterator[Finding]:
        files = [row["assets"][sensor] for row in rows for sensor in self.dataset.sensors]
        sizes = {self.rebase.of(asset["href"]): asset["file:size"] for asset in files if asset}
        remote = [path for path in sizes if path.startswith(self.stores)]
        local = [path for path in sizes if "://" not in path and not path.startswith("/vsi")]
        self.files[True] += len(local) + len(remote)
        self.files[False] += len(sizes) - len(local) - len(remote)
        for path in local:
            try:
                yield from _check_size(path, os.stat(path).st_size, sizes[path])
            except OSError as error:
                root = next((root for root in self.roots if path.startswith(root + os.sep)), None)
                if root is None:
                    yield Finding(path, f"cannot be found: {error.strerror}")
                else:
                    self.gone[root] += 1
        for path, found in zip(remote, sizes_of(remote), strict=True):
            if found is None:
                yield Finding(path, "cannot be found")
            else:
                yield from _check_size(path, found.size, sizes[path])

    def _check_items(self, key: SceneKey, rows: Sequence[Row]) -> Iterator[Finding]:
        scene = self.folder / scene_path(self.dataset, key)
        items = items_from_rows(self.dataset, key, rows, self.hrefs.of_alternate)
        made = items if self.has_item_files else ()
        expected = {f"{item['id']}.json": encoded_item(item) for item in made}
        pictures = {
            Path(row["assets"][preview]["href"]).name
            for row in rows
            for preview in self.dataset.previews
            if row["assets"][preview]
        }
        present = {entry.name for entry in os.scandir(scene)} if scene.is_dir() else set()
        for name in sorted(present - expected.keys() - pictures - {staging.CATALOG}):
            yield Finding(str(scene / name), "is not in the table: delete it")
        for name in sorted(pictures - present):
            yield Finding(str(scene / name), f"is missing: {_AGAIN}")
        for name, item in expected.items():
            yield from _check_file(scene / name, item)


def _check_size(path: str, size: int, recorded: int) -> Iterator[Finding]:
    if size != recorded:
        yield Finding(path, f"has {size:,} bytes where {recorded:,} are recorded")


def _unreadable(path: Path, error: Exception) -> Finding:
    return Finding(str(path), str(error).removeprefix(f"{path} "))


def _check_archives(folder: Path, rebase: Rebase) -> Iterator[Finding]:
    try:
        archives = read_archive_list(folder)
    except CatalogNotFoundError as error:
        yield _unreadable(folder / staging.ARCHIVE_LIST, error)
        return
    for known in archives.values():
        archive = archive_of(rebase.of(gdal_root(known["path"])))
        try:
            unchanged = is_unchanged(archive, stamp_of(archive), known)
        except OSError as error:
            yield Finding(archive, f"cannot be found: {error.strerror}")
        else:
            if not unchanged:
                yield Finding(archive, "has changed since it was indexed: run `sen12ms index`")


def _check_file(path: Path, expected: bytes) -> Iterator[Finding]:
    if not path.exists():
        yield Finding(str(path), f"is missing: {_AGAIN}")
    elif not path.is_file() or path.read_bytes() != expected:
        problem = "differs from the table: run `sen12ms index` again"
        yield Finding(str(path), problem)


def _check_database(folder: Path, dataset: Dataset, ids: Counter[str]) -> Iterator[Finding]:
    path, items = folder / staging.DATABASE, str(folder / staging.ITEMS)
    try:
        with (
            answering(),
            open_database(path, items, dataset).connection as database,
            open_items(items, dataset).connection as table,
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
        yield Finding(str(path), f"holds other patches than the table: {_AGAIN}")
    elif said != expected:
        yield Finding(str(path), f"differs from the table: {_AGAIN}")
