"""A strict parser of TIFF headers: it understands a file wholly, or says that it does not.

Sources: TIFF 6.0, the BigTIFF extension, OGC GeoTIFF 1.1 (19-008r4), and what GDAL makes of them.
"""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

from catalog.model import Grid, RasterHeader

_WIDTH: Final = 256
_LENGTH: Final = 257
_BITS: Final = 258
_COMPRESSION: Final = 259
_STRIP_OFFSETS: Final = 273
_SAMPLES: Final = 277
_STRIP_BYTES: Final = 279
_ROWS_PER_STRIP: Final = 278
_PLANAR: Final = 284
_PREDICTOR: Final = 317
_TILE_WIDTH: Final = 322
_TILE_LENGTH: Final = 323
_TILE_OFFSETS: Final = 324
_TILE_BYTES: Final = 325
_SAMPLE_FORMAT: Final = 339
_SCALE: Final = 33550
_TIE_POINT: Final = 33922
_GEO_KEYS: Final = 34735
_GEO_ASCII: Final = 34737
_SUBFILE_TYPE: Final = 254
_PHOTOMETRIC: Final = 262
_UNDERSTOOD: Final = frozenset(
    {
        *(_SUBFILE_TYPE, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS),
        *(_SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR, _PREDICTOR),
        *(_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES),
        *(_SAMPLE_FORMAT, _SCALE, _TIE_POINT, _GEO_KEYS, 34736, _GEO_ASCII),
        # They say nothing of grid or layout: description, resolution, software, date,
        # colour map, extra samples, and what GDAL notes.
        *(270, 282, 283, 296, 305, 306, 320, 338, 42112, 42113),
    }
)
"""Tags that are read, or may be passed over; all others are for GDAL to judge."""
_SINGLE: Final = frozenset(
    {
        *(_SUBFILE_TYPE, _WIDTH, _LENGTH, _COMPRESSION, _PHOTOMETRIC, _SAMPLES),
        *(_ROWS_PER_STRIP, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_LENGTH),
    }
)
"""Tags that have one value."""
_PLAIN_COLOURS: Final = frozenset({0, 1, 2, 3})
"""Grey, RGB, palette: GDAL gives the pixels as they are."""
_COMPRESSIONS: Final = frozenset({1, 5, 8, 32773, 32946, 50000})
"""None, LZW, Deflate twice, PackBits, Zstandard."""

_FORMATS: Final = {1: "B", 2: "B", 3: "H", 4: "I", 12: "d", 16: "Q"}
"""Field types that matter: byte, ASCII, short, long, double, long8."""
_DOUBLE: Final = 12
_DOUBLES: Final = frozenset({_SCALE, _TIE_POINT})
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8} | {
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_DTYPES: Final = {
    (1, 8): "uint8",
    (1, 16): "uint16",
    (1, 32): "uint32",
    (1, 64): "uint64",
    (2, 8): "int8",
    (2, 16): "int16",
    (2, 32): "int32",
    (2, 64): "int64",
    (3, 32): "float32",
    (3, 64): "float64",
}
"""By sample format (unsigned, signed, float) and bits."""

_GEO_EXPECTED: Final = {1024: 1, 1025: 1, 2054: 9102, 3076: 9001}
"""Keys beside the CRS code, with the one value understood: projected, area, degree, metre."""
_GEO_TEXT: Final = frozenset({1026, 2049, 3073})
"""Citations: they describe, they do not define."""
_CITATION: Final = re.compile(rb"[^\0-\x1f|\x7f-\xff]*\|\Z")
"""One line of ASCII that ends with a bar (GeoTIFF 1.1, 7.1.2)."""
_GEO_CODE: Final = 3072

Values = tuple[int | float, ...]


class NotUnderstoodError(Exception):
    """Something here is for GDAL to judge."""


class ParsedTiff(NamedTuple):
    """A header, and where in the bytes it says so."""

    header: RasterHeader
    """What the bytes say."""
    tie_point: int
    """Byte of the tie point, six doubles: all that differs between the patches of a scene."""
    end: int
    """Bytes that were looked at."""


class _Directory(NamedTuple):
    """The first image file directory."""

    fields: dict[int, Values]
    """Values by tag, of the field types in `_FORMATS`."""
    where: dict[int, int]
    """Byte of the values by tag."""
    end: int
    """First byte behind all of it."""


def parse_tiff(buffer: bytes) -> ParsedTiff:
    """Parse the start of a TIFF file.

    Parameters
    ----------
    buffer : bytes
        The first bytes of the file, with the whole first directory and its values.

    Raises
    ------
    NotUnderstoodError
        If anything is missing, contradictory or out of the ordinary.
    """
    order, directory = _read_directory(buffer)
    fields = directory.fields
    _check_plain(fields)
    bands, dtype = _sample_type(fields)
    shape = (_one(fields, _LENGTH), _one(fields, _WIDTH))
    data_offset, data_end = _data_range(fields, order, shape, bands, dtype)
    grid = Grid(_crs(fields), shape, transform_from_tie(fields[_SCALE], fields[_TIE_POINT]))
    header = RasterHeader(grid, bands, dtype, data_offset, data_end)
    return ParsedTiff(header, directory.where[_TIE_POINT], directory.end)


def transform_from_tie(
    scale: Values, tie: Values
) -> tuple[float, float, float, float, float, float]:
    """Affine coefficients from pixel scale and tie point (GeoTIFF 1.1, B.6).

    Raises
    ------
    NotUnderstoodError
        If the raster is not north up, or the tie point is not its upper-left corner.
    """
    if len(scale) != 3 or len(tie) != 6 or tie[:3] != (0.0, 0.0, 0.0) or tie[5] != 0.0:
        raise NotUnderstoodError
    width, height, vertical = scale
    if not (width > 0 and height > 0 and vertical == 0.0):
        raise NotUnderstoodError
    return (width, 0.0, tie[3], 0.0, -height, tie[4])


def _read_directory(buffer: bytes) -> tuple[str, _Directory]:
    order = {b"II": "<", b"MM": ">"}.get(buffer[:2])
    if order is None or len(buffer) < 16:
        raise NotUnderstoodError
    (magic,) = struct.unpack_from(order + "H", buffer, 2)
    if magic == 42:
        (start,) = struct.unpack_from(order + "I", buffer, 4)
        count_format, entry_format, inline = "H", "HHI4s", 4
    elif magic == 43 and struct.unpack_from(order + "HH", buffer, 4) == (8, 0):
        (start,) = struct.unpack_from(order + "Q", buffer, 8)
        count_format, entry_format, inline = "Q", "HHQ8s", 8
    else:
        raise NotUnderstoodError
    return order, _read_fields(buffer, order, start, (count_format, entry_format, inline))


def _read_fields(
    buffer: bytes, order: str, start: int, formats: tuple[str, str, int]
) -> _Directory:
    count_format, entry_format, inline = formats
    entry = struct.Struct(order + entry_format)
    first = start + struct.calcsize(order + count_format)
    (count,) = _unpack(order + count_format, buffer, start)
    end = first + int(count) * entry.size
    if end > len(buffer):
        raise NotUnderstoodError
    fields: dict[int, Values] = {}
    where: dict[int, int] = {}
    seen: set[int] = set()
    offset_format = order + ("I" if inline == 4 else "Q")
    for position in range(first, end, entry.size):
        tag, kind, length, _ = entry.unpack_from(buffer, position)
        size = _SIZES.get(kind, len(buffer)) * length
        at = position + entry.size - inline
        if size > inline:
            (at,) = struct.unpack_from(offset_format, buffer, at)
            end = max(end, at + size)
        if end > len(buffer) or tag in seen or tag not in _UNDERSTOOD:
            raise NotUnderstoodError
        seen.add(tag)
        if (tag in _DOUBLES and kind != _DOUBLE) or (tag in _SINGLE and length != 1):
            raise NotUnderstoodError
        if kind in _FORMATS:
            fields[tag] = struct.unpack_from(f"{order}{length}{_FORMATS[kind]}", buffer, at)
            where[tag] = at
    return _Directory(fields, where, end)


def _unpack(layout: str, buffer: bytes, at: int) -> Values:
    """Values at a place that may lie outside of the buffer."""
    if at + struct.calcsize(layout) > len(buffer):
        raise NotUnderstoodError
    return struct.unpack_from(layout, buffer, at)


def _one(fields: dict[int, Values], tag: int, default: int | None = None) -> int:
    values = fields.get(tag, () if default is None else (default,))
    if len(values) != 1 or not isinstance(values[0], int):
        raise NotUnderstoodError
    return values[0]


def _check_plain(fields: dict[int, Values]) -> None:
    """Refuse what could mean another grid or other pixels than the plain reading of the fields."""
    if (
        not {_SCALE, _TIE_POINT} <= fields.keys()
        or fields.get(_SUBFILE_TYPE, (0,)) != (0,)
        or _one(fields, _PHOTOMETRIC) not in _PLAIN_COLOURS
        or _one(fields, _COMPRESSION, 1) not in _COMPRESSIONS
        or _one(fields, _PLANAR, 1) not in {1, 2}
        or 0 in {_one(fields, _LENGTH), _one(fields, _WIDTH)}
    ):
        raise NotUnderstoodError


def _sample_type(fields: dict[int, Values]) -> tuple[int, str]:
    bands = _one(fields, _SAMPLES, 1)
    bits = set(fields.get(_BITS, (1,)))
    formats = set(fields.get(_SAMPLE_FORMAT, (1,)))
    counts = {len(fields[tag]) for tag in (_BITS, _SAMPLE_FORMAT) if tag in fields}
    if counts - {bands} or len(bits) != 1 or len(formats) != 1:
        raise NotUnderstoodError
    dtype = _DTYPES.get((int(formats.pop()), int(bits.pop())))
    if dtype is None:
        raise NotUnderstoodError
    return bands, dtype


def _data_range(
    fields: dict[int, Values], order: str, shape: tuple[int, int], bands: int, dtype: str
) -> tuple[int | None, int]:
    tiled = _TILE_OFFSETS in fields
    offsets = fields.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    lengths = fields.get(_TILE_BYTES if tiled else _STRIP_BYTES)
    if not offsets or lengths is None or len(offsets) != len(lengths):
        raise NotUnderstoodError
    ends = [int(offset + length) for offset, length in zip(offsets, lengths, strict=True)]
    whole = shape[0] * shape[1] * bands * int(dtype.lstrip("uintfloa")) // 8
    start = int(offsets[0])
    plain = (
        not tiled
        and order == "<"
        and _one(fields, _COMPRESSION, 1) == 1
        and (bands == 1 or _one(fields, _PLANAR, 1) == 1)
        and tuple(ends[:-1]) == offsets[1:]
        and ends[-1] == start + whole
    )
    return start if plain else None, max(ends)


def _crs(fields: dict[int, Values]) -> str:
    keys = fields.get(_GEO_KEYS, ())
    if len(keys) < 4 or keys[:2] != (1, 1) or len(keys) != 4 + 4 * int(keys[3]):
        raise NotUnderstoodError
    entries = [keys[start : start + 4] for start in range(4, len(keys), 4)]
    if [entry[0] for entry in entries] != sorted({entry[0] for entry in entries}):
        raise NotUnderstoodError
    text = bytes(int(byte) for byte in fields.get(_GEO_ASCII, ()))
    if not all(_is_understood(entry, text) for entry in entries):
        raise NotUnderstoodError
    code = next((int(entry[3]) for entry in entries if entry[0] == _GEO_CODE), 0)
    if not (32601 <= code <= 32660 or 32701 <= code <= 32760):
        raise NotUnderstoodError
    return f"EPSG:{code}"


def _is_understood(entry: Values, text: bytes) -> bool:
    """Whether a GeoKey says what every file of the dataset says, or describes without defining."""
    key, location, count, value = (int(number) for number in entry)
    if key in _GEO_TEXT:
        citation = text[value : value + count]
        return location == _GEO_ASCII and len(citation) == count and bool(_CITATION.match(citation))
    return (location, count) == (0, 1) and (key == _GEO_CODE or _GEO_EXPECTED.get(key) == value)
