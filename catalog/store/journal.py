"""The journal beside a catalog: what was read of each scene, so that nothing is read twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from catalog.datasets.legacy import scene_id
from catalog.model import Rejected
from catalog.store.columns import SCHEMA, table_from_columns
from catalog.store.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from catalog.model import SceneKey

_FINGERPRINT: Final = b"fingerprint"
_REJECTED: Final = b"rejected"


@dataclass(frozen=True, slots=True)
class SceneRecord:
    """What the journal knows of one scene."""

    key: SceneKey
    """Season, scene."""
    table: pa.Table
    """Its rows by the column contract; none if all files were rejected."""
    rejected: tuple[Rejected, ...]
    """Its rejected files."""

    def column(self, name: str) -> list[Any]:
        """Values of one column."""
        return self.table.column(name).to_pylist()  # type: ignore[no-any-return]

    def rows(self) -> list[dict[str, Any]]:
        """All rows, as dicts."""
        columns = map(_values, self.table.columns)
        names = self.table.column_names
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Python's values of a column; moments are few, and made once each: that takes long."""
    if not pa.types.is_timestamp(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    encoded = column.combine_chunks().dictionary_encode()
    moments = encoded.dictionary.to_pylist()
    return [None if at is None else moments[at] for at in encoded.indices.to_pylist()]


class Journal:
    """One Arrow stream a scene, sealed.

    Parameters
    ----------
    folder : Path
        Made when first written to; it may be deleted at any time: then all is read anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self,
        key: SceneKey,
        fingerprint: str,
        columns: Mapping[str, Any] | None,
        rejected: Collection[Rejected],
    ) -> None:
        """Keep what was read of a scene; `columns` is None if there is no patch."""
        table = SCHEMA.empty_table() if columns is None else table_from_columns(columns)
        reasons = json.dumps([[entry.path, entry.reason] for entry in rejected])
        metadata = {_FINGERPRINT: fingerprint.encode(), _REJECTED: reasons.encode()}
        schema = SCHEMA.with_metadata(metadata)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(table.cast(schema))
        write_sealed(self._path(key), sink.getvalue())

    def holds(self, key: SceneKey, fingerprint: str) -> bool:
        """Whether the scene was read when its files had this fingerprint."""
        content = read_sealed(self._path(key))
        if content is None:
            return False
        known: bytes = pa.ipc.open_stream(content).schema.metadata[_FINGERPRINT]
        return known == fingerprint.encode()

    def load(self, key: SceneKey) -> SceneRecord:
        """What was kept of a scene."""
        with pa.OSFile(str(self._path(key)), "rb") as file:
            table = pa.ipc.open_stream(file).read_all()
        reasons = json.loads(table.schema.metadata[_REJECTED])
        rejected = tuple(Rejected(path, reason) for path, reason in reasons)
        return SceneRecord(key, table.replace_schema_metadata(None), rejected)

    def prune(self, keys: Collection[SceneKey]) -> None:
        """Forget all scenes but these."""
        kept = {self._path(key).name for key in keys}
        if self.folder.is_dir():
            for path in sorted(self.folder.iterdir()):
                if path.name not in kept and path.suffix in {".arrow", ".partial"}:
                    path.unlink()

    def _path(self, key: SceneKey) -> Path:
        return self.folder / f"{scene_id(key)}.arrow"
