"""The headers of every sound archive are read; a hostile one is damage, and no more."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tars import GNU, HOSTILE, PAX, USTAR, entry_of, tar_of

from catalog.source.gzip_stream import DamagedError
from catalog.source.tar import Entry, entries

if TYPE_CHECKING:
    from pathlib import Path


def found_in(content: bytes) -> list[Entry]:
    return list(entries(io.BytesIO(content)))


NAMES = ["a.tif", "./a/b.tif", "a" * 90 + "/" + "b" * 90, "é/a.tif"]


@pytest.mark.parametrize("kind", [USTAR, GNU, PAX], ids=["ustar", "GNU", "pax"])
@pytest.mark.parametrize("name", NAMES, ids=["short", "dotted", "long", "accents"])
def test_every_format_of_tar_is_understood(kind: int, name: str) -> None:
    found = found_in(tar_of(kind, entry_of(name, 700), entry_of("z")))
    assert [(entry.name, entry.size, entry.plain) for entry in found] == [
        (name.removeprefix("./"), 700, True),
        ("z", 0, True),
    ]
    assert all(entry.offset % 512 == 0 for entry in found)


@pytest.mark.parametrize("kind", ["v7", "oldgnu", "gnu", "ustar", "pax"])
def test_archives_of_gnu_tar_are_understood(tmp_path: Path, kind: str) -> None:
    if shutil.which("tar") is None:
        pytest.skip("there is no tar")
    names = ["a/b.tif", "a/c.tif", "z.tif"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode() * 99)
    command = ["tar", f"--format={kind}", "-cf", "x.tar", *names]
    subprocess.run(command, cwd=tmp_path, check=True)
    content = (tmp_path / "x.tar").read_bytes()
    found = found_in(content)
    assert [entry.name for entry in found] == names
    for entry in found:
        expected = (tmp_path / entry.name).read_bytes()
        assert content[entry.offset : entry.offset + entry.size] == expected


def test_empty_archive_has_no_entries() -> None:
    assert found_in(tar_of(PAX)) == []


def test_archive_without_its_end_is_damaged() -> None:
    with pytest.raises(DamagedError, match="it ends too early"):
        found_in(tar_of(USTAR, entry_of("a", 512))[:1024])


GOOD = [entry_of("a.tif", 700), entry_of("b.tif", 9)]


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_header_is_damage_and_what_lies_before_it_stays(hostile: bytes) -> None:
    start = tar_of(GNU, *GOOD)[: 512 + 1024 + 512 + 512]
    content = start + hostile + tar_of(GNU, entry_of("behind"))
    found: list[Entry] = []
    with pytest.raises(DamagedError, match=r"^at byte [\d,]+ of its contents: "):
        found.extend(entries(Seekable(content)))
    assert [entry.name for entry in found[:2]] == ["a.tif", "b.tif"]
    assert {entry.name for entry in found[2:]} <= {"x"}


class Seekable(io.BytesIO):
    """Content that refuses what a file refuses."""

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset > len(self.getbuffer()):
            raise DamagedError.inside(offset, "a member is cut off")
        return super().seek(offset, whence)


@pytest.mark.parametrize("seed", range(20))
def test_no_mutant_breaks_the_reader(seed: int) -> None:
    """Bytes of headers of all kinds are changed, and the reader ends, by an error or without."""
    draw = random.Random(seed)
    long = "b" * 90 + "/" + "b" * 90
    names = [entry_of("a.tif", 3), entry_of(long, 600), entry_of("é/c.tif"), entry_of("z", 9)]
    for _ in range(100):
        content = bytearray(tar_of(draw.choice([GNU, PAX, USTAR]), *names))
        for _ in range(draw.choice([1, 1, 2, 5])):
            at = draw.randrange(len(content))
            block = at - at % 512
            content[at] = draw.choice([0, 32, 48, 55, 128, 255, draw.randrange(256)])
            if draw.random() < 0.8:
                content[block + 148 : block + 156] = b" " * 8
                total = sum(content[block : block + 512])
                content[block + 148 : block + 156] = b"%06o\0 " % total
        try:
            found = list(entries(Seekable(bytes(content))))
        except DamagedError:
            continue
        assert all(0 < entry.offset <= len(content) and entry.size >= 0 for entry in found)
