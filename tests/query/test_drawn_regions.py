"""Regions as objects of other libraries, as GeoJSON, by group or code, and invalid ones."""

from __future__ import annotations

import csv
import json
import time
from types import SimpleNamespace
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

    from shapely.geometry.base import BaseGeometry


@pytest.fixture(scope="module")
def natural_earth() -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(REGIONS / "regions.parquet")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632", "EPSG:3857"])
@pytest.mark.parametrize("kind", [geopandas.GeoDataFrame, geopandas.GeoSeries])
def test_frame_is_transformed_from_its_crs(cat: Catalog, kind: Any, crs: str) -> None:
    series = geopandas.GeoSeries([TRIANGLE, shapely.box(9, 45, 9.5, 45.5)], crs=4326).to_crs(crs)
    given_as = series if kind is geopandas.GeoSeries else kind({"n": [1, 2]}, geometry=series)
    (found,) = resolve_regions(given_as, cat.session.fetch)
    assert same(outline(found), shapely.union_all([TRIANGLE, shapely.box(9, 45, 9.5, 45.5)]))


FEATURE = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(TRIANGLE)}


@pytest.mark.parametrize(
    "given_as",
    [FEATURE["geometry"], FEATURE, {"type": "FeatureCollection", "features": [FEATURE]},
     json.dumps(FEATURE), f" {json.dumps(FEATURE['geometry'])}",
     SimpleNamespace(__geo_interface__=FEATURE)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_geojson_in_any_form_is_the_same_region(cat: Catalog, given_as: Any) -> None:
    (found,) = resolve_regions(given_as, cat.session.fetch)
    assert same(outline(found), TRIANGLE)


@pytest.mark.parametrize(
    "text", ["11 44 12 45", "[11,44,12,45]", "(11, 44, 12, 45)", "11;44;12;45"]
)
def test_box_may_be_written_with_other_separators(cat: Catalog, text: str) -> None:
    assert resolve_region(text, cat.session.fetch).bounds == (11, 44, 12, 45)


def test_equal_regions_count_once(cat: Catalog) -> None:
    found = resolve_regions(
        ["Italy", "ITA", "country:Italy", "1,2,3,4", [1, 2, 3, 4]], cat.session.fetch
    )
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "named"),
    [("EU", ("group", "European Union")), ("European Union", ("group", "European Union")),
     ("Latin America", ("group", "Latin America and the Caribbean")),
     ("AU-NSW", ("state", "New South Wales")), ("br-sp", ("state", "São Paulo")),
     ("country:Congo", ("country", "Congo"))],
)  # fmt: skip
def test_group_or_state_is_known_by_its_code(
    cat: Catalog, text: str, named: tuple[str, str]
) -> None:
    assert resolve_region(text, cat.session.fetch).named == named


def test_group_is_all_its_members(cat: Catalog, natural_earth: geopandas.GeoDataFrame) -> None:
    with (REGIONS / "region_groups.csv").open(encoding="utf-8") as file:
        members = [row["member"] for row in csv.DictReader(file) if row["code"] == "EU"]
    assert len(members) == 27
    countries = natural_earth[natural_earth["kind"] == "country"]
    outlines = countries[countries["name"].isin(members)].union_all()
    assert same(named_outline(resolve_region("EU", cat.session.fetch), cat), outlines)


@pytest.mark.parametrize("vertices", [12, 100, 200, 20_000])
def test_invalid_ring_is_repaired_or_refused_within_a_second(cat: Catalog, vertices: int) -> None:
    ring = np.random.default_rng(vertices).random((vertices, 2))
    started = time.process_time()
    if vertices > 200:
        with pytest.raises(RegionError, match="Self-intersection"):
            resolve_region(shapely.Polygon(ring), cat.session.fetch)
    else:
        assert outline(resolve_region(shapely.Polygon(ring), cat.session.fetch)).is_valid
    assert time.process_time() - started < 5, "a second, and room for a slow machine"


def test_file_of_several_layers_wants_one_of_them_named(cat: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    for layer, shape in {"roads": shapely.box(0, 0, 1, 1), "lakes": TRIANGLE}.items():
        geopandas.GeoDataFrame(geometry=[shape], crs=4326).to_file(path, layer=layer)
    with pytest.raises(RegionError, match=r"has 2 layers: write .*\|layername="):
        resolve_region(path, cat.session.fetch)
    found = resolve_region(f"{path}|layername=lakes", cat.session.fetch)
    assert same(outline(found), TRIANGLE)


# WKT and geometries


@pytest.mark.parametrize(
    "given_as",
    [TRIANGLE, TRIANGLE.wkt, TRIANGLE.wkt.lower(), f"\n {TRIANGLE.wkt}",
     f"SRID=4326;{TRIANGLE.wkt}", shapely.MultiPolygon([TRIANGLE]),
     shapely.GeometryCollection([TRIANGLE, shapely.Point(0, 0)]), shapely.force_3d(TRIANGLE, 7.0)],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_geometry_and_its_wkt_are_the_same_region(
    cat: Catalog, given_as: str | BaseGeometry
) -> None:
    found = resolve_region(given_as, cat.session.fetch)
    assert same(outline(found), TRIANGLE)
    assert found.bounds == pytest.approx(TRIANGLE.bounds)


@pytest.mark.parametrize("code", ["EPSG:999999", "urn:ogc:def:crs:EPSG::999999"])
def test_a_geojson_file_in_an_unknown_crs_is_refused(
    cat: Catalog, tmp_path: Path, code: str
) -> None:
    crs = {"type": "name", "properties": {"name": code}}
    path = tmp_path / "r.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [FEATURE]}))
    with pytest.raises(RegionError, match=r"r\.geojson is in a CRS that cannot be transformed"):
        resolve_region(str(path), cat.session.fetch)


def test_a_polygon_without_an_area_beside_a_line_leaves_the_line(cat: Catalog) -> None:
    text = "GEOMETRYCOLLECTION (POLYGON ((10 44, 10 44, 10 44, 10 44)), LINESTRING (10 44, 10 45))"
    found = resolve_region(text, cat.session.fetch)
    assert found.bounds == (10, 44, 10, 45)
    assert same(outline(found), shapely.LineString([(10, 44), (10, 45)]))


def test_a_name_that_is_too_long_for_a_file_is_refused(cat: Catalog) -> None:
    with pytest.raises(RegionError, match="there is no file xx"):
        resolve_region(f"{'x' * 5_000}.geojson", cat.session.fetch)


def test_wkt_in_another_crs_is_refused(cat: Catalog) -> None:
    with pytest.raises(RegionError, match="32632"):
        resolve_region("SRID=32632;POLYGON((0 0, 0 1, 1 1, 0 0))", cat.session.fetch)


def test_bow_tie_is_repaired_to_its_two_triangles(cat: Catalog) -> None:
    region = outline(resolve_region("POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))", cat.session.fetch))
    assert region.is_valid
    assert region.area == pytest.approx(0.5)


@pytest.mark.parametrize("wkt", ["POINT (11.5 44.5)", "LINESTRING (11 44, 12 45)",
                                 "MULTIPOINT ((11 44), (12 45))"])  # fmt: skip
def test_region_without_an_area_keeps_its_points(cat: Catalog, wkt: str) -> None:
    assert outline(resolve_region(wkt, cat.session.fetch)).equals(shapely.from_wkt(wkt))
