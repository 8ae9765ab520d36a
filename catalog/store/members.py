"""`members.parquet`: where in the archives the files are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.datasets.legacy import patch_id
from catalog.store.columns import MEMBER_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from catalog.model import Member

_ROWS_PER_GROUP: Final = 50_000


def write_members(path: Path, parts: Iterable[tuple[str, list[Member]]]) -> None:
    """Write the member table.

    Parameters
    ----------
    path : Path
        The file to write.
    parts : iterable of (str, list of Member)
        Absolute path of an archive, and some of its files.
    """
    with pq.ParquetWriter(path, MEMBER_SCHEMA, compression="zstd", compression_level=9) as writer:
        rows: list[tuple[str, str, str, str, int, int]] = []
        for archive, members in parts:
            rows += [
                (patch_id(m.record.key), m.record.sensor, archive, m.name, m.offset, m.record.size)
                for m in members
            ]
            if len(rows) >= _ROWS_PER_GROUP:
                writer.write_table(_table(rows))
                rows = []
        writer.write_table(_table(rows))


def _table(rows: list[tuple[str, str, str, str, int, int]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(MEMBER_SCHEMA)
    return pa.Table.from_arrays(
        [
            pa.array(values, field.type)
            for values, field in zip(columns, MEMBER_SCHEMA, strict=True)
        ],
        schema=MEMBER_SCHEMA,
    )
