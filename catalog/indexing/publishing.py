"""A catalog into a bucket of an object store, file by file, as far as they changed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from catalog.errors import CatalogNotFoundError, OutputError
from catalog.model import is_url, is_web
from catalog.source.stores import at_once, delete, listed, put
from catalog.stac.collection import GEOJSON, PARQUET
from catalog.store import staging
from catalog.store.integrity import damaged_files
from catalog.store.report import read_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.source.stores import RemoteFile

_IN_FLIGHT: Final = 64
_TYPES: Final = {
    ".css": "text/css",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".parquet": PARQUET,
    ".png": "image/png",
    ".txt": "text/plain",
}
"""Content types by suffix."""
_LAST: Final = (staging.ITEMS, staging.DATABASE, staging.REPORT, staging.CHECKSUMS, staging.CATALOG)
"""What readers open first is written last, so that what it leads to is there."""


@dataclass(frozen=True, slots=True)
class Published:
    """What `publish` did, or would do."""

    url: str
    """Where the catalog is."""
    files: int
    """Files that were not there, or were others."""
    bytes: int
    """Their bytes."""
    present: int
    """Files that were there already, the same."""
    gone: int
    """Files of an older catalog that are there, and not in this one."""
    deleted: int
    """How many of them were deleted."""
    is_local: bool
    """Whether the catalog names files of the dataset by their paths on this machine."""


def publish(
    out: str | os.PathLike[str],
    url: str,
    *,
    prune: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Published:
    """Upload a catalog to an object store; `Catalog.open(url)` opens it there.

    A file that is there with the same MD5, which most stores give as its entity tag, is not
    uploaded again: so a run that was stopped goes on, and a later one uploads what changed.
    `catalog.json` is written last.

    Parameters
    ----------
    out : path
        The folder that `index` wrote.
    url : str
        Where it goes: `s3://BUCKET/FOLDER`, also `gs://` or `az://`.
    prune : bool
        Whether files of an older catalog that this one has not are deleted there at the end.
    dry_run : bool
        Whether only to count.
    progress : callable, optional
        Told bytes uploaded and in all.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog, or it is damaged, or the bucket cannot be listed.
    OutputError
        If the URL is not of an object store, or it refuses a file.
    StoreError
        If the store does not answer.
    MissingExtraError
        If obstore is not installed.
    """
    if not is_url(url) or is_web(url) or not urlsplit(url).netloc:
        raise OutputError(
            f"{url!r} cannot be written to: give the URL of a store, s3://BUCKET/FOLDER"
        )
    url, folder = url.rstrip("/"), Path(out)
    report = read_report(folder)
    for name, problem in damaged_files(folder).items():
        raise CatalogNotFoundError(f"{folder / name} {problem}")
    sizes = {name: os.stat(folder / name).st_size for name in _names(folder)}
    there = {file.url.removeprefix(f"{url}/"): file for file in listed(url)}
    changed = [name for name in sizes if not _is_same(folder / name, sizes[name], there.get(name))]
    gone = [name for name in sorted(there.keys() - sizes.keys()) if staging.is_own(name)]
    if not dry_run:
        _upload(folder, url, {name: sizes[name] for name in changed}, progress)
        if prune:
            delete(f"{url}/{name}" for name in gone)
    return Published(
        url,
        len(changed),
        sum(sizes[name] for name in changed),
        len(sizes) - len(changed),
        len(gone),
        0 if dry_run or not prune else len(gone),
        not is_url(report.href_base or report.href_start),
    )


def _names(folder: Path) -> Iterator[str]:
    """Paths of all files below a catalog's folder, in the order in which they are uploaded."""
    for path, _, names in sorted(os.walk(folder)):
        below = Path(path).relative_to(folder)
        files = ((below / name).as_posix() for name in sorted(names))
        yield from (name for name in files if name not in _LAST)
    yield from (name for name in _LAST if (folder / name).is_file())


def _is_same(path: Path, size: int, there: RemoteFile | None) -> bool:
    if there is None or there.size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest() == there.e_tag


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _upload(
    folder: Path, url: str, sizes: dict[str, int], progress: Callable[[int, int], None] | None
) -> None:
    """Upload files: those of `_LAST` when all others are there, one after the other."""

    def send(name: str) -> int:
        put(f"{url}/{name}", (folder / name).read_bytes(), _content_type(name))
        return sizes[name]

    total, done = sum(sizes.values()), 0
    first = [name for name in sizes if name not in _LAST]
    last = [name for name in sizes if name in _LAST]
    try:
        for names, in_flight in ((first, _IN_FLIGHT), (last, 1)):
            for size in at_once(send, names, in_flight):
                done += size
                if progress:
                    progress(done, total)
    except OSError as error:
        raise OutputError(f"{url} cannot be written: {error.strerror}") from error


def _content_type(name: str) -> str:
    folder, _, file = name.rpartition("/")
    is_item = folder.count("/") > 1 and file != staging.CATALOG and not folder.startswith("map")
    suffix = Path(file).suffix
    return (
        GEOJSON if is_item and suffix == ".json" else _TYPES.get(suffix, "application/octet-stream")
    )
