"""No damage breaks the reader of headers, and no header is taken for another."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.source.header import (
    HEAD_BYTES,
    HeaderReader,
    UnreadableError,
    header_from_rasterio,
    read_header,
)
from catalog.source.synthetic import format_header
from catalog.source.tiff import parse_tiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.model import RasterHeader

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


@dataclass(frozen=True)
class Damaged:
    """One wrong byte, and what comes of it."""

    position: int
    byte: int
    ours: object
    rasterios: object


def outcome(read: Callable[[], RasterHeader]) -> object:
    """What a reader says of a file, `None` if it refuses it, the error if it breaks."""
    try:
        header = read()
    except UnreadableError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return repr(error)
    return header.grid, header.bands, header.dtype


def same(first: object, second: object) -> bool:
    """Whether two outcomes are equal, not-a-number included."""
    return first == second or repr(first) == repr(second)


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def damaged(folder: Path, request: pytest.FixtureRequest) -> list[Damaged]:
    """A file with one byte of its header changed, for each byte."""
    path = folder / "damaged.tif"
    content = content_of(path, request.param)
    found = []
    for position in range(parse_tiff(content).end):
        byte = content[position] ^ (1 + position * 37 % 255)
        path.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
        ours = outcome(partial(read_header, str(path)))
        rasterios = outcome(partial(header_from_rasterio, str(path)))
        found.append(Damaged(position, byte, ours, rasterios))
    return found


def test_no_wrong_byte_breaks_the_reader(damaged: list[Damaged]) -> None:
    assert [entry for entry in damaged if isinstance(entry.ours, str)] == []


def test_what_is_said_in_spite_of_a_wrong_byte_is_what_rasterio_says(
    damaged: list[Damaged],
) -> None:
    both = [entry for entry in damaged if isinstance(entry.ours, tuple) and entry.rasterios]
    assert len(both) > 100
    bad = [entry for entry in both if not same(entry.ours, entry.rasterios)]
    assert bad == []


def test_what_rasterio_refuses_is_refused(damaged: list[Damaged]) -> None:
    refused = [entry for entry in damaged if entry.rasterios is None]
    assert len(refused) > 10
    assert [entry for entry in refused if isinstance(entry.ours, tuple)] == []


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_file_cut_off_anywhere_is_refused_or_read_as_rasterio_reads_it(
    folder: Path, options: dict[str, Any]
) -> None:
    path = folder / "cut.tif"
    content = content_of(path, options)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        ours = outcome(partial(read_header, str(path)))
        if ours is not None:
            assert ours == outcome(partial(header_from_rasterio, str(path))), f"{length} bytes"


def test_a_plain_file_cut_off_within_its_pixels_is_refused(folder: Path) -> None:
    path = folder / "short.tif"
    content = content_of(path, KINDS["plain"])
    path.write_bytes(content[:-1])
    size = len(content)
    with pytest.raises(UnreadableError, match=f"is truncated: {size - 1} of at least {size} bytes"):
        read_header(str(path))


@pytest.mark.parametrize("crs", ["EPSG:32601", "EPSG:3857"], ids=["UTM", "Web Mercator"])
def test_a_file_that_claims_to_be_huge_costs_no_memory(folder: Path, crs: str) -> None:
    path = folder / "huge.tif"
    content = bytearray(content_of(path, {"count": 1, "crs": crs}))
    (entries,) = struct.unpack_from("<H", content, 8)
    for entry in range(10, 10 + 12 * entries, 12):
        (tag,) = struct.unpack_from("<H", content, entry)
        if tag in {256, 257, 278}:  # width, height, rows per strip
            struct.pack_into("<HII", content, entry + 2, 4, 1, 2**20)
    path.write_bytes(content)
    assert not isinstance(outcome(partial(read_header, str(path))), str)


@pytest.mark.parametrize(("sensor", "size"), SIZES.items())
def test_a_published_file_cut_off_anywhere_is_refused(folder: Path, sensor: str, size: int) -> None:
    header = format_header(sensor, 32737, (5e5, 4e6))
    path = folder / f"{sensor}.tif"
    path.write_bytes(header)
    os.truncate(path, size)
    assert read_header(str(path)).data_end == size
    taken = []
    for length in [size - 1, size // 2, *range(len(header), -1, -23)]:
        os.truncate(path, length)
        if outcome(partial(read_header, str(path))) is not None:
            taken.append(length)
    assert taken == []


NO_TIFFS = {
    "nothing": (b"", r"^is empty \(0 bytes\)$"),
    "text": (b"404: Not Found\n" * 9, "no raster that GDAL can read"),
    "zeros": (bytes(262_788), "no raster that GDAL can read"),
    "the mark alone": (b"II*\0", "no raster that GDAL can read"),
    "no directory": (b"II*\0" + bytes(400), "no raster that GDAL can read"),
    "a directory that is its own": (b"II*\0\4\0\0\0" + bytes(400), "no raster that GDAL can read"),
    "a directory far away": (b"II*\0\xff\xff\xff\xff" + bytes(400), "no raster that GDAL can read"),
    "a directory farther away": (
        b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(400),
        "no raster that GDAL can read",
    ),
}


@pytest.mark.parametrize(("content", "message"), NO_TIFFS.values(), ids=NO_TIFFS)
def test_a_file_that_is_no_tiff_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.tif"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=message):
        read_header(str(path))


def test_a_file_that_is_gone_is_refused_by_rasterio(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        header_from_rasterio(str(tmp_path / "gone.tif"))


def lc_header(tie: tuple[float, ...]) -> bytes:
    """A header of land cover with any tie point, which is all that is read of the file."""
    head = format_header("lc", 32737, (0.0, 0.0))
    at = parse_tiff(head).tie_point
    return head[:at] + struct.pack("<6d", *tie) + head[at + 48 :]


COORDINATES = st.floats(-1e8, 1e8)


@settings(deadline=None)
@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=4))
def test_a_header_that_is_known_but_for_the_tie_point_is_read_as_if_it_were_new(
    corners: list[tuple[float, float]],
) -> None:
    reader = HeaderReader()
    for x, y in corners:
        head = lc_header((0, 0, 0, x, y, 0))
        header = reader.read("no such file", head, SIZES["lc"])
        assert header == HeaderReader().read("no such file", head, SIZES["lc"])
        assert header.grid.transform == (10, 0, x, 0, -10, y)


def read_with(reader: HeaderReader, path: Path) -> RasterHeader:
    with path.open("rb") as file:
        return reader.read(str(path), file.read(HEAD_BYTES), path.stat().st_size)


def test_no_other_difference_is_taken_for_a_tie_point(tmp_path: Path) -> None:
    content = lc_header((0, 0, 0, 375_412.5, 8_116_742.5, 0)).ljust(SIZES["lc"], b"\0")
    known, path = tmp_path / "known.tif", tmp_path / "other.tif"
    known.write_bytes(content)
    path.write_bytes(content)
    with path.open("r+b", buffering=0) as file:
        for position in range(len(format_header("lc", 32737, (0.0, 0.0)))):
            file.seek(position)
            file.write(bytes([content[position] ^ 1]))
            reader = HeaderReader()
            read_with(reader, known)
            expected = outcome(partial(read_with, HeaderReader(), path))
            found = outcome(partial(read_with, reader, path))
            assert same(found, expected), f"byte {position}"
            file.seek(position)
            file.write(content[position : position + 1])


TIES = {
    "within the raster": (1.0, 0.0, 0.0, 5e5, 4e6, 0.0),
    "with a height": (0.0, 0.0, 0.0, 5e5, 4e6, 7.0),
    "nowhere": (0.0, 0.0, 0.0, float("nan"), 4e6, 0.0),
    "infinitely far": (0.0, 0.0, 0.0, float("inf"), 4e6, 0.0),
}


@pytest.mark.parametrize("tie", TIES.values(), ids=TIES)
def test_an_odd_tie_point_is_judged_by_gdal_in_spite_of_a_known_header(
    tmp_path: Path, tie: tuple[float, ...]
) -> None:
    path = tmp_path / "odd.tif"
    path.write_bytes(lc_header(tie).ljust(SIZES["lc"], b"\0"))
    reader = HeaderReader()
    reader.read("no such file", lc_header((0, 0, 0, 5e5, 4e6, 0)), SIZES["lc"])
    ours = outcome(partial(read_with, reader, path))
    assert same(ours, outcome(partial(header_from_rasterio, str(path))))


def test_a_tie_point_of_whole_numbers_does_not_stand_for_others() -> None:
    def whole_numbers(x: int, y: int) -> bytes:
        head = bytearray(lc_header((0,) * 6))
        tie_point = parse_tiff(bytes(head)).tie_point
        entries = range(10, 10 + 12 * 99, 12)
        entry = next(at for at in entries if head[at : at + 2] == struct.pack("<H", 33922))
        struct.pack_into("<H", head, entry + 2, 16)
        struct.pack_into("<6Q", head, tie_point, 0, 0, 0, x, y, 0)
        return bytes(head)

    def read(reader: HeaderReader, head: bytes) -> object:
        return outcome(partial(reader.read, "no such file", head, SIZES["lc"]))

    reader = HeaderReader()
    read(reader, whole_numbers(500_000, 4_000_000))
    second = whole_numbers(600_000, 5_000_000)
    assert read(reader, second) == read(HeaderReader(), second)


def test_a_known_header_does_not_stand_for_a_file_of_another_size() -> None:
    reader = HeaderReader()
    head = lc_header((0, 0, 0, 5e5, 4e6, 0))
    reader.read("no such file", head, SIZES["lc"])
    with pytest.raises(UnreadableError, match="is truncated"):
        reader.read("no such file", head, SIZES["lc"] - 1)


def test_truncated_files_of_one_size_are_refused_again_and_again() -> None:
    reader = HeaderReader()
    for x in (5e5, 6e5):
        with pytest.raises(UnreadableError, match="is truncated"):
            reader.read("no such file", lc_header((0, 0, 0, x, 4e6, 0)), SIZES["lc"] - 1)
