"""Datasets to kill runs of `index` on, and what tells two catalogs apart."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
from replica import some_scenes, write_replica

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATEMENTS: Final = Path(__file__).parents[2] / "sql" / "queries"
INDEX: Final = (sys.executable, "-m", "catalog", "index")
Contents = dict[str, str]
"""SHA-256 by path below the catalog; of the database, the hash of its patches."""


def write_halves(folder: Path, share: float) -> tuple[Path, Path]:
    """Two roots with every other scene of a share of the dataset; bodies are sparse."""
    scenes = some_scenes(share)
    roots = folder / "A", folder / "B"
    for root, half in zip(roots, (scenes[::2], scenes[1::2]), strict=True):
        if not root.is_dir():
            partial = root.with_suffix(".partial")
            for _ in write_replica(partial, half):
                pass
            partial.rename(root)
    return roots


def count_files(root: Path) -> int:
    """Files below a root."""
    return sum(len(files) for _, _, files in os.walk(root))


def pack_sparse(root: Path, archive: Path) -> None:
    """A tar archive of a tree of sparse files, as sparse as they are: holes are not written."""
    with archive.open("wb") as file:
        for path in sorted(root.rglob("*.tif")):
            file.write(_tar_header(path, path.relative_to(root).as_posix()))
            start = file.tell()
            with path.open("rb") as source:
                file.write(source.read(4096))
            file.seek(start + -(-path.stat().st_size // 512) * 512)
        file.truncate(file.tell() + 1024)


def pack_published(folder: Path, archive: Path) -> Path:
    """A `.tar.gz` of one gzip member of a folder of sparse files, whose holes are packed once."""
    crc = size = 0
    with archive.open("wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        for path in sorted(folder.rglob("*.tif")):
            header = _tar_header(path, path.relative_to(folder.parent).as_posix())
            stat = path.stat()
            with path.open("rb") as source:
                start = source.read(4096 if stat.st_blocks * 512 < stat.st_size // 2 else -1)
            rest = bytes(-(-stat.st_size // 512) * 512 - len(start))
            for content in (header + start, rest):
                crc, size = zlib.crc32(content, crc), size + len(content)
            file.write(_deflated(header + start) + _deflated_zeros(len(rest)))
        end = bytes(1024)
        file.write(_deflated(end, zlib.Z_FINISH))
        file.write((zlib.crc32(end, crc)).to_bytes(4, "little"))
        file.write(((size + len(end)) & 0xFFFF_FFFF).to_bytes(4, "little"))
    return archive


def _deflated(content: bytes, mode: int = zlib.Z_FULL_FLUSH) -> bytes:
    """Blocks that need none before them, and so can follow any."""
    stream = zlib.compressobj(1, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush(mode)


@cache
def _deflated_zeros(size: int) -> bytes:
    return _deflated(bytes(size))


def _tar_header(path: Path, name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = path.stat().st_size
    return info.tobuf(tarfile.USTAR_FORMAT)


def contents_of(out: Path) -> Contents:
    """What a catalog holds: of the database its content, since its bytes may differ."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in _files(out)}
    del found["catalog.duckdb"]
    lines = found["checksums.sha256"].splitlines()
    found["checksums.sha256"] = b"\n".join(x for x in lines if not x.endswith(b"catalog.duckdb"))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    return {**hashes, "catalog.duckdb": patches_hash(out / "catalog.duckdb")}


def _files(folder: Path) -> Iterator[Path]:
    return (Path(top, name) for top, _, names in os.walk(folder) for name in sorted(names))


def patches_hash(database: Path) -> str:
    """The hash of all patches in a database, by a plain DuckDB."""
    with duckdb.connect(str(database), read_only=True) as connection:
        statement = (STATEMENTS / "patches_hash.sql").read_text(encoding="utf-8")
        return str(connection.execute(statement).fetchone())


def run_index(roots: Sequence[Path], out: Path, *options: str) -> None:
    """A plain run of `index` to its end.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    subprocess.run(index_command(roots, out, *options), check=True, capture_output=True)


def index_command(roots: Sequence[Path], out: Path, *options: str) -> list[str]:
    """The command of a run of `index`."""
    return [*INDEX, *map(str, roots), "-o", str(out), *options]


def difference(one: Contents, other: Contents) -> str:
    """The first file that two catalogs do not have alike; empty if there is none."""
    pairs: set[tuple[str, Any]] = set(one.items()) ^ set(other.items())
    return min((name for name, _ in pairs), default="")
