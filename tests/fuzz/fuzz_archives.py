"""Archives, damaged in their bytes or in the fields of their headers."""

from __future__ import annotations

import gzip
import tarfile
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from internals import SyntheticScene, archive_members, read_file, write_scene
from mutations import mutate
from outcome import Outcome

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from catalog.model import FileRecord, Member

SCENE = SyntheticScene("spring", 1, 32737, (374132.25, 8118022.5), 29, (30, 31))
_BLOCK = 512
_SIZES = (b"\x80" + bytes(11), b"\xff" * 12, b"\xff" * 10 + b"\xfe\0", b"\x80" + b"\xff" * 11)
_KINDS = b"0157xgLKSVMDN\0"
_PAX = (
    b"GNU.sparse.map=0,x,3",
    b"GNU.sparse.offset=x",
    b"GNU.sparse.major=1\n30 GNU.sparse.minor=0",
    b"size=-1",
    b"size=99999999999999999999",
    b"path=../../etc/passwd",
)


class Packed(NamedTuple):
    """A good archive."""

    name: str
    data: bytes
    ends: dict[str, int]
    """By member, after how many bytes of the file nothing that comes can change it."""


class Archives:
    """What lies before the damage stays, no row is wrong, and nothing is raised or hangs."""

    name = "archives"
    what = "tar and tar.gz archives; oracles: tarfile, the true members"
    share = 3

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = sorted(write_scene(folder / "root", SCENE, sensors=("s1", "lc"), sparse=("s1",)))
        self.true = {path.name: read_file(path) for path in paths}
        self.packed = [_tar(paths), _gzip(paths), _many_gzips(paths)]
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """One mutant."""
        packed = draw.choice(self.packed)
        if packed.name.endswith(".tar") and draw.random() < 0.5:
            self.evidence, first = _field(packed, draw)
        else:
            self.evidence, first = mutate(packed.data, draw)
        path = self.folder / packed.name
        path.write_bytes(self.evidence)
        members, _ = archive_members(path, self.folder / "seek.gzi")
        return Outcome(1, bool(members), self._problem(packed, first, members))

    def _problem(self, packed: Packed, first: int, members: list[Member]) -> str:
        found = {member.name.rpartition("/")[2]: member for member in members}
        missing = [name for name, end in packed.ends.items() if end <= first and name not in found]
        if missing:
            return f"{missing[0]} lies before the damage at byte {first:,}, and is lost"
        for name, member in found.items():
            true = self.true.get(name)
            if true is not None and _same(true, member.record):
                continue
            if packed.name.endswith("gz"):
                return f"{name} is not as it was, though checksums guard it"
            problem = self._against_tarfile(member)
            if problem:
                return f"{name}: {problem}"
        return ""

    def _against_tarfile(self, member: Member) -> str:
        """Compare a member with what the standard library finds at the same place."""
        content = None
        # An end that is cut off is told behind the members before it.
        with suppress(tarfile.TarError), tarfile.open(fileobj=BytesIO(self.evidence)) as archive:
            for info in archive:
                if (info.offset_data, info.name) == (member.offset, member.name):
                    content = self.evidence[member.offset : member.offset + info.size]
        if content is None:
            return "tarfile finds no such member"
        path = self.folder / member.name.rpartition("/")[2]
        path.write_bytes(content)
        return "" if _same(read_file(path), member.record) else "its content says otherwise"


def _same(one: FileRecord, other: FileRecord) -> bool:
    """Whether two records differ at most in the path."""
    if one.reason is not None or other.reason is not None:
        return other.reason is not None  # rejected: no row
    counts = one.counts is other.counts is None or (one.counts == other.counts).all()
    return bool(
        counts
        and (one.key, one.sensor, one.size, one.grid)
        == (
            other.key,
            other.sensor,
            other.size,
            other.grid,
        )
    )


def _entry(path: Path) -> bytes:
    info = tarfile.TarInfo(f"ROIs1158_spring/{path.parent.name}/{path.name}")
    data = path.read_bytes()
    info.size = len(data)
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % _BLOCK)


def _tar(paths: list[Path]) -> Packed:
    data, ends = b"", {}
    for path in paths:
        data += _entry(path)
        ends[path.name] = len(data)
    return Packed("plain.tar", data + bytes(2 * _BLOCK), ends)


def _gzip(paths: list[Path]) -> Packed:
    """One gzip member, whose checksum comes last: what is damaged anywhere may be wrong."""
    data = gzip.compress(_tar(paths).data, 1, mtime=0)
    return Packed("one.tar.gz", data, dict.fromkeys((path.name for path in paths), len(data)))


def _many_gzips(paths: list[Path]) -> Packed:
    data, ends = b"", {}
    for path in paths:
        data += gzip.compress(_entry(path), 1, mtime=0)
        ends[path.name] = len(data)
    return Packed("many.tar.gz", data + gzip.compress(bytes(2 * _BLOCK), mtime=0), ends)


def _field(packed: Packed, draw: random.Random) -> tuple[bytes, int]:
    """An archive with a header whose fields lie, and whose checksum is right; and where it is."""
    start = draw.choice([0, *packed.ends.values()])
    body = b""
    if draw.random() < 0.5 and start < len(packed.data) - 2 * _BLOCK:
        header, rest = packed.data[start : start + _BLOCK], packed.data[start + _BLOCK :]
        header = _lying(header, draw)
    else:
        record = draw.choice(_PAX)
        length = len(record) + 4
        body = f"{length} ".encode() + record + b"\n"
        info = tarfile.TarInfo(draw.choice(("x", "././@LongLink")))
        info.size = draw.choice((len(body), 0, 2**40))
        info.type = draw.choice((b"x", b"g", b"L", b"K"))
        header, rest = info.tobuf(tarfile.GNU_FORMAT), packed.data[start:]
        body += bytes(-len(body) % _BLOCK)
    repeated = (_checked(header) + body) * draw.choice((1, 1, 1, 40, 1200))
    return packed.data[:start] + repeated + rest, start


def _lying(header: bytes, draw: random.Random) -> bytes:
    at, value = draw.choice(
        (
            (124, draw.choice(_SIZES)),
            (124, b"%011o\0" % draw.choice((0, 1, 511, 513, 8**11 - 1))),
            (156, bytes([draw.choice(_KINDS)])),
            (0, draw.choice((b"x\0", b"../", b"/", b"\xff\xfe", b"a//", b"a\\"))),
            (draw.randrange(_BLOCK), draw.randbytes(4)),
        )
    )
    return (header[:at] + value + header[at + len(value) :])[:_BLOCK]


def _checked(header: bytes) -> bytes:
    """The header with its right checksum."""
    blank = header[:148] + b" " * 8 + header[156:]
    return header[:148] + b"%06o\0 " % sum(blank) + header[156:]
