"""How questions are answered: only the parts of a table that a place can be in are read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from catalog.datasets.legacy import DATA
from catalog.query.conditions import filter_parameters
from catalog.query.extensions import load_extension
from catalog.query.question import Question, choose
from catalog.query.regions import resolve_regions
from catalog.query.statements import statement, statements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog import Catalog
    from tests.conftest import Small

ITALY = {
    "patches_in_box": "patches_in_box(10, 44, 11, 45)",
    "patches_near": "patches_near(10.65, 44.77, 50)",
    "patches_touching": "patches_touching(ST_MakeEnvelope(10, 44, 11, 45))",
}
"""Macros whose place is known before the table is read."""
JOINED = {
    "patches_in_region": "patches_in_region('Italy')",
    "patches_overlapping": "patches_overlapping('ROIs1868_summer_142_p210')",
}
"""Macros whose place is found on the way."""


@dataclass(frozen=True)
class Watched:
    """A bare table of many small row groups, and a connection that notes what it reads."""

    items: Path
    connection: duckdb.DuckDBPyConnection

    def groups_read(self, ask: Any) -> set[int]:
        """Row groups that bytes were read of."""
        self.connection.execute("CALL truncate_duckdb_logs()")
        ask()
        reads = self.connection.execute(
            "SELECT pos FROM duckdb_logs_parsed('FileSystem') WHERE op = 'READ' AND path = $path",
            {"path": str(self.items)},
        ).fetchall()
        spans = list(enumerate(self._spans()))
        return {number for (pos,) in reads for number, (start, end) in spans if start <= pos < end}

    def _spans(self) -> Iterator[tuple[int, int]]:
        metadata = pq.ParquetFile(self.items).metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            columns = [group.column(index) for index in range(group.num_columns)]
            starts = [
                min(filter(None, (one.dictionary_page_offset, one.data_page_offset)))
                for one in columns
            ]
            ends = [
                start + one.total_compressed_size
                for start, one in zip(starts, columns, strict=True)
            ]
            yield min(starts), max(ends)


@pytest.fixture(scope="module")
def watched(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    items = tmp_path_factory.mktemp("groups") / "items.parquet"
    source = pq.ParquetFile(small.out / "items.parquet")
    table = source.read().replace_schema_metadata(source.metadata.metadata)
    pq.write_table(table, items, row_group_size=9)
    assert pq.ParquetFile(items).num_row_groups == 6
    with duckdb.connect(config={"enable_external_file_cache": False}) as connection:
        load_extension(connection, "spatial")
        connection.execute(statement("build/set_items"), {"items": str(items)})
        connection.execute(statement("build/set_data"), {"data": str(DATA.parent)})
        none = {"members": str(DATA.parent / "store" / "no_members.parquet")}
        connection.execute(statement("build/set_members"), none)
        for folder in ("functions", "views", "macros"):
            for text in statements(folder):
                connection.execute(text)
        connection.execute("CALL enable_logging('FileSystem', level = 'trace')")
        yield Watched(items, connection)


def scans(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """What EXPLAIN ANALYZE says of every scan: what it filters by, and rows that it lets pass."""
    ((_, plan),) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {query}").fetchall()
    found, waiting = [], [json.loads(plan)]
    while waiting:
        node = waiting.pop()
        waiting += node["children"]
        said = node.get("extra_info", {})
        if "patches" in said.get("Table", "") or "items.parquet" in said.get("Filename(s)", ""):
            filters = f"{said.get('Filters', '')} {said.get('Dynamic Filters', '')}"
            found.append({"filters": filters, "rows": node["operator_cardinality"]})
    return found


@pytest.mark.parametrize("name", ITALY)
def test_only_row_groups_near_the_place_are_read(watched: Watched, name: str) -> None:
    query = f"SELECT count(*) FROM {ITALY[name]}"
    groups = watched.groups_read(lambda: watched.connection.execute(query).fetchall())
    assert len(groups) == 1
    (scan,) = scans(watched.connection, query)
    assert all(f"bbox.{side}" in scan["filters"] for side in ("xmin", "xmax", "ymin", "ymax"))
    assert scan["rows"] == 9


@pytest.mark.parametrize(
    "region", ["Italy", (10, 44, 11, 45), "POLYGON((10 44, 11 44, 11 45, 10 44))"]
)
def test_a_selection_reads_only_row_groups_near_its_place(watched: Watched, region: Any) -> None:
    cursor = watched.connection
    question = Question(filter_parameters(season="summer"), resolve_regions(region, cursor))
    assert len(watched.groups_read(lambda: len(choose(question, cursor)))) == 1


def test_a_question_without_a_place_reads_all_row_groups(watched: Watched) -> None:
    query = "SELECT count(*) FROM patches WHERE ST_Area(geometry) > 0"
    groups = watched.groups_read(lambda: watched.connection.execute(query).fetchall())
    assert len(groups) == 6


@pytest.mark.parametrize("name", [*ITALY, "patches_overlapping"])
def test_the_database_passes_on_only_rows_near_the_place(cat: Catalog, name: str) -> None:
    query = f"SELECT count(*) FROM {({**ITALY, **JOINED})[name]}"
    found = scans(cat.cursor(), query)
    assert min(scan["rows"] for scan in found if "xmin" in scan["filters"]) <= 9


def test_the_database_skips_row_groups_outside_a_region(cat: Catalog) -> None:
    found = scans(cat.cursor(), f"SELECT count(*) FROM {JOINED['patches_in_region']}")
    assert any("st_intersects_extent" in scan["filters"] for scan in found)
