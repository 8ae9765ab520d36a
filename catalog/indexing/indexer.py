"""The write side: source → stac → store, a scene at a time, and then the whole."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import loky
import shapely

from catalog.errors import CatalogNotFoundError, OutputError
from catalog.indexing.archives import add_archives, publish, read_archives
from catalog.indexing.land_cover import land_cover_report, land_cover_source
from catalog.indexing.mapper import run_tasks
from catalog.indexing.recognised import nothing_of, recognised
from catalog.indexing.scenes import Extras, read_scene, write_scene
from catalog.model import Rejected, gdal_root
from catalog.query.database import all_definitions, build_database
from catalog.source.hrefs import Hrefs
from catalog.source.seasons import read_seasons
from catalog.source.tar import is_archive
from catalog.source.tree import printable
from catalog.stac.collection import collection_path, upper_catalogs
from catalog.stac.item import scene_path
from catalog.stac.summary import summary_from_json
from catalog.store import staging
from catalog.store.checksummed import digest
from catalog.store.columns import schema, table_columns
from catalog.store.geoparquet import write_items
from catalog.store.integrity import damaged_files, is_untouched, write_checksums
from catalog.store.journal import Journal
from catalog.store.report import Report, read_report
from catalog.store.static import encoded, write_json
from catalog.viewer.page import page_digest, write_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from catalog.datasets import Dataset
    from catalog.model import SceneKey
    from catalog.source.tree import Listing
    from catalog.stac.collection import SceneSummary
    from catalog.store.archive_journal import ArchiveRecord
    from catalog.store.journal import SceneRecord

_SMALL_FILES: Final = 6_000
"""So few files are read sooner than a second process is started."""


class Progress(Protocol):
    """Told how far the work is, and how many files were rejected so far."""

    def __call__(self, phase: str, done: int, total: int, rejected: int) -> None:
        """`done` of `total` MB of archives (phase `unpack`), files (`read`), patches (`write`)."""


_LOG = logging.getLogger("catalog")


def index(  # noqa: PLR0913 - all but where from and to is optional, by name only
    *roots: str | os.PathLike[str],
    into: str | os.PathLike[str],
    dataset: Dataset | None = None,
    add: bool = False,
    href_base: str | None = None,
    land_cover_from: str | os.PathLike[str] | None = None,
    schema_url: str | None = None,
    previews: bool = False,
    statistics: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make, or bring up to date, the catalog of a dataset on disk.

    Only scenes and archives that changed since the last run are read. A bad file is reported and
    left out; of a damaged archive, what lies behind the damage. A catalog that is damaged, or that
    was edited, is made anew.

    Parameters
    ----------
    *roots : path
        Folders that hold the dataset, nested in any way, and archives of it: .tar, .tar.gz, .tgz.
    into : path
        Folder of the catalog: new, or a catalog to replace. What the next run can use again is kept
        beside it, in `INTO.journal`.
    dataset : Dataset, optional
        What the files are of; by default, the one that has a sensor of this name, else SEN12MS.
    add : bool
        Whether the catalog keeps what it holds of other folders and archives, which are not read
        again unless they changed.
    href_base : str, optional
        URL or path that hrefs start with instead of the root; by default they are absolute paths.
    land_cover_from : path, optional
        A catalog of SEN12MS, or its `items.parquet`: where SEN12MS-CR takes class counts from.
    schema_url : str, optional
        Where the JSON Schema of the dataset's own fields is published, which the package holds; by
        default, where the definition of the dataset says.
    previews : bool
        Whether to draw a thumbnail and overviews of every patch beside its item.
    statistics : bool
        Whether to read the pixels of all images, for `quality` and for more `issues`.
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
        If a root does not exist, or holds no file of a dataset, or files of several, or there is
        no catalog to add to.
    OutputError
        If the catalog cannot be written; an older one stays as it was.
    """
    if not os.fspath(into):
        raise OutputError("the catalog has no name: give its folder as OUT")
    out = Path(os.path.realpath(into))
    known = _known_report(out) if add else None
    if known:
        roots, href_base = (*known.sources, *roots), href_base or known.href_base
        schema_url = schema_url or known.schema_url
        land_cover_from = land_cover_from or (known.land_cover or {}).get("source")
    paths = sorted({_checked_root(root, out) for root in roots})
    archives = [path for path in paths if is_archive(path)]
    if archives and (previews or statistics):
        name = "previews" if previews else "statistics"
        raise OutputError(f"{name} need files: extract them from the archives, and index these")
    folders = [path for path in paths if not is_archive(path)]
    dataset, listing = recognised(folders, archives, dataset, known.dataset if known else None)
    if known and known.dataset != dataset.id:
        raise CatalogNotFoundError(
            f"{out} is a catalog of {known.dataset}, not of {dataset.id}: name another folder"
        )
    if schema_url:
        dataset = replace(dataset, schema_url=_checked_url(schema_url))
    land_cover, dataset = land_cover_source(land_cover_from, dataset)
    hrefs = Hrefs((*folders, *map(gdal_root, archives)), href_base)
    choices = _Choices(Extras(previews, statistics, land_cover), workers, progress or _silent)
    with staging.exclusive(out, dataset):
        journal = Journal(staging.beside(out, "journal"), dataset)
        _LOG.info("%s: reading %s", out, ", ".join(paths))
        records = read_archives(journal.archives, archives, workers, choices.tell_unpacked)
        add_archives(listing, records)
        if not listing.files:
            raise CatalogNotFoundError(nothing_of(dataset, paths, listing.rejected))
        report = _Indexing(out, journal, hrefs, choices, listing, records).run()
        journal.archives.prune(archives)
        _LOG.info("%s: %d patches, %d files rejected", out, report.patches, len(report.rejected))
        return report


def _known_report(out: Path) -> Report:
    """What the catalog that is added to was made from.

    Raises
    ------
    CatalogNotFoundError
        If there is none, or it cannot be trusted.
    """
    known = read_report(out)
    for name in sorted(damaged_files(out).keys() & {staging.ITEMS, staging.REPORT}):
        raise CatalogNotFoundError(
            f"{out / name} is not what `index` wrote: name all folders and archives, without add"
        )
    return known


def _checked_root(root: str | os.PathLike[str], out: Path) -> str:
    path = Path(os.path.abspath(root))
    if printable(str(path)) != str(path):
        raise CatalogNotFoundError(f"{printable(str(path))} is not valid UTF-8: rename it")
    if is_archive(path) and path.is_file():
        return str(path)
    if not os.fspath(root) or not path.is_dir():
        raise CatalogNotFoundError(
            f"there is no folder {os.fspath(root)!r}: name the dataset's folder or archives as ROOT"
        )
    if path.resolve().is_relative_to(out.resolve()):
        raise OutputError(f"{out} holds the dataset itself: name another folder for the catalog")
    return str(path)


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or url != "".join(url.split()):
        raise OutputError(f"{url!r} is not the URL of a schema: give one as https://HOST/PATH.json")
    return url


def _silent(phase: str, done: int, total: int, rejected: int) -> None:
    pass


class _Choices(NamedTuple):
    """How a run is done."""

    extras: Extras
    workers: int | None
    progress: Progress

    def tell_unpacked(self, done: int, total: int) -> None:
        """Tell how much of the archives is read, bytes."""
        self.progress("unpack", done // 1_000_000, total // 1_000_000, 0)


@dataclass(frozen=True, slots=True)
class _Indexing:
    """One run of `index`, once it is known what files there are."""

    out: Path
    journal: Journal
    hrefs: Hrefs
    choices: _Choices
    listing: Listing
    archives: Sequence[ArchiveRecord]

    @property
    def dataset(self) -> Dataset:
        return self.journal.dataset

    @property
    def workers(self) -> int:
        few = self.listing.files < _SMALL_FILES
        return self.choices.workers or (1 if few else loky.cpu_count())

    def run(self) -> Report:
        seasons, unread = self._true_seasons()
        rejected = [*self.listing.rejected, *unread]
        fingerprints = {key: self._fingerprint(key, seasons) for key in self.listing.scenes}
        records = self._read(fingerprints, seasons)
        summaries = [
            summary_from_json(record.summary) for record in records if record.summary is not None
        ]
        inputs = digest(
            *map(version, ("sen12ms-catalog", "duckdb")),
            all_definitions(self.dataset),
            page_digest(),
            self.hrefs.roots,
            sorted(fingerprints.values()),
            [asdict(entry) for entry in rejected],
        )
        rejected += [entry for record in records for entry in record.rejected]
        report = Report(
            package=version("sen12ms-catalog"),
            dataset=self.dataset.id,
            inputs=inputs,
            roots=self.hrefs.roots,
            href_base=self.hrefs.base,
            schema_url=self.dataset.schema_url,
            files=self.listing.files,
            scenes=len(summaries),
            patches=sum(summary.patches for summary in summaries),
            missing={
                sensor: sum(record.missing[sensor] for record in records)
                for sensor in self.dataset.sensors
            },
            rejected=tuple(sorted(rejected, key=lambda entry: entry.path)),
            land_cover=land_cover_report(self.choices.extras.land_cover, records),
        )
        upper = upper_catalogs(
            self.dataset,
            summaries,
            table_columns(self.dataset),
            previews=self.choices.extras.previews,
        )
        if not self._is_current(report, summaries, upper):
            self._write(report, summaries, upper)
        self.journal.prune(fingerprints)
        return report

    def _true_seasons(self) -> tuple[dict[SceneKey, str], list[Rejected]]:
        """Seasons by scene, and the files that should tell them and cannot be read."""
        seasons: dict[SceneKey, str] = {}
        rejected = []
        for path in sorted(self.listing.seasons_csv):
            try:
                seasons |= read_seasons(path, self.dataset)
            except (OSError, ValueError) as error:
                reason = f"is not a table of seasons: {error}"
                rejected.append(Rejected(printable(str(path)), reason))
        return seasons, rejected

    def _fingerprint(self, key: SceneKey, seasons: Mapping[SceneKey, str]) -> str:
        return digest(
            version("sen12ms-catalog"),
            self.dataset.digest,
            str(schema(self.dataset)),
            self.listing.scenes[key].fingerprint(),
            self.hrefs.roots if self.hrefs.base else None,
            self.hrefs.base,
            self.choices.extras,
            seasons.get(key),
        )

    def _read(
        self, fingerprints: Mapping[SceneKey, str], seasons: Mapping[SceneKey, str]
    ) -> list[SceneRecord]:
        """What the scenes hold, in order; those that the journal knows as they are are not read."""
        found = {key: self.journal.known(key, fingerprints[key]) for key in fingerprints}
        records = {key: record for key, record in found.items() if record is not None}
        extras = self.choices.extras
        tasks = [
            (self.journal, files, fingerprints[key], self.hrefs, seasons.get(key), extras)
            for key, files in self.listing.scenes.items()
            if key not in records
        ]
        total = sum(files.count for _, files, *_ in tasks)
        done = rejected = 0
        for record in run_tasks(read_scene, tasks, self.workers):
            records[record.key] = record
            done += self.listing.scenes[record.key].count
            rejected += len(record.rejected)
            self.choices.progress("read", done, total, rejected)
        return [records[key] for key in self.listing.scenes]

    def _is_current(
        self,
        report: Report,
        summaries: Sequence[SceneSummary],
        upper: Mapping[str, Mapping[str, object]],
    ) -> bool:
        """Whether there is a whole catalog that was made from the same inputs."""
        try:
            if read_report(self.out).inputs != report.inputs:
                return False
        except CatalogNotFoundError:
            return False
        files = 1 + len(self.dataset.previews) if self.choices.extras.previews else 1
        return (
            all(_holds(self.out / name, value) for name, value in upper.items())
            and not damaged_files(self.out)
            and all(
                is_untouched(
                    self.out / scene_path(self.dataset, scene.key),
                    files * scene.patches + 1,
                    (self.out / staging.CHECKSUMS).stat().st_mtime_ns,
                )
                for scene in summaries
            )
        )

    def _write(
        self,
        report: Report,
        summaries: Sequence[SceneSummary],
        upper: Mapping[str, Mapping[str, object]],
    ) -> None:
        scenes = self.listing.scenes
        with staging.replacing(self.out) as folder:
            tasks = [
                (
                    self.journal,
                    summary,
                    folder,
                    (scenes[summary.key], self.hrefs) if self.choices.extras.previews else None,
                )
                for summary in summaries
            ]
            done = 0
            for patches in run_tasks(write_scene, tasks, self.workers):
                done += patches
                self.choices.progress("write", done, report.patches, len(report.rejected))
            for path, value in upper.items():
                write_json(folder / path, value)
            items = folder / staging.ITEMS
            rows = (self.journal.rows(key) for key in _along_hilbert(summaries))
            write_items(items, schema(self.dataset), rows, upper[collection_path(self.dataset)])
            if self.archives:
                parts = {key: files.parts for key, files in scenes.items()}
                publish(folder, self.journal, self.archives, parts, self.hrefs)
            build_database(items, folder / staging.DATABASE, self.dataset)
            write_page(folder, self.dataset, previews=self.choices.extras.previews)
            write_json(folder / staging.REPORT, asdict(report))
            write_checksums(folder)


def _holds(path: Path, value: Mapping[str, object]) -> bool:
    """Whether a file is what `write_json` would write."""
    return path.is_file() and path.read_bytes() == encoded(value)


def _along_hilbert(summaries: Sequence[SceneSummary]) -> Iterator[SceneKey]:
    """Scenes in the order of a Hilbert curve round the globe: near ones come near each other."""
    import geopandas

    world = (-180.0, -90.0, 180.0, 90.0)
    boxes = [shapely.box(*(summary.bbox or world)) for summary in summaries]
    distances = geopandas.GeoSeries(boxes).hilbert_distance(total_bounds=world)
    for _, key in sorted(zip(distances, (summary.key for summary in summaries), strict=True)):
        yield key
