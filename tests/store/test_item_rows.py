"""Rows are found by their ids, whatever row groups they are in, and by many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import CatalogNotFoundError
from catalog.store import item_rows
from catalog.store.item_rows import ItemRows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Small


@pytest.fixture(params=[1, 7, 54, 1000])
def table(request: pytest.FixtureRequest, small: Small, tmp_path: Path) -> Path:
    """The table of the small catalog, in row groups of several sizes."""
    path = tmp_path / "items.parquet"
    rows = pq.read_table(small.out / "items.parquet")
    pq.write_table(rows, path, row_group_size=request.param)
    return path


def test_rows_come_in_the_order_of_the_table(table: Path) -> None:
    rows, whole = ItemRows(str(table)), pq.read_table(table)
    ids = whole["id"].to_pylist()
    random = Random(1)
    for count in (0, 1, 2, 20, 54):
        names = random.sample(ids, count)
        found = rows.find([*names, *names, "ROIs1158_spring_1_p999", ""])
        assert found.schema.equals(whole.schema)
        assert found.equals(whole.filter(pa.array([name in names for name in ids])))


def test_threads_find_the_same(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_rows, "_GROUPS_KEPT", 2)
    rows, random = ItemRows(str(table)), Random(2)
    ids = pq.read_table(table)["id"].to_pylist()
    asked = [sorted(random.sample(ids, 9)) for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(rows.find, asked))
    assert [sorted(each["id"].to_pylist()) for each in found] == asked


def test_a_table_without_rows_has_none(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pq.write_table(pq.read_table(table)[:0], path)
    assert ItemRows(str(path)).find(["ROIs1158_spring_1_p30"]).num_rows == 0


def test_a_table_that_is_gone_or_cut_is_named(table: Path) -> None:
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(CatalogNotFoundError, match=r"items\.parquet cannot be read"):
        ItemRows(str(table))
    table.unlink()
    with pytest.raises(CatalogNotFoundError, match="run `sen12ms index` again"):
        ItemRows(str(table))


def test_a_row_group_that_is_damaged_is_told(table: Path) -> None:
    name = pq.read_table(table)["id"][0].as_py()
    rows = ItemRows(str(table))
    content = table.read_bytes()
    with table.open("r+b") as file:  # as a disk does it: the same file
        file.write(content[:4] + bytes(len(content) - 2_000))
    with pytest.raises(CatalogNotFoundError, match="cannot be read"):
        rows.find([name])
