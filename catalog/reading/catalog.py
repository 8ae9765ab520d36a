"""A catalog, opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from catalog.errors import FilterError
from catalog.model import PatchKey, counted
from catalog.query.conditions import names_of
from catalog.query.filters import question_from_filters
from catalog.query.generated import definition
from catalog.query.literals import filled
from catalog.query.statements import statement
from catalog.reading.catalog_info import CatalogInfo
from catalog.reading.opening import open_session, report_of
from catalog.reading.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import duckdb

    from catalog.datasets import Dataset
    from catalog.model import Rejected
    from catalog.query.conditions import Shares
    from catalog.query.cql2 import Filter
    from catalog.query.regions import Area
    from catalog.query.session import Session
    from catalog.source.triplet import Triplet


class Catalog:
    """A catalog that `index` wrote, or a bare `items.parquet`, opened for questions.

    Use `Catalog.open`. A catalog is also a context manager.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        """Where questions are asked."""

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None
    ) -> Self:
        """Open a catalog.

        Parameters
        ----------
        path : path or URL
            The folder that `index` wrote, or an `items.parquet`; at a URL (`s3://`, `https://`)
            they are read in parts, as questions need them.
        root : path or URL, optional
            Where the dataset is now, if it was moved since.

        Raises
        ------
        CatalogNotFoundError
            If there is no catalog, or its files do not belong together.
        StoreError
            If a server does not answer.
        """
        text = os.fspath(path)
        if root is None:
            return cls(open_session(text))
        if text.endswith(".parquet"):
            raise FilterError(
                "a table does not say where its dataset was: root needs the catalog's folder"
            )
        return cls(open_session(text, report_of(text).moved_to(root)))

    @property
    def folder(self) -> Path | None:
        """The folder of the catalog; None for a bare table and for a catalog at a URL."""
        return self.session.folder

    @property
    def items(self) -> str:
        """Path or URL of the footprint table."""
        return self.session.items

    @property
    def dataset(self) -> Dataset:
        """What the catalog holds."""
        return self.session.dataset

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Ask anything in SQL of the views, which `SHOW TABLES` lists.

        DuckDB's `fetchall` needs pytz for times with a time zone, such as `now()`; Arrow does not.

        Raises
        ------
        QueryError
            If DuckDB refuses the query.
        """
        return self.session.ask(query)

    def select(  # noqa: PLR0913 - one argument a filter, all optional, by name only
        self,
        *,
        region: Area | Iterable[Area] | None = None,
        not_region: Area | Iterable[Area] | None = None,
        predicate: str = "intersects",
        bbox: Area | None = None,
        intersects: Area | None = None,
        season: str | Iterable[str] | None = None,
        local_season: str | Iterable[str] | None = None,
        cover: Shares | None = None,
        cloud_cover: float | str | Iterable[str] | tuple[float, float] | None = None,
        split: str | Iterable[str] | None = None,
        sensor: str | Iterable[str] | None = None,
        complete: bool | None = None,
        ids: Iterable[str] | None = None,
        where: str | Iterable[str] | None = None,
        filter: Filter | None = None,  # noqa: A002 - as STAC calls it
    ) -> Selection:
        """Select patches; every filter narrows the selection further.

        Parameters
        ----------
        region : str, path, four numbers or geometry, or several of them, optional
            A name or code in the view `region_names`; `W,S,E,N` in degrees; WKT or GeoJSON; a
            vector file in any CRS; a shapely geometry in degrees; a GeoSeries or GeoDataFrame in
            its CRS. Several, in a list, are one region together.
        not_region : the same, optional
            Where patches are left out, by the same predicate.
        predicate : {'intersects', 'within', 'centroid'}
            How the footprint of a patch lies in the region.
        bbox : four numbers, optional
            West, south, east, north in degrees: only patches that intersect the box.
        intersects : geometry, optional
            Only patches that intersect it; what `region` may be.
        season, local_season : str or several, optional
            Season in the file name, and actual season; `autumn` is `fall`.
        cover : mapping, str or list of str, optional
            Shares of classes of any legend, 0 to 1: `{"forest": 0.5}` is at least half,
            `{"water": (0, 0.1)}` at most a tenth, `["forest>=0.5", "water<10%"]` in words. A name
            of several legends is the simplified class; `igbp.savanna` says which is meant.
        cloud_cover : number, (lowest, highest), or str or several, optional
            Percent of the cloudy image of SEN12MS-CR that is clouds: at most so many, between two,
            or in words: `"<=30"`, `"10..30"`. Patches whose cloud cover is not known are left out.
        split : {'train', 'test'} or both, optional
            Official split.
        sensor : str or several, optional
            Only patches that have these files.
        complete : bool, optional
            Only patches with all files, or only the others.
        ids : list of str, optional
            Only patches with these ids; ids that are not in the catalog are passed over.
        where : str or several, optional
            SQL expressions over the columns of `patches`.
        filter : str or mapping, optional
            CQL2, as text or as JSON: `season = 'winter' AND cover.forest > 0.5`.

        Raises
        ------
        RegionError, FilterError, QueryError
            If a value does not exist or SQL is invalid; the message says what does.
        """
        filters = {name: value for name, value in locals().items() if name != "self"}
        return Selection(self.session, question_from_filters(filters, self.session))

    def pick(self, ids: Iterable[str]) -> Selection:
        """Select patches by their ids, given in any order.

        Raises
        ------
        FilterError
            If the catalog does not have one of them.
        """
        picked = self.select(ids=ids)
        wanted = picked.question.given["ids"]
        if len(picked) < len(wanted):
            missing = sorted(set(wanted).difference(picked.ids))
            more = f", nor {len(missing) - 1:,} others" if len(missing) > 1 else ""
            raise FilterError(f"there is no patch {missing[0]!r} in {self.session.name}{more}")
        step = {"step": "pick", "patches": len(wanted)}
        return self.select().pick(wanted, step=step)

    def triplet(self, season: str, scene: int, patch: int) -> Triplet:
        """Read the images of one patch, with what tells where they are.

        Raises
        ------
        FilterError
            If there is no such patch.
        FileError
            If one of its files is missing or broken; the message names it.
        """
        from catalog.source.triplet import read_triplet

        (season,) = names_of("season", season or "", self.dataset.seasons) or []
        key = self.dataset.patch_id(PatchKey(season, scene, patch))
        values = {"id": key, "sensors": self.dataset.sensors}
        rows = self.session.records(filled(statement("queries/patch_files"), **values))
        if not rows:
            raise FilterError(f"there is no patch {key!r} in {self.session.name}")
        paths = {sensor: rows[0][sensor] for sensor in self.dataset.sensors}
        return read_triplet(key, paths, (rows[0]["lon"], rows[0]["lat"]))

    def fingerprint(self) -> str | None:
        """SHA-256 of the footprint table: two catalogs with the same are equal; None for a URL."""
        return self.select().fingerprint()

    def info(self) -> CatalogInfo:
        """Totals, and counts of patches by season, split, continent and dominant cover."""
        (total,) = self.session.records(definition(self.dataset, "queries/info_total"))
        groups: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("season", "split", "continent", "dominant_cover")
        }
        for row in self.session.records(statement("queries/info_groups")):
            column = row.pop("grouped_by")
            groups[column].append({column: row.pop("value"), **row})
        return CatalogInfo(self.session.name, total, groups)

    def rejected(self) -> list[Rejected]:
        """Files that `index` left out, and why; none are known of a bare table."""
        is_table = self.folder is None and self.session.url is None
        return [] if is_table else list(report_of(self.session.name).rejected)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one thread."""
        return self.session.cursor()

    def interrupt(self) -> None:
        """End all questions that are being answered, from another thread: they raise an error."""
        self.session.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Catalog {self.session.name}: {counted(len(self.select()), 'patch')}>"

    def _repr_html_(self) -> str:
        return self.select().html(f"Catalog {self.session.name}")
