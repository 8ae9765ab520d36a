"""The read side: a catalog, opened, and selections from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas
import pystac

from catalog.dataset import SENSORS
from catalog.errors import CatalogNotFoundError, FilterError
from catalog.model import Rejected, SceneKey
from catalog.query.database import ask, open_cursor, open_database, open_items
from catalog.query.filters import PREDICATES, Shares, filter_parameters, names_of
from catalog.query.regions import resolve_region
from catalog.query.selection import Question, choose
from catalog.query.statements import statement
from catalog.stac.item import item_path
from catalog.store import staging
from catalog.store.geoparquet import write_subset
from catalog.store.static import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import duckdb
    import pyarrow as pa
    from shapely.geometry.base import BaseGeometry


class Catalog:
    """A catalog that `index` wrote, or a bare `items.parquet`, opened for questions.

    Use `Catalog.open`. A catalog is also a context manager.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        items: str,
        folder: Path | None = None,
        rebase: tuple[str, str] | None = None,
    ) -> None:
        self._connection = connection
        self.items = items
        """Path or URL of the footprint table."""
        self.folder = folder
        """The folder of the catalog; None for a bare table."""
        self.rebase = rebase
        """What paths start with, and what stands in its place: for a dataset that was moved."""

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None
    ) -> Self:
        """Open a catalog.

        Parameters
        ----------
        path : path or URL
            The folder that `index` wrote, or an `items.parquet`.
        root : path, optional
            Where the dataset is now, if it was moved since.

        Raises
        ------
        CatalogNotFoundError
            If there is no catalog.
        """
        text = os.fspath(path)
        if text.endswith(".parquet"):
            if "://" not in text and not Path(text).is_file():
                raise CatalogNotFoundError(f"there is no file {text}: name a catalog or its table")
            if root is not None:
                raise FilterError("root needs a whole catalog: a bare table does not know its root")
            return cls(open_items(text), text)
        folder = Path(text)
        if not (folder / staging.ITEMS).is_file():
            raise CatalogNotFoundError(
                f"there is no catalog in {folder}: make one with `sen12ms index ROOT -o {folder}`"
            )
        rebase = None if root is None else (_recorded_root(folder), os.path.abspath(root))
        items, database = str(folder / staging.ITEMS), folder / staging.DATABASE
        connection = open_database(database) if database.is_file() else open_items(items)
        return cls(connection, items, folder, rebase)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Ask anything in SQL; the views are `patches`, `scenes`, `regions`, `landcover_classes`.

        Raises
        ------
        QueryError
            If DuckDB refuses the query.
        """
        return ask(self.cursor(), query)

    def select(  # noqa: PLR0913 - one argument a filter, all optional, by name only
        self,
        *,
        region: str | os.PathLike[str] | Sequence[float] | BaseGeometry | None = None,
        predicate: str = "intersects",
        season: str | Iterable[str] | None = None,
        local_season: str | Iterable[str] | None = None,
        cover: Shares | None = None,
        split: str | Iterable[str] | None = None,
        sensor: str | Iterable[str] | None = None,
        complete: bool | None = None,
        where: str | None = None,
    ) -> Selection:
        """Select patches; every filter narrows the selection further.

        Parameters
        ----------
        region : str, path, four numbers or geometry, optional
            A name or code in the view `regions`, `W,S,E,N` in degrees, WKT, a vector file in any
            CRS, or a shapely geometry in degrees.
        predicate : {'intersects', 'within', 'centroid'}
            How the footprint of a patch lies in the region.
        season, local_season : str or several, optional
            Season in the file name, and actual season.
        cover : mapping or list of str, optional
            Shares of simplified or IGBP classes, 0 to 1: `{"forest": 0.5}` is at least half,
            `{"water": (0, 0.1)}` at most a tenth, `["forest>=0.5", "water<=0.1"]` the same. A
            name of both legends is the simplified class; `igbp.savanna` is the other.
        split : {'train', 'test'} or both, optional
            Official split.
        sensor : {'s1', 's2', 'lc'} or several, optional
            Only patches that have these files.
        complete : bool, optional
            Only patches with all three files, or only the others.
        where : str, optional
            One SQL expression over the columns of `patches`.

        Raises
        ------
        RegionError, FilterError
            If a value does not exist or SQL is invalid; the message says what does.
        """
        names_of("predicate", predicate, PREDICATES)
        parameters = filter_parameters(
            season=season,
            local_season=local_season,
            split=split,
            sensor=sensor,
            complete=complete,
            cover=cover,
        )
        cursor = self.cursor()
        found = None if region is None else resolve_region(region, cursor)
        return Selection(self, cursor, Question(parameters, found, predicate, where))

    def info(self) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        """Totals, and counts of patches by season, split, continent and dominant cover."""
        cursor = self.cursor()
        groups = ("season", "split", "continent", "dominant_cover")
        (total,) = _records(cursor.sql(statement("queries/info_total")))
        by = {name: _records(cursor.sql(statement(f"queries/info_{name}"))) for name in groups}
        return total, by

    def rejected(self) -> list[Rejected]:
        """Files that `index` left out, and why; none are known of a bare table."""
        if self.folder is None:
            return []
        report = read_json(self.folder / staging.REPORT)
        return [Rejected(**entry) for entry in report["rejected"]]

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one thread."""
        return open_cursor(self._connection, self.items)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Catalog.open({str(self.folder or self.items)!r})"


@dataclass(frozen=True)
class Selection:
    """Patches that passed the filters, by season, scene and patch; asked once, when needed."""

    catalog: Catalog
    """Where they are from."""
    _cursor: duckdb.DuckDBPyConnection = field(repr=False)
    question: Question
    """What was asked."""

    @cached_property
    def _chosen(self) -> duckdb.DuckDBPyRelation:
        return choose(self.question, self._cursor)

    def __len__(self) -> int:
        return len(self._chosen)

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the patches."""
        return [row[0] for row in self._chosen.project("id").fetchall()]

    def paths(self, *sensors: str) -> list[str]:
        """Paths of the files, patch by patch; those of all sensors if none is named.

        Raises
        ------
        FilterError
            If there is no such sensor.
        """
        names = names_of("sensor", sensors, SENSORS) if sensors else list(SENSORS)
        rows = self._chosen.select(*names or ()).fetchall()
        return [self._rebased(path) for row in rows for path in row if path is not None]

    def relation(self) -> duckdb.DuckDBPyRelation:
        """All columns of `patches`, as a DuckDB relation."""
        return self._ask("queries/chosen_rows")

    def summary(self) -> duckdb.DuckDBPyRelation:
        """Keys, place, paths and cover shares in flat columns, as a DuckDB relation."""
        return self._ask("queries/chosen_summary")

    def to_arrow(self) -> pa.Table:
        """All columns of `patches`, as an Arrow table; geometries are WKB."""
        return self.relation().to_arrow_table()

    def to_geodataframe(self) -> geopandas.GeoDataFrame:
        """All columns of `patches`, as a GeoDataFrame in OGC:CRS84."""
        table = self.to_arrow()
        position = table.column_names.index("geometry")
        wkb = table.column("geometry").to_pylist()
        frame = table.remove_column(position).to_pandas()
        geometry = geopandas.GeoSeries.from_wkb(wkb, index=frame.index, crs="OGC:CRS84")
        frame.insert(position, "geometry", geometry)
        return geopandas.GeoDataFrame(frame, geometry="geometry", crs="OGC:CRS84")

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
            stac = pystac.Item.from_file(str(path))
            for asset in stac.assets.values():
                asset.href = self._rebased(asset.href)
            yield stac

    def _ask(self, name: str) -> duckdb.DuckDBPyRelation:
        """The answer of a statement over the view `chosen`."""
        _ = self._chosen
        old, new = self.catalog.rebase or (None, None)
        return self._cursor.sql(statement(name), params={"old": old, "new": new})

    def _rebased(self, path: str) -> str:
        if self.catalog.rebase is None:
            return path
        old, new = self.catalog.rebase
        return new + path.removeprefix(old) if path.startswith(old) else path


def _records(answer: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def _recorded_root(folder: Path) -> str:
    """What all hrefs of a catalog start with."""
    report: dict[str, Any] = read_json(folder / staging.REPORT)
    if report["href_base"] is not None:
        return str(report["href_base"]).rstrip("/")
    return str(os.path.commonpath(report["roots"]))
