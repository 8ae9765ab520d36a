"""Distances and areas on the ellipsoid, against PROJ's geodesics."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from catalog.experiment.ground import (
    distances_m,
    geocentric,
    plane_at,
    rings_from_footprints,
    shared_areas_m2,
)

if TYPE_CHECKING:
    from catalog.experiment.outlines import PatchOutlines

    from .conftest import Squares

GEOD = Geod(ellps="WGS84")

longitudes = st.floats(-180, 180, allow_nan=False)
latitudes = st.floats(-89, 89, allow_nan=False)
bearings = st.floats(-180, 180, allow_nan=False)


def pair_at(
    squares: Squares, place: tuple[float, float], bearing: float, apart_m: float
) -> PatchOutlines:
    longitude, latitude, _ = GEOD.fwd(*place, bearing, apart_m)
    return squares([place, (longitude, latitude)], ["a", "b"])


def nearest_geodesic_m(outlines: PatchOutlines) -> float:
    """The shortest of all geodesics between points a few metres apart on both outlines."""
    edges = []
    for ring in outlines.rings:
        corners = degrees(np.concatenate([ring, ring[:1]]))
        points = [corners[:1]]
        for start, end in pairwise(corners):
            far = GEOD.inv(*start, *end)[2]
            steps = max(int(far / 40), 1)
            points.append(np.array(GEOD.npts(*start, *end, steps)).reshape(-1, 2))
            points.append(end[None])
        edges.append(np.concatenate(points))
    one, two = (edge.reshape(-1, 2) for edge in edges)
    lon1, lon2 = np.meshgrid(one[:, 0], two[:, 0])
    lat1, lat2 = np.meshgrid(one[:, 1], two[:, 1])
    return float(np.min(GEOD.inv(lon1.ravel(), lat1.ravel(), lon2.ravel(), lat2.ravel())[2]))


def degrees(points: np.ndarray) -> np.ndarray:
    transform = Transformer.from_crs("EPSG:4978", "OGC:CRS84", always_xy=True).transform
    return np.stack(transform(*points.T)[:2], axis=-1)


@given(longitudes, latitudes)
def test_geocentric_coordinates_are_those_of_the_formula(longitude: float, latitude: float) -> None:
    # WGS 84: semi-major axis, and the square of the eccentricity from its flattening.
    a, f = 6_378_137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    x, y = np.radians([longitude, latitude])
    n = a / np.sqrt(1 - e2 * np.sin(y) ** 2)
    expected = (n * np.cos(y) * np.cos(x), n * np.cos(y) * np.sin(x), n * (1 - e2) * np.sin(y))
    found = geocentric(np.array([longitude, latitude]))
    assert found == pytest.approx(expected, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(longitudes, latitudes, bearings, st.floats(4_000, 100_000))
def test_distances_are_those_of_geodesics(
    squares: Squares, longitude: float, latitude: float, bearing: float, apart_m: float
) -> None:
    outlines = pair_at(squares, (longitude, latitude), bearing, apart_m)
    (found,) = distances_m(outlines.rings[:1], outlines.rings[1:])
    # The oracle walks the outlines in steps of 40 metres: it may miss the nearest points by some.
    assert found == pytest.approx(nearest_geodesic_m(outlines), rel=1e-4, abs=20)
    assert found <= nearest_geodesic_m(outlines) + 1


@pytest.mark.parametrize("place", [(179.999, 0), (-180, 45), (180, -62), (179.99, 80), (10, 89.5)])
def test_distance_of_facing_squares_is_the_gap(
    squares: Squares, place: tuple[float, float]
) -> None:
    outlines = pair_at(squares, place, 0, 12_560)
    (found,) = distances_m(outlines.rings[:1], outlines.rings[1:])
    assert found == pytest.approx(10_000, abs=2)


@settings(max_examples=50, deadline=None)
@example(180.0, 2**-9, 0.0, 0.0)
@given(longitudes, latitudes, bearings, st.floats(0, 5_000))
def test_shared_areas_are_those_of_shapely(
    squares: Squares, longitude: float, latitude: float, bearing: float, apart_m: float
) -> None:
    outlines = pair_at(squares, (longitude, latitude), bearing, apart_m)
    flat = plane_at(outlines.rings.reshape(-1, 3).mean(axis=0)).project(outlines.rings)
    one, two = shapely.polygons(flat)
    (found,) = shared_areas_m2(flat[:1], flat[1:])
    # What overlaps by less than 5 cm counts as touching.
    assert found == pytest.approx(one.intersection(two).area, abs=2560 * 0.06)


def test_an_edge_may_cut_off_several_corners_of_a_side_that_is_not_quite_straight() -> None:
    bent = np.array([[[0, 0], [1, 1e-10], [2, 0], [2, 2], [0, 2]]], np.float64)
    square = np.array([[[0, 5e-11], [2, 5e-11], [2, 1], [0, 1]]], np.float64)
    assert shared_areas_m2(bent, square) == pytest.approx([2])


@settings(max_examples=50, deadline=None)
@given(longitudes, latitudes, bearings, st.floats(0, 3_000))
def test_repeated_corners_change_no_area(
    squares: Squares, longitude: float, latitude: float, bearing: float, apart_m: float
) -> None:
    outlines = pair_at(squares, (longitude, latitude), bearing, apart_m)
    flat = plane_at(outlines.rings.reshape(-1, 3).mean(axis=0)).project(outlines.rings)
    padded = np.concatenate([flat, flat[:, -1:].repeat(2, axis=1)], axis=1)
    (area,) = shared_areas_m2(flat[:1], flat[1:])
    (found,) = shared_areas_m2(padded[:1], padded[1:])
    assert found == pytest.approx(area, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (1280, 0.5), (2560, 0.0), (2600, 0.0)])
def test_neighbours_in_the_grid_share_half(shift: float, share: float) -> None:
    to_degrees = Transformer.from_crs("EPSG:32652", "OGC:CRS84", always_xy=True).transform
    outlines = [
        shapely.transform(
            shapely.box(x, 4_180_000, x + 2560, 4_182_560),
            lambda points: np.stack(to_degrees(*points.T), axis=-1),
        )
        for x in (320_000, 320_000 + shift)
    ]
    rings = rings_from_footprints(np.array(outlines, dtype=object))
    flat = plane_at(rings.reshape(-1, 3).mean(axis=0)).project(rings)
    (found,) = shared_areas_m2(flat[:1], flat[1:])
    # UTM stretches by up to 1 in 1,000.
    assert found == pytest.approx(share * 2560**2, rel=2e-3)
    assert (found == 0) == (share == 0)


@pytest.mark.parametrize("place", [(180, 0), (-179.999, 65), (179.995, -45), (180, 84)])
def test_outline_that_the_antimeridian_splits_is_whole_again(
    squares: Squares, place: tuple[float, float]
) -> None:
    outlines = squares([place], ["a"])
    (ring,) = outlines.rings
    assert outlines.footprints[0].geom_type == "MultiPolygon"
    flat = plane_at(ring.mean(axis=0)).project(ring)
    assert shapely.Polygon(flat).area == pytest.approx(2560**2, rel=1e-3)
    assert shapely.is_ccw(shapely.linearrings(flat))
