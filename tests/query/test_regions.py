"""However a region is given, it becomes the same polygons, and a wrong one a sentence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import shapely
from outlines import REGIONS, TRIANGLE, named_outline, outline, same

from catalog import Catalog, RegionError
from catalog.query.regions import resolve_region, resolve_regions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden, Small


@pytest.fixture(scope="module")
def natural_earth() -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(REGIONS / "regions.parquet")


# Names and codes


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Italy", "country", "Italy"),
        ("italy", "country", "Italy"),
        ("  ITALY ", "country", "Italy"),
        ("ITA", "country", "Italy"),
        ("it", "country", "Italy"),
        ("country:Italy", "country", "Italy"),
        ("Country : italy", "country", "Italy"),
        ("Côte d'Ivoire", "country", "Côte d'Ivoire"),
        ("cote d'ivoire", "country", "Côte d'Ivoire"),
        ("Goiás", "state", "Goiás"),
        ("goias", "state", "Goiás"),
        ("US-CA", "state", "California"),
        ("us-ca", "state", "California"),
        ("CA", "country", "Canada"),
        ("Republic of Korea", "country", "South Korea"),
        ("N. Cyprus", "country", "Northern Cyprus"),
        ("St. Kitts and Nevis", "country", "Saint Kitts and Nevis"),
        ("Niger", "country", "Niger"),
        ("state:Georgia", "state", "Georgia"),
        ("STATE:georgia", "state", "Georgia"),
        ("country:Georgia", "country", "Georgia"),
        ("GEO", "country", "Georgia"),
        ("South Korea", "country", "South Korea"),
        ("Korea", "country", "South Korea"),
        ("north korea", "country", "North Korea"),
        ("UK", "country", "United Kingdom"),
        ("Ivory Coast", "country", "Côte d'Ivoire"),
        ("Côte d’Ivoire", "country", "Côte d'Ivoire"),
        ("USA", "country", "United States"),
        ("U.S.A.", "country", "United States"),
        ("Czechia", "country", "Czech Republic"),
        ("Czech Rep.", "country", "Czech Republic"),
        ("DR Congo", "country", "Democratic Republic of the Congo"),
        ("country:Dem. Rep. Congo", "country", "Democratic Republic of the Congo"),
        ("Russia", "country", "Russia"),
        ("Lao PDR", "country", "Laos"),
        ("Bosnia & Herzegovina", "country", "Bosnia and Herzegovina"),
        ("Guinea Bissau", "country", "Guinea-Bissau"),
        ("Türkiye", "country", "Turkey"),
        ("Washington, DC", "state", "District of Columbia"),
        ("US-GA", "state", "Georgia"),
    ],
)  # fmt: skip
def test_name_or_code_is_that_place(
    cat: Catalog,
    natural_earth: geopandas.GeoDataFrame,
    text: str,
    kind: str,
    name: str,
) -> None:
    of_kind = natural_earth[natural_earth["kind"] == kind]
    rows = of_kind[(of_kind["name"] == name) | (of_kind["name_long"] == name)]
    assert not rows.empty
    found = resolve_region(text, cat.session.fetch)
    assert same(named_outline(found, cat), rows.union_all())
    assert found.bounds == pytest.approx(rows.total_bounds.tolist())


@pytest.mark.parametrize(
    ("text", "column"), [("Africa", "continent"), ("oceania", "continent"),
                         ("subregion:Western Europe", "subregion"), ("Caribbean", "subregion")]
)  # fmt: skip
def test_continent_or_subregion_is_all_its_countries(
    cat: Catalog,
    natural_earth: geopandas.GeoDataFrame,
    text: str,
    column: str,
) -> None:
    wanted = text.rpartition(":")[2].casefold()
    members = natural_earth[
        (natural_earth["kind"] == "country") & (natural_earth[column].str.casefold() == wanted)
    ]
    assert not members.empty
    found = resolve_region(text, cat.session.fetch)
    assert same(named_outline(found, cat), members.union_all())


def test_every_region_whose_name_is_odd_is_found(cat: Catalog) -> None:
    odd = cat.sql(
        r"SELECT DISTINCT kind, name FROM regions WHERE NOT regexp_full_match(name, '[A-Za-z ]+')"
    ).fetchall()
    assert len(odd) > 10
    for kind, name in odd:
        assert resolve_region(f"{kind}:{name}", cat.session.fetch).named == (kind, name)


def test_place_that_is_a_continent_and_a_country_is_the_continent(
    cat: Catalog,
) -> None:
    found = resolve_region("Antarctica", cat.session.fetch)
    assert found == resolve_region("continent:Antarctica", cat.session.fetch)


# Boxes


@pytest.mark.parametrize(
    "box",
    ["11,44,12,45", " 11 , 44.0, 12., +45", "1.1e1,44,12,45", [11, 44, 12, 45], (11.0, 44, 12, 45),
     np.array([11, 44, 12, 45]), ["11", "44", "12", "45"]],
    ids=repr,
)  # fmt: skip
def test_box_is_west_south_east_north(cat: Catalog, box: Any) -> None:
    found = resolve_region(box, cat.session.fetch)
    assert found.bounds == (11, 44, 12, 45)
    assert outline(found).equals(shapely.box(11, 44, 12, 45))


def test_box_across_the_antimeridian_is_two_boxes(cat: Catalog) -> None:
    region = outline(resolve_region("179,-18,-178,-17", cat.session.fetch))
    assert region.equals(
        shapely.MultiPolygon([shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -178, -17)])
    )


def test_box_without_an_area_is_a_place_all_the_same(
    cat: Catalog,
) -> None:
    assert resolve_region("11,44,11,44", cat.session.fetch).bounds == (11, 44, 11, 44)


# Files


def write(frame: geopandas.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632", "EPSG:3035"])
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".fgb", ".parquet"])
def test_vector_file_in_any_format_and_crs_is_the_same_region(
    cat: Catalog, tmp_path: Path, suffix: str, crs: str
) -> None:
    shapes = [TRIANGLE, shapely.box(9, 45, 9.5, 45.5)]
    frame = geopandas.GeoDataFrame({"n": [1, 2]}, geometry=shapes, crs="EPSG:4326").to_crs(crs)
    path = write(frame, tmp_path / f"my région{suffix}")
    for given_as in (path, str(path)):
        found = outline(resolve_region(given_as, cat.session.fetch))
        assert same(found, shapely.MultiPolygon(shapes))


def test_vector_file_of_overlapping_shapes_is_their_union(cat: Catalog, tmp_path: Path) -> None:
    shapes = [shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), None]
    path = write(geopandas.GeoDataFrame(geometry=shapes, crs=4326), tmp_path / "two.gpkg")
    assert outline(resolve_region(path, cat.session.fetch)).area == pytest.approx(7)


def test_footprint_table_is_a_region_too(cat: Catalog, small: Small) -> None:
    patches = geopandas.read_parquet(small.out / "items.parquet")
    found = outline(resolve_region(small.out / "items.parquet", cat.session.fetch))
    assert same(found, patches.union_all())


def _without_crs(folder: Path) -> Path:
    frame = geopandas.GeoDataFrame({"n": [1]}, geometry=[TRIANGLE], crs="EPSG:4326")
    path = write(frame, folder / "no_crs.shp")
    path.with_suffix(".prj").unlink()
    return path


def _table(folder: Path) -> Path:
    path = folder / "table.csv"
    path.write_text("a,b\n1,2\n")
    return path


def _garbage(folder: Path) -> Path:
    path = folder / "garbage.geojson"
    path.write_text("{nonsense")
    return path


def _bad_parquet(folder: Path) -> Path:
    path = folder / "bad.parquet"
    path.write_bytes(b"PAR1 nonsense PAR1")
    return path


def _empty_folder(folder: Path) -> Path:
    path = folder / "empty"
    path.mkdir()
    return path


BAD_FILES = {
    "no-crs": _without_crs,
    "no-crs-parquet": lambda folder: write(
        geopandas.GeoDataFrame(geometry=[TRIANGLE]), folder / "no_crs.parquet"
    ),
    "no-geometry": _table,
    "no-rows": lambda folder: write(
        geopandas.GeoDataFrame({"n": []}, geometry=[], crs=4326), folder / "no_rows.gpkg"
    ),
    "null-geometry": lambda folder: write(
        geopandas.GeoDataFrame({"n": [1]}, geometry=[None], crs=4326), folder / "null.geojson"
    ),
    "garbage": _garbage,
    "bad-parquet": _bad_parquet,
    "missing": lambda folder: folder / "missing.gpkg",
    "folder": _empty_folder,
}


def _circle(vertices: int) -> shapely.Polygon:
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return shapely.Polygon(np.stack([np.cos(angles), np.sin(angles)], axis=1))


ALPS = "POLYGON((600000 5000000, 700000 5000000, 700000 5100000, 600000 5000000))"
REFUSED: dict[str, tuple[Any, str]] = {
    "misspelt": ("Itly", "Itly"),
    "misspelt-state": ("state:Texs", "Texs"),
    "ambiguous": ("Georgia", "Georgia"),
    "ambiguous-lower-case": ("georgia", "georgia"),
    "unknown": ("Middle-earth", "Middle-earth"),
    "unknown-kind": ("planet:Earth", "planet"),
    "kind-only": ("country:", "country:"),
    "wrong-kind": ("state:Italy", "state:Italy"),
    "empty": ("", "empty"),
    "blank": ("  ", "empty"),
    "hostile": ("x'; DROP TABLE regions; --", "DROP TABLE"),
    "two-numbers": ("11,44", "11,44"),
    "five-numbers": ("1,2,3,4,5", "1,2,3,4,5"),
    "congo": ("Congo", "country:Congo or country:Democratic Republic of the Congo"),
    "several-names": ("Germany, France", "Germany, France"),
    "near-to-none": ("Bavaria", "Bavaria"),
    "wkt-nan": ("POLYGON((0 0, nan 1, 1 1, 0 0))", "POLYGON((0 0, nan 1"),
    "wkt-surface": ("MULTISURFACE(((0 0, 1 0, 1 1, 0 0)))", "MULTISURFACE"),
    "wkt-nested": ("GEOMETRYCOLLECTION(" * 50_000 + ")" * 50_000, "50000 deep"),
    "huge-number": ([10**400, 0, 1, 1], "[1000"),
    "nul": ("Ita\0ly", "NUL"),
    "not-utf-8": ("Ita\udcffly", "UTF-8"),
    "wkt-not-utf-8": ("POINT (\udcff 1)", "UTF-8"),
    "geojson-cut-off": ('{"type": "Polygon", "coordinates"', "Polygon"),
    "geojson-other-json": ('{"a": 1}', "{'a': 1}"),
    "mapping-without-type": ({"a": 1}, "{'a': 1}"),
    "tangled": (shapely.Polygon(np.random.default_rng(1).random((600, 2))), "tangled"),
    "tangled-and-large": (shapely.Polygon(np.random.default_rng(1).random((30_000, 2))), "tangled"),
    "too-many-vertices": (_circle(240_000), "240,001 vertices"),
    "series-without-crs": (geopandas.GeoSeries([shapely.box(0, 0, 1, 1)]), "CRS"),
    "three-in-a-list": ([1, 2, 3], "[1, 2, 3]"),
    "south-above-north": ("11,45,12,44", "11,45,12,44"),
    "latitude-first": ("44,111,45,112", "44,111,45,112"),
    "metres": ((600000, 5000000, 700000, 5100000), "600000"),
    "infinite": ("1e400,0,1,1", "1e400,0,1,1"),
    "nan-in-a-list": ([float("nan"), 0, 1, 1], "nan"),
    "list-in-a-list": ([["Italy"]], "Italy"),
    "number": (5, "5"),
    "wkt-cut-off": ("POLYGON((0 0, 1", "POLYGON((0 0, 1"),
    "wkt-open-ring": ("POLYGON((0 0, 1 0, 1 1))", "POLYGON((0 0, 1 0, 1 1))"),
    "wkt-unknown-type": ("POLYGOON((0 0, 1 0, 1 1, 0 0))", "POLYGOON"),
    "wkt-empty": ("POLYGON EMPTY", "POLYGON EMPTY"),
    "wkt-collapsed": ("POLYGON ((1 1, 1 1, 1 1, 1 1))", "without an area"),
    "name-of-two-lines": ("a\rb", "there is no region 'a\\rb'"),
    "wkt-in-metres": (ALPS, "600000"),
    "geometry-empty": (shapely.Polygon(), "empty"),
    "geometry-in-metres": (shapely.from_wkt(ALPS), "600000"),
    "geometry-nan": (shapely.Point(float("nan"), 0), "nan"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_region_is_a_region_error_of_one_sentence_with_the_value(
    cat: Catalog, case: str
) -> None:
    region, value = REFUSED[case]
    with pytest.raises(RegionError) as caught:
        resolve_regions(region, cat.session.fetch)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert value in message
    assert "\n" not in message
    assert ": " in message, "the remedy follows a colon"


@pytest.mark.parametrize("case", BAD_FILES)
def test_wrong_file_is_a_region_error_of_one_sentence_with_the_path(
    cat: Catalog, tmp_path: Path, case: str
) -> None:
    path = BAD_FILES[case](tmp_path)
    with pytest.raises(RegionError) as caught:
        resolve_region(path, cat.session.fetch)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message


def test_misspelt_name_is_answered_with_names_that_look_like_it(
    cat: Catalog,
) -> None:
    with pytest.raises(RegionError, match=r"did you mean Italy\?$"):
        resolve_region("Itly", cat.session.fetch)


def test_ambiguous_name_is_answered_with_what_to_write(
    cat: Catalog,
) -> None:
    with pytest.raises(RegionError, match="country:Georgia or state:Georgia"):
        resolve_region("Georgia", cat.session.fetch)


def test_messages_read_well(cat: Catalog, tmp_path: Path, golden: Golden) -> None:
    asked = {repr(region)[:70]: region for region, _ in REFUSED.values()}
    asked |= {case: make(tmp_path) for case, make in BAD_FILES.items()}
    lines = []
    for title, region in asked.items():
        try:
            resolve_region(region, cat.session.fetch)
        except Exception as error:  # noqa: BLE001 - another test says which it must be
            lines += [title, f"    {type(error).__name__}: {error}"]
        else:
            lines += [title, "    is taken"]
    text = "\n".join(lines).replace(str(tmp_path), "FOLDER")
    # Arrow 26 names a Parquet file in its own message, too.
    text = text.replace("Could not open Parquet input source 'FOLDER/bad.parquet': ", "")
    golden.check("query/refused_regions.txt", text + "\n")


@pytest.mark.parametrize(
    "text",
    [
        "1," + "1" * 4000 + "x",
        "1" + " " * 4000 + "1x",
        "1,1" + "e1" * 2000 + "x",
        " " * 4000 + "x",
        "[" * 4000,
        "1,1" + " " * 4000 + "x",
    ],
    ids=["digits", "spaces", "exponents", "start", "brackets", "end"],
)
def test_a_long_text_is_refused_as_fast_as_a_short_one(cat: Catalog, text: str) -> None:
    started = time.process_time()
    with pytest.raises(RegionError, match="there is no region"):
        resolve_region(text, cat.session.fetch)
    assert time.process_time() - started < 5, "a second, and room for a slow machine"
