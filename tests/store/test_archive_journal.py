"""What was read of an archive is known again, and nothing that is torn is taken for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.datasets import SEN12MS
from catalog.model import FileRecord, Grid, Member, PatchKey, Rejected, SceneKey
from catalog.store.archive_journal import ArchiveJournal, pack_members

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVE = "/data/ROIs1158_spring_lc.tar.gz"
GRID = Grid("EPSG:32737", (256, 256), (10.0, 0.0, 375412.3389928384, 0.0, -10.0, 8118022.83606))
STAMP = {"size": 9, "mtime_ns": 1, "head": "00", "checkpoints": 3}
REJECTED = [Rejected("/data/naïve.tif", "has no name of SEN12MS")]


def member(scene: int, patch: int, reason: str | None = None) -> Member:
    counts = np.zeros((4, 256), np.int32)
    counts[:, patch] = 65_536
    grid = None if reason else GRID
    record = FileRecord(
        PatchKey("spring", scene, patch), "lc", f"/vsitar/{patch}", 262_788, grid,
        None if reason else counts, reason,
    )  # fmt: skip
    return Member(record, f"a/{patch}.tif", 512 + patch)


MEMBERS = [member(9, 3), member(1, 30), member(9, 1), member(1, 2, "is empty (0 bytes)")]


@pytest.fixture
def journal(tmp_path: Path) -> ArchiveJournal:
    journal = ArchiveJournal(tmp_path, SEN12MS)
    journal.save(ARCHIVE, "fingerprint", pack_members(MEMBERS), REJECTED, STAMP)
    return journal


def plain(member: Member) -> tuple[object, ...]:
    record = member.record
    counts = None if record.counts is None else record.counts.tolist()
    fields = (record.key, record.sensor, record.path, record.size, record.grid, record.reason)
    return (*fields, counts, member.name, member.offset)


def test_members_come_back_by_scene_and_patch(journal: ArchiveJournal) -> None:
    record = journal.known(ARCHIVE, "fingerprint")
    assert record is not None
    assert record.scenes == ((SceneKey("spring", 1), 2), (SceneKey("spring", 9), 2))
    found = [plain(entry) for batch in range(2) for entry in journal.members(ARCHIVE, batch)]
    assert found == [plain(MEMBERS[index]) for index in (3, 1, 2, 0)]
    assert (record.archive, record.stamp, record.rejected) == (ARCHIVE, STAMP, tuple(REJECTED))
    assert record.unpacked == 512 + 30 + 262_788


def test_archive_without_files_is_kept_too(journal: ArchiveJournal) -> None:
    journal.save(ARCHIVE, "fingerprint", pack_members([]), [], STAMP)
    record = journal.known(ARCHIVE, "fingerprint")
    assert record is not None
    assert (record.scenes, record.unpacked) == ((), 0)


def test_record_is_known_by_its_fingerprint(journal: ArchiveJournal) -> None:
    assert journal.known(ARCHIVE, "fingerprint") is not None
    assert journal.known(ARCHIVE, "another") is None
    assert journal.known("/data/other.tar", "fingerprint") is None


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_torn_record_is_not_known(journal: ArchiveJournal, kept: int) -> None:
    (path,) = journal.folder.iterdir()
    path.write_bytes(path.read_bytes()[:kept])
    assert journal.known(ARCHIVE, "fingerprint") is None


def test_other_archives_are_forgotten(journal: ArchiveJournal) -> None:
    journal.seek_index(ARCHIVE).write_bytes(b"")
    journal.save("/data/other.tar", "fingerprint", pack_members([]), [], STAMP)
    journal.prune([ARCHIVE])
    assert {path.suffix for path in journal.folder.iterdir()} == {".arrow", ".gzi"}
    assert journal.known("/data/other.tar", "fingerprint") is None


@pytest.mark.parametrize("byte", range(0, 4000, 97))
def test_flipped_bit_is_noticed(journal: ArchiveJournal, byte: int) -> None:
    (path,) = journal.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[byte % len(content)] ^= 1 << byte % 8
    path.write_bytes(content)
    assert journal.known(ARCHIVE, "fingerprint") is None


def test_what_is_forgotten_is_read_anew(journal: ArchiveJournal) -> None:
    journal.seek_index(ARCHIVE).write_bytes(b"")
    journal.forget(ARCHIVE)
    assert list(journal.folder.iterdir()) == []
    journal.forget(ARCHIVE)
