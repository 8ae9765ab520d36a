"""Rows of an `items.parquet` by their ids, in a millisecond once their row group was read."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, groupby
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import CatalogNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_GROUPS_KEPT: Final = 12
"""Row groups in memory, 32 MB each: the whole dataset has 9."""


class ItemRows:
    """An `items.parquet` whose rows are asked for by id, by several threads if need be.

    Parquet is decompressed by the row group, of some 20,000 rows: that takes 100 ms, whether one
    row is wanted or all. So row groups are kept.

    Parameters
    ----------
    path : str
        The table.

    Raises
    ------
    CatalogNotFoundError
        If it cannot be read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = Lock()
        try:
            self._file = pq.ParquetFile(path)
            ids = self._file.read(["id"])["id"].to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error
        self._positions = {name: row for row, name in enumerate(ids)}
        groups = self._file.metadata.num_row_groups
        sizes = (self._file.metadata.row_group(number).num_rows for number in range(groups))
        self._starts: NDArray[np.int64] = np.array([*accumulate(sizes, initial=0)])
        self._group = lru_cache(_GROUPS_KEPT)(self._read_group)

    def find(self, names: Iterable[str]) -> pa.Table:
        """The rows with these ids, in the order of the table; other ids are passed over.

        Raises
        ------
        CatalogNotFoundError
            If the table cannot be read.
        """
        rows = sorted({self._positions[name] for name in names if name in self._positions})
        groups = (np.searchsorted(self._starts, rows, side="right") - 1).tolist()
        found = [self._file.schema_arrow.empty_table()]
        for number, places in groupby(zip(groups, rows, strict=True), key=lambda place: place[0]):
            start = self._starts[number]
            with self._lock:
                group = self._group(number)
            found.append(group.take([row - start for _, row in places]))
        return pa.concat_tables(found)

    def _read_group(self, number: int) -> pa.Table:
        try:
            return self._file.read_row_group(number).combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> CatalogNotFoundError:
        return CatalogNotFoundError(
            f"{self._path} cannot be read: run `sen12ms index` again ({error})"
        )
