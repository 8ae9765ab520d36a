"""Pixels as arrays: straight from the bytes of a plain file, else through rasterio."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from catalog.errors import FileError
from catalog.source.header import (
    HeaderReader,
    UnreadableError,
    header_from_rasterio,
    opened,
    read_pixels,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import Grid

_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_MOST_BYTES: Final = 1 << 29
"""Far more than any patch has: what is larger is not read."""


class Raster(NamedTuple):
    """What one file holds."""

    pixels: NDArray[Any]
    """Bands, rows, columns, in the data type of the file; read-only, and seldom contiguous."""
    grid: Grid
    """CRS, shape and transform."""


class PixelReader:
    """Reads whole files; of those with the same header, GDAL reads the first."""

    def __init__(self) -> None:
        self._headers = HeaderReader()

    def read(self, path: str) -> Raster:
        """Read all bands of one file.

        Parameters
        ----------
        path : str
            A path, URL or GDAL `/vsi` name.

        Raises
        ------
        FileError
            If there is no such file, or it is truncated or not a GeoTIFF.
        """
        try:
            if "://" in path or path.startswith("/vsi"):
                return _read_with_rasterio(path)
            return self._read_file(path)
        except UnreadableError as error:
            raise FileError(f"{path} {error}") from error
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error.strerror or error}") from error

    def _read_file(self, path: str) -> Raster:
        descriptor = os.open(path, _READ_ONLY)
        try:
            size = os.fstat(descriptor).st_size
            if size > _MOST_BYTES:
                raise UnreadableError(f"is not a patch: it has {size:,} bytes")
            data = os.read(descriptor, size)
        finally:
            os.close(descriptor)
        header = self._headers.read(data)
        if header.data_offset is None:
            return _read_with_rasterio(data)
        shape = (*header.grid.shape, header.bands)
        kind = np.dtype(header.dtype).newbyteorder("<")
        pixels = np.frombuffer(data, kind, int(np.prod(shape)), header.data_offset)
        return Raster(np.moveaxis(pixels.reshape(shape), -1, 0), header.grid)


def _read_with_rasterio(file: str | bytes) -> Raster:
    header = header_from_rasterio(file)
    with opened(file) as source:
        return Raster(read_pixels(source), header.grid)
