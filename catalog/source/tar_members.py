"""Files out of archives: by seeking, or in one pass."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Final, NamedTuple

from catalog.source.gzip_stream import DamagedError, IndexedReader
from catalog.source.tar import entries, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.source.gzip_stream import Decompressed

THREADS: Final = 2
"""Of a pass with a seek index; more would need more memory than they save time."""
_HEADER: Final = tarfile.BLOCKSIZE
_SURE: Final = 90  # of the 100 bytes that a header has for a name


class MemberRange(NamedTuple):
    """Where in an archive a file is."""

    offset: int
    """Byte of the decompressed archive where it starts."""
    size: int
    """Bytes."""
    name: str
    """Its name in the archive."""


class Cost(NamedTuple):
    """What reading files out of an archive costs: bytes to decompress, one after the other."""

    seeking: float | None
    """By going to each; None where that is impossible."""
    passing: float
    """In one pass from the start to the last of them."""

    @property
    def seeks(self) -> bool:
        """Whether seeking is sooner done: a pass with a seek index decompresses on two threads."""
        return self.seeking is not None and self.seeking <= self.passing / THREADS


def estimate(members: Sequence[MemberRange], step: float | None) -> Cost:
    """What reading files would cost.

    Parameters
    ----------
    members : list of MemberRange
        The files.
    step : float, optional
        Bytes between two checkpoints: all of them are decompressed where one is needed. 0 for an
        archive that is not compressed, None if there are no checkpoints.
    """
    whole = float(max(member.offset + member.size for member in members))
    if step is None:
        return Cost(None, whole)
    if not step:
        return Cost(0.0, whole)
    steps = {
        number
        for start, size, _ in members
        for number in range(int(start / step), int((start + size) / step) + 1)
    }
    return Cost(len(steps) * step, whole)


def read_members_by_seeking(
    archive: str, members: Sequence[MemberRange], seek_index: Path | None, threads: int = 1
) -> Iterator[tuple[MemberRange, bytes]]:
    """Go to each file, in order of the offset; with more threads, decompress ahead.

    Raises
    ------
    DamagedError
        If the archive is not what it was when its seek index was made.
    """
    stream = IndexedReader.open(archive, seek_index, threads)
    try:
        for member in sorted(members):
            stream.seek(member.offset - _HEADER)
            header, data = stream.read(_HEADER), stream.read(member.size)
            if not _is_header_of(member, header) or len(data) < member.size:
                raise DamagedError.inside(member.offset, f"{member.name} is not where it was")
            yield member, data
    finally:
        stream.close()


def read_members_by_name(
    archive: str, wanted: Mapping[str, MemberRange]
) -> Iterator[tuple[MemberRange, bytes]]:
    """Read an archive up to the last of the wanted files, by name; missing ones are left out.

    Raises
    ------
    DamagedError
        Where it breaks off.
    """
    stream: Decompressed = open_stream(archive)
    left = dict(wanted)
    try:
        for entry in entries(stream):
            member = left.pop(entry.name, None) if entry.plain else None
            if member is not None and entry.size == member.size:
                data = stream.read(entry.size)
                if len(data) < entry.size:
                    raise DamagedError.inside(stream.tell(), "a member is cut off")
                yield member, data
            if not left:
                return
    finally:
        stream.close()


def _is_header_of(member: MemberRange, header: bytes) -> bool:
    """Whether a tar header is that of a file; of a long name it holds the start only."""
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    name = info.name.removeprefix("./")
    return info.size == member.size and member.name.startswith(name[:_SURE])
