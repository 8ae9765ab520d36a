"""Pixels of each land-cover class, counted at the speed of reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from rasterio.errors import RasterioError

from catalog.source.header import UnreadableError, opened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import RasterHeader

BANDS: Final = 4
CODES: Final = 256
"""Codes counted per band; larger pixel values, which no legend has, count as the last one."""

_BAND_START: Final = np.arange(BANDS, dtype=np.intp) * CODES


def count_codes(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Count the pixels of each code in each band.

    Land cover of 500 m, blown up to 10 m, comes in long runs of equal pixels. The four bands of a
    pixel are compared as one 32-bit number, and whole runs are counted at once.

    Parameters
    ----------
    pixels : uint8 array of shape (n, 4)
        Contiguous, in any order that keeps neighbours together.

    Returns
    -------
    int32 array of shape (4, 256)
        Pixels by band and code; each row sums to n.
    """
    words = pixels.view("<u4").ravel()
    (changes,) = np.not_equal(words[1:], words[:-1]).nonzero()
    ends = np.empty(changes.size + 1, np.intp)
    ends[:-1] = changes
    ends[-1] = words.size - 1
    lengths = np.diff(ends, prepend=-1)
    bins = words[ends].view(np.uint8).reshape(-1, BANDS) + _BAND_START
    counts = np.bincount(bins.ravel(), np.repeat(lengths, BANDS), BANDS * CODES)
    return counts.astype(np.int32).reshape(BANDS, CODES)


def counts_from_buffer(buffer: bytes, header: RasterHeader) -> NDArray[np.int32] | None:
    """Count straight from the bytes of a file, or None if its layout is not the plain one."""
    if header.data_offset is None or header.dtype != "uint8" or header.bands != BANDS:
        return None
    rows, columns = header.grid.shape
    size = rows * columns * BANDS
    pixels = np.frombuffer(buffer, np.uint8, size, header.data_offset)
    return count_codes(pixels.reshape(-1, BANDS))


def counts_from_rasterio(path: str) -> NDArray[np.int32]:
    """Count the pixels of a file of any layout.

    Raises
    ------
    UnreadableError
        If GDAL cannot read all of them, or they are no integers.
    """
    try:
        with opened(path) as source:
            pixels = source.read()
    except RasterioError as error:
        raise UnreadableError(f"has pixels that GDAL cannot read: {error}") from error
    if pixels.dtype.kind not in "iu":
        raise UnreadableError(f"holds {pixels.dtype} pixels where class codes are expected")
    codes = np.where((pixels < 0) | (pixels >= CODES), CODES - 1, pixels).astype(np.uint8)
    return count_codes(np.ascontiguousarray(np.moveaxis(codes, 0, -1).reshape(-1, BANDS)))
