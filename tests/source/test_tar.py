"""Every member of a sound archive is read; of any other, none is that is not in it."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import subprocess
import tarfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

import pytest
import rasterio

from catalog.model import gdal_root
from catalog.source import gzip_stream
from catalog.source.gzip_stream import DamagedError
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.source.tar import ArchiveReader, Entry, entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.model import Member

GNU, PAX, USTAR = tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT


def entry_of(name: str, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = size, 1.5
    return info


def tar_of(kind: int, *infos: tarfile.TarInfo) -> bytes:
    """An archive of files of zeros."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return file.getvalue()


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


# Hostile headers


def header(name: str = "x", size: int | None = 0, kind: bytes = b"0") -> bytes:
    """One block, with any size that 11 bytes of base 256 can hold."""
    block = bytearray(tarfile.TarInfo(name).tobuf(USTAR)[:512])
    block[156:157] = kind
    if size:
        marked = (1 << 95 if size >= 0 else 0) | size % (1 << (95 if size >= 0 else 96))
        block[124:136] = marked.to_bytes(12, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def described(kind: bytes, payload: bytes) -> bytes:
    """A header that describes the next one, with its content."""
    return header("h", len(payload), kind) + payload + bytes(-len(payload) % 512)


def pax(key: str, value: str) -> bytes:
    length = len(key) + len(value) + 3
    while len(f"{length} {key}={value}\n") != length:
        length += 1
    return f"{length} {key}={value}\n".encode()


SPARSE_1 = pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0")
HOSTILE = {
    "a negative size": header(size=-512),
    "a negative size that comes back": header(size=-1024),
    "a very negative size": header(size=-(2**80)),
    "a size beyond the file": header(size=2**40),
    "a size beyond any file": header(size=2**80),
    "sparse 0.1 without numbers": described(b"x", pax("GNU.sparse.map", "0,x,3")) + header(),
    "sparse 0.0 without numbers": described(
        b"x", pax("GNU.sparse.size", "x") + pax("GNU.sparse.offset", "9")
    )
    + header(),
    "sparse 1.0 without lines": described(b"x", SPARSE_1) + header(size=512) + b"9" * 512,
    "sparse 1.0 without an end": described(b"x", SPARSE_1) + header(size=512) + b"\n" * 512,
    "a chain of pax headers": described(b"x", b"") * 1200 + header(),
    "a chain of global headers": described(b"g", b"") * 1200 + header(),
    "a chain of long names": described(b"L", b"a\0") * 1200 + header(),
    "a name of a megabyte": described(b"L", b"a" * 2**20) + header(),
    "a name of 5,000 bytes": described(b"L", b"a" * 5000) + header(),
    "a pax header of two megabytes": described(b"x", pax("comment", "a" * 2**21)) + header(),
    "a header of a negative size": header(size=-512, kind=b"x") + header(),
    "a header of an endless size": header(size=2**80, kind=b"x") + header(),
    "many global headers": b"".join(
        described(b"g", pax(f"comment{number}", "a" * 2**17)) + header() for number in range(9)
    ),
    "a wrong checksum": b"x" * 512,
    "pax records of no length": described(b"x", b"0 a=b\n") + header(),
    "a number that is none": header()[:124] + b"zzzzzzzzzzz\0" + header()[136:],
}
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


# Whole archives of land cover

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
    reader = ArchiveReader(str(archive))
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
                assert "what it holds may be wrong" in rejected[-1]
                told += 1
    assert told > 12


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.999])
def test_what_lies_before_a_cut_is_kept(truth: Truth, tmp_path: Path, share: float) -> None:
    whole = gzip.compress((truth.folder / "all.tar").read_bytes(), 6)
    content = whole[: int(share * len(whole))]
    (tmp_path / "x.tar.gz").write_bytes(content)
    members, (reason,), sound = read(tmp_path / "x.tar.gz")
    assert sound is None
    assert "it ends too early; only what lies before is in the catalog" in reason
    decompressed = len(zlib.decompressobj(31).decompress(content))
    assert len(members) == (decompressed + 380) // _MEMBER
    assert {member.name: said(member) for member in members}.items() <= truth.read.items()


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


@pytest.mark.parametrize(("folder", "reason"), ODD_NAMES.values(), ids=ODD_NAMES)
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_gdal_opens_every_member_that_is_not_rejected(
    truth: Truth, tmp_path: Path, ending: str, folder: str, reason: str | None
) -> None:
    archive = pack(tmp_path / "x.tar", truth.paths[:2], at=folder)
    if ending == "tar.gz":
        archive = tmp_path / "x.tar.gz"
        archive.write_bytes(gzip.compress((tmp_path / "x.tar").read_bytes(), 1))
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
