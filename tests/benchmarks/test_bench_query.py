"""Questions over all 180,662 rows: from the table, from the database, and beside other tools."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb
import geopandas
import pytest
import shapely
from replica import write_tables

from catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

pytestmark = pytest.mark.bench

WEST, SOUTH, EAST, NORTH = 5.0, 45.0, 15.0, 55.0
FILTER = "season = 'summer' AND cover.forest > 0.3"
BOX = f"SELECT s2 FROM patches_in_box({WEST}, {SOUTH}, {EAST}, {NORTH}) WHERE {FILTER}"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`items.parquet` and `catalog.duckdb` of the whole dataset, without any other file."""
    folder = tmp_path_factory.mktemp("full")
    write_tables(folder)
    return folder


def test_size_of_the_table(full: Path, bench: Bench) -> None:
    size = (full / "items.parquet").stat().st_size / 1e6
    bench.bar("MB of items.parquet", size, "at most 20", held=size <= 20)


def test_box_season_and_cover(full: Path, bench: Bench) -> None:
    database = Catalog.open(full).cursor()
    table = Catalog.open(full / "items.parquet").cursor()
    frame = geopandas.read_parquet(full / "items.parquet")
    frame["s2"] = [assets["s2"]["href"] for assets in frame["assets"]]
    frame["forest"] = frame["sen12ms:igbp"].map(
        lambda counts: sum(value for name, value in counts.items() if name.endswith("_forest"))
    )
    _ = frame.sindex
    box = shapely.box(WEST, SOUTH, EAST, NORTH)

    def with_geopandas() -> list[str]:
        near = frame.iloc[frame.sindex.query(box, predicate="intersects")]
        chosen = near[(near["sen12ms:season"] == "summer") & (near["forest"] > 0.3 * 65_536)]
        return sorted(chosen["s2"])

    naive = (
        "SELECT s2 FROM patches WHERE ST_Intersects(geometry, "
        f"ST_MakeEnvelope({WEST}, {SOUTH}, {EAST}, {NORTH})) AND {FILTER}"
    )
    contestants = {
        "catalog.duckdb": lambda: sorted(row[0] for row in database.execute(BOX).fetchall()),
        "items.parquet": lambda: sorted(row[0] for row in table.execute(BOX).fetchall()),
        "items.parquet, ST_Intersects alone": lambda: sorted(
            row[0] for row in table.execute(naive).fetchall()
        ),
        "geopandas, loaded and indexed before": with_geopandas,
    }
    assert len({tuple(contestant()) for contestant in contestants.values()}) == 1
    bench.compare("Box, season and cover to paths", contestants, unit="question", rounds=15)


def test_places_beside_sedonadb(full: Path, bench: Bench) -> None:
    sedonadb = pytest.importorskip("sedonadb", reason="SedonaDB is an optional neighbour")
    sedona = sedonadb.connect()
    sedona.read_parquet(str(full / "items.parquet")).to_view("items")
    table, database = Catalog.open(full / "items.parquet"), Catalog.open(full)
    regions = geopandas.read_parquet(files("catalog") / "regions" / "regions.parquet")
    germany = regions[(regions["kind"] == "country") & (regions["name"] == "Germany")].union_all()
    places = {"box": shapely.box(WEST, SOUTH, EAST, NORTH), "country": germany}
    macros = {
        "box": f"patches_in_box({WEST}, {SOUTH}, {EAST}, {NORTH})",
        "country": "patches_in_region('Germany')",
    }
    for name, place in places.items():
        shape = f"ST_SetSRID(ST_GeomFromText('{place.wkt}'), 4326)"
        query = f"SELECT id FROM items WHERE ST_Intersects(geometry, {shape})"
        macro = f"SELECT id FROM {macros[name]}"
        contestants = {
            "SedonaDB, items.parquet": lambda query=query: sorted(
                sedona.sql(query).to_pandas()["id"]
            ),
            "DuckDB, items.parquet": lambda macro=macro: sorted(
                key for (key,) in table.cursor().execute(macro).fetchall()
            ),
            "DuckDB, catalog.duckdb": lambda macro=macro: sorted(
                key for (key,) in database.cursor().execute(macro).fetchall()
            ),
        }
        assert len({tuple(contestant()) for contestant in contestants.values()}) == 1
        bench.compare(f"Patches in a {name}", contestants, unit="question", rounds=7)


def test_polygon_of_a_country(full: Path, bench: Bench) -> None:
    database = Catalog.open(full)
    contestants = {
        f"{name}, patches_in_region": lambda query=f"SELECT s2 FROM patches_in_region('{name}')": (
            database.cursor().execute(query).fetchall()
        )
        for name in ("Germany", "Brazil", "Canada", "Russia")
    }
    medians = bench.compare("A country's polygon", contestants, unit="question", rounds=7)
    worst = max(medians.values()) * 1e3
    bench.bar("ms for a country's polygon", worst, "at most 60", held=worst <= 60)


def test_all_overlapping_pairs(full: Path, bench: Bench) -> None:
    cursor = Catalog.open(full).cursor()
    joined = (
        "SELECT count(*) FROM patches AS a JOIN patches AS b "
        "ON ST_Intersects(a.geometry, b.geometry) WHERE a.id < b.id"
    )
    contestants = {
        "overlapping_pairs": lambda: cursor.execute(
            "SELECT count(*) FROM overlapping_pairs()"
        ).fetchall(),
        "ST_Intersects alone": lambda: cursor.execute(joined).fetchall(),
    }
    assert len({str(contestant()) for contestant in contestants.values()}) == 1
    medians = bench.compare("Every pair of overlapping patches", contestants)
    seconds = medians["overlapping_pairs"]
    bench.bar("seconds for all pairs", seconds, "at most 3", held=seconds <= 3)


def test_questions_through_python(full: Path, bench: Bench) -> None:
    with Catalog.open(full) as cat:
        bench.compare(
            "Catalog.select",
            {
                "box, season, cover": lambda: cat.select(
                    region=(WEST, SOUTH, EAST, NORTH), season="summer", cover={"forest": 0.3}
                ).paths("s2"),
                "Brazil": lambda: cat.select(region="Brazil").paths("s2"),
                "all": lambda: cat.select().paths("s2"),
            },
            unit="question",
        )


def test_answers_do_not_depend_on_the_client(full: Path) -> None:
    with Catalog.open(full) as cat:
        expected = sorted(row[0] for row in cat.sql(BOX).fetchall())
    with duckdb.connect(str(full / "catalog.duckdb"), read_only=True) as plain:
        query = f"SELECT s2 FROM patches WHERE {FILTER} AND xmin <= {EAST} AND xmax >= {WEST}"
        superset = {row[0] for row in plain.execute(query).fetchall()}
    assert set(expected) <= superset
