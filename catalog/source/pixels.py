"""Pixels as arrays: straight from the bytes of a plain file, else through rasterio."""

from __future__ import annotations

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
from catalog.source.read_file import MOST_BYTES, read_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import Grid

_GDAL: Final = ("/vsi", "file://")
"""How names start that only GDAL understands."""


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
            if path.startswith(_GDAL):
                return _read_with_rasterio(path)
            return self._decoded(*read_start(path, MOST_BYTES))
        except UnreadableError as error:
            raise FileError(f"{path} {error}") from error
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error.strerror or error}") from error

    def _decoded(self, data: bytes, size: int) -> Raster:
        if size > MOST_BYTES:
            raise UnreadableError(f"is not a patch: it has {size:,} bytes")
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
