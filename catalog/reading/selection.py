"""Patches that passed the filters, and what one does with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogNotFoundError
from catalog.query.conditions import names_of
from catalog.query.question import picked
from catalog.store.integrity import file_sha256

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import duckdb
    import pyarrow as pa
    import pystac
    from geopandas import GeoDataFrame
    from matplotlib.figure import Figure

    from catalog.datasets import Dataset
    from catalog.query.literals import Value
    from catalog.query.question import Question
    from catalog.query.session import Session
    from catalog.reading.extraction import Extraction
    from catalog.store.manifest_file import Manifest


@dataclass(frozen=True)
class Selection:
    """Patches that passed the filters, by season, scene and patch; asked when needed."""

    session: Session = field(repr=False)
    """Where they are from."""
    question: Question = field(repr=False)
    """What was asked."""
    listed: tuple[str, ...] | None = field(default=None, repr=False)
    """Ids of those that were picked from the answer; None for all."""
    steps: tuple[Mapping[str, Any], ...] = ()
    """What was done since: samples, splits, with their arguments."""
    part: str | None = None
    """The part of a split that this is."""

    @property
    def dataset(self) -> Dataset:
        """What the catalog holds."""
        return self.session.dataset

    @cached_property
    def _chosen(self) -> Question:
        """The question whose answer is these patches."""
        return self.question if self.listed is None else picked(self.listed)

    @cached_property
    def _count(self) -> int:
        ((count,),) = self.session.fetch(self._chosen.about("chosen_count"), self._chosen.where)
        return int(count)

    def __len__(self) -> int:
        return self._count

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the patches."""
        rows = self.session.fetch(self._chosen.sql(("id",)), self._chosen.where)
        return [row[0] for row in rows]

    def pick(
        self, ids: Iterable[str], *, step: Mapping[str, Any], part: str | None = None
    ) -> Selection:
        """Those of the patches that are on a list; `step` says how the list was made."""
        own = set(self.ids)
        listed = tuple(name for name in ids if name in own)
        steps = (*self.steps, step)
        return Selection(self.session, self.question, listed, steps, part or self.part)

    def paths(self, *sensors: str) -> list[str]:
        """Paths of the files, patch by patch; those of all sensors if none is named.

        Raises
        ------
        FilterError
            If there is no such sensor.
        """
        query = self._chosen.sql(self._sensors(sensors))
        rows = self.session.fetch(query, self._chosen.where)
        return [path for row in rows for path in row if path is not None]

    def relation(self) -> duckdb.DuckDBPyRelation:
        """All columns of `patches`, as a DuckDB relation."""
        return self._relation("chosen_rows")

    def summary(self) -> duckdb.DuckDBPyRelation:
        """Keys, country, paths and cover shares in flat columns, as a DuckDB relation."""
        return self._relation("chosen_summary", sensors=list(self.dataset.sensors))

    def scenes(self) -> duckdb.DuckDBPyRelation:
        """The scenes of the patches, with how many of each are selected, as a DuckDB relation."""
        return self._relation("chosen_scenes")

    def outlines(self) -> duckdb.DuckDBPyRelation:
        """Footprints (WKB), and what a study sorts patches by, as a DuckDB relation."""
        return self._relation("chosen_outlines")

    def in_box(
        self, west: float, south: float, east: float, north: float, *, most: int
    ) -> duckdb.DuckDBPyRelation:
        """Footprints (GeoJSON) and dominant covers of at most so many patches, to draw a map.

        The box is in degrees (OGC:CRS84); a patch is in it if its bounding box touches it.
        """
        edges = {"west": west, "south": south, "east": east, "north": north}
        return self._relation("chosen_in_box", **edges, most=most)

    def fingerprint(self) -> str | None:
        """SHA-256 of the footprint table of the catalog; None for a URL."""
        items = self.session.items
        return None if "://" in items else file_sha256(Path(items))

    def manifest(self) -> Manifest:
        """The patches with their files and sizes, and how they were chosen."""
        from catalog.store.manifest_file import manifest_from_rows

        self.session.define_files()
        sensors = list(self.dataset.sensors)
        rows = self._records("chosen_files", sensors=sensors)
        made = {
            "package": f"sen12ms-catalog {version('sen12ms-catalog')}",
            "catalog": self.fingerprint(),
            "filter": dict(self.question.given),
            "steps": list(self.steps),
            "sql": self._shown(self.question),
        }
        return manifest_from_rows(self.dataset, rows, made, self.part)

    def save(self, path: str | os.PathLike[str]) -> Manifest:
        """Write the manifest, as `.parquet`, `.csv`, `.json`, or an official list, `.txt`, `.pkl`.

        Raises
        ------
        ManifestError
            If the path ends in none of these.
        OutputError
            If the file cannot be written.
        """
        from catalog.store.manifest_file import checked_format, write_manifest

        checked_format(Path(path))
        manifest = self.manifest()
        write_manifest(manifest, path)
        return manifest

    def plot(self, path: str | os.PathLike[str] | None = None, *, tiles: int = 8) -> Figure:
        """Draw where the patches are, what is in them, and what some of them look like.

        Parameters
        ----------
        path : path, optional
            A PNG, PDF or SVG to write, by its ending.
        tiles : int
            How many sample patches to show, of each dominant cover in turn.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        OutputError
            If the path ends otherwise, or cannot be written.
        """
        from catalog.reading.overview import draw_selection

        samples = self._records("chosen_samples", sensors=list(self.dataset.sensors), count=tiles)
        return draw_selection(self.outlines().to_arrow_table(), samples, self.dataset, path)

    def to_arrow(self) -> pa.Table:
        """All columns of `patches`, as an Arrow table; geometries are WKB."""
        return self.session.table(self._chosen.about("chosen_rows"), self._chosen.where)

    def to_geodataframe(self) -> GeoDataFrame:
        """All columns of `patches`, as a GeoDataFrame in OGC:CRS84."""
        from geopandas import GeoDataFrame, GeoSeries

        table = self.to_arrow()
        position = table.column_names.index("geometry")
        wkb = table.column("geometry").to_pylist()
        frame = table.remove_column(position).to_pandas()
        geometry = GeoSeries.from_wkb(wkb, index=frame.index, crs="OGC:CRS84")
        frame.insert(position, "geometry", geometry)
        return GeoDataFrame(frame, geometry="geometry", crs="OGC:CRS84")

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the rows of the footprint table: a smaller `items.parquet`, valid in the same ways.

        Raises
        ------
        CatalogNotFoundError
            If the catalog is a bare table at a URL.
        OutputError
            If the file cannot be written.
        """
        from catalog.store.geoparquet import write_subset

        source = self.session.items
        if "://" in source:
            raise CatalogNotFoundError(f"{source} is not on disk: download it first")
        write_subset(Path(source), Path(path), self.ids, self.session.moved)

    def items(self) -> Iterator[pystac.Item]:
        """The STAC items, one after the other.

        Raises
        ------
        CatalogNotFoundError
            If the catalog is a bare table.
        """
        from catalog.stac.item import read_item

        folder = self.session.folder
        if folder is None:
            raise CatalogNotFoundError("a bare table has no items: open the folder of the catalog")
        for item in self.ids:
            stac = read_item(folder, self.dataset, item)
            for asset in stac.assets.values():
                asset.href = self.session.moved.of(asset.href)
            yield stac

    def extract(
        self,
        *sensors: str,
        to: str | os.PathLike[str],
        how: str = "copy",
        dry_run: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Extraction:
        """Write the files into a folder, as the dataset nests them: from archives, or from folders.

        What is there already, with the right size, stays: a run that was stopped goes on. Each file
        is checked by its size, and by `checksums.sha512` if that lies beside the data, before it
        gets its name.

        Parameters
        ----------
        *sensors : str
            Which files; all if none is named.
        to : path
            The folder.
        how : {'copy', 'hardlink', 'symlink'}
            How a file on disk gets there.
        dry_run : bool
            Whether only to say what would be done.
        progress : callable, optional
            Told bytes written and in all.

        Returns
        -------
        Extraction
            Counts, how each archive is read, and what could not be written.

        Raises
        ------
        FilterError
            If there is no such sensor or way, or files in archives are to be linked.
        OutputError
            If the disk has no room, or refuses.
        """
        from catalog.reading.extraction import HOW, Choices, extract, wanted_from_rows

        wanted_sensors = self._sensors(sensors)
        # In the order of the columns, as the statement has them.
        names = [name for name in self.dataset.sensors if name in wanted_sensors]
        names_of("how", how, HOW)
        self.session.define_files()
        sizes = [f"{name}_bytes" for name in names]
        rows = self._records("chosen_members", sensors=names, sizes=sizes)
        choices = Choices(how, dry_run, progress)
        wanted = wanted_from_rows(self.dataset, rows, self.session.moved)
        return extract(wanted, Path(to), choices, self.session.folder)

    def to_sql(self) -> str:
        """The selection as one SQL query over `patches`, to read, to change, to pass on."""
        return self._shown(self._chosen)

    def _shown(self, question: Question) -> str:
        return question.sql(("id", *self.dataset.sensors))

    def _sensors(self, given: Iterable[str]) -> list[str]:
        names = list(given)
        known = self.dataset.sensors
        return (names_of("sensor", names, known) or []) if names else list(known)

    def _records(self, statement: str, **values: Value) -> list[dict[str, Any]]:
        return self.session.records(self._chosen.about(statement, **values), self._chosen.where)

    def _relation(self, statement: str, **values: Value) -> duckdb.DuckDBPyRelation:
        return self.session.relation(self._chosen.about(statement, **values))
