"""Headers of GeoTIFFs: from our strict parser if it understands the file, else from rasterio."""

from __future__ import annotations

import os
import struct
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from catalog.model import Grid, RasterHeader
from catalog.source.tiff import NotUnderstoodError, parse_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_BYTES: Final = 4096
"""Enough for the header of every file of SEN12MS: the largest is that of s2, 2,496 bytes."""

_MOST_BANDS, _MOST_VALUES = 64, 2**26
"""Far more than a patch of s2 has: so many are not read only to see whether they are there."""
PLACE: Final = struct.Struct("<2d")
"""A place as the bytes of a header have it."""


class UnreadableError(Exception):
    """Neither our parser nor GDAL can read this file; the message says why."""


class Template(NamedTuple):
    """A parsed header as bytes around the two numbers of its tie point that say where it lies."""

    before: bytes
    after: bytes
    place: int
    """Where the two doubles start: x and y of the upper-left corner, in the CRS's unit."""
    behind: int
    """Where they end."""
    end: int
    """Bytes of the whole header."""
    size: int
    """Bytes of the whole file."""
    header: RasterHeader
    """What was parsed."""


class HeaderReader:
    """Reads headers, and knows again those that differ from an earlier one by the tie point only.

    All patches of a scene and sensor are written alike. Where every other byte of two headers is
    equal, so is everything that they say but the tie point.
    """

    def __init__(self) -> None:
        self._templates: dict[int, Template] = {}
        self.enough_bytes = HEAD_BYTES
        """So many bytes are enough to know a header again, if it is one that was parsed."""

    def read(self, path: str, head: bytes, size: int) -> RasterHeader:
        """Read the header of one file.

        Parameters
        ----------
        path : str
            The file, for GDAL and for messages.
        head : bytes
            Its first `HEAD_BYTES` bytes, or all of it.
        size : int
            Its size in bytes.

        Raises
        ------
        UnreadableError
            If the file is empty, truncated or no GeoTIFF.
        """
        if not head:
            raise UnreadableError("is empty (0 bytes)")
        header = self.understood(head, size)
        if header is None:
            header = header_from_rasterio(path)
            _check_pixels(path, header)
        if header.data_end > size:
            raise UnreadableError(f"is truncated: {size:,} of at least {header.data_end:,} bytes")
        return header

    def understood(self, head: bytes, size: int) -> RasterHeader | None:
        """What the first bytes of a file say; None where GDAL must look at all of it."""
        template = self.known(head, size)
        if template is not None:
            header = template.header
            a, b, _, d, e, _ = header.grid.transform
            x, y = PLACE.unpack_from(head, template.place)
            grid = Grid(header.grid.crs, header.grid.shape, (a, b, x, d, e, y))
            return RasterHeader(
                grid, header.bands, header.dtype, header.data_offset, header.data_end
            )
        try:
            return self._parse(head, size)
        except NotUnderstoodError:
            return None

    def known(self, head: bytes, size: int) -> Template | None:
        """The header of a whole file that differs from this one at most in its place."""
        template = self._templates.get(size)
        if (
            template is not None
            and head.startswith(template.before)
            and head.startswith(template.after, template.behind)
        ):
            return template
        return None

    def _parse(self, head: bytes, size: int) -> RasterHeader:
        header, tie_point, end = parse_tiff(head)
        if head.startswith(b"II") and header.data_end <= size:
            # Of the six numbers of a tie point, the fourth and fifth are a place; the rest is 0.
            place = tie_point + 24
            behind = place + PLACE.size
            self._templates[size] = Template(
                head[:place], head[behind:end], place, behind, end, size, header
            )
            self.enough_bytes = max(template.end for template in self._templates.values())
        return header


def _check_pixels(path: str, header: RasterHeader) -> None:
    """Read a file to its end: where our parser does not know how long it must be, GDAL does.

    Raises
    ------
    UnreadableError
        If any pixel is missing, or there are more than any patch has.
    """
    rows, columns = header.grid.shape
    if header.bands > _MOST_BANDS or rows * columns * header.bands > _MOST_VALUES:
        raise UnreadableError(f"is no patch: it has {header.bands} bands of {rows} × {columns}")
    try:
        with opened(path) as source:
            source.read()
    except RasterioError as error:
        raise UnreadableError(f"is truncated or damaged: {error}") from error


@contextmanager
def opened(path: str) -> Iterator[rasterio.DatasetReader]:
    """A file, opened by GDAL without a word on a missing place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            yield source


def read_header(path: str) -> RasterHeader:
    """Read the header of one file on disk; see `HeaderReader.read`."""
    with open(path, "rb", buffering=0) as file:
        return HeaderReader().read(path, file.read(HEAD_BYTES), os.fstat(file.fileno()).st_size)


def header_from_rasterio(path: str) -> RasterHeader:
    """What rasterio says: the slow way for unusual files, and the oracle of the fast one.

    Raises
    ------
    UnreadableError
        If GDAL cannot open it, or its bands differ in type.
    """
    try:
        with opened(path) as source:
            authority = source.crs.to_authority(confidence_threshold=100) if source.crs else None
            grid = Grid(
                crs=":".join(authority) if authority else None,
                shape=(source.height, source.width),
                transform=tuple(source.transform)[:6],
            )
            if len(set(source.dtypes)) != 1:
                raise UnreadableError(f"mixes data types: {', '.join(source.dtypes)}")
            return RasterHeader(grid, source.count, source.dtypes[0], None, 0)
    except RasterioError as error:
        raise UnreadableError(f"is no raster that GDAL can read: {error}") from error
