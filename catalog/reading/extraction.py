"""Files of a selection into a folder of their own, in the layout of the dataset."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from catalog.errors import FilterError, OutputError
from catalog.model import PatchKey, Rejected, archive_of, gdal_root, is_url
from catalog.source.checksums import read_checksums
from catalog.source.gzip_stream import DamagedError, is_compressed
from catalog.source.header import HeaderReader, UnreadableError
from catalog.source.stores import IN_FLIGHT_WHOLE, fetch
from catalog.source.tar import stamp_of
from catalog.source.tar_members import (
    THREADS,
    Cost,
    MemberRange,
    estimate,
    read_members_by_name,
    read_members_by_seeking,
)
from catalog.store.members import read_archive_list
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.model import Rebase
    from catalog.source.tar import Stamp

HOW: Final = ("copy", "hardlink", "symlink")
"""How a file on disk gets into the folder."""
_SPARE_BYTES: Final = 64 << 20


class Wanted(NamedTuple):
    """A file to extract."""

    target: str
    """Where it goes below the folder: by its key, never by a name in an archive."""
    path: str
    """Where it is, as the catalog says."""
    size: int
    """Bytes."""
    indexed: str | None
    """The archive that it is in, as it was indexed; None for a file on disk."""
    archive: str | None
    """The archive, where it is now."""
    member: MemberRange | None
    """Where in the archive."""


@dataclass(frozen=True, slots=True)
class ExtractionSource:
    """Where some of the files come from, and how."""

    name: str
    """Path of the archive; `folders` for files on disk."""
    files: int
    """How many files."""
    bytes: int
    """Their bytes."""
    how: str
    """`seek`, `pass`, or one of `HOW`."""
    cost: Cost | None
    """Bytes to decompress either way; None for files on disk."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What `extract` did, or would do."""

    files: int
    """Files that were written; of a dry run, that would be."""
    bytes: int
    """Their bytes."""
    present: int
    """Files that were there already."""
    sources: tuple[ExtractionSource, ...]
    """Where they come from."""
    rejected: tuple[Rejected, ...]
    """Files that could not be written, and why; by path."""


class Choices(NamedTuple):
    """How files are extracted."""

    how: str = "copy"
    """One of `HOW`."""
    dry_run: bool = False
    """Only say what would be done."""
    progress: Callable[[int, int], None] | None = None
    """Told bytes written and in all."""


def wanted_from_rows(
    dataset: Dataset, rows: Iterable[Mapping[str, Any]], moved: Rebase
) -> list[Wanted]:
    """Files from the answer of `queries/chosen_members`; `moved` says where archives are now."""
    return [
        Wanted(
            dataset.file_path(PatchKey(row["season"], row["scene"], row["patch"]), row["sensor"]),
            row["path"],
            row["size"],
            row["indexed"],
            row["indexed"] and archive_of(moved.of(gdal_root(row["indexed"]))),
            MemberRange(row["offset"], row["size"], row["member"]) if row["indexed"] else None,
        )
        for row in rows
    ]


def extract(
    files: Sequence[Wanted], to: Path, choices: Choices, catalog: Path | None = None
) -> Extraction:
    """Write files below a folder.

    What is there already, with the right size, stays. A file is checked by its size, and by
    `checksums.sha512` if that lies beside the data, before it gets its name; one of an archive must
    be a GeoTIFF with all its pixels, too. The checksum of a gzip member is that of the whole
    archive: it is not compared where only some files are sought.

    Parameters
    ----------
    files : list of Wanted
        The files.
    to : Path
        The folder, made if needed.
    choices : Choices
        How to do it.
    catalog : Path, optional
        The catalog, which knows the seek indexes.

    Raises
    ------
    OutputError
        If the disk has no room, or refuses.
    FilterError
        If files in archives or at URLs are to be linked.
    """
    if choices.how != "copy" and any(file.archive or is_url(file.path) for file in files):
        raise FilterError(
            f"{choices.how!r} needs files on disk: those in archives and at URLs are copied"
        )
    missing = [file for file in files if not _is_there(to, file)]
    archives = {} if catalog is None else read_archive_list(catalog)
    run = _ExtractionRun(to, choices, missing, archives)
    report = run.plan(present=len(files) - len(missing))
    if not choices.dry_run:
        _check_room(to, 0 if choices.how != "copy" else report.bytes)
        run.write()
        report = replace(report, files=run.written, bytes=run.written_bytes)
    rejected = tuple(sorted(run.rejected, key=lambda entry: entry.path))
    return replace(report, rejected=rejected)


def is_unchanged(archive: str, stamp: Stamp, known: Mapping[str, Any]) -> bool:
    """Whether its stamp is the one that it had; a copy elsewhere has another time."""
    same = (stamp.size, stamp.head) == (known.get("size"), known.get("head"))
    return same and (archive != known["path"] or stamp.mtime_ns == known["mtime_ns"])


class _ExtractionRun:
    """One extraction."""

    def __init__(
        self,
        to: Path,
        choices: Choices,
        files: Sequence[Wanted],
        archives: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.to = to
        self.choices = choices
        self.archives = archives
        self.rejected: list[Rejected] = []
        self.by_archive: dict[str, list[Wanted]] = defaultdict(list)
        for file in files:
            self.by_archive[file.archive or ""].append(file)
        self.on_disk = self.by_archive.pop("", [])
        self.total = sum(file.size for file in files)
        self.done = 0
        self.written = 0
        self.written_bytes = 0
        self.checksums: Mapping[str, str] = {}
        self.headers = HeaderReader()
        self.sources: dict[str, ExtractionSource] = {}

    def plan(self, present: int) -> Extraction:
        for archive, files in sorted(self.by_archive.items()):
            try:
                self.sources[archive] = self._source(archive, files)
            except OSError as error:
                reason = f"cannot be read: {error.strerror}; {len(files):,} files are in it"
                self.rejected.append(Rejected(archive, reason))
        sources = list(self.sources.values())
        if self.on_disk:
            size = sum(file.size for file in self.on_disk)
            sources.append(
                ExtractionSource("folders", len(self.on_disk), size, self.choices.how, None)
            )
        count = sum(source.files for source in sources)
        return Extraction(
            count, sum(source.bytes for source in sources), present, tuple(sources), ()
        )

    def write(self) -> None:
        folders = {os.path.dirname(archive) for archive in self.by_archive}
        folders |= {_dataset_root(file) for file in self.on_disk}
        names = {os.path.basename(file.target) for file in self._all()}
        self.checksums = read_checksums(sorted(folders), names)
        remote = [file for file in self.on_disk if is_url(file.path)]
        for file in self.on_disk:
            if not is_url(file.path):
                self._write(file)
        for file, found in zip(
            remote, fetch(((file.path, None) for file in remote), IN_FLIGHT_WHOLE), strict=True
        ):
            if isinstance(found, OSError):
                self.rejected.append(Rejected(file.path, f"cannot be read: {found.strerror}"))
            else:
                self._write(file, found.data)
        for archive, source in self.sources.items():
            self._write_archive(archive, source)

    def _all(self) -> Iterator[Wanted]:
        yield from self.on_disk
        for files in self.by_archive.values():
            yield from files

    def _source(self, archive: str, files: Sequence[Wanted]) -> ExtractionSource:
        known = self.archives.get(files[0].indexed or "", {})
        step = _step(archive, known) if is_unchanged(archive, stamp_of(archive), known) else None
        cost = estimate([file.member for file in files if file.member], step)
        how = "seek" if cost.seeks else "pass"
        return ExtractionSource(archive, len(files), sum(file.size for file in files), how, cost)

    def _write_archive(self, archive: str, source: ExtractionSource) -> None:
        left = {file.member.name: file for file in self.by_archive[archive] if file.member}
        try:
            if source.cost and source.cost.seeking is not None:
                self._take_by_seeking(archive, source.how, left)
            if left:
                self._take(left, read_members_by_name(archive, _ranges(left)))
        except DamagedError as error:
            reason = f"is damaged {error}; {len(left):,} files of it are not written"
            self.rejected.append(Rejected(archive, reason))
        else:
            self.rejected += [Rejected(file.path, "is no longer there") for file in left.values()]

    def _take_by_seeking(self, archive: str, how: str, left: dict[str, Wanted]) -> None:
        """Write the files that are where the seek index leads to, and strike them off."""
        known = self.archives[self.by_archive[archive][0].indexed or ""]
        threads = THREADS if how == "pass" else 1
        ranges = list(_ranges(left).values())
        with suppress(DamagedError):
            taken = read_members_by_seeking(archive, ranges, known["seek_index"], threads)
            self._take(left, taken)

    def _take(self, left: dict[str, Wanted], taken: Iterator[tuple[MemberRange, bytes]]) -> None:
        for member, data in taken:
            self._write(left.pop(member.name), data)

    def _write(self, file: Wanted, data: bytes | None = None) -> None:
        """Write one file: its content, or what is on disk."""
        target = _target(self.to, file)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.islink(target):
                os.unlink(target)
        except OSError as error:
            raise OutputError(f"{target} cannot be written: {error.strerror}") from error
        try:
            with whole_file(target) as partial:
                partial.unlink(missing_ok=True)
                if data is None:
                    self._put(file, partial)
                else:
                    self.headers.read(data)
                    partial.write_bytes(data)
                self._check(file, partial)
        except (_BadFileError, UnreadableError) as error:
            self.rejected.append(Rejected(file.path, str(error)))
        else:
            self.written += 1
            self.written_bytes += file.size
        self.done += file.size
        if self.choices.progress:
            self.choices.progress(self.done, self.total)

    def _put(self, file: Wanted, partial: Path) -> None:
        """Get a file on disk to its temporary name."""
        if not os.path.isfile(file.path):
            raise _BadFileError("does not exist on this machine")
        if self.choices.how == "hardlink":
            os.link(os.path.realpath(file.path), partial)
        elif self.choices.how == "symlink":
            partial.symlink_to(os.path.abspath(file.path))
        else:
            shutil.copyfile(file.path, partial)

    def _check(self, file: Wanted, partial: Path) -> None:
        size = partial.stat().st_size
        if size != file.size:
            raise _BadFileError(f"has {size:,} bytes where {file.size:,} are recorded")
        expected = self.checksums.get(os.path.basename(file.target))
        if expected is None:
            return
        with partial.open("rb") as content:
            found = hashlib.file_digest(content, "sha512").hexdigest()
        if found != expected:
            raise _BadFileError("has another SHA-512 than checksums.sha512 says")


class _BadFileError(Exception):
    """A file is not what it should be: it is left out, and the others go on."""


def _ranges(files: Mapping[str, Wanted]) -> dict[str, MemberRange]:
    return {name: file.member for name, file in files.items() if file.member}


def _target(to: Path, file: Wanted) -> str:
    return os.path.join(to, *file.target.split("/"))


def _is_there(to: Path, file: Wanted) -> bool:
    try:
        return os.stat(_target(to, file)).st_size == file.size
    except OSError:
        return False


def _dataset_root(file: Wanted) -> str:
    """The folder of the dataset that holds a file, which is nested as its target is."""
    root = file.path
    for _ in file.target.split("/"):
        root = os.path.dirname(root)
    return root


def _step(archive: str, known: Mapping[str, Any]) -> float | None:
    """Bytes between two checkpoints of the seek index; None if there is none."""
    if not is_compressed(archive):
        return 0.0
    checkpoints = known.get("checkpoints") if known["seek_index"] else None
    return known["unpacked"] / checkpoints if checkpoints else None


def _check_room(to: Path, needed: int) -> None:
    """Refuse to start what cannot be finished."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(to).free
    except OSError as error:
        raise OutputError(f"{to} cannot be written: {error.strerror}") from error
    if needed + _SPARE_BYTES > free:
        raise OutputError(
            f"{to} has room for {free:,} bytes, not for {needed:,}: select less, or another disk"
        )
