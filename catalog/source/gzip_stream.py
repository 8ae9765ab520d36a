"""The bytes of an archive as tar sees them: from front to back, or at any place.

rapidgzip unpacks fast, and notes where one can start again. Where it gives up, or is not
installed, zlib takes over: it is slower, but gives every byte before a damage.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

try:
    import rapidgzip
except ImportError:
    rapidgzip = None

if TYPE_CHECKING:
    from pathlib import Path

MOST_AT_ONCE: Final = 64 << 20
"""No header and no patch is larger: an archive that asks for more is damaged, or hostile."""

_SPACING: Final = 3 << 20
"""Packed bytes between two places where one can start to unpack.

So the seek indexes of the twelve archives stay below 1 GiB, and what rapidgzip holds in memory,
which is what lies between some places, below 100 MiB.
"""
_UNPACKED_SPACING: Final = 16 << 20
"""Land cover is packed far more densely: the spacing must shrink, or it would take a gigabyte."""
_LEAST_SPACING: Final = 64 << 10
_SAMPLE, _UNPACKED_SAMPLE = 64 << 10, 4 << 20
_PIECE: Final = 16 << 10  # packed bytes; they become 16 MiB at most
SKIP: Final = 256 << 10  # larger reads cost a mapping of memory each
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # for zlib: the largest window, in the gzip format
_GIVES_UP: Final = (RuntimeError, ValueError, OSError, ArithmeticError, LookupError)
"""What rapidgzip raises: C++ exceptions of all kinds."""


class DamagedError(Exception):
    """An archive cannot be read further; the message says where and why."""

    @classmethod
    def inside(cls, byte: int, why: str) -> Self:
        """Damage at a byte of the unpacked archive."""
        return cls(f"at byte {byte:,} of its contents: {why}")


class Unpacked(Protocol):
    """The content of an archive."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; fewer at the end only."""

    def seek(self, offset: int, /) -> object:
        """Go to a byte."""

    def tell(self) -> int:
        """The byte that comes next."""

    def close(self) -> None:
        """Close the file."""


def is_packed(path: str) -> bool:
    """Whether an archive is compressed."""
    return not path.lower().endswith(".tar")


class Stream:
    """A packed archive from front to back.

    Parameters
    ----------
    path : str
        A gzip file, of one or more members.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._position = 0
        # More threads would have to guess where blocks start: on Sentinel-2 that takes longer.
        self._fast = _open_fast(path, threads=1, spacing=_spacing(path))
        self._exact: _ExactStream | None = None

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end only.

        Raises
        ------
        DamagedError
            If they are not all there.
        """
        if size > MOST_AT_ONCE:
            raise DamagedError.inside(self._position, f"it asks for {size:,} bytes")
        data = self._read_fast(size)
        if data is None or (len(data) < size and not self._is_whole(len(data))):
            data = self._take_over().read(size)
        self._position += len(data)
        return data

    def seek(self, offset: int) -> None:
        """Go forward to a byte."""
        while self._position < offset:
            if not self.read(min(SKIP, offset - self._position)):
                raise DamagedError.inside(self._position, "a member is cut off")

    def tell(self) -> int:
        """The byte that comes next."""
        return self._position

    def packed_position(self) -> int:
        """The byte of the archive that comes next."""
        if self._exact is not None:
            return self._exact.packed_position()
        return self._fast.tell_compressed() // 8 if self._fast is not None else 0

    def write_seek_index(self, path: Path) -> int:
        """Write where one can start to unpack; how many places these are.

        There are none unless all was read to the end, without damage, by rapidgzip.
        """
        if self._fast is None:
            return 0
        self._fast.export_index(str(path), index_format=rapidgzip.IndexFormat.GZTOOL)
        return len(self._fast.block_offsets())

    def close(self) -> None:
        """Close the file."""
        for stream in (self._fast, self._exact):
            if stream is not None:
                stream.close()

    def _read_fast(self, size: int) -> bytes | None:
        if self._fast is None:
            return None
        try:
            return _read_all(self._fast, size)
        except _GIVES_UP:
            self._fast.close()
            self._fast = None
            return None

    def _is_whole(self, more: int) -> bool:
        """Whether the file itself says that so many bytes more are its end.

        rapidgzip takes the end of some files that are cut off for their true end. Only of a gzip
        file of one member is the size in the last four bytes that of the whole.
        """
        with open(self._path, "rb") as file:
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(4), "little")
        return size == (self._position + more) % (1 << 32)

    def _take_over(self) -> _ExactStream:
        """Zlib's stream, at the same byte."""
        if self._exact is None:
            self._exact = _ExactStream(self._path)
            skipped = 0
            while skipped < self._position:
                skipped += len(self._exact.read(min(SKIP, self._position - skipped)))
        return self._exact


class Seekable:
    """An archive that is not packed, or a packed one with its seek index: read at any place."""

    def __init__(self, file: Any, end: int) -> None:
        self._file = file
        self._end = end

    @classmethod
    def open(cls, path: str, seek_index: Path | None = None, threads: int = 1) -> Self:
        """Open an archive; with more threads it reads ahead.

        Raises
        ------
        DamagedError
            If the seek index is not one.
        """
        if not is_packed(path):
            return cls(open(path, "rb"), os.stat(path).st_size)
        file = _open_fast(path, threads)
        if file is None or seek_index is None:
            raise DamagedError("it has no seek index")
        try:
            file.import_index(str(seek_index))
        except _GIVES_UP as error:
            file.close()
            raise DamagedError(f"its seek index cannot be read: {error}") from error
        return cls(file, file.size())

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end only.

        Raises
        ------
        DamagedError
            If they are not all there.
        """
        if size > MOST_AT_ONCE:
            raise DamagedError.inside(self.tell(), f"it asks for {size:,} bytes")
        try:
            return _read_all(self._file, size)
        except _GIVES_UP as error:
            raise DamagedError.inside(self._file.tell(), str(error)) from error

    def packed_position(self) -> int:
        """The byte that comes next, of an archive that is not packed."""
        return self.tell()

    def seek(self, offset: int) -> None:
        """Go to a byte.

        Raises
        ------
        DamagedError
            If the archive is shorter.
        """
        if offset > self._end:
            raise DamagedError.inside(self._end, "a member is cut off")
        self._file.seek(offset)

    def tell(self) -> int:
        """The byte that comes next."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _read_all(file: Any, size: int) -> bytes:
    """So many bytes, however few come at once; fewer at the end only."""
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _ExactStream:
    """A gzip file, unpacked by zlib to the last byte before a damage."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by `close`
        self._size = os.fstat(self._file.fileno()).st_size
        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        self._ready = bytearray()
        self._left = b""
        self._damage: str | None = None

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end only; `DamagedError` where some are not there."""
        while len(self._ready) < size and self._damage is None:
            piece = self._left or self._file.read(_PIECE)
            self._left = b""
            if self._unpacker.eof and not self._starts_again(piece):
                break
            self._unpack(piece)
        if len(self._ready) < size and self._damage is not None:
            raise DamagedError(self._damage)
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def packed_position(self) -> int:
        """The byte of the file that comes next."""
        return self._file.tell() - len(self._left)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _starts_again(self, piece: bytes) -> bool:
        """Whether another gzip member follows: padding, or anything else, does not count."""
        if not piece.startswith(_GZIP):
            return False
        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        return True

    def _unpack(self, piece: bytes) -> None:
        if not piece:
            self._damage = f"at byte {self._size:,} of {self._size:,}: it ends too early"
            return
        before = self._unpacker.copy()
        start = self._file.tell() - len(piece)
        try:
            self._ready += self._unpacker.decompress(piece)
            self._left = self._unpacker.unused_data
        except zlib.error:
            self._unpack_bytewise(before, piece, start)

    def _unpack_bytewise(self, unpacker: Any, piece: bytes, start: int) -> None:
        for index in range(len(piece)):
            try:
                self._ready += unpacker.decompress(piece[index : index + 1])
            except zlib.error as error:
                why = str(error).rpartition(": ")[2]
                self._damage = f"at byte {start + index:,} of {self._size:,}: {why}"
                return


def _open_fast(path: str, threads: int, spacing: int = _SPACING) -> Any:
    """The file as rapidgzip sees it; None if that is not installed, or gives up at once."""
    if rapidgzip is None:
        return None
    try:
        return rapidgzip.RapidgzipFile(path, parallelization=threads, chunk_size=spacing)
    except _GIVES_UP:
        return None


def _spacing(path: str) -> int:
    """Packed bytes between two places where one can start, by how much the archive is packed."""
    with open(path, "rb") as file:
        packed = file.read(_SAMPLE)
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unpacked = len(unpacker.decompress(packed, _UNPACKED_SAMPLE))
    except zlib.error:
        unpacked = 0
    used = len(packed) - len(unpacker.unconsumed_tail)
    return max(_LEAST_SPACING, min(_SPACING, _UNPACKED_SPACING * used // max(1, unpacked)))
