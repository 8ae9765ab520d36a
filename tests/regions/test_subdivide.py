"""A polygon in pieces is the same polygon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.regions.subdivide import MAX_VERTICES, subdivide

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

TRIANGLE = shapely.Polygon([(11, 44), (12.5, 44.2), (11.7, 45.1)])


@st.composite
def stars(draw: st.DrawFn) -> Polygon:
    """Simple polygons round a centre, some with a hole, of up to 400 vertices."""
    vertices, noise = draw(st.integers(3, 400)), draw(st.integers(0, 1000))
    radii = np.random.default_rng(noise).uniform(draw(st.floats(0.05, 1)), 1, vertices)
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    ring = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    hole = [ring * 0.5] if draw(st.booleans()) else []
    stretch, shift = draw(st.floats(0.01, 50)), draw(st.floats(-100, 100))
    star = shapely.Polygon(ring, hole)
    return shapely.transform(star, lambda xy: xy * [stretch, 1] + [shift, 0])


@settings(max_examples=50, deadline=None)
@given(stars())
def test_pieces_are_small_and_together_the_polygon(polygon: Polygon) -> None:
    pieces = subdivide(polygon)
    union: Polygon | MultiPolygon = shapely.union_all(pieces)
    assert union.symmetric_difference(polygon).area <= 1e-9 * polygon.area
    assert sum(piece.area for piece in pieces) == pytest.approx(polygon.area), "none overlap"
    assert all(piece.is_valid and piece.geom_type == "Polygon" for piece in pieces)
    assert max(shapely.get_num_coordinates(pieces)) <= MAX_VERTICES


def test_small_polygon_stays_whole() -> None:
    assert subdivide(TRIANGLE) == [TRIANGLE]
