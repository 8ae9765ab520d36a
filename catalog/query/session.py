"""Queries on an opened catalog: cursors, answers, interrupts."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import contextmanager
from functools import cached_property
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import duckdb

from catalog.errors import CatalogNotFoundError, QueryError
from catalog.model import UNMOVED
from catalog.query.conditions import refused
from catalog.query.database import ask, define_files
from catalog.query.extensions import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from catalog.datasets import Dataset
    from catalog.model import Rebase
    from catalog.query.database import Opened

    Rows = list[tuple[Any, ...]]


_LOG = logging.getLogger("catalog")


class Session:
    """Runs queries on one catalog; threads may use it at the same time.

    Parameters
    ----------
    opened : Opened
        The connection.
    folder : Path, optional
        The folder of the catalog; None for a bare table.
    moved : Rebase, optional
        Where the files of the dataset are now.
    url : str, optional
        Where the folder of a published catalog is.
    """

    def __init__(
        self,
        opened: Opened,
        folder: Path | None = None,
        moved: Rebase = UNMOVED,
        url: str | None = None,
    ) -> None:
        self._opened = opened
        self.url = url
        """The URL of the folder of a published catalog; None for one on disk, or a bare table."""
        self._cursors: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
        self._idle: deque[duckdb.DuckDBPyConnection] = deque()
        self._asking: dict[int, duckdb.DuckDBPyConnection] = {}
        self.folder = folder
        """The folder of the catalog on disk; None for a bare table and for a published catalog."""
        self.moved = moved
        """Where the files of the dataset are now, if it was moved."""

    @property
    def items(self) -> str:
        """Path or URL of the footprint table."""
        return self._opened.items

    @property
    def dataset(self) -> Dataset:
        """What the catalog holds."""
        return self._opened.dataset

    @property
    def name(self) -> str:
        """Folder, URL or table: what `Catalog.open` opens."""
        return str(self.folder or self.url or self.items)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one thread.

        Raises
        ------
        QueryError
            If the catalog is closed.
        """
        cursor = self._opened.cursor()
        self._cursors.add(cursor)
        return cursor

    def fetch(self, query: str, where: str | None = None) -> Rows:
        """All rows of a query; `where` is the user's part of it.

        Raises
        ------
        QueryError
            If DuckDB gives up; the message blames `where` if there is one.
        """
        with self._borrowed(where) as cursor:
            return _logged(cursor, query).fetchall()

    def records(self, query: str, where: str | None = None) -> list[dict[str, Any]]:
        """All rows of a query as dicts; see `fetch`."""
        with self._borrowed(where) as cursor:
            answer = _logged(cursor, query)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def table(self, query: str, where: str | None = None) -> pa.Table:
        """The answer of a query as an Arrow table; see `fetch`."""
        with self._borrowed(where) as cursor:
            return _logged(cursor, query).to_arrow_table()

    def batches(self, query: str, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        """The answer of a query in parts, so that it need not be in memory as a whole."""
        with self._borrowed(None) as cursor:
            yield from cursor.execute(query).to_arrow_reader(rows)

    def relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """A query as a DuckDB relation, which is evaluated when it is fetched."""
        cursor = self.cursor()
        with _blaming(None):
            return cursor.sql(query)

    def ask(self, query: str) -> duckdb.DuckDBPyRelation:
        """The answer of a user's query.

        Raises
        ------
        QueryError
            If it is not one query, or DuckDB refuses it.
        """
        return ask(self.cursor(), query)

    def define_files(self) -> None:
        """Make the view `file_sizes` known, which is read from `items.parquet`.

        Raises
        ------
        CatalogNotFoundError
            If that cannot be read.
        """
        _ = self._has_files

    @cached_property
    def _has_files(self) -> bool:
        if not self._opened.has_files:
            try:
                with self._borrowed(None) as cursor:
                    define_files(cursor, self.dataset)
            except QueryError as error:
                raise CatalogNotFoundError(
                    f"{self.items} cannot be read: run `sen12ms index` again ({error})"
                ) from error
        return True

    def interrupt(self, thread: int | None = None) -> None:
        """End the questions that are being answered: they raise an error in their threads.

        Parameters
        ----------
        thread : int, optional
            The identifier of a thread, whose question is ended alone.
        """
        if thread is None:
            for cursor in tuple(self._cursors):
                cursor.interrupt()
        elif (asking := self._asking.get(thread)) is not None:
            asking.interrupt()

    def close(self) -> None:
        """Close the connection and all cursors."""
        for cursor in tuple(self._cursors):
            cursor.close()
        self._idle.clear()
        self._opened.connection.close()

    @contextmanager
    def _borrowed(self, where: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one question, kept for the next one if all goes well."""
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self.cursor()
        self._asking[get_ident()] = cursor
        try:
            with _blaming(where):
                yield cursor
        finally:
            self._asking.pop(get_ident(), None)
        self._idle.append(cursor)


def _logged(cursor: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyConnection:
    _LOG.debug("%s", query)
    return cursor.execute(query)


@contextmanager
def _blaming(where: str | None) -> Iterator[None]:
    try:
        yield
    except duckdb.ConnectionException as error:
        raise QueryError("the catalog is closed: open it again") from error
    except (duckdb.Error, UnicodeError) as error:
        if where is None:
            raise QueryError(f"DuckDB cannot answer: {first_line(error)}") from error
        raise QueryError(refused(where, error)) from error
