"""Every byte of an archive comes out, by whichever library, up to the first that is damaged."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.source import gzip_stream
from catalog.source.gzip_stream import MOST_AT_ONCE, DamagedError, IndexedReader, SequentialReader

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = np.random.default_rng(6).integers(0, 16, 3_000_000, np.uint8).tobytes()
PACKED = gzip.compress(CONTENT, 6)


@pytest.fixture(params=["rapidgzip", "zlib"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "zlib":
        monkeypatch.setattr(gzip_stream, "rapidgzip", None)
    else:
        pytest.importorskip("rapidgzip")
    return str(request.param)


def unpacked(path: Path, size: int = 100_000) -> bytes:
    stream = SequentialReader(str(path))
    try:
        return b"".join(iter(lambda: stream.read(size), b""))
    finally:
        stream.close()


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(PACKED, id="one member"),
        pytest.param(gzip.compress(CONTENT[:9]) + gzip.compress(CONTENT[9:]), id="two"),
        pytest.param(PACKED + bytes(1000), id="padding"),
        pytest.param(PACKED + b"garbage" * 99, id="garbage behind"),
        pytest.param(gzip.compress(CONTENT, 0), id="stored"),
    ],
)
@pytest.mark.usefixtures("library")
def test_all_bytes_come_out(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(packed)
    assert unpacked(tmp_path / "a.gz") == CONTENT


def zlib_gives(packed: bytes) -> int:
    """How many bytes zlib gives, fed one by one."""
    unpacker, count = zlib.decompressobj(31), 0
    for index in range(len(packed)):
        try:
            count += len(unpacker.decompress(packed[index : index + 1]))
        except zlib.error:
            break
    return count


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda packed: packed[: len(packed) // 3], id="cut off"),
        pytest.param(lambda packed: packed[:-8], id="no checksum"),
        pytest.param(lambda packed: packed[:-3], id="half a size"),
        pytest.param(lambda packed: packed[:900_000] + b"\xff" * 9 + packed[900_009:], id="bytes"),
        pytest.param(lambda packed: packed[:-8] + bytes(8), id="another checksum"),
        pytest.param(lambda packed: packed[:12], id="hardly a header"),
        pytest.param(lambda packed: packed[:0], id="empty"),
    ],
)
@pytest.mark.usefixtures("library")
def test_all_bytes_before_a_damage_come_out(tmp_path: Path, damage: object) -> None:
    packed = damage(PACKED)  # type: ignore[operator]
    (tmp_path / "a.gz").write_bytes(packed)
    stream, count = SequentialReader(str(tmp_path / "a.gz")), zlib_gives(packed)
    assert len(stream.read(count)) == count
    with pytest.raises(DamagedError, match=rf"at byte \d[\d,]* of {len(packed):,}: "):
        stream.read(1)
    stream.close()


@pytest.mark.usefixtures("library")
def test_header_that_asks_for_too_much_is_damage(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(PACKED)
    stream = SequentialReader(str(tmp_path / "a.gz"))
    with pytest.raises(DamagedError, match="it asks for"):
        stream.read(MOST_AT_ONCE + 1)
    stream.close()


def test_seek_index_leads_to_every_byte(tmp_path: Path) -> None:
    pytest.importorskip("rapidgzip")
    path, index = tmp_path / "a.tar.gz", tmp_path / "a.gzi"
    path.write_bytes(PACKED)
    stream = SequentialReader(str(path))
    while stream.read(1 << 20):
        pass
    assert stream.write_seek_index(index) >= 1
    stream.close()
    file = IndexedReader.open(str(path), index)
    for offset in (2_999_000, 0, 1_234_567, 17):
        file.seek(offset)
        assert file.read(999) == CONTENT[offset : offset + 999]
    with pytest.raises(DamagedError, match="a member is cut off"):
        file.seek(len(CONTENT) + 1)
    file.close()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_seek_index_of_many_places_leads_to_every_byte(tmp_path: Path, threads: int) -> None:
    pytest.importorskip("rapidgzip")
    path, index = tmp_path / "a.gz", tmp_path / "a.gzi"
    content = np.random.default_rng(7).integers(0, 16, 24 << 20, np.uint8).tobytes()
    path.write_bytes(gzip.compress(content, 1))
    stream = SequentialReader(str(path))
    assert b"".join(iter(lambda: stream.read(1 << 20), b"")) == content
    assert stream.write_seek_index(index) > 2
    stream.close()
    file = IndexedReader.open(str(path), index, threads)
    for offset in (20_000_000, 0, 7_654_321):
        file.seek(offset)
        assert file.read(999) == content[offset : offset + 999]
    file.close()
