"""The SQL of this package: one statement a file, under `sql/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def sql_folder() -> Traversable:
    """The folder of the SQL files: inside an installed package, beside it in a checkout."""
    installed = files("catalog") / "sql"
    if installed.is_dir():
        return installed
    return Path(str(files("catalog"))).parent / "sql"


@cache
def statement(name: str) -> str:
    """One statement by its path without the ending, such as `queries/chosen_scenes`."""
    path = sql_folder().joinpath(*f"{name}.sql".split("/"))
    return path.read_text(encoding="utf-8")


@cache
def statement_names(folder: str) -> tuple[str, ...]:
    """Names of all statements of a folder, in the order of the file names."""
    paths = sql_folder().joinpath(folder).iterdir()
    names = sorted(path.name.removesuffix(".sql") for path in paths if path.name.endswith(".sql"))
    return tuple(f"{folder}/{name}" for name in names)
