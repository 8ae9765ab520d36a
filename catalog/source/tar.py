"""What an archive holds: its members, in one pass from front to back."""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from catalog.model import Member, Rejected, gdal_root
from catalog.source.gzip_stream import SKIP, DamagedError, Seekable, Stream, is_packed
from catalog.source.read_file import FileReader
from catalog.source.tree import FoundFile, printable, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.model import PatchKey
    from catalog.source.gzip_stream import Unpacked

_ENDINGS: Final = (".tar", ".tar.gz", ".tgz")
_HEAD: Final = 1 << 20
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells an archive from a changed one without reading it."""

    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds."""
    head: str
    """SHA-256 of its first MiB, in hexadecimal."""


class Entry(NamedTuple):
    """What a tar header says."""

    name: str
    """Name of the member, without `./` before it."""
    plain: bool
    """Whether it is a regular file, stored in one piece."""
    folder: bool
    """Whether it is a folder."""
    offset: int
    """Byte of the unpacked archive where its content starts."""
    size: int
    """Bytes."""


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a name is that of an archive."""
    return os.fspath(path).lower().endswith(_ENDINGS)


def stamp_of(path: str) -> Stamp:
    """The stamp of an archive as it is now."""
    with open(path, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        return Stamp(
            status.st_size, status.st_mtime_ns, hashlib.sha256(file.read(_HEAD)).hexdigest()
        )


def open_stream(path: str) -> Stream | Seekable:
    """An archive, to be read from front to back."""
    return Stream(path) if is_packed(path) else Seekable.open(path)


def entries(unpacked: Unpacked) -> Iterator[Entry]:
    """All headers of an archive, in order; contents may be read in between.

    Raises
    ------
    DamagedError
        Where the next header is missing or broken.
    """
    try:
        archive = tarfile.TarFile(fileobj=unpacked, mode="r")  # type: ignore[arg-type]
        info = archive.next()
    except tarfile.TarError as error:
        raise DamagedError.inside(0, f"it is no tar archive ({error})") from error
    while info is not None:
        name = info.name.removeprefix("./")
        plain = info.type in _PLAIN and not info.issparse()
        yield Entry(name, plain, info.isdir(), info.offset_data, info.size)
        unpacked.seek(archive.offset)
        info = _next_header(archive, unpacked)


def _next_header(archive: tarfile.TarFile, unpacked: Unpacked) -> tarfile.TarInfo | None:
    start = unpacked.tell()
    try:
        return tarfile.TarInfo.fromtarfile(archive)
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
        return None
    except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]
        raise DamagedError.inside(start, "it ends too early") from error
    except tarfile.HeaderError as error:
        raise DamagedError.inside(start, f"no tar header ({error})") from error


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
        """Offsets in the seek index where decompression can start; 0 if there is no index."""
        self._dataset = dataset
        self._files = FileReader(dataset)
        self._unpacked: Stream | Seekable | None = None

    @property
    def position(self) -> int:
        """The byte of the archive that is read next."""
        return 0 if self._unpacked is None else self._unpacked.packed_position()

    def read(self, seek_index: Path) -> Iterator[Member]:
        """Read all members; at the end, write the seek index.

        A damaged archive gives what lies before the damage, and no seek index.
        """
        try:
            unpacked = self._unpacked = open_stream(self.path)
        except OSError as error:
            self.rejected.append(Rejected(self.path, f"cannot be read: {error.strerror}"))
            return
        try:
            for entry in entries(unpacked):
                member = self._read_member(entry, unpacked)
                if member is not None:
                    yield member
            while unpacked.read(SKIP):
                pass
            if isinstance(unpacked, Stream):
                self.checkpoints = unpacked.write_seek_index(seek_index)
        except DamagedError as error:
            self._reject_rest(str(error))
        except OSError as error:
            self._reject_rest(f"and cannot be read further: {error.strerror}")
        finally:
            unpacked.close()

    def _reject_rest(self, damage: str) -> None:
        reason = f"is damaged {damage}; only what lies before is in the catalog"
        self.rejected.append(Rejected(printable(self.path), reason))

    def _read_member(self, entry: Entry, unpacked: Unpacked) -> Member | None:
        path = f"{gdal_root(self.path)}/{entry.name}"
        parsed = self._dataset.parse_name(entry.name.rpartition("/")[2])
        problem = _problem(entry, parsed, self._dataset)
        if problem is not None:
            self.rejected.append(Rejected(printable(path), problem))
        if problem is not None or parsed is None:
            return None
        file = FoundFile(*parsed, path, entry.size)
        record = self._files.read_member(file, lambda size: _read_whole(unpacked, size))
        unpacked.seek(entry.offset + entry.size)
        return Member(record, entry.name, entry.offset)


def _problem(entry: Entry, parsed: tuple[PatchKey, str] | None, dataset: Dataset) -> str | None:
    """Why a member is left out; None where it is a file of the dataset, or nothing like one."""
    if parsed is None:
        looks_so = entry.plain and entry.name.lower().endswith((".tif", ".tiff"))
        return unknown_name(dataset) if looks_so else None
    if not entry.plain:
        return "is no regular file"
    if entry.name.startswith("/") or ".." in entry.name.split("/"):
        return "has a name that leads out of the archive"
    if not entry.name.isprintable():
        return "has a name with characters that cannot be printed"
    return None


def _read_whole(unpacked: Unpacked, size: int) -> bytes:
    data = unpacked.read(size)
    if len(data) < size:
        raise DamagedError.inside(unpacked.tell(), "a member is cut off")
    return data
