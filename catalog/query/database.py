"""Connections to a catalog, and `catalog.duckdb`, which any DuckDB client can open."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb

from catalog.dataset import DATA
from catalog.errors import QueryError
from catalog.query.statements import statement, statements

TABLES: Final = ("patches", "scenes", "landcover_classes", "regions")
"""The views that `catalog.duckdb` keeps as tables."""


def build_database(items: Path, database: Path) -> None:
    """Write `catalog.duckdb`: the views as tables, and the macros.

    Parameters
    ----------
    items : Path
        `items.parquet`, which it is derived from.
    database : Path
        The file to write, `catalog.duckdb`: DuckDB names the database after it.
    """
    with duckdb.connect(str(database), config={"threads": 1}) as connection:
        load_spatial(connection)
        connection.execute(statement("build/attach_memory"))
        connection.execute(statement("build/use_memory"))
        _define_views(connection, str(items))
        for name in TABLES:
            connection.execute(statement(f"build/table_{name}"))
        connection.execute(statement("build/use_catalog"))
        _define(connection, "functions", "macros")


def open_database(database: Path) -> duckdb.DuckDBPyConnection:
    """Open `catalog.duckdb` for reading."""
    try:
        connection = duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        raise QueryError(
            f"{database} cannot be opened: {error}; run `sen12ms index` again"
        ) from error
    load_spatial(connection)
    return connection


def open_items(items: str) -> duckdb.DuckDBPyConnection:
    """The views and macros over a bare `items.parquet`, at a path or URL."""
    connection = duckdb.connect()
    load_spatial(connection)
    _define_views(connection, items)
    _define(connection, "macros")
    return connection


def open_cursor(connection: duckdb.DuckDBPyConnection, items: str) -> duckdb.DuckDBPyConnection:
    """A connection of its own for one thread.

    It is told where the files are, since DuckDB keeps variables by connection.
    """
    cursor = connection.cursor()
    _set_files(cursor, items)
    return cursor


def ask(cursor: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The answer of a user's query; an empty one for a statement without rows.

    Raises
    ------
    QueryError
        If DuckDB refuses it.
    """
    try:
        answer = cursor.sql(query)
    except duckdb.Error as error:
        raise QueryError(f"DuckDB refuses the query: {error}") from error
    if answer is None:
        raise QueryError(f"{query[:60]!r} has no answer: write a query, such as FROM patches")
    return answer


def _set_files(connection: duckdb.DuckDBPyConnection, items: str) -> None:
    connection.execute(statement("build/set_items"), {"items": items})
    connection.execute(statement("build/set_data"), {"data": str(DATA)})


def _define_views(connection: duckdb.DuckDBPyConnection, items: str) -> None:
    _set_files(connection, items)
    _define(connection, "functions", "views")


def _define(connection: duckdb.DuckDBPyConnection, *folders: str) -> None:
    for folder in folders:
        for text in statements(folder):
            connection.execute(text)


def load_spatial(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's extension `spatial`: from its wheel, or else from DuckDB's own repository.

    Raises
    ------
    QueryError
        If neither works.
    """
    try:
        extension = _spatial_file()
        if extension is not None:
            connection.load_extension(str(extension))
        else:
            connection.install_extension("spatial")
            connection.load_extension("spatial")
    except duckdb.Error as error:
        raise QueryError(
            f"DuckDB's extension spatial cannot be loaded: {error}; "
            f"pip install duckdb-extension-spatial=={duckdb.__version__}"
        ) from error


def _spatial_file() -> Path | None:
    spec = find_spec("duckdb_extension_spatial")
    if spec is None or spec.origin is None:
        return None
    name = f"extensions/v{duckdb.__version__}/spatial.duckdb_extension"
    path = Path(spec.origin).parent / name
    return path if path.is_file() else None
