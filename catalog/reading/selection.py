"""Patches that passed the filters, and what one does with them."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogNotFoundError, OutputError
from catalog.model import counted
from catalog.query.conditions import names_of
from catalog.query.database import answering
from catalog.query.generated import columns_at_a_glance, flat_columns
from catalog.query.paging import KEY
from catalog.reading.arguments import checked_integer
from catalog.reading.patch_set import PatchSet
from catalog.store.integrity import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import duckdb
    import pyarrow as pa
    import pystac
    from geopandas import GeoDataFrame
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from catalog.query.literals import Value
    from catalog.query.question import Question
    from catalog.reading.extraction import Extraction
    from catalog.reading.needed import NeededArchive
    from catalog.store.manifest_file import Manifest


class Selection(PatchSet):
    """Patches that passed the filters, by season, scene and patch; asked when needed.

    It is a collection of ids: `len`, iteration, `in`, `selection[0]`, `selection[:10]`. Two of one
    catalog are combined by `|`, `&` and `-`, and are equal if they have the same patches.
    """

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
        """Flat columns, as in every table and file of patches, as a DuckDB relation.

        They are the columns of `patches`, with each share of a class in one of its own:
        `cover.forest` in SQL is `cover_forest` here.
        """
        return self.session.relation(self._flat())

    def scenes(self) -> duckdb.DuckDBPyRelation:
        """The scenes of the patches, with how many of each are selected, as a DuckDB relation."""
        return self._relation("chosen_scenes")

    def outlines(self) -> pa.Table:
        """Footprints (WKB), and what a study sorts patches by, as an Arrow table."""
        return self.session.table(self._chosen.about("chosen_outlines"), self._chosen.where)

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
        return draw_selection(self.outlines(), samples, self.dataset, path)

    def to_arrow(self, *columns: str) -> pa.Table:
        """Flat columns (see `relation`), as an Arrow table; geometries are WKB.

        Parameters
        ----------
        *columns : str
            Names of those that are wanted, in this order; by default all.

        Raises
        ------
        FilterError
            If there is no such column.
        """
        return self.session.table(self._flat(*columns), self._chosen.where)

    def to_pandas(self) -> DataFrame:
        """Flat columns (see `relation`) but the footprint, as a pandas DataFrame."""
        frame: DataFrame = self.to_arrow().drop_columns(["geometry"]).to_pandas()
        return frame

    def to_geodataframe(self) -> GeoDataFrame:
        """Flat columns (see `relation`), as a GeoDataFrame in OGC:CRS84."""
        from catalog.reading.frames import geodataframe

        return geodataframe(self.to_arrow())

    def head(self, n: int = 5) -> GeoDataFrame:
        """The first patches, as `to_geodataframe`.

        Raises
        ------
        FilterError
            If `n` is not a whole number of 0 or more.
        """
        from catalog.reading.frames import geodataframe

        query = self._chosen.page(self._columns(()), KEY, checked_integer("n", n, 0))
        return geodataframe(self.session.table(query, self._chosen.where))

    def explore(self, **options: Any) -> Any:
        """An interactive map of the footprints, for a notebook: a folium map.

        Parameters
        ----------
        **options
            Those of `geopandas.GeoDataFrame.explore`; `tiles=None` asks no server for a background.

        Raises
        ------
        MissingExtraError
            If folium is not installed.
        """
        from catalog.reading.frames import explore

        return explore(self.to_geodataframe(), self.dataset.cover_colors, options)

    def to_file(self, path: str | os.PathLike[str]) -> None:
        """Write flat columns as a GeoPackage (`.gpkg`), FlatGeobuf (`.fgb`) or GeoParquet.

        Raises
        ------
        OutputError
            If the path ends otherwise, or the file cannot be written.
        """
        from catalog.reading.frames import DRIVERS, write_layer

        ending = Path(path).suffix.lower()
        if ending in (".parquet", ".geoparquet"):
            self.to_parquet(path)
        elif ending in DRIVERS:
            write_layer(self.to_geodataframe(), path)
        else:
            known = ", ".join((*DRIVERS, ".parquet"))
            raise OutputError(f"{path} has no known ending: end it in {known}")

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write flat columns (see `relation`) as GeoParquet 1.1.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        from catalog.store.geoparquet import write_batches

        reader = self.to_arrow().to_reader()
        write_batches(reader, ["geometry"], os.fspath(path))

    def to_stac_geoparquet(self, path: str | os.PathLike[str]) -> None:
        """Write the rows of the footprint table: a smaller `items.parquet`, valid in the same ways.

        `Catalog.open` opens it.

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
        from catalog.reading.table_items import stored_items
        from catalog.stac.item import stac_item

        folder = self.session.folder
        if folder is None:
            raise CatalogNotFoundError("a bare table has no items: open the folder of the catalog")
        for encoded, path in stored_items(self.session, folder, self.ids):
            stac = stac_item(encoded, path)
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
        gets its name. `Catalog.open` opens the folder: it has a table of these patches, with the
        paths of the files that are there, land cover and splits; later runs add to it.

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
            If the disk has no room, or refuses, or the folder is a catalog of `index`.
        """
        from catalog.reading.extraction import HOW, Choices, extract, wanted_from_rows
        from catalog.store.extracted import refuse_catalog, write_extracted
        from catalog.store.outputs import checked_target

        folder = checked_target(to)
        wanted_sensors = self._sensors(sensors)
        # In the order of the columns, as the statement has them.
        names = [name for name in self.dataset.sensors if name in wanted_sensors]
        names_of("how", how, HOW)
        self.session.define_files()
        sizes = [f"{name}_bytes" for name in names]
        rows = self._records("chosen_members", sensors=names, sizes=sizes)
        choices = Choices(how, dry_run, progress)
        wanted = wanted_from_rows(self.dataset, rows, self.session.moved)
        refuse_catalog(folder)
        done = extract(wanted, folder, choices, self.session.folder)
        items = self.session.items
        if not dry_run and (done.files or done.present) and "://" not in items:
            write_extracted(Path(items), folder, self.dataset, self.ids)
        return done

    def archives(self, *sensors: str) -> list[NeededArchive]:
        """Archives of the dataset that hold the files of the patches, each with files and bytes.

        A catalog of the land cover alone knows the patches of all: this says what to download.

        Raises
        ------
        FilterError
            If there is no such sensor.
        """
        from catalog.reading.needed import needed_archives

        wanted = self._sensors(sensors)
        names = [name for name in self.dataset.sensors if name in wanted]
        self.session.define_files()
        sizes = [f"{name}_bytes" for name in names]
        rows = self._records("chosen_archives", sensors=names, sizes=sizes)
        return needed_archives(rows, self.dataset, self.session.moved)

    def to_sql(self) -> str:
        """The selection as one SQL query over `patches`, to read, to change, to pass on."""
        return self._shown(self._chosen)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self, title: str = "Selection") -> str:
        """What a notebook shows: how many, what was asked, a small map, a few rows and pictures."""
        from catalog.pictures.cards import card
        from catalog.reading.overview import thumbnails

        with answering():
            places = "(west + east) / 2, (south + north) / 2, dominant_cover"
            scenes = self.scenes().project(places).fetchall()
        columns = columns_at_a_glance(self.dataset)
        first = self.session.fetch(self._chosen.page(columns, KEY, 5), self._chosen.where)
        lead = f"{title}: {counted(len(self), 'patch')}"
        answer = (columns, first)
        samples = self._records("chosen_samples", sensors=list(self.dataset.sensors), count=4)
        pictures = thumbnails(samples, self.dataset, self.session.folder)
        colors = self.dataset.cover_colors
        return card(lead, self.asked, scenes, answer, colors, pictures)

    def _flat(self, *names: str) -> str:
        return self._chosen.sql(self._columns(names))

    def _columns(self, given: Iterable[str]) -> list[str]:
        known = flat_columns(self.dataset)
        return [known[name] for name in _names("column", given, known)]

    def _shown(self, question: Question) -> str:
        return question.sql(("id", *self.dataset.sensors))

    def _sensors(self, given: Iterable[str]) -> list[str]:
        return _names("sensor", given, self.dataset.sensors)

    def _records(self, statement: str, **values: Value) -> list[dict[str, Any]]:
        return self.session.records(self._chosen.about(statement, **values), self._chosen.where)

    def _relation(self, statement: str, **values: Value) -> duckdb.DuckDBPyRelation:
        return self.session.relation(self._chosen.about(statement, **values))


def _names(what: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that are given, each of them known; all that are known if none is given."""
    return names_of(what, list(given) or None, known) or list(known)
