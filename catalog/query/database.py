"""Connections to a catalog, and `catalog.duckdb`, which any DuckDB client can open."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb

from catalog.datasets import DEFINITIONS, SEN12MS, dataset_of_table
from catalog.datasets.load import CLASSES
from catalog.errors import OutputError, QueryError
from catalog.model import UNMOVED, is_url
from catalog.query.extensions import first_line, load_extension, wheel_settings
from catalog.query.generated import definition, definitions
from catalog.query.literals import filled, flaw_of
from catalog.query.statements import statement, statement_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.datasets import Dataset
    from catalog.model import Rebase

MEMORY: Final = "4GB"
"""What a query may use; beyond that it goes to temporary files."""
_MEMORY_TO_BUILD: Final = "512MB"
"""Enough to write `catalog.duckdb`: `index` needs no more at its end than while it reads."""
_REGION_TABLES: Final = ("regions.parquet", "region_aliases.csv", "region_groups.csv")
_OWN, _CATALOG = "memory", "catalog"
"""Databases: what is this process's alone, and the catalog."""

_EXPLAIN: Final = re.compile(r"\A\s*EXPLAIN\s+(?:ANALYZE\s+|\([\w\s,]*\)\s*)?", re.IGNORECASE)


class Opened(NamedTuple):
    """A locked connection, and what each cursor of it must be told."""

    connection: duckdb.DuckDBPyConnection
    """Where questions are asked."""
    items: str
    """Path or URL of the footprint table."""
    dataset: Dataset
    """What the catalog holds."""
    has_files: bool
    """Whether it has the views that are read from the table: sizes of files."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one thread: DuckDB keeps variables and paths by connection.

        Raises
        ------
        QueryError
            If the connection is closed.
        """
        try:
            cursor = self.connection.cursor()
            _prepare(cursor, self.items, self.dataset)
        except duckdb.ConnectionException as error:
            raise QueryError("the catalog is closed: open it again") from error
        return cursor


def made_from(opened: Opened) -> str | None:
    """SHA-256 of the `items.parquet` that an opened `catalog.duckdb` is made from, in hexadecimal.

    None if the database does not say so: `index` did not write it.
    """
    try:
        row = opened.connection.execute(statement("build/made_from")).fetchone()
    except duckdb.Error:
        return None
    return None if row is None else str(row[0])


def all_definitions(dataset: Dataset) -> list[str]:
    """All statements that `catalog.duckdb` is made with: another one means another database."""
    build = [statement(name) for name in statement_names("build")]
    return [*definitions(dataset, "functions", "views", "macros"), *build]


def build_database(items: Path, database: Path, dataset: Dataset = SEN12MS) -> None:
    """Write `catalog.duckdb`: the views as tables, and the macros.

    Parameters
    ----------
    items : Path
        `items.parquet`, which it is derived from.
    database : Path
        The file to write.
    dataset : Dataset
        What the table holds.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        with _new_instance("spatial", threads=1, memory_limit=_MEMORY_TO_BUILD) as connection:
            _prepare(connection, str(items), dataset, _OWN)
            _define(connection, dataset, "functions", "views")
            connection.execute(filled(statement("build/attach_new"), path=str(database)))
            connection.execute(statement("build/tables"))
            _prepare(connection, str(items), dataset, _CATALOG)
            _define(connection, dataset, "functions", "macros")
            connection.execute(statement("build/finish"))
    except duckdb.Error as error:
        raise OutputError(f"{database} cannot be written: {first_line(error)}") from error


def open_database(
    database: str | Path,
    items: str | None = None,
    dataset: Dataset | None = None,
    moved: Rebase = UNMOVED,
) -> Opened:
    """Open `catalog.duckdb` for questions, and for nothing else.

    Parameters
    ----------
    database : path or URL
        The file.
    items : str, optional
        The table that it was made from, which knows the sizes of files; by default the one beside
        it.
    dataset : Dataset, optional
        What it holds; by default what the column `collection` of the table says.
    moved : Rebase, optional
        Where the files of the dataset are now: `patches` gives these paths.

    Raises
    ------
    QueryError
        If it is missing, not a database, or of another version of DuckDB.
    """
    items = items or str(Path(database).with_name("items.parquet"))
    connection = _connected(str(database))
    try:
        connection.execute(filled(statement("build/attach"), path=str(database)))
        dataset = dataset or _dataset_of(connection, items)
        _prepare(connection, items, dataset)
        _move(connection, dataset, moved)
    except (duckdb.Error, KeyError) as error:
        connection.close()
        raise QueryError(
            f"{database} cannot be opened: {first_line(error)}; run `sen12ms index` again"
        ) from error
    _lock(connection, items, dataset)
    return Opened(connection, items, dataset, has_files=False)


def open_items(items: str, dataset: Dataset | None = None, moved: Rebase = UNMOVED) -> Opened:
    """The views and macros over a bare `items.parquet`, at a path or URL.

    Parameters
    ----------
    items : str
        The table.
    dataset : Dataset, optional
        What it holds; by default what its column `collection` says.
    moved : Rebase, optional
        Where the files of the dataset are now: `patches` gives these paths.

    Raises
    ------
    QueryError
        If it cannot be read, or is another kind of table.
    """
    connection = _connected(items)
    try:
        dataset = dataset or _dataset_of(connection, items)
        connection.execute(filled(statement("build/attach_new"), path=":memory:"))
        _prepare(connection, items, dataset, _CATALOG)
        _define(connection, dataset, "functions", "views", "macros")
        _move(connection, dataset, moved)
    except (duckdb.Error, KeyError) as error:
        connection.close()
        raise QueryError(
            f"{items} is not a table of a dataset that can be read: {first_line(error)} (of what "
            "`select` writes, --format stac-geoparquet can be opened)"
        ) from error
    _lock(connection, items, dataset)
    return Opened(connection, items, dataset, has_files=True)


def define_files(cursor: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Define the views over `items.parquet` that an opened `catalog.duckdb` has not."""
    for name in ("views/10_items", "views/80_file_sizes"):
        cursor.execute(definition(dataset, name))


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
    if flaw := flaw_of(query):
        raise QueryError(f"{query[:60]!r} {flaw}")
    try:
        # DuckDB would run whatever EXPLAIN ANALYZE explains.
        kinds = [parsed.type for parsed in duckdb.extract_statements(_EXPLAIN.sub("", query))]
        if len(kinds) > 1:
            raise QueryError(
                f"{query[:60]!r} holds {len(kinds)} statements: ask one query at a time"
            )
        if kinds != [duckdb.StatementType.SELECT]:
            raise QueryError(
                f"{query[:60]!r} is not a query: a catalog is only read, such as by 'FROM scenes'"
            )
        answer = cursor.sql(query)
    except (duckdb.Error, UnicodeError) as error:
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
        **wheel_settings(*extensions),
        "memory_limit": MEMORY,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"sen12ms-catalog-{uuid4().hex}"),
        **config,
    }
    connection = duckdb.connect(config=settings)
    with suppress(duckdb.InvalidInputException):  # in Jupyter without ipywidgets there is no bar
        connection.execute(statement("build/no_progress"))
    for name in extensions:
        load_extension(connection, name)
    return connection


def _connected(path: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB that can read a file, on disk or at a URL."""
    if not is_url(path):
        return _new_instance("spatial")
    connection = _new_instance("spatial", "httpfs")
    if path.startswith("s3://"):
        connection.execute(filled(statement("build/secret"), **_store_settings()))
    return connection


def _store_settings() -> dict[str, str | bool]:
    """What the environment says of object stores, as DuckDB calls it."""
    variables = os.environ
    endpoint = variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL")
    address = urlsplit(endpoint or "https://s3.amazonaws.com")
    names = {"key_id": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY"}
    public = variables.get("AWS_SKIP_SIGNATURE", "").lower() in {"1", "true", "yes"}
    keys = {name: "" if public else variables.get(named, "") for name, named in names.items()}
    return {
        **keys,
        "session_token": "" if public else variables.get("AWS_SESSION_TOKEN", ""),
        "region": variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or "us-east-1",
        "endpoint": address.netloc,
        "use_ssl": address.scheme == "https",
        "requester_pays": bool(variables.get("AWS_REQUEST_PAYER")),
    }


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    items: str,
    dataset: Dataset,
    databases: str = f"{_OWN},{_CATALOG}",
) -> None:
    """Tell a connection where its files are, and where names are looked up."""
    values = _files(items, dataset)
    connection.execute(filled(statement("build/cursor"), databases=databases, **values))


def _move(connection: duckdb.DuckDBPyConnection, dataset: Dataset, moved: Rebase) -> None:
    """Let `patches` give the paths that files have now."""
    if moved != UNMOVED:
        view = definition(dataset, "build/moved_patches")
        connection.execute(filled(view, old=moved.old, new=moved.new))


def _files(items: str, dataset: Dataset) -> dict[str, str]:
    beside = Path(items).with_name("members.parquet")
    found = "://" not in items and beside.is_file()
    return {
        "items": items,
        "members": str(beside if found else files("catalog") / "store" / "no_members.parquet"),
        "regions": str(files("catalog") / "regions"),
        "classes": str(DEFINITIONS / dataset.tables / CLASSES),
    }


def _lock(connection: duckdb.DuckDBPyConnection, items: str, dataset: Dataset) -> None:
    """No other file can be read, nothing written, attached or installed from here on."""
    values = _files(items, dataset)
    tables = [str(Path(values["regions"]) / name) for name in _REGION_TABLES]
    readable = [items, values["members"], values["classes"], *tables]
    connection.execute(filled(statement("build/lock"), files=readable))


def _dataset_of(connection: duckdb.DuckDBPyConnection, items: str) -> Dataset:
    query = filled(statement("queries/collection"), items=items)
    row = connection.execute(query).fetchone()
    return dataset_of_table(*row) if row else SEN12MS


def _define(connection: duckdb.DuckDBPyConnection, dataset: Dataset, *folders: str) -> None:
    for text in definitions(dataset, *folders):
        connection.execute(text)
