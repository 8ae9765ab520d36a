"""DuckDB's extensions: from their wheels, so that everything works offline."""

from __future__ import annotations

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
            f"DuckDB's extension {name} cannot be loaded: {first_line(error)}; "
            f"pip install duckdb-extension-{name}=={duckdb.__version__}"
        ) from error


def wheel_settings(*names: str) -> dict[str, bool]:
    """Settings of a connection that is to load these extensions.

    DuckDB would verify a signature over all bytes of an extension whenever it is loaded, which
    takes 0.2 s for `spatial`. Where all come from wheels, the installer has verified them.
    """
    return {"allow_unsigned_extensions": all(_wheel_file(name) for name in names)}


def first_line(error: Exception) -> str:
    """What an error says first: DuckDB goes on with advice and positions.

    What SQL's `error` says is given as it is, without the class that DuckDB puts before it.
    """
    return str(error).strip().partition("\n")[0].removeprefix("Invalid Input Error: ")


def _wheel_file(name: str) -> Path | None:
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    path = folder / f"{name}.duckdb_extension"
    return path if path.is_file() else None
