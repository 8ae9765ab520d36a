"""DuckDB's extensions: from their wheels, so that everything works offline."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import duckdb

from catalog.errors import QueryError


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel, or else from DuckDB's own repository.

    Raises
    ------
    QueryError
        If neither works; the message says why, and what to install.
    """
    try:
        wheel = _wheel_file(name)
        if wheel is not None:
            connection.load_extension(str(wheel))
        else:
            connection.install_extension(name)
            connection.load_extension(name)
    except duckdb.Error as error:
        raise QueryError(
            f"DuckDB's extension {name} cannot be loaded: {first_line(error)}; {_advice(name)}"
        ) from error


def extension_settings(*names: str) -> dict[str, bool | str]:
    """Settings of a connection that is to load these extensions.

    DuckDB would verify a signature over all bytes of an extension whenever it is loaded, which
    takes 0.2 s for `spatial`. Where all come from wheels, the installer has verified them.
    Where one must be installed, that is into the user's folder, never beside the catalog.

    Raises
    ------
    QueryError
        If one must be installed, and the user has no home folder.
    """
    missing = [name for name in names if _wheel_file(name) is None]
    if not missing:
        return {"allow_unsigned_extensions": True}
    folder = os.path.expanduser("~/.duckdb/extensions")
    if not os.path.isabs(folder):
        raise QueryError(
            f"DuckDB's extension {missing[0]} has no home folder to be installed into; "
            f"{_advice(missing[0])}"
        )
    return {"extension_directory": folder}


def _advice(name: str) -> str:
    return f"pip install duckdb-extension-{name}=={duckdb.__version__}"


def first_line(error: Exception) -> str:
    """What an error says first: DuckDB goes on with advice and positions."""
    return str(error).strip().partition("\n")[0]


def _wheel_file(name: str) -> Path | None:
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    path = folder / f"{name}.duckdb_extension"
    return path if path.is_file() else None
