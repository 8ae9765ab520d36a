"""One file, on disk or in an archive, to what the catalog keeps of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rasterio.io import MemoryFile

from catalog.model import FileRecord
from catalog.source.header import HEAD_BYTES, HeaderReader, UnreadableError
from catalog.source.landcover import counts_from_buffer, counts_from_rasterio, is_countable

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import Grid, RasterHeader
    from catalog.source.tree import FoundFile

_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
MOST_BYTES: Final = 64 << 20
"""A file that is read whole is no larger: no patch is."""


class FileReader:
    """Reads files of a dataset; headers that are written alike are parsed once."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.headers = HeaderReader()
        """The headers that were read."""

    def read(self, file: FoundFile) -> FileRecord:
        """Read a file on disk."""
        try:
            return self._read_from_disk(file)
        except UnreadableError as error:
            return _rejected(file, str(error))
        except OSError as error:
            return _rejected(file, f"cannot be read: {error.strerror}")

    def read_member(self, file: FoundFile, read: Callable[[int], bytes]) -> FileRecord:
        """Read a member of an archive.

        Parameters
        ----------
        file : FoundFile
            Where it is.
        read : callable
            Gives so many of its next bytes. Only the header is taken of a plain file whose pixels
            are not counted.
        """
        try:
            if file.sensor == self._dataset.classified:
                return self._read_from_memory(file, read(_checked_size(file)))
            head = read(min(file.size, HEAD_BYTES))
            if self.headers.understood(head, file.size) is None:
                head += read(_checked_size(file) - len(head))
            return self._read_from_memory(file, head)
        except UnreadableError as error:
            return _rejected(file, str(error))

    def _read_from_disk(self, file: FoundFile) -> FileRecord:
        counted = file.sensor == self._dataset.classified
        data, size = read_start(file.path, file.size if counted else HEAD_BYTES)
        return _record(file, size, *self._read_content(file.path, file.sensor, data, size))

    def _read_from_memory(self, file: FoundFile, data: bytes) -> FileRecord:
        """Like a file on disk; GDAL is shown the bytes where our own parser is not enough."""
        header = self.headers.understood(data[:HEAD_BYTES], file.size)
        enough = header is not None and (
            file.sensor != self._dataset.classified or is_countable(header)
        )
        if enough or not data:
            content = self._read_content(file.path, file.sensor, data, file.size)
            return _record(file, file.size, *content)
        with MemoryFile(data) as memory:
            try:
                content = self._read_content(memory.name, file.sensor, data, file.size)
            except UnreadableError as error:
                raise UnreadableError(str(error).replace(memory.name, file.path)) from error
        return _record(file, file.size, *content)

    def _read_content(
        self, path: str, sensor: str, data: bytes, size: int
    ) -> tuple[Grid, NDArray[np.int32] | None]:
        header = self.headers.read(path, data[:HEAD_BYTES], size)
        check_layout(header, self._dataset, sensor)
        counted = sensor == self._dataset.classified
        return header.grid, _counts(path, data, header) if counted else None


def read_start(path: str, most: int) -> tuple[bytes, int]:
    """The first bytes of a file on disk, no more than `MOST_BYTES`, and its size."""
    descriptor = os.open(path, _READ_ONLY)
    try:
        return os.read(descriptor, min(most, MOST_BYTES)), os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


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


def _counts(path: str, data: bytes, header: RasterHeader) -> NDArray[np.int32]:
    counts = counts_from_buffer(data, header) if header.data_end <= len(data) else None
    return counts_from_rasterio(path) if counts is None else counts


def _checked_size(file: FoundFile) -> int:
    if file.size > MOST_BYTES:
        raise UnreadableError(f"is no patch: it has {file.size:,} bytes")
    return file.size


def _record(file: FoundFile, size: int, grid: Grid, counts: NDArray[np.int32] | None) -> FileRecord:
    return FileRecord(file.key, file.sensor, file.path, size, grid, counts, None)


def _rejected(file: FoundFile, reason: str) -> FileRecord:
    return FileRecord(file.key, file.sensor, file.path, file.size, None, None, reason)
