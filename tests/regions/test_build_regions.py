"""The table of regions holds Natural Earth as it is, only in smaller pieces."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from typing import TYPE_CHECKING

import geopandas as gpd
import pyarrow.parquet as pq
import pytest
import shapely
from real_files import DATA
from shapely import Polygon

from catalog.regions import build_regions
from catalog.regions.build_regions import OUTPUT, Region
from catalog.regions.subdivide import MAX_VERTICES

if TYPE_CHECKING:
    from pathlib import Path

COUNTRIES = DATA / "regions" / "countries_50m.geojson.xz"
STATES = DATA / "regions" / "states_50m.geojson.xz"
FILES = {"country": COUNTRIES, "state": STATES}
SOMEWHERE = Region("country", "ABC", "Somewhere", "Somewhere", "AB", "ABC", "Somewhere", "x", "y")


@pytest.fixture(scope="module")
def pieces() -> gpd.GeoDataFrame:
    return gpd.read_parquet(OUTPUT)


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("regions") / "regions.parquet"
    build_regions.build(COUNTRIES, STATES, path)
    return path


def regions(pieces: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return pieces.drop_duplicates(["kind", "name"]).set_index(["kind", "name"])


def test_all_countries_and_states_are_present(pieces: gpd.GeoDataFrame) -> None:
    assert regions(pieces).groupby("kind").size().to_dict() == {"country": 241, "state": 100}


def test_geoparquet_says_version_crs_covering_and_source() -> None:
    metadata = pq.read_schema(OUTPUT).metadata
    geo = json.loads(metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert "crs" not in geo["columns"]["geometry"]
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmax"] == ["bbox", "xmax"]
    assert b"Natural Earth" in metadata[b"attribution"]
    assert b"public domain" in metadata[b"attribution"]


def test_crs_is_longitude_and_latitude(pieces: gpd.GeoDataFrame) -> None:
    assert pieces.crs == "OGC:CRS84"


def test_bbox_column_holds_the_bounds(pieces: gpd.GeoDataFrame) -> None:
    sides = pq.read_table(OUTPUT, columns=["bbox"])["bbox"].to_pylist()
    bounds = pieces.bounds.itertuples(index=False, name=None)
    assert [tuple(row.values()) for row in sides] == list(bounds)
    assert list(sides[0]) == ["xmin", "ymin", "xmax", "ymax"]


def test_bbox_filter_reads_only_pieces_that_it_touches() -> None:
    found = gpd.read_parquet(OUTPUT, bbox=(36.8, -1.3, 36.9, -1.2))
    assert set(found["name"]) == {"Kenya"}


def test_every_piece_is_a_small_valid_polygon(pieces: gpd.GeoDataFrame) -> None:
    assert set(pieces.geom_type) == {"Polygon"}
    assert pieces.is_valid.all()
    assert (shapely.area(pieces.geometry.to_numpy()) > 0).all()
    assert pieces.count_coordinates().max() <= MAX_VERTICES
    assert pieces.exterior.is_ccw.all()


def test_pieces_of_a_region_do_not_overlap(pieces: gpd.GeoDataFrame) -> None:
    keys = (pieces["kind"] + pieces["name"]).to_numpy()
    outlines = pieces.geometry.to_numpy()
    left, right = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    same = (left < right) & (keys[left] == keys[right])
    assert same.any()
    shared = shapely.intersection(outlines[left[same]], outlines[right[same]])
    assert shapely.area(shared).max() == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param("country", "Kenya", id="one-part"),
        pytest.param("country", "South Africa", id="with-a-hole"),
        pytest.param("country", "India", id="repaired"),
        pytest.param("country", "Fiji", id="islands-at-the-antimeridian"),
        pytest.param("country", "Russia", id="largest"),
        pytest.param("country", "Antarctica", id="at-the-pole"),
        pytest.param("country", "Canada", id="most-islands"),
        pytest.param("state", "Goiás", id="repaired-state"),
        pytest.param("state", "Alaska", id="state-of-islands"),
    ],
)
def test_union_of_pieces_is_the_source_outline(
    pieces: gpd.GeoDataFrame, kind: str, name: str
) -> None:
    original = (
        gpd.read_file(lzma.decompress(FILES[kind].read_bytes())).set_index("name").geometry[name]
    )
    outline = shapely.make_valid(original)
    union = pieces[(pieces["kind"] == kind) & (pieces["name"] == name)].union_all()
    assert union.symmetric_difference(outline).area < 1e-12 * original.area


@pytest.mark.parametrize(("column", "pattern"), [("country", "[A-Z]{3}"), ("iso_a2", "[A-Z]{2}")])
def test_iso_code_is_null_or_well_formed(
    pieces: gpd.GeoDataFrame, column: str, pattern: str
) -> None:
    assert pieces[column].dropna().str.fullmatch(pattern).all()


@pytest.mark.parametrize(
    ("kind", "pattern"), [("country", "[A-Z]{3}"), ("state", "[A-Z]{2}-[A-Z0-9]{1,3}")]
)
def test_code_is_null_or_well_formed(pieces: gpd.GeoDataFrame, kind: str, pattern: str) -> None:
    assert pieces.loc[pieces["kind"] == kind, "code"].dropna().str.fullmatch(pattern).all()


def test_code_belongs_to_one_region(pieces: gpd.GeoDataFrame) -> None:
    found = regions(pieces)
    assert found["code"].dropna().is_unique
    assert found["iso_a2"].dropna().is_unique


def test_countries_have_common_names(pieces: gpd.GeoDataFrame) -> None:
    names = set(pieces.loc[pieces["kind"] == "country", "name"])
    assert {"South Korea", "North Korea", "Laos", "Russia", "United States"} <= names
    assert not [name for name in names if "." in name], "abbreviations are for maps"


@pytest.mark.parametrize("name", ["Kosovo", "Somaliland", "Northern Cyprus", "Siachen Glacier"])
def test_code_is_not_guessed(pieces: gpd.GeoDataFrame, name: str) -> None:
    region = regions(pieces).loc[("country", name)]
    assert region[["code", "iso_a2", "country"]].isna().all()


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("country", "Kenya", ("KEN", "KE", "KEN", "Kenya", "Africa", "Eastern Africa")),
        ("state", "Texas", ("US-TX", None, "USA", "United States", "North America",
                            "Northern America")),
        ("state", "Bahia", (None, None, "BRA", "Brazil", "South America", "South America")),
    ],
)  # fmt: skip
def test_region_has_codes_and_place(
    pieces: gpd.GeoDataFrame, kind: str, name: str, values: tuple[str | None, ...]
) -> None:
    columns = ["code", "iso_a2", "country", "country_name", "continent", "subregion"]
    row = regions(pieces)[columns].astype(object).where(lambda cell: cell.notna(), None)
    assert tuple(row.loc[(kind, name)]) == values


def test_rows_are_sorted(pieces: gpd.GeoDataFrame) -> None:
    bounds = pieces.bounds.itertuples(index=False, name=None)
    keys = list(zip(pieces["kind"], pieces["name"], bounds, strict=True))
    assert keys == sorted(keys)


def test_rebuilt_file_has_the_same_rows(rebuilt: Path) -> None:
    assert pq.read_table(rebuilt).equals(pq.read_table(OUTPUT), check_metadata=True)


def test_loss_of_area_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    square = shapely.MultiPolygon([shapely.box(0, 0, 2, 2)])
    monkeypatch.setattr(build_regions, "subdivide", lambda _: [shapely.box(0, 0, 1, 2)])
    with pytest.raises(ValueError, match=r"Somewhere has 4\.0 square degrees"):
        build_regions.region_pieces(SOMEWHERE, square)


def test_invalid_piece_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    spike = Polygon([(0, 0), (2, 0), (2, 2), (2, 3), (2, 2), (0, 2)])
    monkeypatch.setattr(build_regions, "subdivide", lambda _: [spike])
    with pytest.raises(ValueError, match="Somewhere has an invalid piece"):
        build_regions.region_pieces(SOMEWHERE, shapely.MultiPolygon([shapely.box(0, 0, 2, 2)]))


def test_state_of_an_unknown_country_is_an_error(tmp_path: Path) -> None:
    state = {"name": "Nowhere", "admin": "Utopia", "iso_3166_2": "UT-1"}
    feature = {"properties": state, "geometry": shapely.box(0, 0, 1, 1).__geo_interface__}
    countries, states = tmp_path / "countries.geojson", tmp_path / "states.geojson"
    countries.write_text(json.dumps({"features": []}), encoding="utf-8")
    states.write_text(json.dumps({"features": [feature]}), encoding="utf-8")
    with pytest.raises(ValueError, match="Nowhere lies in Utopia"):
        build_regions.build(countries, states, tmp_path / "out.parquet")


def run(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "catalog.regions.build_regions", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_builds_from_the_files_that_are_pinned(rebuilt: Path, tmp_path: Path) -> None:
    plain = tmp_path / "countries.geojson"
    plain.write_bytes(lzma.decompress(COUNTRIES.read_bytes()))
    done = run(plain, STATES, tmp_path / "out.parquet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.parquet").read_bytes() == rebuilt.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "other.geojson cannot be read"),
        (b"{}", "other.geojson has the SHA-256 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e83"),
    ],
    ids=["missing", "another"],
)
def test_the_command_says_where_the_right_file_is(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    other = tmp_path / "other.geojson"
    if content is not None:
        other.write_bytes(content)
    done = run(COUNTRIES, other, tmp_path / "out.parquet")
    assert done.returncode == 2
    assert message in done.stderr
    assert "tests/data/regions" in done.stderr
    assert "naturalearthdata.com" in done.stderr
    assert not (tmp_path / "out.parquet").exists()
