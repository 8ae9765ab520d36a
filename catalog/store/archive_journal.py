"""What was read of archives: one Arrow file each, with a batch a scene, sealed."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.model import FileRecord, Grid, Member, PatchKey, Rejected, SceneKey
from catalog.store.sealed import SEAL_BYTES, read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

_SCHEMA: Final = pa.schema(
    [
        ("season", pa.string()),
        ("scene", pa.int32()),
        ("patch", pa.int32()),
        ("sensor", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("crs", pa.string()),
        ("shape", pa.list_(pa.int32())),
        ("transform", pa.list_(pa.float64())),
        ("codes", pa.list_(pa.int32())),
        ("pixels", pa.list_(pa.int32())),
        ("reason", pa.string()),
        ("name", pa.string()),
        ("offset", pa.int64()),
    ]
)
_ORDER: Final = tuple((name, "ascending") for name in ("season", "scene", "patch", "name"))
_BATCH: Final = 2_000
_COUNTS: Final = (4, 256)
_FINGERPRINT: Final = b"fingerprint"
_ARCHIVE: Final = b"archive"


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """What the journal knows of one archive."""

    file: Path
    """The Arrow file."""
    archive: str
    """Absolute path of the archive."""
    fingerprint: str
    """What tells it from a changed one."""
    stamp: Mapping[str, int | str]
    """What it was like when it was read: size, time, first bytes, checkpoints."""
    unpacked: int
    """Bytes up to the end of its last file."""
    scenes: tuple[tuple[SceneKey, int], ...]
    """Its scenes and how many files of each it holds, in the order of the batches."""
    rejected: tuple[Rejected, ...]
    """Members that are no files of SEN12MS, and the archive itself if it is damaged."""

    @property
    def seek_index(self) -> Path:
        """Its checkpoints; there is none where the archive is damaged."""
        return self.file.with_suffix(".gzi")

    def members(self, batch: int) -> list[Member]:
        """Its files of one scene, by patch and name."""
        with _opened(self.file) as reader:
            rows = reader.get_batch(batch).to_pylist()
        return [_member(row) for row in rows]


class ArchiveJournal:
    """The records of archives.

    Parameters
    ----------
    folder : Path
        Made when first written to; it may be deleted at any time: then all is read anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, archive: str) -> Path:
        """Where the record of an archive is."""
        digest = hashlib.sha256(os.fsencode(archive)).hexdigest()
        return self.folder / f"{digest[:16]}.arrow"

    def save(
        self,
        archive: str,
        fingerprint: str,
        members: pa.Table,
        rejected: Collection[Rejected],
        stamp: Mapping[str, int | str],
    ) -> None:
        """Keep what was read of an archive, its members packed."""
        table = members.sort_by(_ORDER)
        batches = list(_by_scene(table))
        about = {
            "path": archive,
            "stamp": dict(stamp),
            "unpacked": pc.max(pc.add(table["offset"], table["size"])).as_py() or 0,
            "scenes": [[*_key(batch), batch.num_rows] for batch in batches],
            "rejected": [[entry.path, entry.reason] for entry in rejected],
        }
        schema = _SCHEMA.with_metadata({_FINGERPRINT: fingerprint, _ARCHIVE: json.dumps(about)})
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))
        write_sealed(self.file(archive), sink.getvalue())

    def load(self, archive: str) -> ArchiveRecord:
        """What was kept of an archive."""
        file = self.file(archive)
        with _opened(file) as reader:
            metadata = reader.schema.metadata
        about = json.loads(metadata[_ARCHIVE])
        return ArchiveRecord(
            file,
            about["path"],
            metadata[_FINGERPRINT].decode(),
            about["stamp"],
            about["unpacked"],
            tuple((SceneKey(season, scene), count) for season, scene, count in about["scenes"]),
            tuple(Rejected(path, reason) for path, reason in about["rejected"]),
        )

    def known(self, archive: str, fingerprint: str) -> ArchiveRecord | None:
        """The record of an archive, if it was read when it had this fingerprint."""
        if read_sealed(self.file(archive)) is None:
            return None
        record = self.load(archive)
        return record if record.fingerprint == fingerprint else None

    def prune(self, archives: Iterable[str]) -> None:
        """Forget all archives but these."""
        kept = {self.file(archive).stem for archive in archives}
        if self.folder.is_dir():
            for path in sorted(self.folder.iterdir()):
                if path.stem not in kept:
                    path.unlink()


@contextmanager
def _opened(file: Path) -> Iterator[pa.ipc.RecordBatchFileReader]:
    with pa.memory_map(str(file)) as source:
        content = source.read_buffer(source.size() - SEAL_BYTES)
        yield pa.ipc.open_file(pa.BufferReader(content))


def pack_members(members: Iterable[Member]) -> pa.Table:
    """All members, as they come: 60,000 of them take some 20 MB."""
    batches, rows = [], []
    for member in members:
        rows.append(_row(member))
        if len(rows) == _BATCH:
            batches.append(pa.RecordBatch.from_pylist(rows, _SCHEMA))
            rows = []
    batches.append(pa.RecordBatch.from_pylist(rows, _SCHEMA))
    return pa.Table.from_batches(batches, _SCHEMA)


def _by_scene(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows of each scene, of a table in order."""
    counts = table.group_by(["season", "scene"], use_threads=False).aggregate([([], "count_all")])
    start = 0
    for count in counts.column("count_all").to_pylist():
        rows = table.slice(start, count).combine_chunks()
        yield rows.to_batches()[0]
        start += count


def _key(batch: pa.RecordBatch) -> SceneKey:
    return SceneKey(batch.column("season")[0].as_py(), batch.column("scene")[0].as_py())


def _row(member: Member) -> dict[str, Any]:
    record = member.record
    season, scene, patch = record.key
    row: dict[str, Any] = {
        "season": season,
        "scene": scene,
        "patch": patch,
        "sensor": record.sensor,
        "path": record.path,
        "size": record.size,
        "reason": record.reason,
        "name": member.name,
        "offset": member.offset,
    }
    if record.grid is not None:
        row |= record.grid._asdict()
    if record.counts is not None:
        flat = record.counts.ravel()
        codes = np.flatnonzero(flat)
        row |= {"codes": codes, "pixels": flat[codes]}
    return row


def _member(row: dict[str, Any]) -> Member:
    """The inverse of `_row`."""
    key = PatchKey(row["season"], row["scene"], row["patch"])
    grid = counts = None
    if row["transform"] is not None:
        grid = Grid(row["crs"], tuple(row["shape"]), tuple(row["transform"]))
    if row["codes"] is not None:
        counts = np.zeros(_COUNTS, np.int32)
        counts.ravel()[row["codes"]] = row["pixels"]
    record = FileRecord(key, row["sensor"], row["path"], row["size"], grid, counts, row["reason"])
    return Member(record, row["name"], row["offset"])
