"""Connections to a catalog, and `catalog.duckdb`, which any DuckDB client can open."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import duckdb

from catalog.errors import OutputError, QueryError
from catalog.query.extensions import extension_settings, first_line, load_extension
from catalog.query.statements import statement, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES: Final = (
    "patches",
    "scenes",
    "landcover_classes",
    "regions",
    "region_names",
    "members",
)
"""The views that `catalog.duckdb` keeps as tables."""
MEMORY: Final = "4GB"
"""What a query may use; beyond that it goes to temporary files."""
_MEMORY_TO_BUILD: Final = "512MB"
"""Enough to write `catalog.duckdb`: `index` needs no more at its end than while it reads."""

_EXPLAIN: Final = re.compile(r"\A\s*EXPLAIN\s+(?:ANALYZE\s+|\([\w\s,]*\)\s*)?", re.IGNORECASE)


def definitions() -> tuple[str, ...]:
    """All statements that `catalog.duckdb` is made with: another one means another database."""
    folders = ("functions", "views", "build", "macros")
    return tuple(text for folder in folders for text in statements(folder))


def build_database(items: Path, database: Path) -> None:
    """Write `catalog.duckdb`: the views as tables, and the macros.

    Parameters
    ----------
    items : Path
        `items.parquet`, which it is derived from.
    database : Path
        The file to write, `catalog.duckdb`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    home = str(database.parent.absolute())
    try:
        with _new_instance(
            "spatial", home_directory=home, threads=1, memory_limit=_MEMORY_TO_BUILD
        ) as connection:
            _build(connection, str(items))
    except duckdb.Error as error:
        raise OutputError(f"{database} cannot be written: {first_line(error)}") from error


def _build(connection: duckdb.DuckDBPyConnection, items: str) -> None:
    _define_views(connection, items)
    connection.execute(statement("build/attach_new"))
    for name in TABLES:
        connection.execute(statement(f"build/table_{name}"))
    connection.execute(statement("build/use_catalog"))
    _define(connection, "functions", "macros")
    connection.execute(statement("build/checkpoint"))


def open_database(database: Path, items: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open `catalog.duckdb` for questions, and for nothing else.

    Parameters
    ----------
    database : Path
        `catalog.duckdb`.
    items : str, optional
        The table beside it, to be read too: it knows the sizes of files.

    Raises
    ------
    QueryError
        If it is no database, or of another version of DuckDB.
    """
    connection = _new_instance("spatial", home_directory=str(database.parent.absolute()))
    try:
        connection.execute(statement("build/attach_catalog"))
        connection.execute(statement("build/use_catalog"))
        if items is not None:
            _set_files(connection, items)
            connection.execute(statement("build/allow_files"))
    except duckdb.Error as error:
        connection.close()
        raise QueryError(
            f"{database} cannot be opened: {first_line(error)}; run `sen12ms index` again"
        ) from error
    _lock(connection)
    return connection


def open_items(items: str) -> duckdb.DuckDBPyConnection:
    """The views and macros over a bare `items.parquet`, at a path or URL.

    Raises
    ------
    QueryError
        If it cannot be read, or is another kind of table.
    """
    connection = _new_instance("spatial", *(["httpfs"] if "://" in items else []))
    try:
        connection.execute(statement("build/attach_empty"))
        connection.execute(statement("build/use_catalog"))
        _define_views(connection, items)
        _define(connection, "macros")
        connection.execute(statement("build/allow_files"))
    except duckdb.Error as error:
        raise QueryError(
            f"{items} is no table of SEN12MS that can be read: {first_line(error)}"
        ) from error
    _lock(connection)
    return connection


def open_cursor(connection: duckdb.DuckDBPyConnection, items: str) -> duckdb.DuckDBPyConnection:
    """A connection of its own for one thread.

    DuckDB keeps by connection which database is meant and where the files are.
    """
    cursor = connection.cursor()
    cursor.execute(statement("build/use_catalog"))
    _set_files(cursor, items)
    return cursor


@contextmanager
def answering() -> Iterator[None]:
    """What goes wrong while an answer is fetched, as an error for users.

    Raises
    ------
    QueryError
        If DuckDB gives up.
    """
    try:
        yield
    except duckdb.Error as error:
        raise QueryError(f"DuckDB cannot answer: {first_line(error)}") from error


def ask(cursor: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The answer of a user's query.

    Raises
    ------
    QueryError
        If it is no query, or more than one, or DuckDB refuses it.
    """
    try:
        # DuckDB would run whatever EXPLAIN ANALYZE explains.
        kinds = [parsed.type for parsed in duckdb.extract_statements(_EXPLAIN.sub("", query))]
        if kinds != [duckdb.StatementType.SELECT]:
            raise QueryError(
                f"{query[:60]!r} is not one query: a catalog only answers, try 'FROM scenes'"
            )
        answer = cursor.sql(query)
    except duckdb.Error as error:
        raise QueryError(f"DuckDB refuses the query: {error}") from error
    if answer is None:
        raise QueryError(f"{query[:60]!r} has no answer: try 'FROM scenes'")
    return answer


def _new_instance(*extensions: str, **config: str | int) -> duckdb.DuckDBPyConnection:
    """A DuckDB that shares nothing with others of this process, which may have the same file open.

    Temporary files never go beside the catalog. DuckDB lets every query read the folder of
    temporary files: it is one of its own, made when it is needed.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        **extension_settings(*extensions),
        "memory_limit": MEMORY,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"sen12ms-catalog-{uuid4().hex}"),
        **config,
    }
    connection = duckdb.connect(config=settings)
    connection.execute(statement("build/no_progress"))
    for name in extensions:
        load_extension(connection, name)
    return connection


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    """No other file can be read, nothing written, attached or installed from here on."""
    connection.execute(statement("build/deny_access"))
    connection.execute(statement("build/lock_settings"))


def _set_files(connection: duckdb.DuckDBPyConnection, items: str) -> None:
    connection.execute(statement("build/set_items"), {"items": items})
    connection.execute(statement("build/set_data"), {"data": str(files("catalog"))})
    members = _members_beside(items)
    connection.execute(statement("build/set_members"), {"members": str(members)})


def _members_beside(items: str) -> Path:
    """The member table of a footprint table; an empty one if it has none."""
    beside = Path(items).with_name("members.parquet")
    found = "://" not in items and beside.is_file()
    return beside if found else Path(str(files("catalog") / "store" / "no_members.parquet"))


def _define_views(connection: duckdb.DuckDBPyConnection, items: str) -> None:
    _set_files(connection, items)
    _define(connection, "functions", "views")


def _define(connection: duckdb.DuckDBPyConnection, *folders: str) -> None:
    for folder in folders:
        for text in statements(folder):
            connection.execute(text)


def records(answer: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """All rows of an answer, as dicts."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
