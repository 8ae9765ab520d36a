"""Files out of archives: by seeking, or in one pass."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Final, NamedTuple

from catalog.source.gzip_stream import DamagedError, Seekable
from catalog.source.tar import entries, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.source.gzip_stream import Unpacked

THREADS: Final = 2
"""Of a pass with a seek index; more would need more memory than they save time."""
_HEADER: Final = tarfile.BLOCKSIZE
_SURE: Final = 90  # of the 100 bytes that a header has for a name


class Place(NamedTuple):
    """Where in an archive a file is."""

    offset: int
    """Byte of the unpacked archive where it starts."""
    size: int
    """Bytes."""
    name: str
    """Its name in the archive."""


class Cost(NamedTuple):
    """What taking files out of an archive costs: bytes to unpack, one after the other."""

    seeking: float | None
    """By going to each; None where that is impossible."""
    passing: float
    """In one pass from the start to the last of them."""

    @property
    def seeks(self) -> bool:
        """Whether seeking is sooner done: a pass with a seek index unpacks on two threads."""
        return self.seeking is not None and self.seeking <= self.passing / THREADS


def estimate(places: Sequence[Place], step: float | None) -> Cost:
    """What taking files would cost.

    Parameters
    ----------
    places : list of Place
        The files.
    step : float, optional
        Bytes between two places where one can start to unpack: all of them are unpacked where one
        is needed. 0 for an archive that is not packed, None if there are no such places.
    """
    whole = float(max(place.offset + place.size for place in places))
    if step is None:
        return Cost(None, whole)
    if not step:
        return Cost(0.0, whole)
    steps = {
        number
        for place in places
        for number in range(int(place.offset / step), int((place.offset + place.size) / step) + 1)
    }
    return Cost(len(steps) * step, whole)


def take_by_seeking(
    archive: str, places: Sequence[Place], seek_index: Path | None, threads: int = 1
) -> Iterator[tuple[Place, bytes]]:
    """Go to each file, in order of the offset; with more threads, unpack ahead.

    Raises
    ------
    DamagedError
        If the archive is not what it was when its seek index was made.
    """
    unpacked = Seekable.open(archive, seek_index, threads)
    try:
        for place in sorted(places):
            unpacked.seek(place.offset - _HEADER)
            header, data = unpacked.read(_HEADER), unpacked.read(place.size)
            if not _is_header_of(place, header) or len(data) < place.size:
                raise DamagedError.inside(place.offset, f"{place.name} is not where it was")
            yield place, data
    finally:
        unpacked.close()


def take_by_name(archive: str, wanted: Mapping[str, Place]) -> Iterator[tuple[Place, bytes]]:
    """Read an archive up to the last of the wanted files, by name; missing ones are left out.

    Raises
    ------
    DamagedError
        Where it breaks off.
    """
    unpacked: Unpacked = open_stream(archive)
    left = dict(wanted)
    try:
        for entry in entries(unpacked):
            place = left.pop(entry.name, None) if entry.plain else None
            if place is not None and entry.size == place.size:
                data = unpacked.read(entry.size)
                if len(data) < entry.size:
                    raise DamagedError.inside(unpacked.tell(), "a member is cut off")
                yield place, data
            if not left:
                return
    finally:
        unpacked.close()


def _is_header_of(place: Place, header: bytes) -> bool:
    """Whether a tar header is that of a file; of a long name it holds the start only."""
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    name = info.name.removeprefix("./")
    return info.size == place.size and place.name.startswith(name[:_SURE])
