"""What an archive holds: its members, in one pass from front to back."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final, NamedTuple

from catalog.datasets.recognition import reason_against
from catalog.model import Member, Rejected, gdal_root, is_url
from catalog.source.gzip_stream import (
    SKIP,
    DamagedError,
    IndexedReader,
    SequentialReader,
    is_compressed,
)
from catalog.source.read_file import FileReader
from catalog.source.stores import read_remote
from catalog.source.tree import FoundFile, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.model import PatchKey
    from catalog.source.gzip_stream import Decompressed

_ENDINGS: Final = (".tar", ".tar.gz", ".tgz")
_HEAD: Final = 1 << 20
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_MOST_HEADER_BYTES: Final = 256 << 10
"""Of one member, and of all global headers; long names and pax headers take a few kilobytes."""
_LONGEST_NAME: Final = 4096
"""Characters; longer paths are refused by Linux."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells an archive from a changed one without reading it."""

    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds; of an archive at a URL, a digest of its entity tag."""
    head: str
    """SHA-256 of its first MiB, in hexadecimal."""


class Entry(NamedTuple):
    """What a tar header says."""

    name: str
    """Name of the member, without `./` before it."""
    plain: bool
    """Whether it is a regular file, stored in one piece."""
    by_pax: bool
    """Whether its name is in a pax header alone."""
    offset: int
    """Byte of the decompressed archive where its content starts."""
    size: int
    """Bytes."""


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a name is that of an archive."""
    return os.fspath(path).lower().endswith(_ENDINGS)


def stamp_of(path: str) -> Stamp:
    """The stamp of an archive as it is now.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if is_url(path):
        start = read_remote(path, _HEAD)
        return Stamp(start.size, start.stamp, hashlib.sha256(start.data).hexdigest())
    with open(path, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        return Stamp(
            status.st_size, status.st_mtime_ns, hashlib.sha256(file.read(_HEAD)).hexdigest()
        )


def open_stream(path: str) -> SequentialReader | IndexedReader:
    """An archive, to be read from front to back."""
    return SequentialReader(path) if is_compressed(path) else IndexedReader.open(path)


class _Headers:
    """What tarfile reads headers from: between two members, no more bytes than any file needs."""

    def __init__(self, stream: Decompressed) -> None:
        self._stream = stream
        self.left = 0
        """Bytes that may be read up to the next member."""
        self.last = b""
        """What was read last: the header of a member, after those that describe it further."""

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise DamagedError.inside(self._stream.tell(), f"a header of {size:,} bytes")
        self.left -= size
        self.last = self._stream.read(size)
        return self.last

    def tell(self) -> int:
        return self._stream.tell()


def entries(stream: Decompressed) -> Iterator[Entry]:
    """All headers of an archive up to its end mark, in order; contents may be read in between.

    Raises
    ------
    DamagedError
        Where the next header is missing or broken.
    """
    archive = tarfile.TarFile(fileobj=io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)), encoding="utf-8")
    headers = archive.fileobj = _Headers(stream)  # type: ignore[assignment]
    while True:
        headers.left = _MOST_HEADER_BYTES
        info = _next_header(archive, stream.tell())
        if info is None:
            return
        plain = info.type in _PLAIN and not info.issparse()
        by_pax = plain and "path" in info.pax_headers and _name_in(headers.last) != info.name
        name = info.name.removeprefix("./")
        yield Entry(name, plain, by_pax, info.offset_data, info.size)
        stream.seek(archive.offset)


def _name_in(header: bytes) -> str:
    return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape").name


def _next_header(archive: tarfile.TarFile, start: int) -> tarfile.TarInfo | None:
    """The next member; None at the end mark."""
    try:
        info = tarfile.TarInfo.fromtarfile(archive)
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
        return None
    except (DamagedError, OSError):
        raise
    except Exception as error:  # ValueError, RecursionError ...: whatever a hostile header leads to
        is_end = start and isinstance(error, tarfile.EmptyHeaderError)  # type: ignore[attr-defined]
        why = "it ends too early" if is_end else f"not a tar header ({error})"
        raise DamagedError.inside(start, why) from error
    if info.size < 0 or archive.offset <= start:
        raise DamagedError.inside(start, f"a member of {info.size:,} bytes")
    if len(info.name) > _LONGEST_NAME:
        raise DamagedError.inside(start, f"a name of {len(info.name):,} characters")
    if sum(map(len, chain(*archive.pax_headers.items()))) > _MOST_HEADER_BYTES:
        raise DamagedError.inside(
            start, f"global headers of more than {_MOST_HEADER_BYTES:,} bytes"
        )
    return info


class ArchiveReader:
    """Reads one archive, from front to back.

    Parameters
    ----------
    path : str
        Absolute path of the archive.
    dataset : Dataset
        What its files are of.
    """

    def __init__(self, path: str, dataset: Dataset) -> None:
        self.path = path
        self.rejected: list[Rejected] = []
        """Members that are not files of the dataset, and the archive itself if it is damaged."""
        self.checkpoints = 0
        """Checkpoints in the seek index; 0 if there is none."""
        self.sound_bytes: int | None = None
        """Of a member that ends after so many bytes of the contents, the record may be wrong, since
        no valid checksum follows; None if all can be trusted."""
        self._dataset = dataset
        self._files = FileReader(dataset)
        self._stream: SequentialReader | IndexedReader | None = None

    @property
    def position(self) -> int:
        """The byte of the archive that is read next."""
        return 0 if self._stream is None else self._stream.compressed_position()

    def read(self, seek_index: Path) -> Iterator[Member]:
        """Read all members; at the end, write the seek index.

        A damaged archive gives what lies before the damage, and no seek index. Which of it can be
        trusted, `sound_bytes` tells at the end: a gzip member has its checksum there.
        """
        if _has_unpaired_brace(self.path):
            self._reject("has an unpaired brace in its path, where GDAL opens no file: rename it")
            return
        try:
            self._stream = open_stream(self.path)
        except OSError as error:
            self._reject(f"cannot be read: {error.strerror}")
            return
        try:
            yield from self._read_all(self._stream, seek_index)
        except (DamagedError, OSError) as error:
            self._reject_rest(_explained(error, self._stream))
        finally:
            self._stream.close()

    def _read_all(
        self, stream: SequentialReader | IndexedReader, seek_index: Path
    ) -> Iterator[Member]:
        for entry in entries(stream):
            member = self._read_member(entry, stream)
            if member is not None:
                yield member
        if _holds_more(stream):
            self._reject(
                "holds more data after its end mark, as joined archives do; only what lies before "
                "is in the catalog: repack it"
            )
        if isinstance(stream, SequentialReader):
            self.checkpoints = stream.write_seek_index(seek_index)

    def _reject(self, reason: str) -> None:
        self.rejected.append(Rejected(printable(self.path), reason))

    def _reject_rest(self, damage: DamagedError) -> None:
        self.sound_bytes = damage.sound_bytes
        kept = "only what lies before is in the catalog"
        if self.sound_bytes == 0:
            kept = "it has no valid checksum, so nothing of it is in the catalog: get it again"
        elif self.sound_bytes is not None:
            kept = (
                f"only its first {self.sound_bytes:,} bytes, decompressed, have a valid checksum "
                "and are in the catalog: get it again"
            )
        self._reject(f"is damaged {damage}; {kept}")

    def _read_member(self, entry: Entry, stream: Decompressed) -> Member | None:
        path = f"{gdal_root(self.path)}/{entry.name}"
        parsed = self._dataset.parse_name(entry.name.rpartition("/")[2])
        problem = _problem(entry, parsed, self._dataset)
        if problem is not None:
            self.rejected.append(Rejected(printable(path), problem))
        if problem is not None or parsed is None:
            return None
        file = FoundFile(*parsed, path, entry.size)
        record = self._files.read_member(file, lambda size: _read_whole(stream, size))
        stream.seek(entry.offset + entry.size)
        return Member(record, entry.name, entry.offset)


def _has_unpaired_brace(path: str) -> bool:
    depths = list(accumulate((character == "{") - (character == "}") for character in path))
    return min(depths) < 0 or depths[-1] != 0


def _problem(entry: Entry, parsed: tuple[PatchKey, str] | None, dataset: Dataset) -> str | None:
    """Why a member is left out; None where it is a file of the dataset, or nothing like one."""
    if parsed is None:
        looks_so = entry.plain and entry.name.lower().endswith((".tif", ".tiff"))
        return reason_against(entry.name.rpartition("/")[2], dataset) if looks_so else None
    problems = (
        (not entry.plain, "is not a regular file"),
        (
            entry.name.startswith("/") or ".." in entry.name.split("/"),
            "has a name that leads out of the archive",
        ),
        (not entry.name.isprintable(), "has a name with characters that cannot be printed"),
        (
            "\\" in entry.name or "//" in entry.name,
            "has a name with \\ or //, by which GDAL cannot open it: repack the archive",
        ),
        (
            entry.by_pax,
            "has its name in a pax header, where GDAL does not look: repack with --format=gnu",
        ),
    )
    return next((reason for is_so, reason in problems if is_so), None)


def _explained(
    damage: DamagedError | OSError, stream: SequentialReader | IndexedReader
) -> DamagedError:
    """The damage of the gzip file that a broken tar header may come of; else the damage itself."""
    is_compressed = isinstance(stream, SequentialReader)
    try:
        if is_compressed:
            _holds_more(stream)
    except (DamagedError, OSError) as later:
        damage = later
    if isinstance(damage, OSError):
        why = f"and cannot be read further: {damage.strerror or damage}"
        return DamagedError(why, 0 if is_compressed else None)
    return damage


def _holds_more(stream: Decompressed) -> bool:
    """Whether anything but zeros follows; all is read, for the checksum and the seek index."""
    more = False
    while data := stream.read(SKIP):
        more = more or data.count(0) < len(data)
    return more


def _read_whole(stream: Decompressed, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise DamagedError.inside(stream.tell(), "a member is cut off")
    return data
