"""One file, on disk or in an archive, to what the catalog keeps of it."""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Final

from catalog.model import FileRecord, is_url
from catalog.source.header import HEAD_BYTES, HeaderReader, UnreadableError
from catalog.source.landcover import read_counts
from catalog.source.stores import fetch, read_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import Grid, RasterHeader
    from catalog.source.tree import FoundFile, FoundFiles

_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
MOST_BYTES: Final = 64 << 20
"""A file that is read whole is no larger: no patch is."""


class FileReader:
    """Reads files of a dataset; of those with the same header, GDAL reads the first."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.headers = HeaderReader()
        """The headers that were read."""

    def read(self, file: FoundFile) -> FileRecord:
        """Read a file; whatever goes wrong is the reason why it is rejected."""
        try:
            data, size = read_start(file.path, MOST_BYTES)
        except OSError as error:
            return _rejected(file, f"cannot be read: {error.strerror}")
        return self._record(file._replace(size=size), data)

    def read_member(self, file: FoundFile, read: Callable[[int], bytes]) -> FileRecord:
        """Read a member of an archive; whatever it holds that is wrong is why it is rejected.

        Parameters
        ----------
        file : FoundFile
            Where it is.
        read : callable
            Gives so many of its next bytes; what it raises is not caught. Only the header is taken
            of a Sentinel file whose header is known.
        """
        if file.size > MOST_BYTES:
            return self._record(file, b"")
        data = read(file.size if self._is_counted(file) else min(file.size, HEAD_BYTES))
        if self.headers.known(data, file.size) is None:
            data += read(file.size - len(data))
        return self._record(file, data)

    def _record(self, file: FoundFile, data: bytes) -> FileRecord:
        try:
            grid, counts = self._read_content(file, data)
        except UnreadableError as error:
            return _rejected(file, str(error))
        except Exception as error:  # noqa: BLE001 - one file never ends a run
            return _rejected(file, f"cannot be read: {type(error).__name__}: {error}")
        return FileRecord(file.key, file.sensor, file.path, file.size, grid, counts, None)

    def _read_content(self, file: FoundFile, data: bytes) -> tuple[Grid, NDArray[np.int32] | None]:
        if file.size > MOST_BYTES:
            raise UnreadableError(f"is not a patch: it has {file.size:,} bytes")
        header = self.headers.read(data, file.size)
        check_layout(header, self._dataset, file.sensor)
        return header.grid, read_counts(data, header) if self._is_counted(file) else None

    def _is_counted(self, file: FoundFile) -> bool:
        return file.sensor == self._dataset.classified


def read_start(path: str, most: int) -> tuple[bytes, int]:
    """The first bytes of a file, no more than `MOST_BYTES`, and its size.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if is_url(path):
        return read_remote(path, min(most, MOST_BYTES))[:2]
    return _read_local_start(path, most)


def _read_local_start(path: str, most: int) -> tuple[bytes, int]:
    descriptor = os.open(path, _READ_ONLY)
    try:
        return os.read(descriptor, min(most, MOST_BYTES)), os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def read_starts(files: FoundFiles, most: Callable[[int], int]) -> Iterator[tuple[bytes, int]]:
    """The first bytes and the size of each of some files; nothing of one that cannot be read.

    Parameters
    ----------
    files : FoundFiles
        The files, on disk or at URLs; of these, many are read at the same time.
    most : callable
        How many bytes to read of a file of some size.
    """
    sizes = files.sizes.tolist()
    found = zip(files.paths, sizes, strict=True)
    for remote, some in groupby(found, lambda file: is_url(file[0])):
        if remote:
            wanted = ((path, max(most(size), HEAD_BYTES)) for path, size in some)
            for start in fetch(wanted):
                yield (b"", 0) if isinstance(start, OSError) else start[:2]
        else:
            for path, size in some:
                try:
                    yield _read_local_start(path, most(size))
                except OSError:
                    yield b"", 0


def check_layout(header: RasterHeader, dataset: Dataset, sensor: str) -> None:
    """Check that a file has the rows, columns and bands of a patch.

    Raises
    ------
    UnreadableError
        If it has others.
    """
    expected = (*dataset.shape, len(dataset.sensors[sensor].bands))
    found = (*header.grid.shape, header.bands)
    if found != expected:
        sizes = ["{} × {} pixels with {} bands".format(*numbers) for numbers in (found, expected)]
        raise UnreadableError(f"has {sizes[0]} where {sizes[1]} are expected")


def _rejected(file: FoundFile, reason: str) -> FileRecord:
    return FileRecord(file.key, file.sensor, file.path, file.size, None, None, reason)
