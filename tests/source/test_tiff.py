"""The parser understands an ordinary TIFF wholly, and says of every other that it does not."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.io import MemoryFile

from catalog.model import Grid
from catalog.source.tiff import NotUnderstoodError, parse_tiff, transform_from_tie

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTE, ASCII, SHORT, LONG, DOUBLE, LONG8, UNKNOWN = 1, 2, 3, 4, 12, 16, 99
FORMATS = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", DOUBLE: "d", LONG8: "Q", UNKNOWN: "B"}
Fields = dict[int, tuple[int, tuple[Any, ...]]]
"""Type and values by tag."""

GEO_KEYS = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32631)
GRID = Grid("EPSG:32631", (5, 7), (10.0, 0.0, 500_000.5, 0.0, -10.0, 4_000_000.25))
PIXELS = 5 * 7 * 3 * 2
ORDINARY: Fields = {
    256: (SHORT, (7,)),
    257: (SHORT, (5,)),
    258: (SHORT, (16, 16, 16)),
    259: (SHORT, (1,)),
    262: (SHORT, (1,)),
    273: (LONG, (2000, 2126)),
    277: (SHORT, (3,)),
    278: (SHORT, (3,)),
    279: (SHORT, (126, 84)),
    284: (SHORT, (1,)),
    338: (SHORT, (0, 0)),
    339: (SHORT, (1, 1, 1)),
    33550: (DOUBLE, (10.0, 10.0, 0.0)),
    33922: (DOUBLE, (0.0, 0.0, 0.0, 500_000.5, 4_000_000.25, 0.0)),
    34735: (SHORT, GEO_KEYS),
}
"""Five rows of seven pixels with three bands of uint16, in two strips."""


def tiff(fields: Mapping[int, tuple[int, tuple[Any, ...]]], order: str = "<", *, big: bool = False):  # noqa: ANN201
    """A TIFF of 2,000 bytes and pixels: the directory first, then the values that do not fit in."""
    word, inline = ("Q", 8) if big else ("I", 4)
    mark = b"II" if order == "<" else b"MM"
    start = 16 if big else 8
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, start)
        directory = struct.pack(order + "Q", len(fields))
    else:
        head = mark + struct.pack(order + "HI", 42, start)
        directory = struct.pack(order + "H", len(fields))
    at = start + len(directory) + len(fields) * (4 + 2 * inline) + inline
    values = b""
    for tag, (kind, numbers) in fields.items():
        packed = struct.pack(f"{order}{len(numbers)}{FORMATS[kind]}", *numbers)
        directory += struct.pack(order + "HH" + word, tag, kind, len(numbers))
        if len(packed) <= inline:
            directory += packed.ljust(inline, b"\0")
        else:
            directory += struct.pack(order + word, at + len(values))
            values += packed
    return (head + directory + bytes(inline) + values).ljust(2000, b"\0") + bytes(PIXELS)


LAYOUTS = {
    "classic, little-endian": ("<", False),
    "classic, big-endian": (">", False),
    "BigTIFF, little-endian": ("<", True),
    "BigTIFF, big-endian": (">", True),
}


@pytest.mark.parametrize(("order", "big"), LAYOUTS.values(), ids=LAYOUTS)
def test_an_ordinary_file_is_understood(order: str, big: bool) -> None:
    header = parse_tiff(tiff(ORDINARY, order, big=big)).header
    assert header.grid == GRID
    assert (header.bands, header.dtype) == (3, "uint16")
    assert header.data_offset == (2000 if order == "<" else None)
    assert header.data_end == 2000 + PIXELS


@pytest.mark.parametrize(("order", "big"), LAYOUTS.values(), ids=LAYOUTS)
def test_rasterio_reads_these_files_too(order: str, big: bool) -> None:
    with MemoryFile(tiff(ORDINARY, order, big=big)) as memory, memory.open() as dataset:
        assert dataset.crs.to_epsg() == 32631
        assert dataset.shape == (5, 7)
        assert tuple(dataset.transform)[:6] == GRID.transform
        assert dataset.dtypes == ("uint16",) * 3


@pytest.mark.parametrize(("order", "big"), LAYOUTS.values(), ids=LAYOUTS)
def test_it_says_where_the_tie_point_is_and_how_far_it_looked(order: str, big: bool) -> None:
    content = tiff(ORDINARY, order, big=big)
    parsed = parse_tiff(content)
    assert struct.unpack_from(f"{order}6d", content, parsed.tie_point) == ORDINARY[33922][1]
    assert parse_tiff(content[: parsed.end]) == parsed
    assert parse_tiff(content[: parsed.end] + b"\xff" * 2000) == parsed
    with pytest.raises(NotUnderstoodError):
        parse_tiff(content[: parsed.end - 1])


SAME = {
    "shapes in 32 bits": {256: (LONG, (7,)), 257: (LONG, (5,))},
    "no planar configuration": {284: None},
    "no compression": {259: None},
    "no sample format": {339: None},
    "a citation": {34735: (SHORT, (1, 1, 0, 4, *GEO_KEYS[4:12], 1026, 34737, 4, 0, *GEO_KEYS[12:]))}
    | {34737: (ASCII, tuple(b"UTM|\0"))},
    "no pixel-is-area": {34735: (SHORT, (1, 1, 0, 2, *GEO_KEYS[4:8], *GEO_KEYS[12:]))},
    "GeoTIFF 1.1": {34735: (SHORT, (1, 1, 1, 3, *GEO_KEYS[4:]))},
}
"""Changes that mean nothing."""
ODD = {
    "no width": {256: None},
    "no height": {257: None},
    "two widths": {256: (SHORT, (7, 7))},
    "a width in doubles": {256: (DOUBLE, (7.0,))},
    "no width at all": {256: (SHORT, (0,))},
    "no height at all": {257: (SHORT, (0,))},
    "bands of different depth": {258: (SHORT, (16, 8, 16))},
    "fewer depths than bands": {258: (SHORT, (16, 16))},
    "twelve bits": {258: (SHORT, (12, 12, 12))},
    "a compression unknown to all": {259: (SHORT, (4711,))},
    "colours that GDAL converts": {258: (SHORT, (8, 8, 8)), 262: (SHORT, (8,))}
    | {273: (LONG, (2000, 2063)), 279: (SHORT, (63, 42))},
    "no strips": {273: None},
    "no strip sizes": {279: None},
    "fewer strip sizes than strips": {279: (SHORT, (210,))},
    "zero bands": {277: (SHORT, (0,)), 258: (SHORT, ())},
    "more bands than depths": {277: (SHORT, (4,))},
    "planes of an unknown kind": {284: (SHORT, (3,))},
    "bands of different format": {339: (SHORT, (1, 2, 1))},
    "complex numbers": {339: (SHORT, (6, 6, 6)), 258: (SHORT, (64, 64, 64))},
    "reversed bits": {266: (SHORT, (2,))},
    "a matrix": {34264: (DOUBLE, tuple(float(number) for number in range(16)))},
    "an overview first": {254: (LONG, (1,))},
    "no scale": {33550: None},
    "no tie point": {33922: None},
    "neither scale nor tie point": {33550: None, 33922: None},
    "a scale of two numbers": {33550: (DOUBLE, (10.0, 10.0))},
    "south up": {33550: (DOUBLE, (10.0, -10.0, 0.0))},
    "a vertical scale": {33550: (DOUBLE, (10.0, 10.0, 1.0))},
    "a tie point within": {33922: (DOUBLE, (1.0, 0.0, 0.0, 5e5, 4e6, 0.0))},
    "a tie point with a height": {33922: (DOUBLE, (0.0, 0.0, 0.0, 5e5, 4e6, 9.0))},
    "two tie points": {33922: (DOUBLE, (0.0, 0.0, 0.0, 5e5, 4e6, 0.0) * 2)},
    "no keys": {34735: None},
    "keys of another version": {34735: (SHORT, (2, 1, 0, 3, *GEO_KEYS[4:]))},
    "fewer keys than said": {34735: (SHORT, (1, 1, 0, 4, *GEO_KEYS[4:]))},
    "more keys than said": {34735: (SHORT, (1, 1, 0, 2, *GEO_KEYS[4:]))},
    "a geographic model": {34735: (SHORT, (1, 1, 0, 3, 1024, 0, 1, 2, *GEO_KEYS[8:]))},
    "pixel-is-point": {34735: (SHORT, (*GEO_KEYS[:8], 1025, 0, 1, 2, *GEO_KEYS[12:]))},
    "no code": {34735: (SHORT, (1, 1, 0, 2, *GEO_KEYS[4:12]))},
    "a code outside UTM": {34735: (SHORT, (*GEO_KEYS[:15], 3857))},
    "a zone 0": {34735: (SHORT, (*GEO_KEYS[:15], 32600))},
    "a zone 61": {34735: (SHORT, (*GEO_KEYS[:15], 32661))},
    "a southern zone 0": {34735: (SHORT, (*GEO_KEYS[:15], 32700))},
    "a southern zone 61": {34735: (SHORT, (*GEO_KEYS[:15], 32761))},
    "units of feet": {34735: (SHORT, (1, 1, 0, 4, *GEO_KEYS[4:], 3076, 0, 1, 9003))},
    "an unknown key": {34735: (SHORT, (1, 1, 0, 4, *GEO_KEYS[4:], 4096, 0, 1, 5773))},
    "an unknown field type": {340: (UNKNOWN, (1,))},
}


def changed(changes: Mapping[int, Any]) -> Fields:
    fields = dict(sorted((ORDINARY | changes).items()))
    return {tag: field for tag, field in fields.items() if field is not None}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_the_same_is_understood_with(changes: Mapping[int, Any]) -> None:
    assert parse_tiff(tiff(changed(changes))).header == parse_tiff(tiff(ORDINARY)).header


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_gdal_has_to_judge(changes: Mapping[int, Any]) -> None:
    for order, big in LAYOUTS.values():
        with pytest.raises(NotUnderstoodError):
            parse_tiff(tiff(changed(changes), order, big=big))


def test_of_a_field_that_is_there_twice_nothing_is_believed() -> None:
    content = bytearray(tiff(ORDINARY))
    rows_per_strip = 10 + 12 * list(ORDINARY).index(278)
    struct.pack_into("<H", content, rows_per_strip, 256)
    with pytest.raises(NotUnderstoodError):
        parse_tiff(bytes(content))


NOT_PLAIN = {
    "compressed": {259: (SHORT, (5,))},
    "with a gap": {273: (LONG, (2000, 2130))},
    "with a strip missing": {273: (LONG, (2000, 0)), 279: (SHORT, (126, 0))},
    "in backward order": {273: (LONG, (2084, 2000)), 279: (SHORT, (126, 84))},
    "in planes": {284: (SHORT, (2,)), 273: (LONG, (2000,) * 6), 279: (SHORT, (42, 28) * 3)},
    "too short": {279: (SHORT, (126, 83))},
    "too long": {279: (SHORT, (126, 85))},
}


@pytest.mark.parametrize("changes", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_no_offset_is_claimed_for_pixels(changes: Mapping[int, Any]) -> None:
    header = parse_tiff(tiff(changed(changes))).header
    assert header.grid == GRID
    assert header.data_offset is None


TRANSFORMS = {
    "north up": ((10.0, 20.0, 0.0), (0.0, 0.0, 0.0, 1.0, 2.0, 0.0), (10, 0, 1, 0, -20, 2)),
    "in whole numbers": ((10, 20, 0), (0, 0, 0, 1, 2, 0), (10, 0, 1, 0, -20, 2)),
    "at the origin": ((1.0, 1.0, 0.0), (0.0,) * 6, (1, 0, 0, 0, -1, 0)),
}


@pytest.mark.parametrize(("scale", "tie", "expected"), TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_transform_is_made_from_scale_and_tie_point(
    scale: tuple[float, ...], tie: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert transform_from_tie(scale, tie) == expected


@pytest.mark.parametrize(("order", "big"), LAYOUTS.values(), ids=LAYOUTS)
def test_whatever_byte_is_wrong_nothing_breaks(order: str, big: bool) -> None:
    content = tiff(ORDINARY, order, big=big)
    for at in range(parse_tiff(content).end):
        for byte in {0, 1, 2, 3, 12, 16, 127, 128, 255, content[at] ^ 1, content[at] ^ 128}:
            broken = bytearray(content)
            broken[at] = byte
            understood(bytes(broken))


def understood(buffer: bytes) -> bool:
    """Whether the parser understands it; any other error fails the test."""
    try:
        parse_tiff(buffer)
    except NotUnderstoodError:
        return False
    return True


@pytest.mark.parametrize(("order", "big"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_header_cut_off_anywhere_is_not_understood(order: str, big: bool) -> None:
    content = tiff(ORDINARY, order, big=big)
    assert not any(understood(content[:length]) for length in range(parse_tiff(content).end))


HUGE = [2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
STARTS = [b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]


@pytest.mark.parametrize("number", HUGE)
def test_a_directory_far_outside_the_file_is_not_understood(number: int) -> None:
    for start in STARTS:
        order = "<" if start.startswith(b"II") else ">"
        word = "I" if len(start) == 4 else "Q"
        if number < 256 ** struct.calcsize(word):
            assert not understood(start + struct.pack(order + word, number) + bytes(2000))


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("order", "<>")
def test_huge_counts_and_offsets_cost_neither_time_nor_memory(order: str, number: int) -> None:
    content = bytearray(tiff(ORDINARY, order, big=True))
    entries = range(16 + 8, 16 + 8 + 20 * len(ORDINARY), 20)
    for at in (16, *(entry + part for entry in entries for part in (4, 12))):
        broken = bytearray(content)
        struct.pack_into(order + "Q", broken, at, number)
        understood(bytes(broken))


@settings(deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_noise_is_not_understood(start: bytes, noise: bytes) -> None:
    assert not understood(start + noise)


@settings(deadline=None)
@given(st.data())
def test_noise_within_a_file_breaks_nothing(data: st.DataObject) -> None:
    order, big = data.draw(st.sampled_from(list(LAYOUTS.values())))
    content = bytearray(tiff(ORDINARY, order, big=big))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 500))
        noise = data.draw(st.binary(min_size=1, max_size=8))
        content[at : at + len(noise)] = noise
    understood(bytes(content))
