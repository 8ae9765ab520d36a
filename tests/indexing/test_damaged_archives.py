"""A damaged archive harms no other, and no member of any is written where it should not be."""

from __future__ import annotations

import gzip
import io
import random
import re
import tarfile
from typing import TYPE_CHECKING

import pytest
from trees import SPRING, rows_of

from catalog import Catalog, index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Packed

pytestmark = pytest.mark.slow


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeros(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(300) + content[middle + 300 :]


def other_sum(content: bytes) -> bytes:
    return content[:-8] + bytes(4) + content[-4:]


def other_second_sum(content: bytes) -> bytes:
    plain = gzip.decompress(content)
    parts = plain[: len(plain) // 2], plain[len(plain) // 2 :]
    return other_sum(b"".join(gzip.compress(part, 1) for part in parts))


def cut_tar(content: bytes) -> bytes:
    return gzip.compress(half(gzip.decompress(content)), 1)


def no_header(content: bytes) -> bytes:
    plain = bytearray(gzip.decompress(content))
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        start = archive.getmembers()[4].offset
    plain[start : start + 512] = b"x" * 512
    return gzip.compress(plain, 1)


@pytest.mark.parametrize(
    ("damage", "where", "patches"),
    [
        pytest.param(half, "ends too early; it has no valid checksum", range(1), id="cut off"),
        pytest.param(zeros, "nothing of it is in the catalog", range(1), id="overwritten"),
        pytest.param(other_sum, "incorrect data check; it has no valid", range(1), id="sum"),
        pytest.param(
            other_second_sum,
            r"only its first [\d,]+ bytes, decompressed, have",
            range(3, 5),
            id="two",
        ),
        pytest.param(cut_tar, "of its contents: a member", range(3, 5), id="tar cut off"),
        pytest.param(no_header, "of its contents: not a tar header", range(3, 4), id="no header"),
    ],
)
def test_damaged_archive_keeps_what_is_sound(
    spring: Path,
    packed: Packed,
    damage: Callable[[bytes], bytes],
    where: str,
    patches: range,
) -> None:
    spring.write_bytes(damage(spring.read_bytes()))
    out = spring.parent / "catalog"
    report = index(spring, *packed.archives[1:], into=out)
    (damaged,) = [entry for entry in report.rejected if entry.path == str(spring)]
    assert damaged.reason.startswith("is damaged at byte ")
    assert re.search(where, damaged.reason)
    rows = rows_of(out)
    assert len(rows) == 54
    assert sum(row["assets"]["lc"] is not None for row in rows.values()) - 45 in patches


def test_joined_archives_are_told(spring: Path, packed: Packed) -> None:
    joined = spring.parent / "joined.tar.gz"
    joined.write_bytes(spring.read_bytes() + packed.archives[1].read_bytes())
    report = index(joined, into=spring.parent / "catalog")
    assert [(entry.path, entry.reason[:21]) for entry in report.rejected] == [
        (str(joined), "holds more data after")
    ]
    assert report.patches == 9


NO_ARCHIVES = {
    "empty": b"",
    "noise": random.Random(0).randbytes(4096),
    "packed": gzip.compress(b"hello" * 999),
}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES)
def test_what_is_no_archive_is_rejected_alone(spring: Path, packed: Packed, content: bytes) -> None:
    spring.write_bytes(content)
    report = index(spring, packed.archives[1], into=spring.parent / "catalog")
    assert [entry.path for entry in report.rejected] == [str(spring)]
    assert report.patches == 9


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


FILE = f"{SPRING}_s1_1_p40.tif"


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (member(f"../../{FILE}"), "has a name that leads out of the archive"),
        (member(f"/etc/{FILE}"), "has a name that leads out of the archive"),
        (member(f"a/../../{FILE}"), "has a name that leads out of the archive"),
        (member(FILE, tarfile.SYMTYPE, "/etc/passwd"), "is not a regular file"),
        (member(FILE, tarfile.LNKTYPE, "../../etc/passwd"), "is not a regular file"),
        (member(FILE, tarfile.CHRTYPE), "is not a regular file"),
        (member(FILE, tarfile.FIFOTYPE), "is not a regular file"),
        (member(f"a\nb/{FILE}"), "has a name with characters that cannot be printed"),
        (member("holiday.tif"), "has no name of SEN12MS"),
    ],
    ids=lambda value: value.name if isinstance(value, tarfile.TarInfo) else "",
)
def test_hostile_members_are_rejected_and_never_written(
    spring: Path, info: tarfile.TarInfo, reason: str
) -> None:
    content = (spring.parent / "SEN12MS" / SPRING / "s1_1" / f"{SPRING}_s1_1_p30.tif").read_bytes()
    archive = spring.parent / "hostile.tar"
    with tarfile.open(archive, "w") as file:
        info.size = len(content) if info.type == tarfile.REGTYPE else 0
        file.addfile(info, io.BytesIO(content))
    out = spring.parent / "catalog"
    report = index(spring, archive, into=out)
    (rejected,) = report.rejected
    assert rejected.reason.startswith(reason)
    before = set(spring.parent.rglob("*"))
    with Catalog.open(out) as cat:
        cat.select().extract(to=spring.parent / "to" / "here")
    new = set(spring.parent.rglob("*")) - before - {spring.parent / "to"}
    assert all(path.is_relative_to(spring.parent / "to" / "here") for path in new)
