"""Whatever goes wrong with one file is why that file is rejected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from catalog.datasets import SEN12MS
from catalog.model import PatchKey
from catalog.source.gzip_stream import DamagedError
from catalog.source.read_file import MOST_BYTES, FileReader
from catalog.source.synthetic import format_header
from catalog.source.tree import FoundFile

if TYPE_CHECKING:
    from pathlib import Path

KEY = PatchKey("spring", 1, 30)
S1_BYTES = 525_172


def found(path: Path, size: int, sensor: str = "s1") -> FoundFile:
    return FoundFile(KEY, sensor, str(path), size)


def no_bytes(size: int) -> bytes:
    raise AssertionError(f"{size} bytes are read")


def test_a_file_that_is_gone_is_rejected(tmp_path: Path) -> None:
    record = FileReader(SEN12MS).read(found(tmp_path / "gone.tif", 9))
    assert record.reason == "cannot be read: No such file or directory"


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    path.write_bytes(format_header("s1", 32737, (5e5, 4e6)))
    os.truncate(path, MOST_BYTES + 1)
    file = found(path, MOST_BYTES + 1)
    for record in (FileReader(SEN12MS).read(file), FileReader(SEN12MS).read_member(file, no_bytes)):
        assert record.reason == "is not a patch: it has 67,108,865 bytes"


def test_an_error_that_nobody_foresaw_is_a_reason_too(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    path.write_bytes(format_header("s1", 32737, (5e5, 4e6)).ljust(S1_BYTES, b"\0"))
    record = FileReader(SEN12MS).read(found(path, S1_BYTES, sensor="radar"))
    assert record.reason == "cannot be read: KeyError: 'radar'"


def test_damage_of_the_archive_is_no_fault_of_the_file(tmp_path: Path) -> None:
    def cut(size: int) -> bytes:
        raise DamagedError.inside(size, "a member is cut off")

    with pytest.raises(DamagedError):
        FileReader(SEN12MS).read_member(found(tmp_path / "image.tif", S1_BYTES), cut)


def test_of_a_known_header_only_the_header_is_read(tmp_path: Path) -> None:
    content = format_header("s1", 32737, (5e5, 4e6)).ljust(S1_BYTES, b"\0")
    reader, file, asked = FileReader(SEN12MS), found(tmp_path / "image.tif", S1_BYTES), []

    def give(size: int) -> bytes:
        asked.append(size)
        return content[sum(asked) - size : sum(asked)]

    first = reader.read_member(file, give)
    assert asked == [4096, S1_BYTES - 4096]
    asked.clear()
    assert reader.read_member(file, give).grid == first.grid
    assert asked == [4096]
