"""Patches that passed the filters, and what one does with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from catalog.datasets.legacy import SENSORS
from catalog.errors import CatalogNotFoundError
from catalog.model import SceneKey
from catalog.pictures.canvas import save_figure
from catalog.pictures.land import land_from_pieces
from catalog.pictures.overview import Subset, draw_subset
from catalog.pictures.sheet import Tile
from catalog.query.conditions import names_of
from catalog.query.database import records
from catalog.query.question import Question, as_filters, as_sql, choose
from catalog.query.statements import statement
from catalog.reading.extraction import HOW, Choices, extract, wanted_from_rows
from catalog.source.preview import draw_preview
from catalog.stac.item import item_path, read_item
from catalog.store.geoparquet import read_countries, write_subset
from catalog.store.manifest_file import Manifest, checked_format, manifest_from_rows, write_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import duckdb
    import pyarrow as pa
    import pystac
    from geopandas import GeoDataFrame
    from matplotlib.figure import Figure

    from catalog.reading.catalog import Catalog
    from catalog.reading.extraction import Extraction


@dataclass(frozen=True)
class Selection:
    """Patches that passed the filters, by season, scene and patch; asked once, when needed."""

    catalog: Catalog
    """Where they are from."""
    _cursor: duckdb.DuckDBPyConnection = field(repr=False)
    question: Question
    """What was asked."""
    steps: tuple[Mapping[str, Any], ...] = ()
    """What was done since: samples, splits, with their arguments."""
    part: str | None = None
    """The part of a split that this is."""

    @cached_property
    def _chosen(self) -> duckdb.DuckDBPyRelation:
        return choose(self.question, self._cursor)

    def __len__(self) -> int:
        return len(self._chosen)

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the patches."""
        return [row[0] for row in self._chosen.project("id").fetchall()]

    def pick(
        self, ids: Iterable[str], *, step: Mapping[str, Any], part: str | None = None
    ) -> Selection:
        """Those of the patches that are on a list; `step` says how the list was made."""
        if self.question.ids is not None:
            own = set(self.question.ids)
            ids = [name for name in ids if name in own]
        narrowed = replace(self.question, ids=tuple(ids))
        cursor, steps = self.catalog.cursor(), (*self.steps, step)
        return Selection(self.catalog, cursor, narrowed, steps, part or self.part)

    def paths(self, *sensors: str) -> list[str]:
        """Paths of the files, patch by patch; those of all sensors if none is named.

        Raises
        ------
        FilterError
            If there is no such sensor.
        """
        names = names_of("sensor", sensors, SENSORS) if sensors else list(SENSORS)
        rows = self._chosen.select(*names or ()).fetchall()
        return [self.catalog.rebase.of(path) for row in rows for path in row if path is not None]

    def relation(self) -> duckdb.DuckDBPyRelation:
        """All columns of `patches`, as a DuckDB relation."""
        return self._ask("queries/chosen_rows", **self._moved)

    def summary(self) -> duckdb.DuckDBPyRelation:
        """Keys, place, paths and cover shares in flat columns, as a DuckDB relation."""
        return self._ask("queries/chosen_summary", **self._moved)

    def scenes(self) -> duckdb.DuckDBPyRelation:
        """The scenes of the patches, with how many of each are selected, as a DuckDB relation."""
        return self._ask("queries/chosen_scenes")

    def places(self) -> duckdb.DuckDBPyRelation:
        """Footprints (WKB), and what a study sorts patches by, as a DuckDB relation."""
        return self._ask("queries/chosen_places")

    def in_box(
        self, west: float, south: float, east: float, north: float, *, most: int
    ) -> duckdb.DuckDBPyRelation:
        """Footprints (GeoJSON) and dominant covers of at most so many patches, to draw a map.

        The box is in degrees (OGC:CRS84); a patch is in it if its bounding box touches it.
        """
        edges = {"west": west, "south": south, "east": east, "north": north}
        return self._ask("queries/chosen_in_box", **edges, most=most)

    def manifest(self) -> Manifest:
        """The patches with their files and sizes, and how they were chosen."""
        rows = records(self._ask("queries/chosen_files", **self._moved))
        asked = replace(self.question, ids=None)
        made = {
            "package": f"sen12ms-catalog {version('sen12ms-catalog')}",
            "catalog": self.catalog.fingerprint(),
            "filter": as_filters(asked),
            "steps": list(self.steps),
            "sql": as_sql(asked, self._cursor),
        }
        return manifest_from_rows(rows, made, self.part)

    def save(self, path: str | os.PathLike[str]) -> Manifest:
        """Write the manifest, as `.parquet`, `.csv`, `.json`, or an official list, `.txt`, `.pkl`.

        Raises
        ------
        ManifestError
            If the path ends in none of these.
        OutputError
            If the file cannot be written.
        """
        checked_format(Path(path))
        manifest = self.manifest()
        write_manifest(manifest, path)
        return manifest

    def plot(self, path: str | os.PathLike[str] | None = None, *, tiles: int = 8) -> Figure:
        """Draw where the patches are, what is in them, and what some of them look like.

        Parameters
        ----------
        path : path, optional
            A PNG to write.
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
            If the PNG cannot be written.
        """
        table = self.places().to_arrow_table()
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        outlines = np.asarray(shapely.from_wkb(columns.pop("geometry")), dtype=object)
        samples = records(self._ask("queries/chosen_samples", count=tiles, **self._moved))
        drawn = [
            Tile(
                row["id"],
                " · ".join(filter(None, (row["country"], row["dominant_cover"]))),
                draw_preview("thumbnail", {s: row[s] for s in SENSORS if row[s]}).png,
            )
            for row in samples
        ]
        figure = draw_subset(Subset(columns, outlines, land_from_pieces(read_countries()), drawn))
        if path is not None:
            save_figure(figure, path)
        return figure

    def to_arrow(self) -> pa.Table:
        """All columns of `patches`, as an Arrow table; geometries are WKB."""
        return self.relation().to_arrow_table()

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
        source = self.catalog.items
        if "://" in source:
            raise CatalogNotFoundError(f"{source} is not on disk: download it first")
        write_subset(Path(source), Path(path), self.ids, self.catalog.rebase)

    def items(self) -> Iterator[pystac.Item]:
        """The STAC items, one after the other.

        Raises
        ------
        CatalogNotFoundError
            If the catalog is a bare table.
        """
        folder = self.catalog.folder
        if folder is None:
            raise CatalogNotFoundError("a bare table has no items: open the folder of the catalog")
        for item, season, scene in self._chosen.project("id, season, scene").fetchall():
            path = folder / item_path(SceneKey(season, scene), item)
            stac = read_item(path)
            for asset in stac.assets.values():
                asset.href = self.catalog.rebase.of(asset.href)
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
        *sensors : {'s1', 's2', 'lc'}
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
        names = names_of("sensor", sensors, SENSORS) if sensors else list(SENSORS)
        names_of("how", how, HOW)
        rows = records(self._ask("queries/chosen_members", sensors=names, **self._moved))
        choices = Choices(how, dry_run, progress)
        return extract(wanted_from_rows(rows), Path(to), choices, self.catalog.folder)

    def to_sql(self) -> str:
        """The selection as one SQL query over `patches`, to read, to change, to pass on."""
        return as_sql(self.question, self._cursor)

    def _ask(self, name: str, **parameters: object) -> duckdb.DuckDBPyRelation:
        """The answer of a statement over the view `chosen`."""
        _ = self._chosen
        return self._cursor.sql(statement(name), params=parameters)

    @property
    def _moved(self) -> dict[str, str | None]:
        """Parameters that rebase paths."""
        return self.catalog.rebase._asdict()
