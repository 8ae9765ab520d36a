"""Archives to records in the journal: each is read once, until it changes."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow.compute as pc

from catalog.indexing.mapper import in_this_process, run_tasks
from catalog.source.tar import ArchiveReader, stamp_of
from catalog.source.tree import ArchivePart
from catalog.store import staging
from catalog.store.archive_journal import pack_members
from catalog.store.members import write_members
from catalog.store.sealed import digest
from catalog.store.static import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from catalog.model import Member, SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.tar import Stamp
    from catalog.source.tree import Listing
    from catalog.store.archive_journal import ArchiveJournal, ArchiveRecord

_TELL_SECONDS: Final = 0.5
_SMALL_BYTES: Final = 64 << 20
"""So small archives are read sooner than a second process is started."""


def read_archives(
    journal: ArchiveJournal,
    archives: Sequence[str],
    workers: int | None,
    progress: Callable[[int, int], None],
) -> list[ArchiveRecord]:
    """What the archives hold; those that did not change since the last run are not read again.

    Parameters
    ----------
    journal : ArchiveJournal
        Where the records are kept.
    archives : list of str
        Absolute paths.
    workers : int, optional
        Processes that read; by default as many as cores, one for small archives.
    progress : callable
        Told bytes read and in all, of those archives that are read.

    Returns
    -------
    list of ArchiveRecord
        In the order of the archives.
    """
    stamps = {archive: stamp_of(archive) for archive in archives}
    fingerprints = {archive: _fingerprint(archive, stamp) for archive, stamp in stamps.items()}
    changed = [name for name in fingerprints if not journal.known(name, fingerprints[name])]
    sizes = {name: stamps[name].size for name in changed}
    total = sum(sizes.values())
    if workers is None:
        workers = (os.cpu_count() or 1) if total > _SMALL_BYTES else 1
    largest_first = sorted(changed, key=lambda name: -sizes[name])
    marks = {name: _Mark(journal.file(name).with_suffix(".mark")) for name in changed}
    for mark in marks.values():
        mark.file.unlink(missing_ok=True)
    positions = dict.fromkeys(changed, 0)

    def tell(name: str, position: int) -> None:
        positions[name] = max(positions[name], position)
        progress(sum(positions.values()), total)

    def tell_marks() -> None:
        for name, mark in marks.items():
            tell(name, mark.read())

    here = in_this_process(len(changed), workers)
    tasks = [
        (
            _Work(journal, name, fingerprints[name], stamps[name]),
            partial(tell, name) if here else marks[name].write,
        )
        for name in largest_first
    ]
    for name in run_tasks(_read_archive, tasks, workers, tell_marks):
        marks[name].file.unlink(missing_ok=True)
        tell(name, sizes[name])
    return [journal.load(archive) for archive in fingerprints]


class _Mark(NamedTuple):
    """How far an archive is read, where the process that reads it leaves word for this one."""

    file: Path
    """Holds the byte that comes next."""

    def write(self, position: int) -> None:
        self.file.write_text(str(position), encoding="ascii")

    def read(self) -> int:
        """The position; 0 if there is none yet, or it is just being written."""
        text = self.file.read_text(encoding="ascii") if self.file.exists() else ""
        return int(text or 0)


class _Work(NamedTuple):
    """What a process is to read."""

    journal: ArchiveJournal
    archive: str
    fingerprint: str
    stamp: Stamp


def add_archives(listing: Listing, records: Sequence[ArchiveRecord]) -> None:
    """Add what the archives hold to what was found in folders."""
    for record in records:
        listing.rejected += record.rejected
        for batch, (scene, count) in enumerate(record.scenes):
            part = ArchivePart(record.archive, batch, record.fingerprint, count)
            listing.add_part(scene, part)
    listing.scenes = dict(sorted(listing.scenes.items()))


def publish(
    folder: Path,
    records: Sequence[ArchiveRecord],
    hrefs: Hrefs,
    used: Callable[[SceneKey], Collection[str]],
) -> None:
    """Write what `extract` needs into a catalog: the member table, stamps and seek indexes.

    Parameters
    ----------
    folder : Path
        The catalog.
    records : list of ArchiveRecord
        What was read of the archives.
    hrefs : Hrefs
        What the catalog says where files are.
    used : callable
        Gives the hrefs that the items of a scene have: other files were rejected.
    """

    def members() -> Iterator[tuple[str, list[Member]]]:
        for record in records:
            for batch, (scene, _) in enumerate(record.scenes):
                known = used(scene)
                found = record.members(batch)
                yield record.archive, [m for m in found if hrefs.of(m.record.path) in known]

    write_members(folder / staging.MEMBERS, members())
    (folder / staging.ARCHIVES).mkdir()
    listed = []
    for record in records:
        name = record.seek_index.name if record.seek_index.is_file() else None
        if name is not None:
            _link(record.seek_index, folder / staging.ARCHIVES / name)
        listed.append(
            {
                "path": record.archive,
                **record.stamp,
                "unpacked": record.unpacked,
                "seek_index": name,
            }
        )
    write_json(folder / staging.ARCHIVE_LIST, {"archives": listed})


def _link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read_archive(work: _Work, tell: Callable[[int], None]) -> str:
    reader = ArchiveReader(work.archive)
    file = work.journal.file(work.archive)
    file.parent.mkdir(parents=True, exist_ok=True)
    for left in (file, file.with_suffix(".gzi")):
        left.unlink(missing_ok=True)
    members = pack_members(_telling(reader.read(file.with_suffix(".gzi")), reader, tell))
    if reader.sound_bytes is not None:
        members = members.filter(pc.field("offset") + pc.field("size") <= reader.sound_bytes)
    about = {**asdict(work.stamp), "checkpoints": reader.checkpoints}
    work.journal.save(work.archive, work.fingerprint, members, reader.rejected, about)
    return work.archive


def _telling(
    members: Iterator[Member], reader: ArchiveReader, tell: Callable[[int], None]
) -> Iterator[Member]:
    """The members, while twice a second somebody is told how far they are read."""
    due = time.monotonic() + _TELL_SECONDS
    for member in members:
        if time.monotonic() >= due:
            tell(reader.position)
            due = time.monotonic() + _TELL_SECONDS
        yield member


def _fingerprint(archive: str, stamp: Stamp) -> str:
    return digest(version("sen12ms-catalog"), archive, asdict(stamp))
