"""The catalog as other tools read it: each of them, unpatched, gives the answer that ours gives."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import duckdb_extension_spatial
import numpy as np
import pytest
import rasterio

from catalog import Catalog, index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from conftest import Small

ROOT = Path(__file__).parent.parent
ITALY = "POLYGON ((10 44, 11 44, 11 45, 10 45, 10 44))"


def test_polars_reads_structs_and_lists(small: Small, cat: Catalog) -> None:
    polars = pytest.importorskip("polars")
    table = polars.read_parquet(small.out / "items.parquet")
    wet = table.filter(polars.col("sen12ms:igbp").struct.field("water") > 32_768)
    expected = cat.select(where="igbp.water > 0.5").ids
    assert sorted(wet["id"].to_list()) == sorted(expected)
    assert expected


def test_sedonadb_gives_the_same_patches(small: Small, cat: Catalog) -> None:
    sedonadb = pytest.importorskip("sedonadb")
    connection = sedonadb.connect()
    connection.read_parquet(str(small.out / "items.parquet")).to_view("items")
    answer = connection.sql(
        "SELECT id FROM items WHERE ST_Intersects("
        f"geometry, ST_SetSRID(ST_GeomFromText('{ITALY}'), 4326)) ORDER BY id"
    )
    expected = cat.select(region=ITALY).ids
    assert answer.to_pandas()["id"].tolist() == sorted(expected)
    assert expected


def test_pystac_client_walks_the_static_catalog(small: Small) -> None:
    client = pytest.importorskip("pystac_client")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a static catalog is no API
        catalog = client.Client.open(str(small.out / "catalog.json"))
        items = list(catalog.get_items(recursive=True))
    assert len(items) == small.report.patches


def test_odc_stac_loads_the_pixels_of_an_item(real: Path, tmp_path: Path) -> None:
    odc_stac = pytest.importorskip("odc.stac")
    geobox = pytest.importorskip("odc.geo.geobox")
    index(real, into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog") as cat:
        (item,) = cat.select(season="fall").items()
    code, transform = item.properties["proj:code"], item.properties["proj:transform"]
    grid = geobox.GeoBox((256, 256), rasterio.Affine(*transform), code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = odc_stac.load([item], bands=["s2"], geobox=grid)
    with rasterio.open(item.assets["s2"].href) as source:
        assert np.array_equal(loaded["s2"].values[0], source.read(1))


def test_gdal_opens_a_selection_as_a_mosaic(tmp_path: Path) -> None:
    scene = SyntheticScene(
        "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (0, 1, 2, 29, 30, 31)
    )
    root = tmp_path / "SEN12MS"
    assert list(write_scene(root, scene, sensors=("s2",)))
    index(root, into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog") as cat:
        frame = cat.select(sensor="s2").to_geodataframe()
    frame = frame[["s2", "geometry"]].rename(columns={"s2": "location"})
    frame.to_crs(f"EPSG:{scene.epsg}").to_file(tmp_path / "s2.gti.gpkg")
    with rasterio.open(tmp_path / "s2.gti.gpkg") as mosaic:
        assert mosaic.driver == "GTI"
        assert mosaic.count == 13
        assert mosaic.width == 512
        assert mosaic.height in (384, 385)  # GDAL 3.12 takes less than a centimetre for a row
        x, y = scene.upper_left(scene.patches[4])
        window = mosaic.window(x, y - 2560, x + 2560, y)
        middle = mosaic.read(4, window=window.round_offsets().round_lengths())
    with rasterio.open(frame.location.iloc[4]) as source:
        assert np.array_equal(middle, source.read(4))


def test_tile_index_lists_the_files_of_a_sensor(cat: Catalog) -> None:
    rows = cat.sql("SELECT location FROM tile_index('s2')").fetchall()
    assert [row[0] for row in rows] == cat.select().paths("s2")


@pytest.fixture(scope="session")
def duckdb_shell(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The DuckDB command line, and an environment in which it finds the extension `spatial`."""
    scripts = Path(sysconfig.get_path("scripts"))
    found = shutil.which("duckdb", path=f"{scripts}{os.pathsep}{Path(sys.executable).parent}")
    if found is None:
        pytest.skip("the DuckDB command line is not installed: pip install duckdb-cli")
    home = tmp_path_factory.mktemp("home")
    (extension,) = Path(duckdb_extension_spatial.__file__).parent.glob(
        "extensions/*/*.duckdb_extension"
    )
    platform = subprocess.run(
        [found, "-noheader", "-csv", "-c", "PRAGMA platform"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    folder = home / ".duckdb" / "extensions" / extension.parent.name / platform
    folder.mkdir(parents=True)
    shutil.copy(extension, folder)
    return Path(found), {**os.environ, "HOME": str(home)}


def shell_answer(shell: tuple[Path, dict[str, str]], *arguments: str, **settings: str) -> str:
    command, environment = shell
    done = subprocess.run(
        [str(command), "-bail", "-noheader", "-csv", *arguments],
        cwd=ROOT,
        env=environment | settings,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    colour = re.compile(r"\x1b\[[0-9;]*m")
    return colour.sub("", done.stdout).strip()


QUERIES = (
    "SELECT count(*) FROM patches WHERE cover.water > 0.5",
    "SELECT count(*) FROM patches_in_region('Italy')",
    "SELECT count(*) FROM patches_near(10.65, 44.77, 3)",
    "SELECT sum(patches) FROM scenes",
)


@pytest.mark.parametrize("query", QUERIES)
def test_duckdb_shell_answers_from_the_database_with_no_set_up(
    query: str, small: Small, cat: Catalog, duckdb_shell: tuple[Path, dict[str, str]]
) -> None:
    database = str(small.out / "catalog.duckdb")
    answer = shell_answer(duckdb_shell, "-readonly", database, "-c", f"LOAD spatial; {query}")
    assert answer == str(cat.sql(query).fetchall()[0][0])


@pytest.mark.parametrize("query", QUERIES)
def test_duckdb_shell_answers_over_a_bare_table(
    query: str, small: Small, cat: Catalog, duckdb_shell: tuple[Path, dict[str, str]]
) -> None:
    answer = shell_answer(
        duckdb_shell,
        *("-init", "sql/duckdbrc", "-c", query),
        SEN12MS_ITEMS=str(small.out / "items.parquet"),
    )
    assert answer.splitlines()[-1] == str(cat.sql(query).fetchall()[0][0])


NODE = """
import { DuckDBInstance } from "@duckdb/node-api";
const [database, spatial, ...queries] = process.argv.slice(2);
const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" });
const connection = await instance.connect();
await connection.run(`LOAD '${spatial}'`);
for (const query of queries) {
  const reader = await connection.runAndReadAll(query);
  console.log(String(reader.getRows()[0][0]));
}
"""


@pytest.mark.slow
def test_node_client_answers_from_the_database(small: Small, cat: Catalog, tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node.js and npm are not installed")
    quiet = ("--silent", "--no-audit", "--no-fund", "--prefix", str(tmp_path))
    once = ("--prefer-offline", "--fetch-retries=0", "--fetch-timeout=20000")
    package = f"@duckdb/node-api@~{duckdb.__version__}-r.1"
    installed = subprocess.run(
        [npm, "install", *quiet, *once, package], check=False, capture_output=True
    )
    if installed.returncode:
        pytest.skip(f"npm cannot install {package}")
    (tmp_path / "ask.mjs").write_text(NODE)
    (spatial,) = Path(duckdb_extension_spatial.__file__).parent.glob(
        "extensions/*/*.duckdb_extension"
    )
    command = [node, str(tmp_path / "ask.mjs"), str(small.out / "catalog.duckdb"), str(spatial)]
    answer = subprocess.run([*command, *QUERIES], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == [str(cat.sql(query).fetchall()[0][0]) for query in QUERIES]
