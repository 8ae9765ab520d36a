"""Sessions from what lies on disk: opened, and opened again where a selection is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.datasets import DATASETS, SEN12MS, dataset_of_table
from catalog.errors import CatalogNotFoundError
from catalog.model import UNMOVED
from catalog.query.database import made_from, open_database, open_items
from catalog.query.session import Session
from catalog.store import staging
from catalog.store.geoparquet import column_names
from catalog.store.integrity import check_parts, file_sha256, foreign, recorded_sha256

if TYPE_CHECKING:
    from catalog.datasets import Dataset
    from catalog.model import Rebase

_MARKS: Final = (staging.REPORT, staging.CATALOG, staging.DATABASE)
"""Files that only a catalog has beside its table."""


def open_session(path: str, moved: Rebase = UNMOVED) -> Session:
    """Open a catalog, or a bare table, for questions.

    Parameters
    ----------
    path : str
        The folder that `index` wrote, or the path or URL of an `items.parquet`.
    moved : Rebase, optional
        Where the files of the dataset are now.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog, or its files do not belong together.
    """
    if path.endswith(".parquet"):
        path = f"./{path}" if path.startswith("~") else path  # DuckDB takes that for a home
        if "://" not in path and not Path(path).is_file():
            raise CatalogNotFoundError(f"there is no file {path}: name a catalog or its table")
        return Session(open_items(path))
    folder = Path(path)
    if "://" in path or not (folder / staging.ITEMS).is_file():
        raise CatalogNotFoundError(
            f"there is no catalog in {path}: make one with `sen12ms index ROOT -o OUT`"
        )
    if not any((folder / name).exists() for name in _MARKS):
        return Session(open_items(str(folder / staging.ITEMS)))  # what `extract` wrote
    check_parts(folder)
    items, database = str(folder / staging.ITEMS), folder / staging.DATABASE
    if not database.is_file():
        return Session(open_items(items, dataset_of(folder), moved), folder, moved)
    for _ in range(2):  # `index` may have put another catalog in its place in between
        opened = open_database(database, items, dataset_of(folder), moved)
        sha256 = recorded_sha256(folder, staging.ITEMS) or file_sha256(folder / staging.ITEMS)
        if sha256 == made_from(opened):
            return Session(opened, folder, moved)
        opened.connection.close()
    raise foreign(database)


def dataset_of(folder: Path) -> Dataset:
    """The dataset of a catalog: its collection lies in a folder of that name."""
    known = (each for each in DATASETS.values() if (folder / each.id).is_dir())
    dataset = next(known, SEN12MS)
    if dataset.legends or not (folder / staging.ITEMS).is_file():
        return dataset
    return dataset_of_table(dataset.id, column_names(folder / staging.ITEMS))
