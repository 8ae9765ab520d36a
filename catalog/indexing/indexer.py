"""The write side: source → stac → store, a scene at a time, and then the whole."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import shapely

from catalog.datasets import SEN12MS
from catalog.datasets.legacy import PREVIEWS, SENSORS
from catalog.errors import CatalogNotFoundError, OutputError, QueryError
from catalog.indexing.archives import add_archives, publish, read_archives
from catalog.indexing.mapper import run_tasks
from catalog.model import Rejected, SceneKey, gdal_root, is_member
from catalog.query.database import all_definitions, build_database, open_database
from catalog.source.hrefs import Hrefs
from catalog.source.preview import draw_preview
from catalog.source.scene import SceneReader
from catalog.source.seasons import read_seasons
from catalog.source.tar import is_archive
from catalog.source.tree import Listing, SceneFiles, list_trees, printable
from catalog.stac.collection import SceneSummary, scene_catalog, upper_catalogs
from catalog.stac.gazetteer import Gazetteer, Place
from catalog.stac.item import (
    COLLECTION,
    Context,
    columns_from_scene,
    items_from_rows,
    preview_name,
    scene_path,
)
from catalog.stac.summary import summary_of
from catalog.store import staging
from catalog.store.archive_journal import ArchiveJournal, ArchiveRecord
from catalog.store.columns import SCHEMA, table_columns
from catalog.store.geoparquet import read_countries, write_items
from catalog.store.journal import Journal
from catalog.store.report import Report, read_report
from catalog.store.sealed import digest
from catalog.store.static import write_item_files, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SMALL_FILES: Final = 6_000
"""So few files are read sooner than a second process is started."""


class Progress(Protocol):
    """Told how far the work is, and how many files were rejected so far."""

    def __call__(self, phase: str, done: int, total: int, rejected: int) -> None:
        """`done` of `total` MB of archives (phase `unpack`), files (`read`), patches (`write`)."""


def index(
    *roots: str | os.PathLike[str],
    into: str | os.PathLike[str],
    add: bool = False,
    href_base: str | None = None,
    previews: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make, or bring up to date, the catalog of a SEN12MS on disk.

    Only scenes and archives that changed since the last run are read. A bad file is reported and
    left out; of a damaged archive, what lies behind the damage.

    Parameters
    ----------
    *roots : path
        Folders that hold the dataset, nested in any way, and archives of it: .tar, .tar.gz, .tgz.
    into : path
        Folder of the catalog: new, or a catalog to replace. What the next run can use again is kept
        beside it, in `INTO.journal`.
    add : bool
        Whether the catalog keeps what it holds of other folders and archives, which are not read
        again unless they changed.
    href_base : str, optional
        URL or path that hrefs start with instead of the root; by default they are absolute paths.
    previews : bool
        Whether to draw a thumbnail and overviews of every patch beside its item.
    workers : int, optional
        Processes that read and write; by default as many as cores, one for a small dataset.
    progress : Progress, optional
        Told how far the work is.

    Returns
    -------
    Report
        Counts and rejected files.

    Raises
    ------
    CatalogNotFoundError
        If a root does not exist, or holds no file of SEN12MS, or there is no catalog to add to.
    OutputError
        If the catalog cannot be written; an older one stays as it was.
    """
    if not os.fspath(into):
        raise OutputError("the catalog has no name: give its folder as OUT")
    out = Path(os.path.realpath(into))
    if add:
        known = read_report(out)
        roots, href_base = (*known.sources, *roots), href_base or known.href_base
    paths = list(dict.fromkeys(_checked_root(root, out) for root in roots))
    archives = [str(path) for path in paths if is_archive(path)]
    if previews and archives:
        raise OutputError("previews need files: extract them from the archives, and index these")
    folders = [path for path in paths if not is_archive(path)]
    choices = _Choices(previews, workers, progress or _silent)
    with staging.exclusive(out):
        listing = list_trees(folders)
        members = ArchiveJournal(staging.beside(out, "journal") / "archives")
        records = read_archives(members, archives, workers, choices.tell_unpacked)
        add_archives(listing, records)
        if not listing.files:
            names = ", ".join(map(str, paths)) or "nothing"
            raise CatalogNotFoundError(
                f"no file of SEN12MS in {names}: names look like ROIs1158_spring_s1_1_p30.tif"
            )
        hrefs = Hrefs((*map(str, folders), *map(gdal_root, archives)), href_base)
        report = _Run(out, hrefs, listing, choices, records).execute()
        members.prune(archives)
        return report


def _checked_root(root: str | os.PathLike[str], out: Path) -> Path:
    folder = Path(os.path.abspath(root))
    if printable(str(folder)) != str(folder):
        raise CatalogNotFoundError(f"{printable(str(folder))} is not valid UTF-8: rename it")
    if is_archive(folder) and folder.is_file():
        return folder
    if not os.fspath(root) or not folder.is_dir():
        raise CatalogNotFoundError(
            f"there is no folder {os.fspath(root)!r}: name the dataset's folder or archives as ROOT"
        )
    if folder.resolve().is_relative_to(out.resolve()):
        raise OutputError(f"{out} holds the dataset itself: name another folder for the catalog")
    return folder


def _silent(phase: str, done: int, total: int, rejected: int) -> None:
    pass


class _Choices(NamedTuple):
    """How a run is done."""

    previews: bool
    workers: int | None
    progress: Progress

    def tell_unpacked(self, done: int, total: int) -> None:
        """Tell how much of the archives is read, bytes."""
        self.progress("unpack", done // 1_000_000, total // 1_000_000, 0)


class _Run:
    """One run of `index`."""

    def __init__(
        self,
        out: Path,
        hrefs: Hrefs,
        listing: Listing,
        choices: _Choices,
        archives: Sequence[ArchiveRecord],
    ) -> None:
        self.out = out
        self.hrefs = hrefs
        self.listing = listing
        self.previews = choices.previews
        self.progress = choices.progress
        default = 1 if listing.files < _SMALL_FILES else (os.cpu_count() or 1)
        self.workers = choices.workers or default
        self.journal = Journal(staging.beside(out, "journal"))
        self.archives = archives
        self.rejected = list(listing.rejected)
        self.seasons = self._true_seasons()

    def execute(self) -> Report:
        fingerprints = {key: self._fingerprint(key) for key in self.listing.scenes}
        self._read(fingerprints)
        inputs = digest(
            version("sen12ms-catalog"),
            all_definitions(SEN12MS),
            self.hrefs.roots,
            sorted(fingerprints.values()),
            [asdict(entry) for entry in self.rejected],
        )
        current = _current_report(self.out, inputs)
        if current is not None:
            return current
        report = self._write(inputs)
        self.journal.prune(fingerprints)
        return report

    def _true_seasons(self) -> dict[SceneKey, str]:
        seasons: dict[SceneKey, str] = {}
        for path in sorted(self.listing.seasons_csv):
            try:
                seasons |= read_seasons(path)
            except (OSError, ValueError) as error:
                self.rejected.append(Rejected(str(path), f"is no table of seasons: {error}"))
        return seasons

    def _fingerprint(self, key: SceneKey) -> str:
        files = self.listing.scenes[key].fingerprint()
        return digest(
            version("sen12ms-catalog"),
            str(SCHEMA),
            files,
            self.hrefs.roots if self.hrefs.base else None,
            self.hrefs.base,
            self.previews,
            self.seasons.get(key),
        )

    def _read(self, fingerprints: Mapping[SceneKey, str]) -> None:
        """Read the scenes that the journal does not know as they are now."""
        tasks = [
            (
                self.journal,
                files,
                fingerprints[key],
                self.hrefs,
                self.seasons.get(key),
                self.previews,
            )
            for key, files in self.listing.scenes.items()
            if not self.journal.holds(key, fingerprints[key])
        ]
        total = sum(files.count for _, files, *_ in tasks)
        done = rejected = 0
        for read, bad in run_tasks(_read_scene, tasks, self.workers):
            done += read
            rejected += bad
            self.progress("read", done, total, rejected)

    def _write(self, inputs: str) -> Report:
        total = sum(self.journal.load(key).table.num_rows for key in self.listing.scenes)
        with staging.replacing(self.out) as folder:
            tasks = [
                (self.journal, key, folder, (files, self.hrefs) if self.previews else None)
                for key, files in self.listing.scenes.items()
            ]
            summaries = []
            patches = 0
            missing: Counter[str] = Counter()
            for written in run_tasks(_write_scene, tasks, self.workers):
                self.rejected += written.rejected
                if written.summary is not None:
                    summaries.append(written.summary)
                    patches += written.summary.patches
                missing.update(written.missing)
                self.progress("write", patches, total, len(self.rejected))
            summaries.sort(key=lambda summary: summary.key)
            self._write_catalogs(folder, summaries)
            report = Report(
                package=version("sen12ms-catalog"),
                inputs=inputs,
                roots=self.hrefs.roots,
                href_base=self.hrefs.base,
                files=self.listing.files,
                scenes=len(summaries),
                patches=patches,
                missing={sensor: missing[sensor] for sensor in SENSORS},
                rejected=tuple(sorted(self.rejected, key=lambda entry: entry.path)),
            )
            write_json(folder / staging.REPORT, asdict(report))
        return report

    def _write_catalogs(self, folder: Path, summaries: Sequence[SceneSummary]) -> None:
        upper = upper_catalogs(summaries, table_columns(), previews=self.previews)
        for path, value in upper.items():
            write_json(folder / path, value)
        tables = (self.journal.load(key).table for key in _along_hilbert(summaries))
        write_items(folder / staging.ITEMS, tables, upper[f"{COLLECTION}/collection.json"])
        if self.archives:
            publish(folder, self.archives, self.hrefs, self._used)
        build_database(folder / staging.ITEMS, folder / staging.DATABASE)

    def _used(self, scene: SceneKey) -> set[str]:
        """Hrefs of the files that are in the catalog."""
        assets = self.journal.load(scene).column("assets")
        return {row[sensor]["href"] for row in assets for sensor in SENSORS if row[sensor]}


@dataclass(frozen=True, slots=True)
class _Written:
    summary: SceneSummary | None
    missing: Mapping[str, int]
    rejected: tuple[Rejected, ...]


def _current_report(out: Path, inputs: str) -> Report | None:
    """The report of the catalog at `out`, if that is whole and was made from the same inputs."""
    names = (staging.CATALOG, staging.ITEMS, staging.DATABASE, staging.REPORT, "sen12ms")
    if not all((out / name).exists() for name in names):
        return None
    try:
        report = read_report(out)
        if any(map(is_member, report.roots)) and not (out / staging.MEMBERS).exists():
            return None
        open_database(out / staging.DATABASE).connection.close()
    except (CatalogNotFoundError, QueryError):
        return None
    return report if report.inputs == inputs else None


def _read_scene(
    journal: Journal,
    files: SceneFiles,
    fingerprint: str,
    hrefs: Hrefs,
    season: str | None,
    previews: bool,
) -> tuple[int, int]:
    archives = ArchiveJournal(journal.folder / "archives")
    members = (m for part in files.parts for m in archives.load(part.archive).members(part.batch))
    scene = _reader().read(files, hrefs, (member.record for member in members))
    context = Context(_gazetteer(), {files.key: season} if season else {}, previews)
    columns = columns_from_scene(scene, context) if scene.numbers.size else None
    journal.save(files.key, fingerprint, columns, scene.rejected)
    return files.count, len(scene.rejected)


def _write_scene(
    journal: Journal, key: SceneKey, folder: Path, drawn_from: tuple[SceneFiles, Hrefs] | None
) -> _Written:
    record = journal.load(key)
    rows = record.rows()
    if not rows:
        return _Written(None, {}, record.rejected)
    scene_folder = folder / scene_path(key)
    write_item_files(scene_folder, items_from_rows(rows, key))
    if drawn_from is not None:
        _draw_previews(scene_folder, rows, *drawn_from)
    summary = summary_of(key, rows, _gazetteer().names)
    titles = [(row["id"], row["title"]) for row in rows]
    write_json(scene_folder / staging.CATALOG, scene_catalog(summary, titles))
    missing = Counter(
        sensor for row in rows for sensor, asset in row["assets"].items() if asset is None
    )
    return _Written(summary, missing, record.rejected)


def _draw_previews(
    folder: Path, rows: Sequence[Mapping[str, Any]], files: SceneFiles, hrefs: Hrefs
) -> None:
    paths = {hrefs.of(path): path for sensor in SENSORS for path in files.of(sensor).paths}
    for row in rows:
        assets = {sensor: row["assets"][sensor] for sensor in SENSORS}
        members = {sensor: paths[asset["href"]] for sensor, asset in assets.items() if asset}
        for name in PREVIEWS:
            picture = draw_preview(SEN12MS, name, members)
            (folder / preview_name(row["id"], name)).write_bytes(picture.png)


@cache
def _reader() -> SceneReader:
    return SceneReader()


@cache
def _gazetteer() -> Gazetteer:
    rows = read_countries()
    places = [Place(row["code"], row["name"], row["continent"]) for row in rows]
    return Gazetteer(shapely.from_wkb([row["geometry"] for row in rows]), places)


def _along_hilbert(summaries: Sequence[SceneSummary]) -> Iterator[SceneKey]:
    """Scenes in the order of a Hilbert curve round the globe: near ones come near each other."""
    import geopandas

    world = (-180.0, -90.0, 180.0, 90.0)
    boxes = [shapely.box(*(summary.bbox or world)) for summary in summaries]
    distances = geopandas.GeoSeries(boxes).hilbert_distance(total_bounds=world)
    for _, key in sorted(zip(distances, (summary.key for summary in summaries), strict=True)):
        yield key
