"""Pixels as arrays: straight from the bytes of a plain file, else through rasterio."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from catalog.errors import FileError
from catalog.source.header import HEAD_BYTES, HeaderReader, UnreadableError, header_from_rasterio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import Grid

_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class Raster(NamedTuple):
    """What one file holds."""

    pixels: NDArray[Any]
    """Bands, rows, columns, in the data type of the file; read-only, and seldom contiguous."""
    grid: Grid
    """CRS, shape and transform."""


class PixelReader:
    """Reads whole files; headers that are written alike are parsed once."""

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
            If there is no such file, or it is truncated or no GeoTIFF.
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
            data = os.read(descriptor, size)
        finally:
            os.close(descriptor)
        header = self._headers.read(path, data[:HEAD_BYTES], len(data))
        if header.data_offset is None:
            return _read_with_rasterio(path)
        shape = (*header.grid.shape, header.bands)
        kind = np.dtype(header.dtype).newbyteorder("<")
        pixels = np.frombuffer(data, kind, int(np.prod(shape)), header.data_offset)
        return Raster(np.moveaxis(pixels.reshape(shape), -1, 0), header.grid)


def _read_with_rasterio(path: str) -> Raster:
    header = header_from_rasterio(path)
    try:
        with rasterio.open(path) as source:
            return Raster(source.read(), header.grid)
    except RasterioError as error:
        raise UnreadableError(f"has pixels that GDAL cannot read: {error}") from error
