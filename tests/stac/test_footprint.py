"""A footprint is PROJ's transform of the four corners, and lies on one Earth."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Proj, Transformer
from shapely import Polygon

from catalog.model import Grid, Grids
from catalog.stac.footprint import footprints

TOLERANCE_DEGREES = 1e-9
CUT_TOLERANCE_DEGREES = 1e-7
"""How far from the straight edge a cut may lie: a centimetre."""
ZONES = st.integers(1, 60)
SHAPES = st.tuples(st.integers(1, 512), st.integers(1, 512))


def code_of(zone: int, *, south: bool) -> str:
    return f"EPSG:{(32700 if south else 32600) + zone}"


def corners(grid: Grid) -> list[tuple[float, float]]:
    """Upper left, lower left, lower right, upper right, in the CRS."""
    rows, columns = grid.shape
    a, b, c, d, e, f = grid.transform
    pixels = [(0, 0), (0, rows), (columns, rows), (columns, 0)]
    return [(a * u + b * v + c, d * u + e * v + f) for u, v in pixels]


def projected(zone: int, longitude: float, latitude: float) -> tuple[float, float]:
    """Easting, northing, by another way through PROJ than the footprint's."""
    x, y = Proj(proj="utm", zone=zone, ellps="WGS84", south=latitude < 0)(longitude, latitude)
    return x, y


@st.composite
def utm_grids(draw: st.DrawFn) -> Grid:
    """Rasters within a zone, turned by any angle, mirrored or not."""
    zone, south = draw(ZONES), draw(st.booleans())
    x = draw(st.floats(250_000, 750_000))
    y = draw(st.floats(1_500_000, 9_900_000) if south else st.floats(0, 8_500_000))
    size = draw(st.floats(0.5, 30))
    angle = np.radians(draw(st.sampled_from([0.0, 0.0, 30.0, 90.0, 200.0])))
    mirror = draw(st.sampled_from([-1, 1]))
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    transform = (cosine, sine * mirror, x, sine, -cosine * mirror, y)
    return Grid(code_of(zone, south=south), draw(SHAPES), tuple(map(float, transform)))


def inverse(grid: Grid) -> np.ndarray:
    """The corners in degrees, by PROJ's inverse of the projection alone."""
    number = int(grid.crs.removeprefix("EPSG:"))
    utm = Proj(proj="utm", zone=number % 100, ellps="WGS84", south=number > 32700)
    return np.array([utm(x, y, inverse=True) for x, y in corners(grid)])


@settings(deadline=None)
@given(st.lists(utm_grids(), min_size=1, max_size=8))
def test_every_corner_is_where_proj_puts_it(grids: list[Grid]) -> None:
    expected = [inverse(grid) for grid in grids]
    assume(all(np.ptp(points[:, 0]) < 180 for points in expected))
    for outline, points in zip(footprints(Grids.of(grids)), expected, strict=True):
        assert outline.geom_type == "Polygon"
        found = shapely.get_coordinates(outline)[:-1]
        for point in points:
            assert np.abs(found - point).max(axis=1).min() < TOLERANCE_DEGREES


@settings(deadline=None)
@given(st.lists(utm_grids(), min_size=1, max_size=8))
def test_outlines_are_closed_valid_and_counter_clockwise(grids: list[Grid]) -> None:
    for outline in footprints(Grids.of(grids)):
        assert outline.is_valid
        for part in shapely.get_parts(outline):
            points = shapely.get_coordinates(part)
            assert points[0].tolist() == points[-1].tolist()
            assert shapely.is_ccw(part.exterior)
            assert not part.interiors


def test_all_zones_are_known() -> None:
    codes = [code_of(zone, south=south) for south in (False, True) for zone in range(1, 61)]
    grids = [Grid(code, (256, 256), (10, 0, 5e5, 0, -10, 4e6)) for code in codes]
    outlines = footprints(Grids.of(grids))
    for index, outline in enumerate(outlines):
        west, south, east, north = outline.bounds
        assert west == pytest.approx(6 * (index % 60) - 177)
        assert (south < 0) == (north < 0) == (index >= 60)
        assert 0.02 < east - west < 0.05


OTHER_CRS = {
    "geographic, latitude first": ("EPSG:4326", (0.001, 0, 5.0, 0, -0.001, 50.0)),
    "Web Mercator": ("EPSG:3857", (10, 0, 1e6, 0, -10, 6e6)),
    "northing first": ("EPSG:31468", (10, 0, 4_468_000, 0, -10, 5_334_000)),
    "polar": ("EPSG:3031", (10, 0, 1e6, 0, -10, 1e6)),
    "national": ("EPSG:2056", (10, 0, 2_600_000, 0, -10, 1_200_000)),
}


@pytest.mark.parametrize(("code", "transform"), OTHER_CRS.values(), ids=OTHER_CRS)
def test_a_crs_that_is_no_utm_is_transformed_too(code: str, transform: tuple[float, ...]) -> None:
    grid = Grid(code, (256, 200), transform)
    (outline,) = footprints(Grids.of([grid]))
    to_wgs84 = Transformer.from_crs(code, "EPSG:4326", always_xy=True)
    expected = Polygon([to_wgs84.transform(x, y) for x, y in corners(grid)])
    assert shapely.normalize(outline).equals_exact(shapely.normalize(expected), 1e-7)


def test_an_empty_list_has_no_outlines() -> None:
    assert footprints(Grids.of([])).tolist() == []


GOOD = Grid("EPSG:32737", (256, 256), (10.0, 0.0, 375_412.5, 0.0, -10.0, 8_116_742.5))
BAD = {
    "no CRS": GOOD._replace(crs=None),
    "a CRS that is none": GOOD._replace(crs="EPSG:999999"),
    "an authority that is none": GOOD._replace(crs="NOBODY:1"),
    "no code at all": GOOD._replace(crs="somewhere"),
    "a CRS without a place on Earth": GOOD._replace(crs="EPSG:5800"),
    "a CRS that PROJ cannot transform": GOOD._replace(crs="EPSG:2218"),
    "another that it cannot": GOOD._replace(crs="EPSG:2296"),
    "a height": GOOD._replace(crs="EPSG:5701"),
    "no transform": GOOD._replace(transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)),
    "a corner nowhere": GOOD._replace(transform=(10, 0, float("nan"), 0, -10, 4e6)),
    "a corner infinitely far": GOOD._replace(transform=(10, 0, float("inf"), 0, -10, 4e6)),
    "a corner beyond the zone": GOOD._replace(transform=(10, 0, 1e12, 0, -10, 4e6)),
    "a corner far beyond the pole": GOOD._replace(transform=(10, 0, 5e5, 0, -10, 1e30)),
    "a corner farther": GOOD._replace(transform=(10, 0, 5e5, 0, -10, 1e308)),
    "a corner around the Earth": GOOD._replace(transform=(10, 0, 5e5, 0, -10, 4e7)),
    "endless pixels": GOOD._replace(transform=(float("inf"), 0, 5e5, 0, -10, 4e6)),
    "huge pixels": GOOD._replace(transform=(1e300, 0, 5e5, 0, -1e300, 4e6)),
    "huge pixels that are turned": GOOD._replace(transform=(1e9, 1e9, 5e5, 1e9, -1e9, 4e6)),
    "corners around a pole": Grid("EPSG:3031", (256, 256), (10, 0, -1280, 0, -10, 1280)),
    "corners on a line": GOOD._replace(transform=(7, 7, 375_412, 7, 7, 8_116_742)),
    "a latitude beyond the pole": Grid("EPSG:4326", (10, 10), (10, 0, 5e5, 0, -10, 4e6)),
    "a longitude beyond any": Grid("EPSG:4326", (10, 10), (1, 0, 5e5, 0, -1, 50)),
}


@pytest.mark.parametrize("grid", BAD.values(), ids=BAD)
def test_there_is_no_outline_for(grid: Grid) -> None:
    assert footprints(Grids.of([grid])).tolist() == [None]


PIXELS = st.sampled_from([10.0, -10.0, 1e3, 1e5, 1e9, float("inf")])
TURNS = st.sampled_from([0.0, 0.0, 0.0, 7.0, 1e4, 1e9])
PLACES = st.floats(-3e7, 3e7) | st.floats(allow_nan=True)


@settings(deadline=None, max_examples=300)
@given(
    st.tuples(PIXELS, TURNS, PLACES, TURNS, PIXELS, PLACES),
    st.sampled_from(["EPSG:32637", "EPSG:3857", "EPSG:3035", "EPSG:2056", "EPSG:3031"]),
)
def test_every_outline_leads_back_to_its_grid(transform: tuple[float, ...], code: str) -> None:
    """Whatever the numbers are, no file gets a false place on Earth."""
    grid = Grid(code, (256, 256), transform)
    (outline,) = footprints(Grids.of([grid]))
    assert outline is None or outline.is_valid
    if outline is not None and outline.geom_type == "Polygon":
        back = Transformer.from_crs("OGC:CRS84", code, always_xy=True)
        found = np.array([back.transform(*point) for point in shapely.get_coordinates(outline)])
        for corner in corners(grid):
            off = np.abs(found - corner).max(axis=1).min()
            assert off <= 0.11 * max(map(abs, (*transform[:2], *transform[3:5])))


@pytest.mark.parametrize("grid", BAD.values(), ids=BAD)
def test_one_bad_grid_does_not_spoil_the_others(grid: Grid) -> None:
    (alone,) = footprints(Grids.of([GOOD]))
    other = GOOD._replace(crs="EPSG:32631")
    same_crs_as_bad = Grid(grid.crs, GOOD.shape, (1e-3, 0.0, 5.0, 0.0, -1e-3, 50.0))
    before, bad, after, _, _ = footprints(Grids.of([GOOD, grid, GOOD, other, same_crs_as_bad]))
    assert bad is None
    assert before.equals_exact(alone)
    assert after.equals_exact(alone)


@st.composite
def grids_across_180(draw: st.DrawFn) -> Grid:
    """Rasters of zones 1 and 60 that the antimeridian cuts through."""
    zone = draw(st.sampled_from([1, 60]))
    latitude = draw(st.floats(-79, 83))
    x, y = projected(zone, 180.0, latitude)
    into = draw(st.floats(0.05, 0.95))
    shape = draw(st.tuples(st.integers(64, 512), st.integers(64, 512)))
    transform = (10.0, 0.0, x - into * shape[1] * 10, 0.0, -10.0, y + shape[0] * 5)
    return Grid(code_of(zone, south=latitude < 0), shape, transform)


def unwrapped(grid: Grid) -> Polygon:
    """The outline on longitudes of 0 to 360 degrees, where nothing is cut."""
    points = inverse(grid)
    return Polygon(np.column_stack([points[:, 0] % 360, points[:, 1]]))


@settings(deadline=None)
@given(grids_across_180())
def test_an_outline_is_cut_at_the_antimeridian_and_nothing_is_lost(grid: Grid) -> None:
    whole = unwrapped(grid)
    assume(whole.bounds[0] < 180 - 1e-6 and whole.bounds[2] > 180 + 1e-6)
    (outline,) = footprints(Grids.of([grid]))
    assert outline.geom_type == "MultiPolygon"
    assert outline.is_valid
    east = [part for part in outline.geoms if part.bounds[0] > 0]
    west = [part for part in outline.geoms if part.bounds[2] < 0]
    assert len(east) + len(west) == len(outline.geoms)
    assert max(part.bounds[2] for part in east) == 180
    assert min(part.bounds[0] for part in west) == -180
    assert all(shapely.is_ccw(part.exterior) for part in outline.geoms)
    slack = whole.length * CUT_TOLERANCE_DEGREES
    assert outline.area == pytest.approx(whole.area, abs=slack)
    moved = [shapely.transform(part, lambda points: points + np.array([360, 0])) for part in west]
    assert shapely.union_all([*east, *moved]).symmetric_difference(whole).area < slack


@pytest.mark.parametrize(("zone", "side"), [(1, 1), (60, -1)], ids=["zone 1", "zone 60"])
@pytest.mark.parametrize("latitude", [-60.0, 0.5, 71.0])
def test_an_outline_beside_the_antimeridian_is_not_cut(
    zone: int, side: int, latitude: float
) -> None:
    x, y = projected(zone, 180.0, latitude)
    left = x + (40 if side > 0 else -2600)
    grid = Grid(code_of(zone, south=latitude < 0), (256, 256), (10, 0, left, 0, -10, y))
    whole = unwrapped(grid)
    (outline,) = footprints(Grids.of([grid]))
    if whole.bounds[0] < 180 < whole.bounds[2]:  # meridians converge: its far corner is across
        assert outline.geom_type == "MultiPolygon"
    else:
        assert outline.geom_type == "Polygon"
        assert outline.bounds[2] - outline.bounds[0] < 1


def test_outlines_that_are_cut_and_others_keep_their_order() -> None:
    x, y = projected(1, 180.0, 10.0)
    across = Grid("EPSG:32601", (256, 256), (10, 0, x - 1280, 0, -10, y))
    kinds = [outline.geom_type for outline in footprints(Grids.of([GOOD, across, GOOD, across]))]
    assert kinds == ["Polygon", "MultiPolygon", "Polygon", "MultiPolygon"]


def test_grids_are_not_changed() -> None:
    grids = [GOOD, GOOD._replace(crs=None)]
    footprints(Grids.of(grids))
    assert grids == [GOOD, GOOD._replace(crs=None)]
