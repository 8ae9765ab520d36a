"""No damage breaks the reader of headers, and no header is taken for another."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from catalog.source.header import HeaderReader, UnreadableError
from catalog.source.synthetic import format_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.model import RasterHeader

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SIZES = {"s1": 525_172, "s2": 1_706_432, "lc": 262_788}
GEO = {"crs": "EPSG:32601", "transform": rasterio.Affine(10, 0, 374_132.25, 0, -10, 8_118_022.75)}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"count": 3, "interleave": "pixel"},
    "big-endian": {"count": 3, "ENDIANNESS": "BIG", "compress": "deflate"},
    "BigTIFF": {"count": 1, "BIGTIFF": "YES", "tiled": True, "blockxsize": 16, "blockysize": 16},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def content_of(path: Path, options: dict[str, Any]) -> bytes:
    """A GeoTIFF of 8 × 8 pixels, by GDAL."""
    path.unlink(missing_ok=True)
    with rasterio.open(path, "w", "GTiff", 8, 8, dtype="uint8", **GEO | options) as dataset:
        dataset.write(np.arange(64 * options["count"], dtype=np.uint8).reshape(-1, 8, 8))
    return path.read_bytes()


def outcome(read: Callable[[], RasterHeader]) -> object:
    """What a reader says of a file, `None` if it refuses it."""
    try:
        return said(read())
    except UnreadableError:
        return None


def said(header: RasterHeader) -> object:
    grid = header.grid
    return grid.crs, grid.shape, grid.transform, header.bands, header.dtype


def rasterios(content: bytes) -> object:
    """What rasterio says of a file, pixels included, and `None` where it refuses it."""
    try:
        with MemoryFile(content) as file, rasterio.open(file.name, driver="GTiff") as source:
            if source.count <= 64:  # GDAL takes minutes for 57,000 bands
                source.read()
            authority = source.crs.to_authority(confidence_threshold=100) if source.crs else None
            crs = ":".join(authority) if authority else None
            if len(set(source.dtypes)) == 1:
                transform = tuple(source.transform)[:6]
                return crs, source.shape, transform, source.count, source.dtypes[0]
    except (RasterioError, UnicodeDecodeError):
        pass
    return None


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_what_is_said_in_spite_of_a_wrong_byte_is_what_rasterio_says(
    folder: Path, options: dict[str, Any]
) -> None:
    """One reader, which knows the good file, sees all of the damaged ones."""
    content = content_of(folder / "good.tif", options)
    reader = HeaderReader()
    reader.read(content)
    accepted, refused = 0, set()
    for position in range(len(content)):
        byte = content[position] ^ (1 + position * 37 % 255)
        damaged = content[:position] + bytes([byte]) + content[position + 1 :]
        theirs = rasterios(damaged)
        try:
            assert repr(said(reader.read(damaged))) == repr(theirs), f"byte {position}"
            accepted += 1
        except UnreadableError as error:
            if theirs is not None:
                refused.add(str(error)[:15])
    assert accepted > 100
    assert refused <= {"is not a patch:", "has a corner at"}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_file_cut_off_anywhere_is_refused_if_rasterio_refuses_it(
    folder: Path, options: dict[str, Any]
) -> None:
    content = content_of(folder / "cut.tif", options)
    reader = HeaderReader()
    reader.read(content)
    for length in range(len(content)):
        ours = outcome(partial(reader.read, content[:length]))
        assert ours == rasterios(content[:length]), f"{length} bytes"


def test_a_plain_file_cut_off_within_its_pixels_is_refused(folder: Path) -> None:
    content = content_of(folder / "short.tif", KINDS["plain"])
    size = len(content)
    with pytest.raises(UnreadableError, match=f"is truncated: {size - 1} of at least {size} bytes"):
        HeaderReader().read(content[:-1])


@pytest.mark.parametrize("crs", ["EPSG:32601", "EPSG:3857"], ids=["UTM", "Web Mercator"])
def test_a_file_that_claims_to_be_huge_costs_no_memory(folder: Path, crs: str) -> None:
    content = bytearray(content_of(folder / "huge.tif", {"count": 1, "crs": crs}))
    (entries,) = struct.unpack_from("<H", content, 8)
    for entry in range(10, 10 + 12 * entries, 12):
        (tag,) = struct.unpack_from("<H", content, entry)
        if tag in {256, 257, 278}:  # width, height, rows per strip
            struct.pack_into("<HII", content, entry + 2, 4, 1, 2**20)
    with pytest.raises(UnreadableError, match=r"is not a patch|cannot read"):
        HeaderReader().read(bytes(content))


LARGE = {
    "a large image": ((5000, 8, 1), {"compress": "deflate"}),
    "many bands": ((8, 8, 65), {"compress": "deflate"}),
    "many pixels": ((4096, 4096, 2), {"compress": "deflate"}),
    "large blocks": ((8, 8, 1), {"tiled": True, "blockxsize": 8192, "blockysize": 16}),
}


@pytest.mark.parametrize(("shape", "options"), LARGE.values(), ids=LARGE)
def test_a_file_that_is_far_larger_than_a_patch_is_not_read(
    folder: Path, shape: tuple[int, int, int], options: dict[str, Any]
) -> None:
    rows, columns, bands = shape
    path = folder / "large.tif"
    profile = {"height": rows, "width": columns, "count": bands, "dtype": "uint8"}
    with rasterio.open(path, "w", "GTiff", **profile, **options, SPARSE_OK=True, **GEO):
        pass
    with pytest.raises(UnreadableError, match=f"is not a patch: it has {bands} bands of {rows} ×"):
        HeaderReader().read(path.read_bytes())


@pytest.mark.parametrize(("sensor", "size"), SIZES.items())
def test_a_published_file_cut_off_anywhere_is_refused(sensor: str, size: int) -> None:
    header = format_header(sensor, 32737, (5e5, 4e6))
    content = header.ljust(size, b"\0")
    reader = HeaderReader()
    assert reader.read(content).data_offset == len(header)
    for length in [size - 1, size // 2, *range(len(header), 0, -23)]:
        assert outcome(partial(reader.read, content[:length])) is None, f"{length} bytes"


NOT_A_TIFF = "^is not a GeoTIFF that GDAL can read: file"
NO_TIFFS = {
    "nothing": (b"", r"^is empty \(0 bytes\)$"),
    "text": (b"404: Not Found\n" * 9, NOT_A_TIFF),
    "zeros": (bytes(262_788), NOT_A_TIFF),
    "the mark alone": (b"II*\0", NOT_A_TIFF),
    "no directory": (b"II*\0" + bytes(400), NOT_A_TIFF),
    "a directory that is its own": (b"II*\0\4\0\0\0" + bytes(400), NOT_A_TIFF),
    "a directory far away": (b"II*\0\xff\xff\xff\xff" + bytes(400), NOT_A_TIFF),
    "a directory farther away": (b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(400), NOT_A_TIFF),
    "a virtual raster": (b"<VRTDataset rasterXSize='1' rasterYSize='1'/>", NOT_A_TIFF),
}


@pytest.mark.parametrize(("content", "message"), NO_TIFFS.values(), ids=NO_TIFFS)
def test_a_file_that_is_no_tiff_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableError, match=message) as refused:
        HeaderReader().read(content)
    assert "vsimem" not in str(refused.value)


def lc_file(tie: tuple[float, ...] = (0, 0, 0, 375_412.5, 8_116_742.5, 0)) -> bytes:
    """A file of land cover with any tie point."""
    content = format_header("lc", 32737, (375_412.5, 8_116_742.5)).ljust(SIZES["lc"], b"\0")
    corner = content.index(struct.pack("<2d", 375_412.5, 8_116_742.5))
    return content[: corner - 24] + struct.pack("<6d", *tie) + content[corner + 24 :]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(1e6, 9e6)), min_size=2, max_size=4))
def test_a_header_that_is_known_but_for_the_tie_point_is_read_as_if_it_were_new(
    corners: list[tuple[float, float]],
) -> None:
    reader = HeaderReader()
    for x, y in corners:
        content = lc_file((0, 0, 0, x, y, 0))
        header = reader.read(content)
        assert header == HeaderReader().read(content)
        assert header.grid.transform == (10, 0, x, 0, -10, y)


@pytest.mark.parametrize("bit", range(8))
def test_no_other_difference_is_taken_for_a_corner(bit: int) -> None:
    content, reader = bytearray(lc_file()), HeaderReader()
    offset = reader.read(bytes(content)).data_offset
    corner = content.index(struct.pack("<2d", 375_412.5, 8_116_742.5))
    for position in range(offset or 0):
        content[position] ^= 1 << bit
        is_known = reader.known(bytes(content), len(content)) is not None
        content[position] ^= 1 << bit
        assert not is_known or corner <= position < corner + 16


INFINITE, NOTHING = float("inf"), float("nan")
TIES = {
    "within the raster": ((1.0, 2.0, 0.0, 5e5, 4e6, 0.0), None),
    "with a height": ((0.0, 0.0, 0.0, 5e5, 4e6, 7.0), None),
    "not a number": ((0.0, 0.0, 0.0, NOTHING, 4e6, 0.0), "corner at x = nan, y = 4000000.0"),
    "infinitely far": ((0.0, 0.0, 0.0, 5e5, INFINITE, 0.0), "corner at x = 500000.0, y = inf"),
    "very far": ((0.0, 0.0, 0.0, 5e5, 1e30, 0.0), "y = 1,0{2}0.*, outside of EPSG:32737"),
    "in the east": ((0.0, 0.0, 0.0, 1.6e6, 4e6, 0.0), "x = 1,600,000, y = 4,000,000, outside of"),
    "over the pole": ((0.0, 0.0, 0.0, 5e5, 1e3, 0.0), "x = 500,000, y = -1,560, outside of EPSG"),
}


@pytest.mark.parametrize(("tie", "reason"), TIES.values(), ids=TIES)
@pytest.mark.parametrize("is_known", [False, True], ids=["new", "known"])
def test_a_tie_point_that_is_not_a_place_is_refused_known_header_or_not(
    tie: tuple[float, ...], reason: str | None, is_known: bool
) -> None:
    reader, content = HeaderReader(), lc_file(tie)
    if is_known:
        reader.read(lc_file())
    if reason is None:
        assert outcome(partial(reader.read, content)) == rasterios(content)
    else:
        with pytest.raises(UnreadableError, match=reason):
            reader.read(content)


@pytest.mark.parametrize("scale", [INFINITE, NOTHING, 1e300])
def test_pixels_without_a_size_on_earth_are_refused(scale: float) -> None:
    sizes = struct.pack("<3d", 10.0, 10.0, 0.0)
    content = lc_file().replace(sizes, struct.pack("<3d", scale, scale, 0.0))
    with pytest.raises(UnreadableError, match="has a corner at"):
        HeaderReader().read(content)


def test_a_tie_point_of_whole_numbers_does_not_stand_for_others() -> None:
    def whole_numbers(x: int, y: int) -> bytes:
        content = bytearray(lc_file((0,) * 6))
        entry = content.index(struct.pack("<HHI", 33922, 12, 6))
        struct.pack_into("<H", content, entry + 2, 16)
        (at,) = struct.unpack_from("<I", content, entry + 8)
        struct.pack_into("<6Q", content, at, 0, 0, 0, x, y, 0)
        return bytes(content)

    reader = HeaderReader()
    for content in (whole_numbers(500_000, 4_000_000), whole_numbers(600_000, 5_000_000)):
        assert outcome(partial(reader.read, content)) == rasterios(content)


def test_a_known_header_does_not_stand_for_a_file_of_another_size() -> None:
    reader, content = HeaderReader(), lc_file()
    reader.read(content)
    for _ in range(2):
        with pytest.raises(UnreadableError, match="is truncated"):
            reader.read(content[:-1])
    assert reader.read(content + b"\0").data_offset is None


def entry_of(content: bytes, tag: int) -> int:
    """Where the entry of a tag starts, of a small-endian classic TIFF whose directory is first."""
    (entries,) = struct.unpack_from("<H", content, 8)
    return next(
        at
        for at in range(10, 10 + 12 * entries, 12)
        if struct.unpack_from("<H", content, at) == (tag,)
    )


VALUES = {258: 8, 273: 128, 279: 128, 339: 8, 33550: 24, 34735: 64, 34737: 30}
"""Bytes of the values that do not fit in an entry, by tag."""


@pytest.mark.parametrize("tag", VALUES)
def test_values_among_the_pixels_make_no_template(tag: int) -> None:
    """There each file may have others."""
    content = bytearray(lc_file())
    entry = entry_of(content, tag)
    (at,) = struct.unpack_from("<I", content, entry + 8)
    struct.pack_into("<I", content, entry + 8, 100_000)
    content[100_000 : 100_000 + VALUES[tag]] = content[at : at + VALUES[tag]]
    header = HeaderReader().read(bytes(content))
    assert header.data_offset is None
    assert said(header) == rasterios(bytes(content))


ODD_FIELDS = {
    "of an unknown type": ("<H", 2, 99),
    "far longer than the file": ("<I", 4, 2**32 - 1),
}


@pytest.mark.parametrize(("kind", "at", "value"), ODD_FIELDS.values(), ids=ODD_FIELDS)
def test_an_odd_field_makes_no_template(kind: str, at: int, value: int) -> None:
    content = bytearray(lc_file())
    struct.pack_into(kind, content, entry_of(content, 34737) + at, value)
    header = HeaderReader().read(bytes(content))
    assert header.data_offset is None
    assert said(header) == rasterios(bytes(content))


def test_zeros_that_are_not_the_corner_make_no_template() -> None:
    """GDAL gives 0, 0 where there is no tie point; the header has as many zeros elsewhere."""
    content = bytearray(lc_file((0.0, 5e-324, 0.0, 375_412.339, 8_116_742.836, 0.0)))
    struct.pack_into("<H", content, entry_of(content, 33922), 65_000)
    struct.pack_into("<H", content, content.index(struct.pack("<4H", 3072, 0, 1, 32737)) + 6, 32637)
    assert content.count(bytes(16), 0, 644) == 1
    header = HeaderReader().read(bytes(content))
    assert header.data_offset is None
    assert said(header) == rasterios(bytes(content))


def test_a_second_directory_makes_no_template() -> None:
    content = bytearray(lc_file())
    struct.pack_into("<I", content, 10 + 12 * 16, 100_000)
    assert HeaderReader().read(bytes(content)).data_offset is None


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_corner_of_zero_is_read_by_gdal(zero: float) -> None:
    """Which takes one zero for the other."""
    reader = HeaderReader()
    reader.read(lc_file())
    content = lc_file((0, 0, 0, zero, 4e6, 0))
    assert reader.known(content, len(content)) is None
    assert repr(said(reader.read(content))) == repr(rasterios(content))


def test_a_citation_that_is_not_utf8_is_refused() -> None:
    content = bytearray(lc_file())
    entry = content.index(struct.pack("<4H", 3072, 0, 1, 32737))
    struct.pack_into("<H", content, entry + 6, 32767)
    text = content.index(b"WGS 84 / UTM")
    content[text : text + 20] = b"\xff" * 20
    with pytest.raises(UnreadableError, match=r"is not a GeoTIFF that GDAL can read: .*utf-8"):
        HeaderReader().read(bytes(content))
