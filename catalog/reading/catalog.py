"""The read side: a catalog, opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from catalog.datasets.legacy import SEASONS, patch_id
from catalog.errors import CatalogNotFoundError, FilterError
from catalog.model import UNMOVED, PatchKey
from catalog.query.conditions import PREDICATES, Shares, filter_parameters, names_of
from catalog.query.database import ask, open_cursor, open_database, open_items, records
from catalog.query.question import Question
from catalog.query.regions import resolve_regions
from catalog.query.statements import statement
from catalog.reading.selection import Selection
from catalog.source.triplet import Triplet, read_triplet
from catalog.store import staging
from catalog.store.report import read_report
from catalog.store.static import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from catalog.model import Rebase, Rejected
    from catalog.query.regions import Place


class Catalog:
    """A catalog that `index` wrote, or a bare `items.parquet`, opened for questions.

    Use `Catalog.open`. A catalog is also a context manager.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        items: str,
        folder: Path | None = None,
        rebase: Rebase = UNMOVED,
    ) -> None:
        self._connection = connection
        self._cursors: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
        self.items = items
        """Path or URL of the footprint table."""
        self.folder = folder
        """The folder of the catalog; None for a bare table."""
        self.rebase = rebase
        """Where files are now, if the dataset was moved."""

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
        rebase = UNMOVED if root is None else read_report(folder).moved_to(root)
        items, database = str(folder / staging.ITEMS), folder / staging.DATABASE
        if database.is_file():
            return cls(open_database(database, items), items, folder, rebase)
        return cls(open_items(items), items, folder, rebase)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Ask anything in SQL of the views, which `SHOW TABLES` lists.

        Raises
        ------
        QueryError
            If DuckDB refuses the query.
        """
        return ask(self.cursor(), query)

    def select(  # noqa: PLR0913 - one argument a filter, all optional, by name only
        self,
        *,
        region: Place | Iterable[Place] | None = None,
        not_region: Place | Iterable[Place] | None = None,
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
        region : str, path, four numbers or geometry, or several of them, optional
            A name or code in the view `region_names`, `W,S,E,N` in degrees, WKT, a vector file in
            any CRS, or a shapely geometry in degrees; several, in a list, are one place together.
        not_region : the same, optional
            Where patches are left out, by the same predicate.
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
        names_of("predicate", str(predicate), PREDICATES)
        parameters = filter_parameters(
            season=season,
            local_season=local_season,
            split=split,
            sensor=sensor,
            complete=complete,
            cover=cover,
        )
        cursor = self.cursor()
        place, not_place = (
            None if given is None else resolve_regions(given, cursor)
            for given in (region, not_region)
        )
        question = Question(parameters, place, not_place, predicate, where)
        return Selection(self, cursor, question)

    def pick(self, ids: Iterable[str]) -> Selection:
        """Select patches by their ids, given in any order.

        Raises
        ------
        FilterError
            If the catalog does not have one of them.
        """
        wanted = tuple(dict.fromkeys(ids))
        question = Question(filter_parameters(), ids=wanted)
        step = {"step": "pick", "patches": len(wanted)}
        picked = Selection(self, self.cursor(), question, (step,))
        if len(picked) < len(wanted):
            missing = sorted(set(wanted).difference(picked.ids))
            more = f", nor {len(missing) - 1:,} others" if len(missing) > 1 else ""
            raise FilterError(f"there is no patch {missing[0]!r} in {self}{more}")
        return picked

    def triplet(self, season: str, scene: int, patch: int) -> Triplet:
        """Read the three images of one patch, with what tells where they are.

        Raises
        ------
        FilterError
            If there is no such patch.
        FileError
            If one of its files is missing or broken; the message names it.
        """
        names_of("season", season, SEASONS)
        key = patch_id(PatchKey(season, scene, patch))
        parameters = {"id": key, **self.rebase._asdict()}
        rows = records(self.cursor().sql(statement("queries/patch_files"), params=parameters))
        if not rows:
            raise FilterError(f"there is no patch {key!r} in {self}")
        return read_triplet(key, rows[0], (rows[0]["lon"], rows[0]["lat"]))

    def fingerprint(self) -> str | None:
        """SHA-256 of the footprint table: two catalogs with the same are equal; None for a URL."""
        return None if "://" in self.items else file_sha256(Path(self.items))

    def info(self) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        """Totals, and counts of patches by season, split, continent and dominant cover."""
        cursor = self.cursor()
        groups = ("season", "split", "continent", "dominant_cover")
        (total,) = records(cursor.sql(statement("queries/info_total")))
        by = {name: records(cursor.sql(statement(f"queries/info_{name}"))) for name in groups}
        return total, by

    def rejected(self) -> list[Rejected]:
        """Files that `index` left out, and why; none are known of a bare table."""
        if self.folder is None:
            return []
        return list(read_report(self.folder).rejected)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one thread."""
        cursor = open_cursor(self._connection, self.items)
        self._cursors.add(cursor)
        return cursor

    def interrupt(self) -> None:
        """End all questions that are being answered, from another thread: they raise an error."""
        for cursor in tuple(self._cursors):
            cursor.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Catalog.open({str(self.folder or self.items)!r})"
