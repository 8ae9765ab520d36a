"""Archives to records in the journal: each is read once, until it changes."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow.compute as pc

from catalog.source.tar import ArchiveReader, stamp_of
from catalog.source.tree import ArchivePart
from catalog.store import staging
from catalog.store.archive_journal import pack_members
from catalog.store.checksummed import digest
from catalog.store.members import write_archive_list, write_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.indexing.mapper import Engine
    from catalog.model import Member, SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.tar import Stamp
    from catalog.source.tree import Listing
    from catalog.store.archive_journal import ArchiveJournal, ArchiveRecord
    from catalog.store.journal import Journal

_TELL_SECONDS: Final = 0.5
_SMALL_BYTES: Final = 64 << 20
"""So small archives are read sooner than a second process is started."""


class Position(NamedTuple):
    """How far an archive is read."""

    archive: str
    """Its absolute path."""
    offset: int
    """The byte that comes next."""


def read_archives(
    journal: ArchiveJournal,
    archives: Sequence[str],
    engine: Engine,
    progress: Callable[[int, int], None],
) -> list[ArchiveRecord]:
    """What the archives hold; those that did not change since the last run are not read again.

    Parameters
    ----------
    journal : ArchiveJournal
        Where the records are kept.
    archives : list of str
        Absolute paths.
    engine : Engine
        What reads them.
    progress : callable
        Told bytes read and in all, of those archives that are read.

    Returns
    -------
    list of ArchiveRecord
        In the order of the archives.
    """
    stamps = {archive: stamp_of(archive) for archive in archives}
    fingerprints = {name: _fingerprint(journal, name, stamp) for name, stamp in stamps.items()}
    found = {name: journal.known(name, fingerprints[name]) for name in archives}
    records = {name: record for name, record in found.items() if record is not None}
    sizes = {name: stamps[name].size for name in archives if name not in records}
    total = sum(sizes.values())
    offsets = dict.fromkeys(sizes, 0)

    def hear(position: Position) -> None:
        offsets[position.archive] = max(offsets[position.archive], position.offset)
        progress(sum(offsets.values()), total)

    largest_first = sorted(sizes, key=lambda name: -sizes[name])
    tasks = [(journal, name, fingerprints[name], stamps[name]) for name in largest_first]
    for archive in largest_first:
        journal.forget(archive)
    small = total <= _SMALL_BYTES
    results = engine.run(_read_archive, tasks, hear, small=small, portable=True)
    with closing(results):
        for record in results:
            records[record.archive] = record
            hear(Position(record.archive, sizes[record.archive]))
    return [records[name] for name in archives]


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
    journal: Journal,
    records: Sequence[ArchiveRecord],
    parts: Mapping[SceneKey, Sequence[ArchivePart]],
    hrefs: Hrefs,
) -> None:
    """Write what `extract` needs into a catalog: the member table, stamps and seek indexes.

    Parameters
    ----------
    folder : Path
        The catalog.
    journal : Journal
        Where the records of scenes and archives are kept.
    records : sequence of ArchiveRecord
        What was read of the archives.
    parts : mapping
        The files of each scene in archives.
    hrefs : Hrefs
        What the catalog says where files are.
    """
    write_members(folder / staging.MEMBERS, journal.dataset, _used_members(journal, parts, hrefs))
    (folder / staging.ARCHIVES).mkdir()
    listed = []
    for record in records:
        seek_index = journal.archives.seek_index(record.archive)
        name = seek_index.name if seek_index.is_file() else None
        if name is not None:
            _link(seek_index, folder / staging.ARCHIVES / name)
        about: dict[str, Any] = {"unpacked": record.unpacked, "seek_index": name}
        listed.append({"path": record.archive, **record.stamp, **about})
    write_archive_list(folder, listed)


def _used_members(
    journal: Journal, parts: Mapping[SceneKey, Sequence[ArchivePart]], hrefs: Hrefs
) -> Iterator[tuple[str, list[Member]]]:
    """The members that items have, scene by scene: the others were rejected."""
    for key, found in parts.items():
        if not found:
            continue
        assets = journal.rows(key).column("assets").combine_chunks()
        used = {
            href
            for sensor in journal.dataset.sensors
            for href in assets.field(sensor).field("href").to_pylist()
        }
        for part in found:
            members = journal.archives.members(part.archive, part.batch)
            yield part.archive, [m for m in members if hrefs.of_file(m.record.path) in used]


def _link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _read_archive(
    tell: Callable[[Position], None],
    journal: ArchiveJournal,
    archive: str,
    fingerprint: str,
    stamp: Stamp,
) -> ArchiveRecord:
    reader = ArchiveReader(archive, journal.dataset)
    members = pack_members(_telling(reader.read(journal.seek_index(archive)), reader, tell))
    if reader.sound_bytes is not None:
        members = members.filter(pc.field("offset") + pc.field("size") <= reader.sound_bytes)
    about = {**asdict(stamp), "checkpoints": reader.checkpoints}
    return journal.save(archive, fingerprint, members, reader.rejected, about)


def _telling(
    members: Iterator[Member], reader: ArchiveReader, tell: Callable[[Position], None]
) -> Iterator[Member]:
    """The members, while twice a second somebody is told how far they are read."""
    due = time.monotonic() + _TELL_SECONDS
    for member in members:
        if time.monotonic() >= due:
            tell(Position(reader.path, reader.position))
            due = time.monotonic() + _TELL_SECONDS
        yield member


def _fingerprint(journal: ArchiveJournal, archive: str, stamp: Stamp) -> str:
    return digest(version("sen12ms-catalog"), journal.dataset.digest, archive, asdict(stamp))
