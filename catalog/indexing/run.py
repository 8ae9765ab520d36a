"""One run of `index`: the scenes into the journal, the journal into a new catalog."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import shapely

from catalog.errors import CatalogNotFoundError
from catalog.indexing.archives import publish
from catalog.indexing.cloud_cover import cloud_cover_report
from catalog.indexing.land_cover import land_cover_report
from catalog.indexing.scenes import Extras, read_scene, write_scene
from catalog.model import Rejected, archive_of
from catalog.query.database import all_definitions, build_database
from catalog.source.seasons import read_seasons
from catalog.source.tree import printable
from catalog.stac.collection import collection_path, upper_catalogs
from catalog.stac.item import scene_path
from catalog.stac.storage import storage_schemes
from catalog.stac.summary import summary_from_json
from catalog.store import staging
from catalog.store.checksummed import digest
from catalog.store.columns import schema, table_columns
from catalog.store.geoparquet import write_items
from catalog.store.integrity import damaged_files, is_untouched, write_checksums
from catalog.store.partitions import write_partitions
from catalog.store.report import Report, read_report
from catalog.store.static import encoded, write_json
from catalog.viewer.page import page_digest, write_page

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.indexing.layout import Layout
    from catalog.indexing.mapper import Engine
    from catalog.model import SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.tree import Listing
    from catalog.stac.collection import SceneSummary
    from catalog.store.archive_journal import ArchiveRecord
    from catalog.store.journal import Journal, SceneRecord

_SMALL_FILES: Final = 6_000
"""So few files are read sooner than a second process is started."""


class Progress(Protocol):
    """Told how far the work is, and how many files were rejected so far."""

    def __call__(self, phase: str, done: int, total: int, rejected: int) -> None:
        """`done` of `total` MB of archives (phase `unpack`), files (`read`), patches (`write`)."""


class Choices(NamedTuple):
    """How a run is done."""

    extras: Extras
    layout: Layout
    engine: Engine
    progress: Progress

    def tell_unpacked(self, done: int, total: int) -> None:
        """Tell how much of the archives is read, bytes."""
        self.progress("unpack", done // 1_000_000, total // 1_000_000, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `index`, once it is known what files there are."""

    out: Path
    journal: Journal
    hrefs: Hrefs
    choices: Choices
    listing: Listing
    archives: Sequence[ArchiveRecord]

    @property
    def dataset(self) -> Dataset:
        """What is indexed."""
        return self.journal.dataset

    @property
    def is_small(self) -> bool:
        """Whether one process is soon done."""
        return self.listing.files < _SMALL_FILES

    def run(self) -> Report:
        """Read what changed, and write the catalog unless it is current."""
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
            self.hrefs.alternate,
            self.choices.layout,
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
            cloud_cover=cloud_cover_report(
                self.choices.extras.cloud_cover,
                (self.journal.rows(record.key)["eo:cloud_cover"] for record in records),
            ),
            land_cover=land_cover_report(self.choices.extras.land_cover, records),
            **self.choices.layout._asdict(),
            storage=self._storage(),
            alternate=self.hrefs.alternate,
        )
        upper = upper_catalogs(
            self.dataset,
            summaries,
            table_columns(self.dataset),
            previews=self.choices.extras.previews,
            storage=report.storage,
            alternate=report.alternate,
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
                rejected.append(Rejected(printable(path), reason))
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
            for key, files in sorted(self.listing.scenes.items(), key=lambda entry: -entry[1].count)
            if key not in records
        ]
        total = sum(files.count for _, files, *_ in tasks)
        done = rejected = 0
        with closing(self._results(tasks)) as results:
            for record in results:
                records[record.key] = record
                done += self.listing.scenes[record.key].count
                rejected += len(record.rejected)
                self.choices.progress("read", done, total, rejected)
        return [records[key] for key in self.listing.scenes]

    def _results(self, tasks: Sequence[tuple[Any, ...]]) -> Generator[SceneRecord]:
        """Records of scenes, as they come; what archives hold of a scene, the journal has."""
        for from_archives, some in groupby(sorted(tasks, key=_has_parts), key=_has_parts):
            engine = self.choices.engine
            yield from engine.run(read_scene, some, small=self.is_small, portable=not from_archives)

    def _storage(self) -> dict[str, Any] | None:
        """The object stores that hrefs lead to."""
        base, roots = self.hrefs.base, self.hrefs.roots
        starts = map(archive_of, roots) if base is None else [base]
        return storage_schemes(starts) or None

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
        files = int(self.choices.layout.has_item_files)
        files += len(self.dataset.previews) if self.choices.extras.previews else 0
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
                    self.choices.layout,
                    self.hrefs,
                    scenes[summary.key] if self.choices.extras.previews else None,
                )
                for summary in sorted(summaries, key=lambda scene: -scene.patches)
            ]
            done = 0
            engine = self.choices.engine
            with closing(engine.run(write_scene, tasks, small=self.is_small)) as results:
                for patches in results:
                    done += patches
                    self.choices.progress("write", done, report.patches, len(report.rejected))
            for path, value in upper.items():
                write_json(folder / path, value)
            items = folder / staging.ITEMS
            rows = (self.journal.rows(key) for key in _along_hilbert(summaries))
            write_items(items, schema(self.dataset), rows, upper[collection_path(self.dataset)])
            if partition := self.choices.layout.partition:
                write_partitions(folder, partition, self.dataset)
            if self.archives:
                parts = {key: files.parts for key, files in scenes.items()}
                publish(folder, self.journal, self.archives, parts, self.hrefs)
            build_database(items, folder / staging.DATABASE, self.dataset)
            has_items, previews = self.choices.layout.has_item_files, self.choices.extras.previews
            write_page(folder, self.dataset, items=has_items, previews=previews)
            write_json(folder / staging.REPORT, asdict(report))
            write_checksums(folder)


def _has_parts(task: tuple[Any, ...]) -> bool:
    """Whether a task of `read_scene` is of a scene that archives hold a part of."""
    return bool(task[1].parts)


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
