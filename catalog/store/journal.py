"""The journal beside a catalog: what was read of each scene, so that nothing is read twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from catalog.model import Rejected
from catalog.store.archive_journal import ArchiveJournal
from catalog.store.checksummed import read_checksummed, write_checksummed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.model import SceneKey

_FINGERPRINT: Final = b"fingerprint"
_RECORD: Final = b"record"


@dataclass(frozen=True, slots=True)
class SceneRecord:
    """What the journal knows of one scene, beside its rows."""

    key: SceneKey
    """Season, scene."""
    missing: Mapping[str, int]
    """Patches without a file, by sensor."""
    rejected: tuple[Rejected, ...]
    """Its rejected files."""
    summary: Mapping[str, Any] | None
    """What the catalogs above it say, as JSON; None if all of its files were rejected."""
    no_land_cover: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Ids of the patches that took no class counts of another catalog, by the reason."""


class Journal:
    """One Arrow stream a scene, checksummed.

    Parameters
    ----------
    folder : Path
        Made when first written to; it may be deleted at any time: then all is read anew.
    dataset : Dataset
        What the scenes are of.
    """

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.dataset = dataset

    @property
    def archives(self) -> ArchiveJournal:
        """The records of archives."""
        return ArchiveJournal(self.folder / "archives", self.dataset)

    def save(self, fingerprint: str, record: SceneRecord, rows: pa.Table) -> None:
        """Keep what was read of a scene.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        metadata = {_FINGERPRINT: fingerprint, _RECORD: json.dumps(asdict(record))}
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, rows.schema.with_metadata(metadata), options=options) as file:
            file.write_table(rows)
        write_checksummed(self._path(record.key), sink.getvalue())

    def known(self, key: SceneKey, fingerprint: str) -> SceneRecord | None:
        """What was kept of a scene, if it was read when its files had this fingerprint."""
        content = read_checksummed(self._path(key))
        if content is None:
            return None
        metadata = pa.ipc.open_stream(content).schema.metadata
        if metadata[_FINGERPRINT] != fingerprint.encode():
            return None
        values = json.loads(metadata[_RECORD])
        rejected = tuple(Rejected(**entry) for entry in values["rejected"])
        return SceneRecord(**{**values, "key": key, "rejected": rejected})

    def rows(self, key: SceneKey) -> pa.Table:
        """The rows of a scene that is known, by the column contract."""
        with pa.OSFile(str(self._path(key)), "rb") as file:
            table = pa.ipc.open_stream(file).read_all()
        return table.replace_schema_metadata(None)

    def prune(self, keys: Collection[SceneKey]) -> None:
        """Forget all scenes but these."""
        kept = {self._path(key) for key in keys}
        for path in sorted(self.folder.glob("*.arrow")) + sorted(self.folder.glob("*.partial")):
            if path not in kept and path.is_file():
                path.unlink()

    def _path(self, key: SceneKey) -> Path:
        return self.folder / f"{self.dataset.scene_id(key)}.arrow"
