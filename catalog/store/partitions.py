"""`items/season=winter/part-0.parquet`: the footprint table once more, in folders as Hive has them.

Engines that read files in parallel, and leave out the folders that a question does not need, take
them as one table with one more column, which is named before the equals sign. No column of the
table itself has such a name: they are `sen12ms:season` and so on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.model import SceneKey
from catalog.store import staging
from catalog.store.geoparquet import collection_of, write_items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from catalog.datasets import Dataset

_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and all that read its folders have for null."""
_GROUPS_KEPT: Final = 2
"""Row groups in memory: partitions that follow each other in the table share one."""


def write_partitions(folder: Path, key: str, dataset: Dataset) -> None:
    """Write the rows of a catalog's `items.parquet` into a folder for each value of a key.

    Each file has the columns and the order of the table, and metadata of its own. The table is read
    by row groups, so that memory stays flat.

    Parameters
    ----------
    folder : Path
        The catalog, with its table.
    key : str
        One of `staging.PARTITION_KEYS`: the season or continent of a patch, or the id of its scene.
    dataset : Dataset
        What the table holds.
    """
    with pq.ParquetFile(folder / staging.ITEMS) as file:
        table, schema = _Partitioned(file, key, dataset), file.schema_arrow.remove_metadata()
        for name in table.groups:
            path = folder / name
            path.parent.mkdir(parents=True)
            write_items(path, schema, table.rows(name), collection_of(file), part=True)


def partition_problems(
    folder: Path, key: str | None, dataset: Dataset
) -> Iterator[tuple[str, str]]:
    """Where the partitions of a catalog are not those of its `items.parquet`.

    Parameters
    ----------
    folder : Path
        The catalog, with its table.
    key : str, optional
        What the table is partitioned by; None if there should be no partitions.
    dataset : Dataset
        What the table holds.

    Yields
    ------
    tuple of str
        A file, as a path below the folder, and what is wrong with it.
    """
    found = set(staging.partition_files(folder))
    with pq.ParquetFile(folder / staging.ITEMS) as file:
        table = _Partitioned(file, key, dataset)
        for name in table.groups:
            if name not in found:
                yield name, "is missing"
            elif not _holds(folder / name, table.rows(name)):
                yield name, "says something else than the table"
        yield from ((name, "is not in the table") for name in sorted(found - table.groups.keys()))


class _Partitioned:
    """A footprint table, and the partition of each row."""

    def __init__(self, file: pq.ParquetFile, key: str | None, dataset: Dataset) -> None:
        self._file = file
        self._key = key
        self._dataset = dataset
        self._group = lru_cache(_GROUPS_KEPT)(self._read_group)
        self.groups: dict[str, list[int]] = {}
        """By the path of a partition's file, in order of the table, which row groups it is in."""
        columns = [f"sen12ms:{name}" for name in (*SceneKey._fields, "continent")]
        for number in range(file.num_row_groups if key else 0):
            names = self._names(file.read_row_group(number, columns=columns))
            for name in dict.fromkeys(names):
                self.groups.setdefault(name, []).append(number)

    def rows(self, name: str) -> Iterator[pa.Table]:
        """The rows of one partition."""
        for number in self.groups[name]:
            table, names = self._group(number)
            yield table.filter(pa.array(names == name))

    def _read_group(self, number: int) -> tuple[pa.Table, NDArray[np.object_]]:
        table = self._file.read_row_group(number)
        return table, np.array(self._names(table), object)

    def _names(self, rows: pa.Table) -> list[str]:
        """Path of the file that each row belongs to."""
        if self._key == "scene":
            columns = (rows[f"sen12ms:{name}"].to_pylist() for name in SceneKey._fields)
            values = [self._dataset.scene_id(SceneKey(*key)) for key in zip(*columns, strict=True)]
        else:
            values = rows[f"sen12ms:{self._key}"].to_pylist()
        folder = f"{staging.PARTITIONS}/{self._key}="
        return [f"{folder}{_NULL if value is None else value}/part-0.parquet" for value in values]


def _holds(path: Path, expected: Iterator[pa.Table]) -> bool:
    """Whether a file has these rows in this order, whatever its row groups are."""
    try:
        with pq.ParquetFile(path) as file:
            waiting = file.schema_arrow.empty_table()
            for number in range(file.num_row_groups):
                group = file.read_row_group(number)
                while (
                    waiting.num_rows < group.num_rows and (rows := next(expected, None)) is not None
                ):
                    waiting = pa.concat_tables([waiting, rows])
                if not waiting.slice(0, group.num_rows).equals(group):
                    return False
                waiting = waiting.slice(group.num_rows)
    except (OSError, pa.ArrowException):
        return False
    return not waiting.num_rows and next(expected, None) is None
