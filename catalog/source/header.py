"""Headers of GeoTIFFs: GDAL reads the first file of each kind, its bytes tell the others."""

from __future__ import annotations

import math
import re
import struct
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from catalog.model import Grid, RasterHeader, is_url
from catalog.source.stores import read_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HEAD_BYTES: Final = 4096
"""Enough for the header of every file of SEN12MS: the largest is that of s2, 2,496 bytes."""

_MOST_BANDS, _MOST_SIDE, _MOST_VALUES = 64, 2**12, 2**24
"""Far more than a patch has: larger rasters are rejected before their pixels are read."""
_NAME: Final = "file"
"""Of a file in memory, as GDAL's messages have it."""
_FIELD_BYTES: Final = (
    dict.fromkeys((1, 2, 6, 7), 1)
    | dict.fromkeys((3, 8), 2)
    | dict.fromkeys((4, 9, 11), 4)
    | dict.fromkeys((5, 10, 12, 16), 8)
)
"""Size of a value by the type of a TIFF field."""
_CORNER: Final = struct.Struct("<2d")
"""The two numbers of a tie point that say where the upper-left corner lies."""
_UTM: Final = re.compile(r"EPSG:32([67])(?:0[1-9]|[1-5]\d|60)")
_UTM_RANGE: Final = {
    "6": (-500_000.0, -10_000_000.0, 1_500_000.0, 10_000_000.0),
    "7": (-500_000.0, 0.0, 1_500_000.0, 20_000_000.0),
}
"""West, south, east, north of the zones of each hemisphere (6 is north), metres: from pole to pole,
and 1,000 km to either side of the central meridian, where a zone has some 330."""
_EVERYWHERE: Final = (-math.inf, -math.inf, math.inf, math.inf)


class UnreadableError(Exception):
    """A file cannot be in the catalog; the message says why."""


class Template(NamedTuple):
    """A header as bytes around the corner that its tie point names."""

    before: bytes
    """All bytes of the file before the corner."""
    after: bytes
    """All bytes between the corner and the pixels."""
    start: int
    """Where the corner starts: x and y of the upper-left one, in the CRS's unit."""
    end: int
    """Where it ends."""
    size: int
    """Bytes of the whole file."""
    header: RasterHeader
    """What GDAL says of the file."""
    limits: tuple[float, float, float, float]
    """Least x and y, greatest x and y that keep the raster in the range of its CRS."""

    def fits(self, head: bytes) -> bool:
        """Whether the first bytes of a file of this size differ in nothing but the corner."""
        if not (head.startswith(self.before) and head.startswith(self.after, self.end)):
            return False
        x, y = _CORNER.unpack_from(head, self.start)
        west, south, east, north = self.limits
        # GDAL may take one zero for the other: -0.0 and 0.0 differ in a bit.
        return bool(west <= x <= east and south <= y <= north and x and y)

    def header_of(self, head: bytes) -> RasterHeader:
        """The header of a file that fits."""
        a, b, _, d, e, _ = self.header.grid.transform
        x, y = _CORNER.unpack_from(head, self.start)
        return replace(self.header, grid=self.header.grid._replace(transform=(a, b, x, d, e, y)))


class HeaderReader:
    """Reads headers, and recognises those that differ from an earlier one by the tie point only.

    All patches of a scene and sensor are written alike. Where every other byte of two headers is
    equal, so is everything that they say but the tie point.
    """

    def __init__(self) -> None:
        self._templates: dict[int, Template] = {}
        self.enough_bytes = HEAD_BYTES
        """Bytes to read in order to match a file against the known headers."""

    def known(self, head: bytes, size: int) -> Template | None:
        """The header of another file of this size that differs at most in its tie point."""
        template = self._templates.get(size)
        return template if template is not None and template.fits(head) else None

    def read(self, data: bytes, size: int | None = None) -> RasterHeader:
        """Read the header of one file.

        Parameters
        ----------
        data : bytes
            The file; the first `enough_bytes` bytes are enough if its header is `known`.
        size : int, optional
            Bytes of the whole file, if these are not all.

        Raises
        ------
        UnreadableError
            If the file is empty, truncated, damaged, not a GeoTIFF, larger than any patch, or lies
            outside of the range of its CRS.
        """
        if not data:
            raise UnreadableError("is empty (0 bytes)")
        template = self.known(data, len(data) if size is None else size)
        return self._read_new(data) if template is None else template.header_of(data)

    def _read_new(self, data: bytes) -> RasterHeader:
        with opened(data) as source:
            header = _header(source)
            _check_range(header.grid)
            template = _template(data, header)
            if template is None:
                _check_pixels(source, len(data))
                return header
        self._templates[template.size] = template
        self.enough_bytes = max(known.end + len(known.after) for known in self._templates.values())
        return template.header


@contextmanager
def opened(file: str | bytes, driver: str = "GTiff") -> Iterator[rasterio.DatasetReader]:
    """Open a GeoTIFF, or another picture, by one driver of GDAL and without the files beside it.

    So a file of another format, such as a VRT that names other files or URLs, is refused; and equal
    bytes say the same wherever they lie: an `.aux.xml` or `.tfw` would give them another place.

    Parameters
    ----------
    file : str or bytes
        A path, URL or GDAL `/vsi` name; or the content of a file.
    driver : str
        GDAL's name of the format.

    Raises
    ------
    UnreadableError
        Whatever GDAL or rasterio raises while the file is open.
    """
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            stack.enter_context(rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"))
            if isinstance(file, str) and is_url(file):
                file = read_remote(file).data
            if isinstance(file, bytes):
                file = stack.enter_context(MemoryFile(file, filename=_NAME)).name
            yield stack.enter_context(rasterio.open(file, driver=driver))
    except (RasterioError, ValueError) as error:  # a ValueError: a CRS whose name is not UTF-8
        raise UnreadableError(f"is not a GeoTIFF that GDAL can read: {_reason(error)}") from error


def read_pixels(source: rasterio.DatasetReader) -> NDArray[Any]:
    """Read all bands of a file: shape (bands, rows, columns).

    Raises
    ------
    UnreadableError
        If any pixel is missing or damaged.
    """
    try:
        pixels: NDArray[Any] = source.read()
    except RasterioError as error:
        raise UnreadableError(f"has pixels that GDAL cannot read: {_reason(error)}") from error
    return pixels


def header_from_rasterio(file: str | bytes) -> RasterHeader:
    """What rasterio says of a file; see `opened`.

    Raises
    ------
    UnreadableError
        If GDAL cannot open it, its bands differ in type, or it is larger than any patch.
    """
    with opened(file) as source:
        return _header(source)


def _reason(error: Exception) -> str:
    """What GDAL says, without the name of a file in memory, which is another each time."""
    return re.sub(rf"'?/vsimem/[^/]+/{_NAME}'?", _NAME, str(error.__cause__ or error))


def _header(source: rasterio.DatasetReader) -> RasterHeader:
    authority = source.crs.to_authority(confidence_threshold=100) if source.crs else None
    grid = Grid(
        crs=":".join(authority) if authority else None,
        shape=(source.height, source.width),
        transform=tuple(source.transform)[:6],
    )
    if len(set(source.dtypes)) != 1:
        raise UnreadableError(f"mixes data types: {', '.join(source.dtypes)}")
    sizes = (*grid.shape, *source.block_shapes[0])
    values = max(math.prod(sizes[:2]), math.prod(sizes[2:])) * source.count
    if source.count > _MOST_BANDS or max(sizes) > _MOST_SIDE or values > _MOST_VALUES:
        layout = "{} × {} pixels in blocks of {} × {}".format(*sizes)
        raise UnreadableError(f"is not a patch: it has {source.count} bands of {layout}")
    return RasterHeader(grid, source.count, source.dtypes[0], None)


def _check_range(grid: Grid) -> None:
    """Check that a raster lies where its CRS is defined.

    Raises
    ------
    UnreadableError
        If a corner has no coordinates, or is far outside of a UTM zone.
    """
    a, b, c, d, e, f = grid.transform
    rows, columns = grid.shape
    west, south, east, north = _range(grid.crs)
    for u, v in ((0, 0), (0, rows), (columns, rows), (columns, 0)):
        x, y = a * u + b * v + c, d * u + e * v + f
        if not (math.isfinite(x) and math.isfinite(y)):
            raise UnreadableError(f"has a corner at x = {x}, y = {y}, which is not a place")
        if not (west <= x <= east and south <= y <= north):
            raise UnreadableError(
                f"has a corner at x = {x:,.0f}, y = {y:,.0f}, outside of {grid.crs}, whose range "
                f"is x from {west:,.0f} to {east:,.0f}, y from {south:,.0f} to {north:,.0f}"
            )


def _range(crs: str | None) -> tuple[float, float, float, float]:
    """West, south, east, north of a CRS, in its unit; known for UTM alone."""
    utm = _UTM.fullmatch(crs or "")
    return _EVERYWHERE if utm is None else _UTM_RANGE[utm[1]]


def _template(data: bytes, header: RasterHeader) -> Template | None:
    """What recognises other files of this kind; None if their bytes might mean something else."""
    (a, b, x, d, e, y), (rows, columns) = header.grid.transform, header.grid.shape
    is_moved = _range(header.grid.crs) != _EVERYWHERE and x and y  # by the probe, to 0, 0
    if b or d or not is_moved or header.dtype.startswith("complex"):
        return None
    pixels = rows * columns * header.bands * np.dtype(header.dtype).itemsize
    stop = len(data) - pixels
    corner = _CORNER.pack(x, y)
    start = data.find(corner, 0, max(stop, 0))
    if start < 0 or data.find(corner, start + 1, stop) >= 0 or not _is_closed(data[:stop]):
        return None
    end = start + len(corner)
    west, south, east, north = _range(header.grid.crs)
    wide, high = a * columns, e * rows
    limits = (west - min(wide, 0), south - min(high, 0), east - max(wide, 0), north - max(high, 0))
    plain = replace(header, data_offset=stop)
    template = Template(data[:start], data[end:stop], start, end, len(data), plain, limits)
    return template if _is_proven(template, pixels) else None


def _is_closed(head: bytes) -> bool:
    """Whether a TIFF's directory and all of its values lie in these bytes, and no other follows.

    So what it says does not depend on the bytes of the pixels. TIFF 6.0, section 2; BigTIFF.
    """
    big = head[2:4] == b"+\0"
    number, count = ("<Q", "<Q") if big else ("<I", "<H")
    entry = struct.Struct("<HHQQ" if big else "<HHII")
    try:
        (start,) = struct.unpack_from(number, head, 8 if big else 4)
        (entries,) = struct.unpack_from(count, head, start)
        start += struct.calcsize(count)
        (following,) = struct.unpack_from(number, head, start + entries * entry.size)
        for at in range(start, start + entries * entry.size, entry.size):
            _, kind, length, offset = entry.unpack_from(head, at)
            size = _FIELD_BYTES[kind] * length
            if size > struct.calcsize(number) and offset + size > len(head):
                return False
    except (struct.error, KeyError, OverflowError):
        return False
    return len(head) <= HEAD_BYTES and following == 0


def _is_proven(template: Template, pixels: int) -> bool:
    """Whether GDAL reads a header as a template does, with another corner and any pixels.

    The probe has noise in the place of the pixels. If GDAL gives it back, the pixels are all that
    follows the header, uncompressed, in the order of rows, columns, bands.
    """
    noise = _noise(pixels)
    probe = b"".join((template.before, _CORNER.pack(0.0, 0.0), template.after, noise))
    try:
        with opened(probe) as source:
            header = replace(_header(source), data_offset=template.header.data_offset)
            return header == template.header_of(probe) and _has_pixels(source, noise)
    except UnreadableError:
        return False


@lru_cache(maxsize=4)
def _noise(size: int) -> bytes:
    """Bytes that hardly repeat: the same each time."""
    return np.random.default_rng(0).bytes(size)


def _has_pixels(source: rasterio.DatasetReader, data: bytes) -> bool:
    """Whether the pixels of a file have these bytes, in the order of rows, columns, bands."""
    found = read_pixels(source)
    bits = found.view(f"u{found.itemsize}")  # NaN equals nothing, not even itself
    bands, rows, columns = bits.shape
    expected = np.frombuffer(data, bits.dtype).reshape(rows, columns, bands)
    return np.array_equal(bits, np.moveaxis(expected, -1, 0))


def _check_pixels(source: rasterio.DatasetReader, size: int) -> None:
    """Read a file of so many bytes to its end: it may be damaged where its header is not.

    Raises
    ------
    UnreadableError
        If any pixel is missing.
    """
    try:
        read_pixels(source)
    except UnreadableError as error:
        end = max(_block_ends(source))
        if end > size:
            raise UnreadableError(f"is truncated: {size:,} of at least {end:,} bytes") from error
        raise


def _block_ends(source: rasterio.DatasetReader) -> Iterator[int]:
    """Where the blocks of pixels end in the file; 0 for those that it does not hold."""
    for band in source.indexes:
        for (row, column), _ in source.block_windows(band):
            offset, length = (
                source.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=band) or 0
                for what in ("OFFSET", "SIZE")
            )
            yield int(offset) + int(length)
