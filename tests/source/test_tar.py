"""What is read of an archive is in it, whatever happened to the archive, and GDAL opens it."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest
import rasterio
from tars import GNU, HOSTILE, PAX

from catalog.datasets import SEN12MS
from catalog.model import gdal_root
from catalog.source import gzip_stream
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.source.tar import ArchiveReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.model import Member

SCENE = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, tuple(range(4)))
FOLDER = "ROIs1158_spring/lc_1"
_MEMBER = 512 + 262_788 + 380
"""Bytes of a header, a file, and zeros up to a multiple of 512."""


class Truth(NamedTuple):
    """Files, and what is to be read of them."""

    folder: Path
    paths: list[Path]
    read: dict[str, bytes]
    """Grid and counts by name."""


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    folder = tmp_path_factory.mktemp("truth")
    paths = list(write_scene(folder, SCENE, sensors=["lc"]))
    pack(folder / "all.tar", paths)
    members, rejected, _ = read(folder / "all.tar")
    assert (len(members), rejected) == (4, [])
    return Truth(folder, paths, {member.name: said(member) for member in members})


def said(member: Member) -> bytes:
    """All that is kept of a file."""
    assert member.record.grid is not None
    assert member.record.counts is not None
    return repr((member.record.key, member.record.grid)).encode() + member.record.counts.tobytes()


def pack(archive: Path, paths: list[Path], *, at: str = FOLDER) -> Path:
    with tarfile.open(archive, "w", format=GNU) as file:
        for path in paths:
            file.add(path, f"{at}/{path.name}")
    return archive


def read(archive: Path) -> tuple[list[Member], list[str], int | None]:
    """The members that may be trusted, the reasons of rejections, and up to where to trust."""
    reader = ArchiveReader(str(archive), SEN12MS)
    members = list(reader.read(archive.with_name("index.gzi")))
    sound = reader.sound_bytes
    if sound is not None:
        members = [member for member in members if member.offset + member.record.size <= sound]
    return members, [entry.reason for entry in reader.rejected], sound


@pytest.fixture(params=["rapidgzip", "zlib"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "zlib":
        monkeypatch.setattr(gzip_stream, "rapidgzip", None)
    else:
        pytest.importorskip("rapidgzip")
    return str(request.param)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_files_before_a_hostile_header_are_kept(
    truth: Truth, tmp_path: Path, ending: str, hostile: bytes
) -> None:
    content = (truth.folder / "all.tar").read_bytes()[: 2 * _MEMBER] + hostile
    archive = tmp_path / f"x.{ending}"
    archive.write_bytes(content if ending == "tar" else gzip.compress(content, 1))
    members, (reason,), sound = read(archive)
    assert sound is None
    assert reason.startswith("is damaged at byte ")
    assert [said(member) for member in members] == list(truth.read.values())[:2]


MORE = {
    "joined": lambda content: content + content,
    "a block of zeros": lambda content: content[:_MEMBER] + bytes(512) + content[_MEMBER + 512 :],
    "noise at the end": lambda content: content + b"x",
}


@pytest.mark.parametrize("change", MORE.values(), ids=MORE)
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_more_data_after_the_end_is_told(
    truth: Truth, tmp_path: Path, ending: str, change: object
) -> None:
    content = change((truth.folder / "all.tar").read_bytes())  # type: ignore[operator]
    archive = tmp_path / f"x.{ending}"
    archive.write_bytes(content if ending == "tar" else gzip.compress(content, 1))
    members, (reason,), _ = read(archive)
    assert reason.startswith("holds more data after its end mark")
    assert {member.name: said(member) for member in members}.items() <= truth.read.items()


@pytest.mark.parametrize("padding", [0, 512, 1 << 20])
def test_zeros_after_the_end_are_padding(truth: Truth, tmp_path: Path, padding: int) -> None:
    archive = tmp_path / "x.tar"
    archive.write_bytes((truth.folder / "all.tar").read_bytes() + bytes(padding))
    members, rejected, _ = read(archive)
    assert (len(members), rejected) == (4, [])


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_bit_of_a_gzip_file_makes_a_wrong_row(
    truth: Truth, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    plain = (truth.folder / "all.tar").read_bytes()
    middle = 2 * _MEMBER
    whole = gzip.compress(plain, 6)
    two = gzip.compress(plain[:middle], 6) + gzip.compress(plain[middle:], 6)
    told = 0
    for content, first in ((whole, 0), (two, 2)):
        start = 0 if first == 0 else len(gzip.compress(plain[:middle], 6)) + 20
        for _ in range(12):
            changed = bytearray(content)
            at = draw.randrange(start, len(content))
            changed[at] ^= 1 << draw.randrange(8)
            archive = tmp_path / "x.tar.gz"
            archive.write_bytes(changed)
            members, rejected, sound = read(archive)
            assert {member.name: said(member) for member in members}.items() <= truth.read.items()
            assert len(members) == 4 or rejected
            if sound is not None:
                assert (len(members), sound) == (first, middle if first else 0)
                assert "valid checksum" in rejected[-1]
                told += 1
    assert told > 12


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.999])
def test_of_a_gzip_file_that_is_cut_off_only_whole_members_are_kept(
    truth: Truth, tmp_path: Path, share: float
) -> None:
    """Damage can hide the end of a stream: then it looks like a cut, behind wrong bytes."""
    plain = (truth.folder / "all.tar").read_bytes()
    first, second = plain[: 2 * _MEMBER], plain[2 * _MEMBER :]
    for before, behind, kept in ((b"", plain, 0), (first, second, 2)):
        packed = gzip.compress(behind, 6)
        start = gzip.compress(before, 6) if before else b""
        (tmp_path / "x.tar.gz").write_bytes(start + packed[: int(share * len(packed))])
        members, (reason,), sound = read(tmp_path / "x.tar.gz")
        assert (len(members), sound) == (kept, len(before))
        assert "it ends too early; " in reason
        assert {member.name: said(member) for member in members}.items() <= truth.read.items()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.9])
def test_of_a_tar_file_that_is_cut_off_all_before_the_cut_is_kept(
    truth: Truth, tmp_path: Path, share: float
) -> None:
    content = (truth.folder / "all.tar").read_bytes()[: int(share * 4 * _MEMBER)]
    (tmp_path / "x.tar").write_bytes(content)
    members, (reason,), _ = read(tmp_path / "x.tar")
    assert "only what lies before is in the catalog" in reason
    assert len(members) == (len(content) + 380) // _MEMBER
    assert {member.name: said(member) for member in members}.items() <= truth.read.items()


@pytest.mark.usefixtures("library")
def test_wrong_bytes_that_hide_the_end_of_a_stream_leave_no_row(
    truth: Truth, tmp_path: Path
) -> None:
    """The last block claims more bytes than follow, so that the checksum is taken for content."""
    content = bytearray(gzip.compress((truth.folder / "all.tar").read_bytes(), 0))
    content[100_000] ^= 1
    last = 10
    while not content[last] & 1:
        last += 5 + int.from_bytes(content[last + 1 : last + 3], "little")
    content[last + 1 : last + 5] = b"\xff\xff\0\0"
    (tmp_path / "x.tar.gz").write_bytes(content)
    members, (reason,), sound = read(tmp_path / "x.tar.gz")
    assert (members, sound) == ([], 0)
    assert "it ends too early; it has no valid checksum" in reason


# Names

ODD_NAMES = {
    "plain": ("lc", None),
    "two levels": ("a/lc", None),
    "spaces": ("a b/ lc", None),
    "dots": ("./a/./lc", None),
    "braces": ("{a/b}", None),
    "an archive's": ("a.tar.gz/lc", None),
    "marks": ("a?b#c%20d&e:f,g;h'i\"j*k|l", None),
    "accents": ("é", None),
    "long": ("x" * 60 + "/" + "y" * 60, None),
    "backslash": ("a\\b", "has a name with \\ or //"),
    "empty": ("a//b", "has a name with \\ or //"),
}
NUMBERS = count()


@pytest.mark.parametrize(("folder", "reason"), ODD_NAMES.values(), ids=ODD_NAMES)
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_gdal_opens_every_member_that_is_not_rejected(
    truth: Truth, tmp_path: Path, ending: str, folder: str, reason: str | None
) -> None:
    # Under a name of its own: GDAL remembers what was in an archive of this path, size and second.
    archive = pack(tmp_path / f"{next(NUMBERS)}.tar", truth.paths[:2], at=folder)
    if ending == "tar.gz":
        packed = gzip.compress(archive.read_bytes(), 1)
        archive = archive.with_suffix(".tar.gz")
        archive.write_bytes(packed)
    members, rejected, _ = read(archive)
    if reason is not None:
        assert members == []
        assert all(told.startswith(reason) for told in rejected)
        assert len(rejected) == 2
    for member in members:
        with rasterio.open(member.record.path) as source:
            assert source.shape == (256, 256)
    assert len(members) + len(rejected) == 2


@pytest.mark.parametrize(
    ("folder", "kept"), [("lc", 1), ("é", 0), ("x" * 90, 0)], ids=["short", "accents", "long"]
)
def test_a_name_in_a_pax_header_alone_is_rejected(
    truth: Truth, tmp_path: Path, folder: str, kept: int
) -> None:
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w", format=PAX) as file:
        info = file.gettarinfo(truth.paths[0], f"{folder}/{truth.paths[0].name}")
        info.pax_headers = {"comment": "é"}
        file.addfile(info, io.BytesIO(truth.paths[0].read_bytes()))
    members, rejected, _ = read(archive)
    assert len(members) == kept
    assert all(reason.startswith("has its name in a pax header") for reason in rejected)
    with_gdal = f"{gdal_root(str(archive))}/{folder}/{truth.paths[0].name}"
    if kept:
        assert rasterio.open(with_gdal).shape == (256, 256)
    else:
        with pytest.raises(rasterio.RasterioIOError):
            rasterio.open(with_gdal)


BRACES = {"a}b": False, "a{b": False, "}{": False, "{a}": True, "a{{b}}c": True}


@pytest.mark.parametrize(("folder", "opens"), BRACES.items(), ids=BRACES)
def test_an_archive_below_unpaired_braces_is_rejected(
    truth: Truth, tmp_path: Path, folder: str, opens: bool
) -> None:
    (tmp_path / folder).mkdir()
    archive = pack(tmp_path / folder / "x.tar", truth.paths[:1])
    members, rejected, _ = read(archive)
    if opens:
        assert rasterio.open(members[0].record.path).shape == (256, 256)
    else:
        assert members == []
        assert [reason[:24] for reason in rejected] == ["has an unpaired brace in"]
        with pytest.raises(rasterio.RasterioIOError):
            rasterio.open(f"{gdal_root(str(archive))}/{FOLDER}/{truth.paths[0].name}")
