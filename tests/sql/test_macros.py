"""What the macros answer, checked by sample and against shapely."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import geopandas
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from catalog.query.statements import sql_folder

if TYPE_CHECKING:
    from catalog import Catalog
    from tests.conftest import Golden, Small
    from tests.sql.conftest import Answers

GEOD = Geod(ellps="WGS84")
TRIANGLE = "ST_GeomFromText('POLYGON ((10.57 44.78, 10.6 44.79, 10.59 44.9, 10.57 44.78))')"
ACROSS = "ST_Collect([ST_MakeEnvelope(179.5, 0, 180, 1), ST_MakeEnvelope(-180, 0, -179, 1)])"
FIRST_FIVE = "FROM patches SELECT id, {} AS answer ORDER BY id LIMIT 5"
IDS = "FROM {} SELECT id ORDER BY id"

FUNCTIONS = {
    "centre": FIRST_FIVE.format("ST_AsText(ST_ReducePrecision(centre(geometry), 1e-9))"),
    "class_entropy": FIRST_FIVE.format("class_entropy(igbp)"),
    "did_you_mean": FIRST_FIVE.format("did_you_mean(id[:9], ['ROIs1158_', 'ROIs1970'])"),
    "dominant": FIRST_FIVE.format("dominant(lccs_lc)"),
    "patch_area_km2": FIRST_FIVE.format("patch_area_km2()"),
    "folded": "FROM region_names SELECT called, folded(called) WHERE name LIKE '% of the Congo'",
    "geodesic_km": FIRST_FIVE.format("geodesic_km(lon, lat, 126.98, 37.57)") + " OFFSET 27",
    "known_season": FIRST_FIVE.format("known_season(season)"),
    "labels": FIRST_FIVE.format("labels(cover, 0.1)"),
    "majority": FIRST_FIVE.format("majority(cover, 0.5)"),
    "rebase": FIRST_FIVE.format("rebase('/data/' || id, '/data', '/mnt/sen12ms')"),
    "season_at": FIRST_FIVE.format("season_at(season, lat)"),
    "share_of": FIRST_FIVE.format("share_of(cover, ['forest', 'water'])"),
}
MACROS = {
    "class_counts": "FROM class_counts() WHERE area_km2 > 0 ORDER BY season, class",
    "named_regions": "FROM named_regions('Georgia')",
    "overlapping_pairs": "FROM overlapping_pairs() ORDER BY ALL LIMIT 20",
    "patches_in_box": IDS.format("patches_in_box(126.9, 37.9, 126.95, 38.1)"),
    "patches_in_region": IDS.format("patches_in_region('ITA')"),
    "patches_near": "FROM patches_near(126.98, 37.57, 60) SELECT id, distance_km",
    "patches_overlapping": "FROM patches_overlapping('ROIs1970_fall_126_p188') SELECT id, overlap",
    "patches_touching": IDS.format(f"patches_touching({TRIANGLE})"),
    "same_ground": "FROM same_ground('fall', 'winter')",
    "stratified_sample": "FROM stratified_sample('country', 1, 42) SELECT country, id",
    "tile_index": "FROM tile_index('s2') SELECT id, location, crs",
}
"""A sample call each; the ones without an order of their own are given one."""


@pytest.mark.parametrize(
    ("folder", "samples"),
    [("functions", FUNCTIONS), ("macros", MACROS)],
    ids=["functions", "macros"],
)
def test_every_macro_has_a_sample(folder: str, samples: dict[str, str]) -> None:
    files = (Path(str(sql_folder())) / folder).iterdir()
    assert {path.stem for path in files} == set(samples)


@pytest.mark.parametrize(
    ("path", "query"),
    [(f"functions/{name}", query) for name, query in FUNCTIONS.items()]
    + [(f"macros/{name}", query) for name, query in MACROS.items()],
)
def test_macro_answers_so(
    cat: Catalog,
    table_cat: Catalog,
    answers: Answers,
    golden: Golden,
    path: str,
    query: str,
) -> None:
    text = answers.text(cat.sql(query))
    golden.check(f"sql/{path}.csv", text)
    assert answers.text(table_cat.sql(query)) == text


@pytest.mark.parametrize("path", [*(f"functions/{name}" for name in FUNCTIONS)])
def test_sample_of_a_function_shows_more_than_nulls(cat: Catalog, path: str) -> None:
    rows = cat.sql(FUNCTIONS[path.split("/")[1]]).fetchall()
    assert any(answer is not None for _, answer in rows)


# Scalar functions


def value(cat: Catalog, expression: str) -> object:
    (row,) = cat.sql(f"SELECT {expression}").fetchall()
    return row[0]


HALVES = "{'a': 0.0, 'b': 0.5, 'c': 0.5}"
NULLS = "{'a': NULL::DOUBLE, 'b': NULL::DOUBLE}"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"dominant({HALVES})", "b"),
        ("dominant({'a': 3, 'b': 5, 'c': 4})", "b"),
        ("dominant({'a': 0, 'b': 0})", None),
        (f"dominant({NULLS})", None),
        ("dominant({'a': NULL, 'b': 0.1})", "b"),
        ("rebase('/a/b/c.tif', '/a/b', '/x')", "/x/c.tif"),
        ("rebase('/a/bc/c.tif', '/z', '/x')", "/a/bc/c.tif"),
        ("rebase('/a/b/c.tif', '/a/b', NULL)", "/a/b/c.tif"),
        ("rebase('/a/b/c.tif', NULL, NULL)", "/a/b/c.tif"),
        ("rebase(NULL, '/a', '/x')", None),
        ("rebase('https://a.org/b%20c/%25.tif', 'https://a.org', '/x')", "/x/b c/%.tif"),
        ("rebase('/a/b%20c.tif', '/a', '/x')", "/x/b%20c.tif"),
        (f"ST_AsText(centre({ACROSS}))", "POINT (-179.75 0.5)"),
        ("ST_AsText(centre(ST_MakeEnvelope(0, 0, 2, 4)))", "POINT (1 2)"),
        ("centre(NULL::GEOMETRY)", None),
        (f"class_entropy({HALVES})", 1.0),
        ("class_entropy({'a': 1.0, 'b': 0.0})", 0.0),
        (f"class_entropy({NULLS})", None),
        (f"labels({HALVES}, 0.5)", ["b", "c"]),
        (f"labels({HALVES}, 0.6)", []),
        (f"labels({NULLS}, 0.1)", []),
        (f"majority({HALVES}, 0.5)", "b"),
        (f"majority({HALVES}, 0.51)", None),
        (f"majority({NULLS}, 0.5)", None),
        ("round(geodesic_km(0, 0, 1, 0), 1)", 111.3),
        ("round(geodesic_km(0.0, 0.0, -0.00204099999999999, 0.0), 3)", 0.227),
        ("season_at('spring', 1)", "spring"),
        ("season_at('spring', -1)", "fall"),
        ("season_at('summer', -1)", "winter"),
        ("season_at('fall', -1)", "spring"),
        ("season_at('winter', -1)", "summer"),
        ("season_at('winter', 0)", "winter"),
        ("season_at('winter', NULL)", None),
        ("folded('Côte d’Ivoire')", "cote d ivoire"),
        ("folded(' Bosnia & Herz. ')", "bosnia and herz"),
        ("folded(NULL)", None),
        (f"share_of({HALVES}, ['a', 'b'])", 0.5),
        (f"share_of({HALVES}, ['b', 'b'])", 0.5),
        ("did_you_mean('Sumer', ['spring', 'summer'])", ": did you mean summer?"),
        ("did_you_mean('x', ['spring', 'summer'])", ": it is one of spring, summer"),
        ("did_you_mean(NULL, ['spring', 'summer'])", ": it is one of spring, summer"),
        ("known_season('fall')", "fall"),
        ("share_of(NULL::STRUCT(a DOUBLE), ['a'])", None),
        (f"share_of({NULLS}, ['a'])", None),
    ],
)
def test_function_of_these_values(cat: Catalog, expression: str, expected: object) -> None:
    assert value(cat, expression) == expected


@settings(max_examples=40, deadline=None)
@given(
    longitude=st.floats(-180, 180),
    latitude=st.floats(-79, 79),
    azimuth=st.floats(0, 360),
    distance_m=st.floats(1, 200_000),
)
def test_geodesic_is_that_of_proj_to_a_thousandth(
    cat: Catalog, longitude: float, latitude: float, azimuth: float, distance_m: float
) -> None:
    there = GEOD.fwd(longitude, latitude, azimuth, distance_m)
    found = value(cat, f"geodesic_km({longitude}, {latitude}, {there[0]}, {there[1]})")
    assert found == pytest.approx(distance_m / 1000, rel=1e-3)


# Places


@pytest.fixture(scope="module")
def rows(small: Small) -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(small.out / "items.parquet").set_index("id").sort_index()


def ids(cat: Catalog, call: str) -> list[str]:
    return [key for (key,) in cat.sql(IDS.format(call)).fetchall()]


@pytest.mark.parametrize(
    "box",
    [
        (126.9, 37.9, 126.95, 38.1),
        (-180, -90, 180, 90),
        (0, 0, 1, 1),
        (37.84, -17.06, 37.84, -17.04),
    ],
    ids=str,
)
def test_box_holds_what_shapely_finds(
    cat: Catalog, rows: geopandas.GeoDataFrame, box: tuple[float, ...]
) -> None:
    expected = rows[rows.intersects(shapely.box(*box))]
    assert ids(cat, f"patches_in_box{box}") == list(expected.index)


def test_box_across_the_antimeridian_is_the_two_sides(
    cat: Catalog, rows: geopandas.GeoDataFrame
) -> None:
    sides = shapely.union_all([shapely.box(100, -90, 180, 90), shapely.box(-180, -90, -40, 90)])
    expected = list(rows[rows.intersects(sides)].index)
    assert len(expected) == 27
    assert ids(cat, "patches_in_box(100, -90, -40, 90)") == expected


def test_touching_is_what_shapely_finds(cat: Catalog, rows: geopandas.GeoDataFrame) -> None:
    shape = rows.geometry.iloc[0].centroid.buffer(0.012)
    assert 1 < len(expected := list(rows[rows.intersects(shape)].index)) < 9
    assert ids(cat, f"patches_touching(ST_GeomFromText('{shape.wkt}'))") == expected


@pytest.mark.parametrize("region", ["Italy", "ITA", "Africa", "Eastern Asia", "KOR", "Belgium",
                                    "south korea", "East Asia", "country:Italy"])  # fmt: skip
def test_region_holds_what_select_finds(cat: Catalog, region: str) -> None:
    expected = sorted(cat.select(region=region).ids)
    assert expected
    assert ids(cat, f"patches_in_region('{region}')") == expected


def test_patch_on_a_border_comes_once(cat: Catalog) -> None:
    found = ids(cat, "patches_in_region('Europe')")
    assert len(found) == len(set(found)) == 18


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("Nowhere", "there is no region Nowhere"),
        ("", "there is no region"),
        ("state:Italy", "there is no region state:Italy"),
        ("x'' OR true --", "there is no region x' OR true --"),
        ("Georgia", "Georgia means more than one region: write country:Georgia or state:Georgia"),
    ],
)
def test_name_of_no_region_or_of_several_is_an_error(
    cat: Catalog, region: str, message: str
) -> None:
    with pytest.raises(duckdb.Error, match=message):
        ids(cat, f"patches_in_region('{region}')")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM patches_in_region('Kenia')", "there is no region Kenia: did you mean Kenya?"),
        ("FROM same_ground('sumer', 'fall')", "there is no season sumer: did you mean summer?"),
        ("FROM same_ground('fall', 'wet')", "there is no season wet: it is one of spring, summer"),
        ("FROM same_ground(NULL, 'fall')", "there is no season NULL: it is one of spring"),
        (
            "SELECT share_of(cover, ['forrest', 'urban']) FROM patches",
            "there is no class forrest: did you mean forest?",
        ),
        (
            "SELECT share_of(cover, ['forest', 'jungle']) FROM patches",
            "there is no class jungle: it is one of forest, shrubland, savanna",
        ),
        ("FROM tile_index('s3')", "there is no sensor s3: it is one of s1, s2, lc"),
        (
            "FROM stratified_sample('contry', 1, 1)",
            "has no column contry: did you mean country?",
        ),
    ],
)
def test_a_name_that_is_not_known_is_an_error_that_names_what_is_near(
    cat: Catalog, table_cat: Catalog, query: str, message: str
) -> None:
    for each in (cat, table_cat):
        with pytest.raises(duckdb.Error, match=re.escape(message)):
            each.sql(query).fetchall()


@pytest.mark.parametrize("call", ["patches_in_box(0, 0, 1, 1)", "patches_in_region('ITA')",
                                  f"patches_touching({TRIANGLE})"])  # fmt: skip
def test_rows_are_those_of_patches(cat: Catalog, call: str) -> None:
    patches = cat.sql("FROM patches")
    found = cat.sql(f"FROM {call}")
    assert found.columns == patches.columns
    assert found.types == patches.types


def test_pairs_are_those_of_shapely(cat: Catalog) -> None:
    frame = cat.select().to_geodataframe()
    first, second = shapely.STRtree(frame.geometry).query(frame.geometry, predicate="intersects")
    ids = frame["id"].to_numpy()
    expected = {(a, b) for a, b in zip(ids[first], ids[second], strict=True) if a < b}
    found = cat.sql("FROM overlapping_pairs()").fetchall()
    assert set(found) == expected
    assert len(found) == len(expected)
