"""What a folder holds: the files of each scene, listed without opening one."""

from __future__ import annotations

import hashlib
import os
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from catalog.datasets.recognition import reason_against
from catalog.model import PatchKey, Rejected, SceneKey, is_url
from catalog.source.stores import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from catalog.datasets import Dataset

_NUMBERS: Final = 3
"""Numbers kept of a file: patch, size, stamp."""


class FoundFile(NamedTuple):
    """A file whose name is one of the dataset."""

    key: PatchKey
    """The patch."""
    sensor: str
    """The sensor in its name."""
    path: str
    """Absolute path."""
    size: int
    """Bytes."""


class FoundFiles(NamedTuple):
    """Files of one scene and sensor, a column at a time, by patch and path."""

    scene: SceneKey
    """Season, scene."""
    sensor: str
    """The sensor in their names."""
    numbers: NDArray[np.int64]
    """Numbers of the patches; shape (n,)."""
    paths: list[str]
    """Absolute paths."""
    sizes: NDArray[np.int64]
    """Bytes; shape (n,)."""
    stamps: NDArray[np.int64]
    """What tells each from a changed one: the time of its last change in nanoseconds, and of a file
    at a URL a digest; shape (n,)."""

    def one(self, position: int) -> FoundFile:
        """One of them."""
        key = PatchKey(*self.scene, int(self.numbers[position]))
        return FoundFile(key, self.sensor, self.paths[position], int(self.sizes[position]))


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
    """The files of one scene, packed: half a million of them take some thirteen megabytes."""

    key: SceneKey
    """Season, scene."""
    folders: dict[tuple[str, str], array[int]] = field(default_factory=dict)
    """By folder, with a separator behind it, and sensor: patch, size and stamp of one file after
    the other. Their names follow from that."""
    parts: list[ArchivePart] = field(default_factory=list)
    """Its files in archives."""

    @property
    def count(self) -> int:
        """How many files they are, without those in archives."""
        return sum(map(len, self.folders.values())) // _NUMBERS

    def add(self, folder: str, sensor: str, *numbers: int) -> None:
        """Note one file: patch, size, stamp."""
        self.folders.setdefault((folder, sensor), array("q")).extend(numbers)

    def of_sensor(self, dataset: Dataset, sensor: str) -> FoundFiles:
        """The files of one sensor on disk."""
        paths: list[str] = []
        tables = [np.empty((0, _NUMBERS), np.int64)]
        for folder in sorted(folder for folder, held in self.folders if held == sensor):
            table = self._table(folder, sensor)
            names = dataset.file_names(self.key, sensor, table[:, 0].tolist())
            paths += [folder + name for name in names]
            tables.append(table)
        numbers, sizes, stamps = np.concatenate(tables).T
        if len(tables) > 2:
            order = np.argsort(numbers, kind="stable")
            numbers, sizes, stamps = numbers[order], sizes[order], stamps[order]
            paths = [paths[position] for position in order.tolist()]
        return FoundFiles(self.key, sensor, numbers, paths, sizes, stamps)

    def fingerprint(self) -> str:
        """SHA-256 over paths, sizes and stamps of the files: equal if none of them changed."""
        digest = hashlib.sha256()
        for folder, sensor in sorted(self.folders):
            table = self._table(folder, sensor)
            digest.update(f"{folder}\n{sensor} {len(table)}\n".encode())
            digest.update(table.tobytes())
        for part in self.parts:
            digest.update(f"{part}\n".encode())
        return digest.hexdigest()

    def _table(self, folder: str, sensor: str) -> NDArray[np.int64]:
        """Patch, size and stamp of the files in one folder, by patch; shape (n, 3)."""
        packed = np.frombuffer(self.folders[folder, sensor], np.int64)
        table = packed.reshape(-1, _NUMBERS)
        return table[np.argsort(table[:, 0])]


@dataclass(slots=True)
class Listing:
    """What lies below the roots."""

    scenes: dict[SceneKey, SceneFiles] = field(default_factory=dict)
    """The files by scene, in order of the key."""
    rejected: list[Rejected] = field(default_factory=list)
    """GeoTIFFs with another name, folders that cannot be read; in order of the path."""
    seasons_csv: list[str] = field(default_factory=list)
    """The `seasons.csv` files on the way."""
    files: int = 0
    """How many files the scenes have."""

    def add_part(self, scene: SceneKey, part: ArchivePart) -> None:
        """Note the files of a scene in an archive."""
        self.scenes.setdefault(scene, SceneFiles(scene)).parts.append(part)
        self.files += part.files


def list_trees(roots: Iterable[str | os.PathLike[str]], dataset: Dataset) -> Listing:
    """List all files of a dataset below some folders or URLs, however deep they lie.

    Symbolic links are followed, each folder is read once. Names that do not end as a GeoTIFF's are
    passed over.
    """
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    paths = [os.fspath(root) for root in roots]
    for url in filter(is_url, paths):
        _list_url(url, dataset, listing)
    folders = [os.path.abspath(path) for path in reversed(paths) if not is_url(path)]
    while folders:
        folder = folders.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                below = _list_folder(folder, entries, dataset, listing)
        except OSError as error:
            reason = f"cannot be listed: {error.strerror}"
            listing.rejected.append(Rejected(printable(folder), reason))
        else:
            folders += sorted(below, reverse=True)
    listing.scenes = dict(sorted(listing.scenes.items()))
    listing.rejected.sort(key=lambda rejected: rejected.path)
    return listing


def _list_folder(
    folder: str, entries: Iterable[os.DirEntry[str]], dataset: Dataset, listing: Listing
) -> list[str]:
    """List the files of one folder; returns the folders below."""
    below = []
    start = os.path.join(folder, "")
    for entry in entries:
        parsed = dataset.parse_name(entry.name)
        if parsed is not None:
            _add_file(start, entry, parsed, listing)
        elif _is_folder(entry):
            below.append(entry.path)
        else:
            _note_other(entry.path, entry.name, dataset, listing)
    return below


def _list_url(url: str, dataset: Dataset, listing: Listing) -> None:
    """List the files at a URL."""
    for file in listed(url):
        folder, _, name = file.url.rpartition("/")
        parsed = dataset.parse_name(name)
        if parsed is None:
            _note_other(file.url, name, dataset, listing)
        else:
            key, sensor = parsed
            scene = listing.scenes.setdefault(key.of_scene, SceneFiles(key.of_scene))
            scene.add(f"{folder}/", sensor, key.patch, file.size, file.stamp)
            listing.files += 1


def _note_other(path: str, name: str, dataset: Dataset, listing: Listing) -> None:
    """Note a file that is none of the dataset's images, if it matters."""
    if name == "seasons.csv":
        listing.seasons_csv.append(path)
    elif name.lower().endswith((".tif", ".tiff")):
        listing.rejected.append(Rejected(printable(path), reason_against(name, dataset)))


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
            listing.rejected.append(Rejected(printable(entry.path), "is not a regular file"))
            return
        listing.scenes.setdefault(scene, SceneFiles(scene))
        status = entry.stat()
        listing.scenes[scene].add(folder, sensor, key.patch, status.st_size, status.st_mtime_ns)
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
