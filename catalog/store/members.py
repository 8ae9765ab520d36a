"""What `extract` needs of archives: `members.parquet`, and the list of the archives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import CatalogNotFoundError
from catalog.store import staging
from catalog.store.columns import member_columns
from catalog.store.static import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.model import Member

_ROWS_PER_GROUP: Final = 50_000
_KEYS: Final = ("path", "size", "mtime_ns", "head", "checkpoints", "unpacked", "seek_index")
"""Of an archive in the list."""


def write_members(
    path: Path, dataset: Dataset, parts: Iterable[tuple[str, Sequence[Member]]]
) -> None:
    """Write the member table.

    Parameters
    ----------
    path : Path
        The file to write.
    dataset : Dataset
        What the archives hold.
    parts : iterable of (str, sequence of Member)
        Absolute path of an archive, and some of its files.
    """
    schema = pa.schema([(column.name, column.type) for column in member_columns(dataset)])
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=9) as writer:
        rows: list[dict[str, Any]] = []
        for archive, members in parts:
            rows += [
                {
                    "id": dataset.patch_id(member.record.key),
                    "sensor": member.record.sensor,
                    "archive": archive,
                    "member": member.name,
                    "offset": member.offset,
                    "size": member.record.size,
                }
                for member in members
            ]
            if len(rows) >= _ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))


def write_archive_list(catalog: Path, archives: Sequence[Mapping[str, Any]]) -> None:
    """Write what is known of each archive: path, stamp, bytes, name of the seek index."""
    write_json(catalog / staging.ARCHIVE_LIST, {"archives": archives})


def _check_entry(entry: Mapping[str, Any]) -> None:
    """Refuse what would fail later, with a TypeError."""
    numbers = [entry[name] for name in ("size", "mtime_ns", "checkpoints", "unpacked")]
    texts = [entry["path"], entry["head"], entry["seek_index"] or ""]
    if not (all(type(x) is int for x in numbers) and all(isinstance(x, str) for x in texts)):
        raise TypeError(entry)


def read_archive_list(catalog: Path) -> dict[str, dict[str, Any]]:
    """What a catalog knows of its archives, by path; the seek index as a path, None if missing.

    Raises
    ------
    CatalogNotFoundError
        If the list cannot be understood.
    """
    path = catalog / staging.ARCHIVE_LIST
    if not path.exists():
        return {}
    try:
        entries = read_json(path)["archives"]
        known = {entry["path"]: {name: entry[name] for name in _KEYS} for entry in entries}
        for entry in known.values():
            _check_entry(entry)
            index = path.parent / (entry["seek_index"] or "")
            entry["seek_index"] = index if index.is_file() else None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CatalogNotFoundError(
            f"{path} cannot be understood: run `sen12ms index` again, which rebuilds it"
        ) from error
    return known
