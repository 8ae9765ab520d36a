"""Both kinds of connection answer alike, offline, and do nothing but answer."""

from __future__ import annotations

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from catalog import Catalog, QueryError
from catalog.query.database import build_database, open_database, open_items
from catalog.query.extensions import load_extension
from catalog.query.statements import sql_folder

if TYPE_CHECKING:
    from tests.conftest import Small

    Opened = dict[str, tuple[Catalog, Catalog]]

VIEWS = ("patches", "scenes", "landcover_classes", "regions", "region_names")


@pytest.fixture
def offline(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A connection without installed extensions and without a place to get them from."""
    nowhere = tmp_path / "repository"
    return duckdb.connect(
        config={
            "extension_directory": str(tmp_path / "extensions"),
            "custom_extension_repository": str(nowhere),
            "autoinstall_known_extensions": False,
        }
    )


# The extension


def test_spatial_comes_from_its_wheel(offline: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_extension(offline, "spatial")
    assert offline.sql("SELECT ST_Area(ST_MakeEnvelope(0, 0, 2, 3))").fetchone() == (6.0,)
    assert not (tmp_path / "extensions").exists(), "nothing was installed"


@pytest.mark.parametrize("name", ["spatial", "httpfs"])
def test_missing_wheel_is_answered_with_what_to_install(
    offline: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, f"duckdb_extension_{name}", None)
    with pytest.raises(QueryError) as caught:
        load_extension(offline, name)
    message = str(caught.value)
    assert f"pip install duckdb-extension-{name}=={duckdb.__version__}" in message
    assert "\n" not in message


def test_database_is_built_with_the_extension_in_the_users_home_where_there_is_no_wheel(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((platform,),) = duckdb.sql("PRAGMA platform").fetchall()
    version = f"v{duckdb.__version__}"
    installed = tmp_path / "home" / ".duckdb" / "extensions" / version / platform
    installed.mkdir(parents=True)
    name = "spatial.duckdb_extension"
    (installed / name).symlink_to(files("duckdb_extension_spatial") / "extensions" / version / name)
    monkeypatch.setitem(sys.modules, "duckdb_extension_spatial", None)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "out").mkdir()
    build_database(small.out / "items.parquet", tmp_path / "out" / "catalog.duckdb")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["catalog.duckdb"]


# Two kinds of connection


def described(cat: Catalog, view: str) -> list[tuple[str, str]]:
    """Names and types; GEOMETRY may carry its CRS or not."""
    rows = cat.sql(f"SELECT column_name, column_type FROM (DESCRIBE {view})").fetchall()
    return [(name, re.sub(r"GEOMETRY\([^)]*\)", "GEOMETRY", kind)) for name, kind in rows]


@pytest.mark.parametrize("view", VIEWS)
def test_view_has_the_same_columns_and_types_in_database_and_over_table(
    opened: Opened, view: str
) -> None:
    whole, table = opened["small"]
    columns = described(whole, view)
    assert columns == described(table, view)
    assert len(columns) >= 5


@pytest.mark.parametrize("dataset", ["small", "ragged"])
@pytest.mark.parametrize("view", VIEWS)
def test_view_has_the_same_rows_in_database_and_over_table(
    opened: Opened, dataset: str, view: str
) -> None:
    asked = f"SELECT COLUMNS(*)::VARCHAR FROM {view} ORDER BY ALL"
    whole, table = (cat.sql(asked).fetchall() for cat in opened[dataset])
    assert whole == table
    assert whole


def test_macros_are_in_both(opened: Opened) -> None:
    folder = Path(str(sql_folder()))
    expected = {path.stem for room in ("functions", "macros") for path in (folder / room).iterdir()}
    asked = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
    for cat in opened["small"]:
        assert {name for (name,) in cat.sql(asked).fetchall()} >= expected


def test_users_see_only_the_views(opened: Opened) -> None:
    whole, table = opened["small"]
    assert {name for (name,) in whole.sql("SHOW TABLES").fetchall()} == {*VIEWS, "members"}
    assert {name for (name,) in table.sql("SHOW TABLES").fetchall()} == {
        *VIEWS,
        "members",
        "items",
        "file_sizes",
    }


def test_database_answers_any_duckdb_client_without_the_package(
    small: Small, tmp_path: Path
) -> None:
    script = "SELECT count(*), count(DISTINCT scene_id), max(dominant(cover)) FROM patches"
    copy = shutil.copy(
        small.out / "catalog.duckdb", tmp_path
    )  # DuckDB opens a file in one way only
    with duckdb.connect(copy, read_only=True) as connection:
        load_extension(connection, "spatial")
        assert connection.sql(script).fetchone() == (54, 6, "water")
        near = connection.sql("SELECT count(*) FROM patches_in_box(126, 37, 128, 39)").fetchone()
        assert near == (18,)


# Sharing


def test_catalog_opens_twice_in_one_process(small: Small) -> None:
    with Catalog.open(small.out) as first, Catalog.open(small.out) as second:
        assert first.select().ids == second.select().ids


def test_closing_one_catalog_leaves_the_other_open(small: Small) -> None:
    with Catalog.open(small.out) as second:
        with Catalog.open(small.out) as first:
            assert len(first.select()) == 54
        assert len(second.select(region="Italy")) == 9


def test_threads_may_ask_at_the_same_time(opened: Opened) -> None:
    regions = ["Italy", "Africa", "Korea", "126,37,128,39", "Belgium", None] * 2
    for cat in opened["small"]:
        asked = [partial(cat.select, region=region) for region in regions]
        alone = [select().ids for select in asked]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda select: select().ids, asked))
        assert together == alone


def test_selections_of_one_catalog_do_not_disturb_each_other(opened: Opened) -> None:
    for cat in opened["small"]:
        italy, fall = cat.select(region="Italy"), cat.select(season="fall")
        assert len(italy) == len(fall) == 9
        assert {row[0] for row in italy.relation().project("country").fetchall()} == {"ITA"}
        assert {row[0] for row in fall.relation().project("season").fetchall()} == {"fall"}


# Nothing but questions

COMMANDS = {
    "drop": "DROP VIEW patches",
    "create": "CREATE TABLE mine AS FROM patches",
    "delete": "DELETE FROM patches",
    "copy-out": "COPY patches TO '{folder}/stolen.csv'",
    "export": "EXPORT DATABASE '{folder}/stolen'",
    "attach": "ATTACH '{folder}/other.duckdb'",
    "install": "INSTALL httpfs",
    "set": "SET enable_external_access = true",
    "read-file": "SELECT * FROM read_text('/etc/passwd')",
    "read-csv": "FROM '/etc/passwd'",
    "two-queries": "SELECT 1; SELECT 2",
    "query-then-command": "SELECT 1; DROP VIEW patches",
    "nothing": "",
    "comment": "-- nothing",
    "misspelt": "SELCT 1",
    "unknown-column": "SELECT forest FROM patches",
    "unknown-table": "FROM patchs",
    "parameter": "SELECT $x",
}


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
@pytest.mark.parametrize("case", COMMANDS)
def test_anything_but_one_query_is_a_query_error(
    opened: Opened, tmp_path: Path, case: str, bare: bool
) -> None:
    cat = opened["small"][bare]
    with pytest.raises(QueryError) as caught:
        cat.sql(COMMANDS[case].format(folder=tmp_path)).fetchall()
    assert isinstance(caught.value, ValueError)
    assert not list(tmp_path.iterdir())
    assert len(cat.select()) == 54


@pytest.mark.parametrize(
    "query",
    ["FROM scenes", "  SELECT 1;", "WITH t AS (SELECT 1 AS x) FROM t", "DESCRIBE patches",
     "SHOW TABLES", "SUMMARIZE scenes", "EXPLAIN FROM patches", "VALUES (1)",
     "-- How many?\nSELECT count(*) FROM patches", "TABLE scenes"],
)  # fmt: skip
def test_query_is_answered(opened: Opened, query: str) -> None:
    for cat in opened["small"]:
        assert cat.sql(query).fetchall()


# Files that are no catalog


def test_garbage_in_place_of_the_database_is_a_query_error(tmp_path: Path) -> None:
    path = tmp_path / "catalog.duckdb"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(QueryError, match=r"cannot be opened.*run `sen12ms index` again"):
        open_database(path)


def test_other_parquet_file_is_a_query_error(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    duckdb.sql("SELECT 1 AS x").write_parquet(str(path))
    with pytest.raises(QueryError, match="is not a table of a dataset"):
        open_items(str(path))
    path.write_bytes(b"nothing")
    with pytest.raises(QueryError, match="is not a table of a dataset"):
        open_items(str(path))
