"""Archives to records in the journal: each is read once, until it changes."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from catalog.pool import run_tasks
from catalog.source.archive import ArchiveReader, stamp_of
from catalog.store.archives import ArchiveJournal, ArchiveRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        Processes that read; by default as many as cores, one for small archives. Where there are
        more of them than archives, an archive gets several threads.
    progress : callable
        Told bytes read and in all, of those archives that are read.

    Returns
    -------
    list of ArchiveRecord
        In the order of the archives.
    """
    fingerprints = {archive: _fingerprint(archive) for archive in archives}
    changed = [name for name in fingerprints if not journal.known(name, fingerprints[name])]
    sizes = {name: os.stat(name).st_size for name in changed}
    total = sum(sizes.values())
    if workers is None:
        workers = (os.cpu_count() or 1) if total > _SMALL_BYTES else 1
    threads = max(1, workers // max(1, len(changed)))
    largest_first = sorted(changed, key=lambda name: -sizes[name])
    tasks = [(journal, name, fingerprints[name], threads) for name in largest_first]
    done = 0
    for name in run_tasks(_read_archive, tasks, workers):
        done += sizes[name]
        progress(done, total)
    return [journal.load(archive) for archive in fingerprints]


def _read_archive(journal: ArchiveJournal, archive: str, fingerprint: str, threads: int) -> str:
    reader = ArchiveReader(archive, threads)
    file = journal.file(archive)
    file.parent.mkdir(parents=True, exist_ok=True)
    for left in (file, file.with_suffix(".gzi")):
        left.unlink(missing_ok=True)
    members = reader.read(seek_index=file.with_suffix(".gzi"))
    journal.save(archive, fingerprint, members, reader.rejected)
    return archive


def _fingerprint(archive: str) -> str:
    parts = [version("sen12ms-catalog"), archive, asdict(stamp_of(archive))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
