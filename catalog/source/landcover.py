"""Pixels of each land-cover class, counted at the speed of reading them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from catalog.source.header import UnreadableError, opened, read_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import RasterHeader

CODES: Final = 256
"""Codes counted per band; larger pixel values, which no legend has, count as the last one."""
_WORD_BYTES: Final = frozenset({1, 2, 4, 8})
"""Bands of one byte each that make one number."""

_AT_ONCE: Final = 32
"""Images whose runs are summed in one go: enough to share the cost of the calls."""


class CodeCounter:
    """Counts the pixels of each code in each band, image after image of one size.

    Land cover of 500 m, blown up to 10 m, comes in long runs of equal pixels. The bands of a pixel
    are compared as one number, and whole runs are counted at once.

    Parameters
    ----------
    pixels : int
        Pixels of an image.
    bands : int
        Bands of an image: 1, 2, 4 or 8.
    """

    def __init__(self, pixels: int, bands: int) -> None:
        self._pixels = pixels
        self._bands = bands
        self._is_end = np.ones(pixels, np.bool_)
        self._ends: list[NDArray[np.intp]] = []
        self._words: list[NDArray[Any]] = []
        self._counts: list[NDArray[np.int32]] = []

    def add(self, buffer: bytes | NDArray[np.uint8], offset: int = 0) -> None:
        """Count one image.

        Parameters
        ----------
        buffer : bytes or uint8 array
            A byte a band and pixel, in any order of pixels that keeps neighbours together.
        offset : int
            Where in the buffer it starts.
        """
        words = np.frombuffer(buffer, f"<u{self._bands}", self._pixels, offset)
        np.not_equal(words[1:], words[:-1], out=self._is_end[:-1])
        (ends,) = self._is_end.nonzero()
        self._ends.append(ends)
        self._words.append(words[ends])
        if len(self._ends) == _AT_ONCE:
            self._sum_runs()

    def counts(self) -> NDArray[np.int32]:
        """Pixels by image, band and code: (n, bands, 256). A band's sum to those of an image."""
        self._sum_runs()
        return np.concatenate([np.empty((0, self._bands, CODES), np.int32), *self._counts])

    def _sum_runs(self) -> None:
        images = len(self._ends)
        if images == 0:
            return
        ends = np.concatenate(self._ends)
        lengths = np.empty(ends.size)
        lengths[0] = ends[0] + 1
        np.subtract(ends[1:], ends[:-1], out=lengths[1:])
        lengths[lengths <= 0] += self._pixels  # the first run of the next image
        first_bins = np.repeat(np.arange(images) * CODES, [run.size for run in self._ends])
        codes = np.concatenate(self._words).view(np.uint8).reshape(-1, self._bands)
        counts = np.empty((images, self._bands, CODES), np.int32)
        for band in range(self._bands):
            found = np.bincount(first_bins + codes[:, band], lengths, images * CODES)
            counts[:, band] = found.reshape(images, CODES)
        self._counts.append(counts)
        self._ends.clear()
        self._words.clear()


def is_countable(header: RasterHeader) -> bool:
    """Whether the pixels of a file can be counted from its bytes alone."""
    plain = header.data_offset is not None and header.dtype == "uint8"
    return plain and header.bands in _WORD_BYTES


def read_counts(data: bytes, header: RasterHeader) -> NDArray[np.int32]:
    """Count the pixels of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    header : RasterHeader
        What its header says.

    Returns
    -------
    int32 array of shape (bands, 256)

    Raises
    ------
    UnreadableError
        See `counts_from_rasterio`.
    """
    if header.data_offset is None or not is_countable(header):
        return counts_from_rasterio(data)
    counter = CodeCounter(math.prod(header.grid.shape), header.bands)
    counter.add(data, header.data_offset)
    counts: NDArray[np.int32] = counter.counts()[0]
    return counts


def counts_from_rasterio(file: str | bytes) -> NDArray[np.int32]:
    """Count the pixels of a file of any layout: a path, or its content.

    Raises
    ------
    UnreadableError
        If GDAL cannot read all of them, or they are not integers.
    """
    with opened(file) as source:
        pixels = read_pixels(source)
    if pixels.dtype.kind not in "iu":
        raise UnreadableError(f"holds {pixels.dtype} pixels where class codes are expected")
    codes = pixels.astype(np.uint8)
    codes[(pixels < 0) | (pixels >= CODES)] = CODES - 1
    return np.stack([np.bincount(band.ravel(), minlength=CODES) for band in codes]).astype(np.int32)
