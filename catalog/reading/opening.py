"""Sessions from what lies on disk: opened, and opened again where a selection is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.datasets import DATASETS, SEN12MS, dataset_of_table
from catalog.errors import CatalogNotFoundError
from catalog.model import UNMOVED, is_url, is_web
from catalog.query.database import made_from, open_database, open_items
from catalog.query.session import Session
from catalog.source.stores import read_remote
from catalog.store import staging
from catalog.store.geoparquet import column_names
from catalog.store.integrity import (
    check_parts,
    file_sha256,
    foreign,
    recorded_from_text,
    recorded_sha256,
)
from catalog.store.report import read_report, report_from_json

if TYPE_CHECKING:
    from catalog.datasets import Dataset
    from catalog.model import Rebase
    from catalog.store.report import Report

_MARKS: Final = (staging.REPORT, staging.CATALOG, staging.DATABASE)
"""Files that only a catalog has beside its table."""


def open_session(path: str, moved: Rebase = UNMOVED) -> Session:
    """Open a catalog, or a bare table, for questions.

    Parameters
    ----------
    path : str
        The folder that `index` wrote, or its URL; or the path or URL of an `items.parquet`.
    moved : Rebase, optional
        Where the files of the dataset are now.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog, or its files do not belong together.
    StoreError
        If a server does not answer.
    """
    if is_url(path) and not (is_web(path) or path.startswith("s3://")):
        raise CatalogNotFoundError(
            f"{path} is in a kind of store that DuckDB does not read here: give its https:// URL"
        )
    if path.endswith(".parquet"):
        path = f"./{path}" if path.startswith("~") else path  # DuckDB takes that for a home
        if not (is_url(path) or Path(path).is_file()):
            raise CatalogNotFoundError(f"there is no file {path}: name a catalog or its table")
        return Session(open_items(path))
    if is_url(path):
        return _open_published(path.rstrip("/"), moved)
    return _open_folder(Path(path), moved)


def _open_folder(folder: Path, moved: Rebase) -> Session:
    """Open a catalog on disk."""
    if not (folder / staging.ITEMS).is_file():
        raise CatalogNotFoundError(
            f"there is no catalog in {folder}: make one with `sen12ms index ROOT -o OUT`"
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


def _open_published(url: str, moved: Rebase) -> Session:
    """Open a catalog at a URL, whose database and table DuckDB reads in parts."""
    database, items = f"{url}/{staging.DATABASE}", f"{url}/{staging.ITEMS}"
    try:
        recorded = recorded_from_text(read_remote(f"{url}/{staging.CHECKSUMS}").data.decode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its checksums cannot be understood"
        raise CatalogNotFoundError(
            f"there is no catalog at {url} ({reason}): publish one with `sen12ms publish OUT URL`"
        ) from error
    opened = open_database(database, items, moved=moved)
    if made_from(opened) not in recorded.get(staging.ITEMS, []):
        opened.connection.close()
        raise CatalogNotFoundError(
            f"{database} does not belong to the other files of the catalog: publish it again"
        )
    return Session(opened, moved=moved, url=url)


def report_of(folder: str) -> Report:
    """The report of a catalog, on disk or at a URL.

    Raises
    ------
    CatalogNotFoundError
        If there is none, or it cannot be understood.
    """
    if not is_url(folder):
        return read_report(Path(folder))
    path = f"{folder.rstrip('/')}/{staging.REPORT}"
    try:
        content = read_remote(path).data
    except OSError as error:
        raise CatalogNotFoundError(f"{path} cannot be read: it {error.strerror}") from error
    return report_from_json(content, path)


def dataset_of(folder: Path) -> Dataset:
    """The dataset of a catalog: its collection lies in a folder of that name."""
    known = (each for each in DATASETS.values() if (folder / each.id).is_dir())
    dataset = next(known, SEN12MS)
    if dataset.legends or not (folder / staging.ITEMS).is_file():
        return dataset
    return dataset_of_table(dataset.id, column_names(folder / staging.ITEMS))
