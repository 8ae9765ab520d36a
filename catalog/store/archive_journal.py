"""What was read of archives: one Arrow file each, with a batch a scene, checksummed."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.model import FileRecord, Grid, Member, PatchKey, Rejected, SceneKey
from catalog.store.checksummed import CHECKSUM_BYTES, read_checksummed, write_checksummed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from catalog.datasets import Dataset

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
_CODES: Final = 256
_RECORD: Final = b"record"


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """What the journal knows of one archive."""

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
    """Members that are not files of the dataset, and the archive itself if it is damaged."""


class ArchiveJournal:
    """The records of archives.

    Parameters
    ----------
    folder : Path
        Made when first written to; it may be deleted at any time: then all is read anew.
    dataset : Dataset
        What the archives hold.
    """

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.dataset = dataset

    def seek_index(self, archive: str) -> Path:
        """Where the seek index of an archive is; there is none where the archive is damaged."""
        return self._file(archive).with_suffix(".gzi")

    def forget(self, archive: str) -> None:
        """Make room for what will be read of an archive.

        Raises
        ------
        OSError
            If what is there cannot be removed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self._file(archive), self.seek_index(archive)):
            path.unlink(missing_ok=True)

    def save(
        self,
        archive: str,
        fingerprint: str,
        members: pa.Table,
        rejected: Collection[Rejected],
        stamp: Mapping[str, int | str],
    ) -> ArchiveRecord:
        """Keep what was read of an archive, its members packed.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        table = members.sort_by(_ORDER)
        batches = list(_by_scene(table))
        record = ArchiveRecord(
            archive,
            fingerprint,
            stamp,
            pc.max(pc.add(table["offset"], table["size"])).as_py() or 0,
            tuple((_key(batch), batch.num_rows) for batch in batches),
            tuple(rejected),
        )
        schema = _SCHEMA.with_metadata({_RECORD: json.dumps(asdict(record))})
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))
        write_checksummed(self._file(archive), sink.getvalue())
        return record

    def known(self, archive: str, fingerprint: str) -> ArchiveRecord | None:
        """What was kept of an archive, if it was read when it had this fingerprint."""
        content = read_checksummed(self._file(archive))
        if content is None:
            return None
        values = json.loads(pa.ipc.open_file(content).schema.metadata[_RECORD])
        scenes = tuple((SceneKey(*key), count) for key, count in values["scenes"])
        rejected = tuple(Rejected(**entry) for entry in values["rejected"])
        record = ArchiveRecord(**{**values, "scenes": scenes, "rejected": rejected})
        return record if record.fingerprint == fingerprint else None

    def members(self, archive: str, batch: int) -> list[Member]:
        """The files of one scene in an archive that is known, by patch and name."""
        with pa.memory_map(str(self._file(archive))) as source:
            content = source.read_buffer(source.size() - CHECKSUM_BYTES)
            rows = pa.ipc.open_file(pa.BufferReader(content)).get_batch(batch).to_pylist()
        return [_member(row, len(self.dataset.legends)) for row in rows]

    def prune(self, archives: Iterable[str]) -> None:
        """Forget all archives but these."""
        kept = {self._file(archive).stem for archive in archives}
        for path in sorted(self.folder.glob("*")):
            if path.stem not in kept and path.is_file():
                path.unlink()

    def _file(self, archive: str) -> Path:
        digest = hashlib.sha256(os.fsencode(archive)).hexdigest()
        return self.folder / f"{digest[:16]}.arrow"


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


def _member(row: dict[str, Any], bands: int) -> Member:
    """The inverse of `_row`."""
    key = PatchKey(row["season"], row["scene"], row["patch"])
    grid = counts = None
    if row["transform"] is not None:
        grid = Grid(row["crs"], tuple(row["shape"]), tuple(row["transform"]))
    if row["codes"] is not None:
        counts = np.zeros((bands, _CODES), np.int32)
        counts.ravel()[row["codes"]] = row["pixels"]
    record = FileRecord(key, row["sensor"], row["path"], row["size"], grid, counts, row["reason"])
    return Member(record, row["name"], row["offset"])
