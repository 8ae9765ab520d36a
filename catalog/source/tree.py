"""What a folder holds: the files of each scene, listed without opening one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from catalog.model import PatchKey, Rejected, SceneKey
from catalog.source.naming import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class FoundFile(NamedTuple):
    """A file whose name is one of SEN12MS."""

    key: PatchKey
    """The patch."""
    sensor: str
    """`s1`, `s2` or `lc`."""
    path: str
    """Absolute path."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds."""


class ArchivePart(NamedTuple):
    """The files of one scene in one archive, which were read."""

    archive: str
    """Absolute path of the archive."""
    batch: int
    """Which part of the archive's record they are."""
    fingerprint: str
    """What tells the archive from a changed one."""
    files: int
    """How many files they are."""


@dataclass(slots=True)
class SceneFiles:
    """The files of one scene, packed: half a million of them take some thirty megabytes."""

    key: SceneKey
    """Season, scene."""
    lines: dict[str, bytearray] = field(default_factory=dict)
    """By folder: a line a file, with patch, sensor, name, size and time of the last change."""
    parts: list[ArchivePart] = field(default_factory=list)
    """Its files in archives."""
    count: int = 0
    """How many files they are, without those in archives."""

    def add(self, folder: str, entry: os.DirEntry[str], patch: int, sensor: str) -> None:
        """Note one file."""
        status = entry.stat()
        self.count += 1
        line = f"{patch}\t{sensor}\t{entry.name}\t{status.st_size}\t{status.st_mtime_ns}\n"
        self.lines.setdefault(folder, bytearray()).extend(line.encode())

    def __iter__(self) -> Iterator[FoundFile]:
        """All files on disk, by patch, sensor and path."""
        files = []
        for folder, lines in self.lines.items():
            start = os.path.join(folder, "")
            for line in lines.decode().splitlines():
                patch, sensor, name, size, mtime_ns = line.split("\t")
                key = PatchKey(*self.key, int(patch))
                files.append(FoundFile(key, sensor, start + name, int(size), int(mtime_ns)))
        return iter(sorted(files))

    def fingerprint(self) -> str:
        """SHA-256 over the paths, sizes and times of the files: equal if none of them changed."""
        digest = hashlib.sha256()
        for folder in sorted(self.lines):
            digest.update(f"{folder}\n".encode())
            digest.update(b"\n".join(sorted(self.lines[folder].splitlines())))
        for part in self.parts:
            digest.update(f"{part}\n".encode())
        return digest.hexdigest()


@dataclass(slots=True)
class Listing:
    """What lies below the roots."""

    scenes: dict[SceneKey, SceneFiles] = field(default_factory=dict)
    """The files by scene, in order of the key."""
    rejected: list[Rejected] = field(default_factory=list)
    """GeoTIFFs with another name, folders that cannot be read; in order of the path."""
    seasons_csv: list[Path] = field(default_factory=list)
    """The `seasons.csv` files on the way."""
    files: int = 0
    """How many files the scenes have."""

    def add_part(self, scene: SceneKey, part: ArchivePart) -> None:
        """Note the files of a scene in an archive."""
        self.scenes.setdefault(scene, SceneFiles(scene)).parts.append(part)
        self.files += part.files


def list_trees(roots: Iterable[Path]) -> Listing:
    """List all files of SEN12MS below some folders, however deep they lie.

    Symbolic links are followed, each folder is read once. Names that are no GeoTIFF's are passed
    over.
    """
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    folders = [os.path.abspath(root) for root in reversed(list(roots))]
    while folders:
        folder = folders.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                below = _list_folder(folder, entries, listing)
        except OSError as error:
            reason = f"cannot be listed: {error.strerror}"
            listing.rejected.append(Rejected(printable(folder), reason))
        else:
            folders += sorted(below, reverse=True)
    listing.scenes = dict(sorted(listing.scenes.items()))
    listing.rejected.sort(key=lambda rejected: rejected.path)
    return listing


def _list_folder(folder: str, entries: Iterable[os.DirEntry[str]], listing: Listing) -> list[str]:
    below = []
    for entry in entries:
        parsed = parse_name(entry.name)
        if parsed is not None:
            _add_file(folder, entry, parsed, listing)
        elif _is_folder(entry):
            below.append(entry.path)
        elif entry.name == "seasons.csv":
            listing.seasons_csv.append(Path(entry.path))
        elif entry.name.lower().endswith((".tif", ".tiff")):
            reason = "has no name of SEN12MS, such as ROIs1158_spring_s1_1_p30.tif"
            listing.rejected.append(Rejected(printable(entry.path), reason))
    return below


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads in a circle is no folder, and no reason to miss what lies beside it.
        return False


def _add_file(
    folder: str, entry: os.DirEntry[str], parsed: tuple[PatchKey, str], listing: Listing
) -> None:
    key, sensor = parsed
    scene = key.of_scene
    try:
        folder.encode()
        if not entry.is_file():
            listing.rejected.append(Rejected(printable(entry.path), "is no regular file"))
            return
        listing.scenes.setdefault(scene, SceneFiles(scene))
        listing.scenes[scene].add(folder, entry, key.patch, sensor)
        listing.files += 1
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        listing.rejected.append(Rejected(printable(entry.path), reason))
    except UnicodeEncodeError:
        reason = "lies in a folder whose name is not valid UTF-8"
        listing.rejected.append(Rejected(printable(entry.path), reason))


def printable(path: str) -> str:
    """A path with what is no valid UTF-8 in it spelt out."""
    return path.encode("utf-8", "backslashreplace").decode()
