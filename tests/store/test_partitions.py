"""Partitions are the table once more: valid files, which many engines read as one table."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import geopandas
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import shapely

from catalog.datasets import SEN12MS
from catalog.store.geoparquet import read_countries
from catalog.store.partitions import partition_problems, write_partitions
from catalog.store.staging import PARTITION_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Small

NULL = "__HIVE_DEFAULT_PARTITION__"
ROWS_IN_GROUP = 7
"""So few that most partitions start and end within a row group."""

Row = dict[str, Any]


def value_of(row: Row, key: str) -> str | None:
    """What a row is partitioned by, from its id alone where that tells."""
    if key == "scene":
        return str(row["id"].rpartition("_p")[0])
    return None if row[f"sen12ms:{key}"] is None else str(row[f"sen12ms:{key}"])


def without_continent(table: pa.Table) -> pa.Table:
    """The table with no continent in two seasons, so that one is null and others are in parts."""
    column = table["sen12ms:continent"]
    asked = pc.is_in(table["sen12ms:season"], pa.array(["fall", "winter"]))
    changed = pc.if_else(asked, pa.scalar(None, pa.string()), column)
    position = table.schema.get_field_index("sen12ms:continent")
    return table.set_column(position, table.schema.field(position), changed)


@pytest.fixture(scope="module")
def made(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of many row groups, and below it one with partitions by each key."""
    folder = tmp_path_factory.mktemp("partitions")
    whole = pq.read_table(small.out / "items.parquet")
    metadata = pq.read_metadata(small.out / "items.parquet").metadata
    table = without_continent(whole).replace_schema_metadata(metadata)
    for key in PARTITION_KEYS:
        (folder / key).mkdir()
        pq.write_table(table, folder / key / "items.parquet", row_group_size=ROWS_IN_GROUP)
        write_partitions(folder / key, key, SEN12MS)
    return folder


@pytest.fixture(params=PARTITION_KEYS)
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(made: Path, key: str) -> Path:
    """The folder of a table and of its partitions."""
    return made / key


@pytest.fixture
def rows(folder: Path) -> list[Row]:
    """The rows of the table, in order."""
    return list(pq.read_table(folder / "items.parquet").to_pylist())


def by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row["id"]))


def path_of(row: Row, key: str) -> str:
    return f"items/{key}={value_of(row, key) or NULL}/part-0.parquet"


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("items/**/*.*")}


def test_no_key_is_a_column(rows: list[Row]) -> None:
    assert not {*PARTITION_KEYS} & rows[0].keys()


def test_every_value_has_a_file_with_its_rows_in_the_order_of_the_table(
    folder: Path, key: str, rows: list[Row]
) -> None:
    expected: dict[str, list[Row]] = {}
    for row in rows:
        expected.setdefault(path_of(row, key), []).append(row)
    assert files_of(folder) == expected.keys()
    assert len(expected) == {"season": 4, "continent": 4, "scene": 6}[key]
    for path, of_value in expected.items():
        with pq.ParquetFile(folder / path) as file:
            assert file.read().to_pylist() == of_value


def test_every_file_has_the_schema_and_metadata_of_its_own(folder: Path) -> None:
    table, whole = (
        pq.read_schema(folder / "items.parquet"),
        pq.read_metadata(folder / "items.parquet"),
    )
    for path in folder.glob("items/*/*"):
        with pq.ParquetFile(path) as file:
            metadata = file.metadata.metadata
            assert file.schema_arrow.equals(table)
            shapes = shapely.from_wkb(file.read(["geometry"])["geometry"].to_pylist())
        geo = json.loads(metadata[b"geo"])
        assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
        column = geo["columns"]["geometry"]
        assert column["bbox"] == shapely.total_bounds(shapes).tolist()
        assert column["geometry_types"] == sorted({shape.geom_type for shape in shapes})
        assert metadata[b"stac-geoparquet"] == whole.metadata[b"stac-geoparquet"]


def test_the_same_table_gives_the_same_bytes(folder: Path, key: str, tmp_path: Path) -> None:
    shutil.copy(folder / "items.parquet", tmp_path)
    write_partitions(tmp_path, key, SEN12MS)
    assert files_of(tmp_path) == files_of(folder)
    for path in files_of(folder):
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes()


def test_names_of_continents_are_names_of_folders() -> None:
    names = {country["continent"] for country in read_countries()}
    assert len(names) >= 7
    escaped = set("\"#%'*/:=?\\\x7f{[]^")  # by Hive
    assert [name for name in names if escaped & set(name or "")] == []


# Engines read it as one table


def check_equal(found: list[Row], rows: list[Row], key: str) -> None:
    """All rows, each with what it is partitioned by in one more column."""
    assert len(found) == len(rows) == 54
    for row, expected in zip(by_id(found), by_id(rows), strict=True):
        assert row == expected | {key: value_of(expected, key)}


def test_pyarrow_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    check_equal(ds.dataset(folder / "items", partitioning="hive").to_table().to_pylist(), rows, key)


def test_duckdb_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    with duckdb.connect() as connection:
        read = f"read_parquet('{folder}/items/**/*.parquet', hive_partitioning = true)"
        alike = f"SELECT * EXCLUDE ({key}) FROM {read}"
        table = f"FROM read_parquet('{folder}/items.parquet')"
        for one, other in ((alike, table), (table, alike)):
            assert connection.sql(f"{one} EXCEPT ALL {other}").fetchall() == []
        values = dict(connection.sql(f"SELECT id, {key} FROM {read}").fetchall())
    assert values == {row["id"]: value_of(row, key) for row in rows}


def test_polars_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    polars = pytest.importorskip("polars")
    check_equal(polars.read_parquet(folder / "items", hive_partitioning=True).to_dicts(), rows, key)
    asked = polars.scan_parquet(folder / "items", hive_partitioning=True)
    value = value_of(rows[0], key)
    some = asked.filter(polars.col(key) == value).collect()
    assert sorted(some["id"]) == sorted(row["id"] for row in rows if value_of(row, key) == value)


def test_geopandas_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    # Arrow infers a dictionary, which cannot be joined if one of the values is null.
    of_text = ds.partitioning(pa.schema([(key, pa.string())]), flavor="hive")
    options = {"partitioning": of_text} if key == "continent" else {}
    found = geopandas.read_parquet(folder / "items", **options)
    check_frame(found, rows, key)
    box = (120, 30, 130, 40)
    near = geopandas.read_parquet(folder / "items", bbox=box, **options)
    asked = shapely.box(*box)
    expected = [row for row in rows if shapely.intersects(shapely.from_wkb(row["geometry"]), asked)]
    assert 0 < len(expected) < 54
    assert sorted(near["id"]) == sorted(row["id"] for row in expected)


def check_frame(found: geopandas.GeoDataFrame, rows: list[Row], key: str) -> None:
    assert found.crs == "OGC:CRS84"
    ids = {row["id"]: row for row in rows}
    assert sorted(found["id"]) == sorted(ids)
    for name, shape, value in zip(found["id"], found.geometry, found[key], strict=True):
        expected = value_of(ids[name], key)
        assert (value == expected) if expected else value != value  # noqa: PLR0124 - it is NaN
        assert shapely.to_wkb(shape, byte_order=1) == ids[name]["geometry"]


def test_dask_geopandas_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    dask_geopandas = pytest.importorskip("dask_geopandas")
    # Arrow cannot infer the type of a folder for null.
    of_text = {"flavor": "hive", "schema": pa.schema([(key, pa.string())])}
    options = {"dataset": {"partitioning": of_text}} if key == "continent" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, about geopandas
        found = dask_geopandas.read_parquet(folder / "items", **options)
        frame = found.compute()
    assert found.npartitions == len(files_of(folder))
    check_frame(frame, rows, key)


def test_daft_reads_it_as_one(folder: Path, key: str, rows: list[Row]) -> None:
    daft = pytest.importorskip("daft")
    table = daft.read_parquet(f"{folder}/items/**/*.parquet", hive_partitioning=True)
    found = table.select("id", key, "sen12ms:igbp").to_pylist()
    expected = [
        {"id": row["id"], key: value_of(row, key), "sen12ms:igbp": row["sen12ms:igbp"]}
        for row in rows
    ]
    assert by_id(found) == by_id(expected)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    if not shutil.which("java"):
        pytest.skip("there is no java")
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.mark.slow
def test_spark_reads_it_as_one(spark: Any, folder: Path, key: str, rows: list[Row]) -> None:
    frame = spark.read.parquet(str(folder / "items"))
    assert {*frame.columns} == {*rows[0], key}
    text = frame.selectExpr("*", "hex(geometry) AS wkb").drop("geometry")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Spark, about its next version
        found = [json.loads(line) for line in text.toJSON().collect()]
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in rows)
    known = {row["id"]: row for row in rows}
    for row in found:
        expected = known[row["id"]]
        assert bytes.fromhex(row["wkb"]) == expected["geometry"]
        assert row.get(key) == value_of(expected, key)
        assert row["proj:transform"] == expected["proj:transform"]
        assert row["sen12ms:igbp"] == expected["sen12ms:igbp"]
        assert row["assets"]["s2"]["href"] == expected["assets"]["s2"]["href"]


# What is wrong is found


def table_of(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read()


def write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, row_group_size=5)


def with_another_title(path: Path) -> None:
    table = table_of(path)
    titles = pa.array([*table["title"].to_pylist()[:-1], "another"])
    write(path, table.set_column(table.schema.get_field_index("title"), "title", titles))


OTHER = "says something else than the table"
HARMS: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "the same in other row groups": (lambda path: write(path, table_of(path)), None),
    "gone": (Path.unlink, "is missing"),
    "empty": (lambda path: path.write_bytes(b""), OTHER),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), OTHER),
    "a row less": (lambda path: write(path, table_of(path)[:-1]), OTHER),
    "no rows": (lambda path: write(path, table_of(path)[:0]), OTHER),
    "a row twice": (lambda path: write(path, pa.concat_tables([table_of(path)] * 2)), OTHER),
    "another order": (lambda path: write(path, table_of(path)[::-1]), OTHER),
    "another value": (with_another_title, OTHER),
    "a column less": (lambda path: write(path, table_of(path).drop_columns(["title"])), OTHER),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_file_that_is_not_of_the_table_is_found(made: Path, tmp_path: Path, harm: str) -> None:
    folder = shutil.copytree(made / "season", tmp_path / "catalog")
    change, problem = HARMS[harm]
    name = "items/season=winter/part-0.parquet"
    change(folder / name)
    found = list(partition_problems(folder, "season", SEN12MS))
    assert found == ([(name, problem)] if problem else [])


def test_files_that_no_row_belongs_to_are_found(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made / "season", tmp_path / "catalog")
    other = "items/season=winter/part-1.parquet"
    shutil.copy(folder / other.replace("1", "0"), folder / other)
    assert list(partition_problems(folder, "season", SEN12MS)) == [(other, "is not in the table")]
    extra = {(name, "is not in the table") for name in files_of(folder)}
    assert set(partition_problems(folder, None, SEN12MS)) == extra


def test_a_table_without_rows_has_no_partitions(made: Path, tmp_path: Path) -> None:
    write(tmp_path / "items.parquet", pq.read_table(made / "season" / "items.parquet")[:0])
    write_partitions(tmp_path, "season", SEN12MS)
    assert files_of(tmp_path) == set()
    assert list(partition_problems(tmp_path, "season", SEN12MS)) == []
