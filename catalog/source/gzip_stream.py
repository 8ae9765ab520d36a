"""The bytes of an archive as tar sees them: from front to back, or from any byte on.

rapidgzip decompresses fast, and notes checkpoints where one can start again. Where it gives up, or
is not installed, zlib takes over: it is slower, but gives every byte before a damage.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from catalog.errors import StoreError
from catalog.model import is_url
from catalog.source.stores import open_binary

try:
    import rapidgzip
except ImportError:
    rapidgzip = None

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MOST_AT_ONCE: Final = 64 << 20
"""No header and no patch is larger: an archive that asks for more is damaged, or hostile."""

_SPACING: Final = 3 << 20
"""Compressed bytes between two checkpoints.

So the seek indexes of the twelve archives stay below 1 GiB, and what rapidgzip holds in memory,
which is what lies between some checkpoints, below 100 MiB.
"""
_DECOMPRESSED_SPACING: Final = 16 << 20
"""Land cover is compressed far more: the spacing must shrink, or it would take a gigabyte."""
_LEAST_SPACING: Final = 64 << 10
_SAMPLE, _DECOMPRESSED_SAMPLE = 64 << 10, 4 << 20
_PIECE: Final = 16 << 10  # compressed bytes; they become 16 MiB at most
SKIP: Final = 256 << 10  # larger reads cost a mapping of memory each
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # for zlib: the largest window, in the gzip format
_GIVES_UP: Final = (RuntimeError, ValueError, OSError, ArithmeticError, LookupError)
"""What rapidgzip raises: C++ exceptions of all kinds."""


class DamagedError(Exception):
    """An archive cannot be read further; the message says where and why.

    Parameters
    ----------
    message : str
        Where and why.
    sound_bytes : int, optional
        So many bytes of the contents were compared with a checksum, all others may be wrong; None
        if all that were read can be trusted.
    """

    def __init__(self, message: str, sound_bytes: int | None = None) -> None:
        super().__init__(message)
        self.sound_bytes = sound_bytes

    @classmethod
    def inside(cls, byte: int, why: str) -> Self:
        """Damage at a byte of the decompressed archive."""
        return cls(f"at byte {byte:,} of its contents: {why}")


class Decompressed(Protocol):
    """The content of an archive."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; fewer at the end only."""

    def seek(self, offset: int, /) -> object:
        """Go to a byte."""

    def tell(self) -> int:
        """The byte that comes next."""

    def close(self) -> None:
        """Close the file."""


def is_compressed(path: str) -> bool:
    """Whether an archive is compressed."""
    return not path.lower().endswith(".tar")


class SequentialReader:
    """A compressed archive from front to back.

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
        self._zlib: _ZlibReader | None = None

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

    def compressed_position(self) -> int:
        """The byte of the archive that comes next."""
        if self._zlib is not None:
            return self._zlib.compressed_position()
        return self._fast.tell_compressed() // 8 if self._fast is not None else 0

    def write_seek_index(self, path: Path) -> int:
        """Write the checkpoints to a file; return how many they are.

        There are none unless all was read to the end, without damage, by rapidgzip.
        """
        if self._fast is None:
            return 0
        self._fast.export_index(str(path), index_format=rapidgzip.IndexFormat.GZTOOL)
        return len(self._fast.block_offsets())

    def close(self) -> None:
        """Close the file."""
        for stream in (self._fast, self._zlib):
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
        with open_binary(self._path) as file:
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(4), "little")
        end = self._position + more
        return end > 0 and size == end % (1 << 32)  # zeros say nothing: a cut may leave them

    def _take_over(self) -> _ZlibReader:
        """Zlib's reader, at the same byte."""
        if self._zlib is None:
            self._zlib = _ZlibReader(self._path)
            skipped = 0
            while skipped < self._position:
                skipped += len(self._zlib.read(min(SKIP, self._position - skipped)))
        return self._zlib


class IndexedReader:
    """An archive that is not compressed, or one with its seek index: read from any byte on."""

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
        if not is_compressed(path):
            plain = open_binary(path)
            return cls(plain, _end_of(plain))
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
        except StoreError:
            raise
        except _GIVES_UP as error:
            raise DamagedError.inside(self._file.tell(), str(error)) from error

    def compressed_position(self) -> int:
        """The byte that comes next, of an archive that is not compressed."""
        return self.tell()

    def seek(self, offset: int) -> None:
        """Go to a byte.

        Raises
        ------
        DamagedError
            If the archive is shorter.
        """
        if not 0 <= offset <= self._end:
            raise DamagedError.inside(self._end, "a member is cut off")
        self._file.seek(offset)

    def tell(self) -> int:
        """The byte that comes next."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _end_of(file: BinaryIO) -> int:
    """Bytes of a file that was just opened."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _read_all(file: Any, size: int) -> bytes:
    """So many bytes, however few come at once; fewer at the end only."""
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _ZlibReader:
    """A gzip file, decompressed by zlib to the last byte before a damage."""

    def __init__(self, path: str) -> None:
        self._file = open_binary(path)
        self._size = _end_of(self._file)
        self._decompressor = zlib.decompressobj(_GZIP_WINDOW)
        self._ready = bytearray()
        self._left = b""
        self._decompressed = 0
        self._sound = 0
        """Bytes up to the end of the last member: zlib has compared its checksum."""
        self._damage: DamagedError | None = None

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end only; `DamagedError` where some are not there."""
        while len(self._ready) < size and self._damage is None:
            piece = self._left or self._file.read(_PIECE)
            self._left = b""
            if self._decompressor.eof and not self._starts_again(piece):
                break
            self._decompress(piece)
        if len(self._ready) < size and self._damage is not None:
            raise self._damage
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def compressed_position(self) -> int:
        """The byte of the file that comes next."""
        return self._file.tell() - len(self._left)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _starts_again(self, piece: bytes) -> bool:
        """Whether another gzip member follows: padding, or anything else, does not count."""
        if not piece.startswith(_GZIP):
            return False
        self._decompressor = zlib.decompressobj(_GZIP_WINDOW)
        return True

    def _decompress(self, piece: bytes) -> None:
        if not piece:
            # Cut off, or damaged so that its end was not recognised: only the checksum could tell.
            where = f"at byte {self._size:,} of {self._size:,}"
            self._damage = DamagedError(f"{where}: it ends too early", self._sound)
            return
        before = self._decompressor.copy()
        start = self._file.tell() - len(piece)
        try:
            self._add(self._decompressor.decompress(piece))
            self._left = self._decompressor.unused_data
        except zlib.error:
            self._decompress_bytewise(before, piece, start)
        if self._decompressor.eof:
            self._sound = self._decompressed

    def _decompress_bytewise(self, decompressor: Any, piece: bytes, start: int) -> None:
        for index in range(len(piece)):
            try:
                self._add(decompressor.decompress(piece[index : index + 1]))
            except zlib.error as error:
                why = str(error).rpartition(": ")[2]
                where = f"at byte {start + index:,} of {self._size:,}"
                self._damage = DamagedError(f"{where}: {why}", self._sound)
                return

    def _add(self, data: bytes) -> None:
        self._ready += data
        self._decompressed += len(data)


def _open_fast(path: str, threads: int, spacing: int = _SPACING) -> Any:
    """The file as rapidgzip sees it; None if that is not installed, or gives up at once."""
    if rapidgzip is None:
        return None
    try:
        file = open_binary(path) if is_url(path) else path
        return rapidgzip.RapidgzipFile(file, parallelization=threads, chunk_size=spacing)
    except _GIVES_UP:
        return None


def _spacing(path: str) -> int:
    """Compressed bytes between two checkpoints, by how much the archive is compressed."""
    with open_binary(path) as file:
        compressed = file.read(_SAMPLE)
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    try:
        decompressed = len(decompressor.decompress(compressed, _DECOMPRESSED_SAMPLE))
    except zlib.error:
        decompressed = 0
    used = len(compressed) - len(decompressor.unconsumed_tail)
    return max(_LEAST_SPACING, min(_SPACING, _DECOMPRESSED_SPACING * used // max(1, decompressed)))
