"""A catalog's folder, replaced as a whole: readers see the old one or the new one, never a half."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from filelock import BaseFileLock, FileLock, Timeout

from catalog.datasets import DATASETS
from catalog.errors import CatalogError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.datasets import Dataset

CATALOG: Final = "catalog.json"
ITEMS: Final = "items.parquet"
PARTITIONS: Final = "items"
PARTITION_KEYS: Final = ("season", "continent", "scene")
"""What the table can be partitioned by."""
DATABASE: Final = "catalog.duckdb"
REPORT: Final = "report.json"
MEMBERS: Final = "members.parquet"
ARCHIVES: Final = "archives"
ARCHIVE_LIST: Final = f"{ARCHIVES}/archives.json"
CHECKSUMS: Final = "checksums.sha256"
PAGE: Final = "index.html"
MAP: Final = "map"
ABOUT: Final = f"{MAP}/about.json"
_OWN: Final = frozenset(
    {CATALOG, ITEMS, PARTITIONS, DATABASE, REPORT, MEMBERS, ARCHIVES, CHECKSUMS, PAGE, MAP}
    | {*DATASETS}
)
_REFUSALS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
    | {errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
)


def is_own(path: str) -> bool:
    """Whether a path below a catalog's folder is of a kind that `index` writes."""
    return path.partition("/")[0] in _OWN


def beside(out: Path, suffix: str) -> Path:
    """A working path next to the catalog, such as `OUT.journal`."""
    return out.with_name(f"{out.name}.{suffix}")


def partition_files(folder: Path) -> list[str]:
    """All files in the folder of partitions, as paths below that of the catalog."""
    found = (path for path in (folder / PARTITIONS).rglob("*") if not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


@contextmanager
def exclusive(out: Path, dataset: Dataset) -> Iterator[None]:
    """Hold the right to write a catalog, and finish what a killed run left between two renames.

    Parameters
    ----------
    out : Path
        The catalog's folder.
    dataset : Dataset
        What it is to hold: a catalog of this or of any other known dataset is replaced.

    Raises
    ------
    OutputError
        If another run holds it, the folder holds anything that `index` did not write, or the disk
        is full or refuses; the old catalog stays as it was.
    """
    lock = FileLock(beside(out, "lock"))
    partial, previous = beside(out, "partial"), beside(out, "previous")
    _acquire(lock, out)
    try:
        for folder in (out, partial, previous):
            _check_own(folder, dataset)
        _put_back(previous, out)
        yield
    except CatalogError:
        raise
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        refused = error.filename or out
        raise OutputError(f"{refused} cannot be written: {os.strerror(error.errno)}") from error
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except PermissionError as error:
        refused = error.filename or lock.lock_file
        raise OutputError(
            f"{refused} cannot be written: {error.strerror}; in a folder that several users share, "
            "`umask 002` lets each of them write the catalog"
        ) from error
    except Timeout as error:
        if not os.path.exists(lock.lock_file):
            raise OutputError(
                f"{out} cannot be written: {lock.lock_file} cannot be made beside it; name another "
                "folder"
            ) from error
        raise OutputError(
            f"{out} is being written by another run: wait until it is done"
        ) from error
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}") from error


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """An empty folder to write a catalog into; it takes the place of `out` when all went well."""
    partial, previous = beside(out, "partial"), beside(out, "previous")
    try:
        _remove(partial)
        _remove(previous)
        partial.mkdir(parents=True)
        yield partial
        if out.exists():
            os.replace(out, previous)
        os.replace(partial, out)
        _remove(previous)
    finally:
        _remove(partial)
        _put_back(previous, out)


def _check_own(out: Path, dataset: Dataset) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file: name a folder for the catalog")
    foreign = sorted(
        path.name for path in out.iterdir() if _own_name(path.name) not in {*_OWN, dataset.id}
    ) + sorted(_foreign_partitions(out))
    if foreign:
        raise OutputError(
            f"{out} holds {foreign[0]!r}, which is no part of a catalog: name a new folder, or "
            "move it"
        )


def _foreign_partitions(out: Path) -> Iterator[str]:
    """What is in place of partitions, or among them: other folders may well have that name."""
    folder = out / PARTITIONS
    if folder.exists() and not folder.is_dir():
        yield PARTITIONS
    for path in folder.glob("*"):
        if not (path.is_dir() and path.name.partition("=")[0] in PARTITION_KEYS):
            yield f"{PARTITIONS}/{path.name}"


def _own_name(name: str) -> str:
    """The name of the file that may leave this one when `index` is killed half-way."""
    return name.removesuffix(".partial").removesuffix(".wal").removesuffix(".tmp")


def _put_back(previous: Path, out: Path) -> None:
    """Undo the first of two renames, if the second one was not done."""
    if previous.exists() and not out.exists():
        os.replace(previous, out)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
