"""How questions are answered: only the parts of a table that a place can be in are read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.datasets import SEN12MS
from catalog.query.conditions import one_of
from catalog.query.database import build_database, open_database
from catalog.query.extensions import load_extension
from catalog.query.generated import definitions
from catalog.query.literals import filled
from catalog.query.question import Location, Question
from catalog.query.regions import resolve_regions
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog import Catalog
    from tests.conftest import Small

PACKAGE = files("catalog")
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
        values = {
            "items": str(items),
            "members": str(PACKAGE / "store" / "no_members.parquet"),
            "regions": str(PACKAGE / "regions"),
            "classes": str(PACKAGE / "datasets" / "sen12ms" / "landcover_classes.csv"),
            "databases": "memory",
        }
        connection.execute(filled(statement("build/cursor"), **values))
        for text in definitions(SEN12MS, "functions", "views", "macros"):
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

    def fetch(query: str) -> list[Any]:
        return cursor.execute(query).fetchall()

    location = Location(resolve_regions(region, fetch))
    question = Question((one_of("season", ["summer"]),), (location,))
    assert len(watched.groups_read(lambda: fetch(question.sql()))) == 1


def test_a_question_without_a_place_reads_all_row_groups(watched: Watched) -> None:
    query = "SELECT count(*) FROM patches WHERE ST_Area(geometry) > 0"
    groups = watched.groups_read(lambda: watched.connection.execute(query).fetchall())
    assert len(groups) == 6


@pytest.mark.parametrize("name", [*ITALY, "patches_overlapping"])
def test_the_database_passes_on_only_rows_near_the_place(cat: Catalog, name: str) -> None:
    query = f"SELECT count(*) FROM {({**ITALY, **JOINED})[name]}"
    found = scans(cat.cursor(), query)
    assert min(scan["rows"] for scan in found if "xmin" in scan["filters"]) <= 9


def test_the_database_skips_row_groups_outside_a_region(small: Small, tmp_path: Path) -> None:
    items, database = tmp_path / "items.parquet", tmp_path / "catalog.duckdb"
    source = pq.ParquetFile(small.out / "items.parquet")
    table = source.read().replace_schema_metadata(source.metadata.metadata)
    pq.write_table(pa.concat_tables([table] * 100), items)
    build_database(items, database)
    with open_database(database).connection as connection:
        found = scans(connection, f"SELECT count(*) FROM {JOINED['patches_in_region']}")
    assert any("st_intersects_extent" in scan["filters"] for scan in found)
