"""Outlines on the ellipsoid: distances in metres and shared area, anywhere on Earth.

Corners are placed in three dimensions (geocentric, WGS 84), where neither the antimeridian nor a
pole is special. What lies near is compared in a plane that touches the ellipsoid halfway between.
That plane foreshortens what is s metres from its middle by s² / 6R²: 2 in 1,000,000 at 20 km. Where
a distance is told, the plane lies between the two outlines, and the arc is computed from the chord.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from pyproj import Geod, Transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_WGS84: Final = Geod(ellps="WGS84")
_MEAN_RADIUS_M: Final = (2 * _WGS84.a + _WGS84.b) / 3
TOUCH_M: Final = 0.05
"""Outlines that are so near, or that overlap by so little, touch: 1/200 of a pixel."""
_NORMAL_SCALE: Final = np.array([1.0, 1.0, 1 / (1 - _WGS84.es)])
"""Makes the vector to a point of the ellipsoid the normal there."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Planes that touch the ellipsoid, one or as many as there are pairs."""

    east: Floats
    """Unit vectors, shape (…, 3)."""
    north: Floats
    """Unit vectors, shape (…, 3)."""

    def project(self, points: Floats) -> Floats:
        """Geocentric points (…, k, 3) as metres to the east and north, (…, k, 2)."""
        axes = np.stack([self.east, self.north], axis=-1)
        plane: Floats = points @ axes
        return plane


def plane_at(points: Floats) -> Plane:
    """Planes that touch the ellipsoid below or above some geocentric points of shape (…, 3)."""
    up = points * _NORMAL_SCALE
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    # Which way is east does not matter, only that it is far from up.
    polar = np.abs(up[..., 2:]) > 0.9
    axis = np.where(polar, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    east = np.cross(axis, up)
    east /= np.linalg.norm(east, axis=-1, keepdims=True)
    return Plane(east, np.cross(up, east))


def geocentric(degrees: Floats) -> Floats:
    """Longitude and latitude (…, 2) as geocentric coordinates (…, 3), metres."""
    longitude, latitude = np.moveaxis(degrees, -1, 0)
    return np.stack(_to_geocentric().transform(longitude, latitude, 0 * longitude), axis=-1)


@cache
def _to_geocentric() -> Transformer:
    return Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def rings_from_footprints(footprints: NDArray[np.object_]) -> Floats:
    """Corners of convex footprints, geocentric.

    Parameters
    ----------
    footprints : array of shapely geometries, shape (n,)
        In degrees (OGC:CRS84), small and convex; those that the antimeridian splits are joined.

    Returns
    -------
    float64 array of shape (n, k, 3)
        Counter-clockwise, not closed; a footprint of fewer corners repeats its last.
    """
    plain = (shapely.get_type_id(footprints) == _POLYGON) & (
        shapely.get_num_coordinates(footprints) == _CORNERS + 1
    )
    squares = shapely.orient_polygons(footprints[plain])
    corners = shapely.get_coordinates(squares).reshape(-1, _CORNERS + 1, 2)[:, :-1]
    others = [_hull(footprint) for footprint in footprints[~plain]]
    most = max([_CORNERS, *(len(ring) for ring in others)])
    rings = np.empty((len(footprints), most, 3))
    rings[plain, :_CORNERS] = geocentric(corners)
    rings[plain, _CORNERS:] = rings[plain, _CORNERS - 1 : _CORNERS]
    for index, ring in zip(np.flatnonzero(~plain), others, strict=True):
        rings[index] = ring[np.minimum(np.arange(most), len(ring) - 1)]
    return rings


_POLYGON: Final = 3
_CORNERS: Final = 4


def _hull(footprint: shapely.Geometry) -> Floats:
    """Corners of the convex hull of a footprint of any kind, geocentric and counter-clockwise."""
    points = geocentric(shapely.get_coordinates(footprint))
    flat = plane_at(points.mean(axis=0)).project(points)
    hull = shapely.orient_polygons(shapely.convex_hull(shapely.multipoints(flat)))
    order = [
        int(np.argmin(np.abs(flat - corner).sum(axis=1)))
        for corner in shapely.get_coordinates(hull)[:-1]
    ]
    return points[order]


def distances_m(a: Floats, b: Floats) -> Floats:
    """Shortest distances between pairs of outlines.

    Parameters
    ----------
    a, b : float64 arrays of shape (n, k, 3)
        Corners, geocentric.

    Returns
    -------
    float64 array of shape (n,)
        Metres along the ellipsoid; 0 where outlines touch or overlap.
    """
    plane = plane_at((a.mean(axis=1) + b.mean(axis=1)) / 2)
    chords = shapely.distance(polygons(plane.project(a)), polygons(plane.project(b)))
    return arc_from_chord(np.asarray(chords))


def polygons(flat: Floats) -> NDArray[np.object_]:
    """Outlines whose corners lie in a plane, (n, k, 2), as shapely polygons."""
    return np.asarray(shapely.polygons(flat), dtype=object)


def arc_from_chord(chord_m: Floats) -> Floats:
    """Length along the ellipsoid of a line that is that long in the plane between its ends."""
    half = np.minimum(chord_m / (2 * _MEAN_RADIUS_M), 1.0)
    arc: Floats = 2 * _MEAN_RADIUS_M * np.arcsin(half)
    return arc


def shared_areas_m2(a: Floats, b: Floats) -> Floats:
    """Areas that pairs of convex outlines share (Sutherland and Hodgman 1974, all at once).

    Parameters
    ----------
    a, b : float64 arrays of shape (n, k, 2)
        Corners in one plane, metres, counter-clockwise; the last may be repeated.

    Returns
    -------
    float64 array of shape (n,)
        Square metres.
    """
    corners = np.ascontiguousarray(np.moveaxis(a, 0, -1))  # corner, axis, pair
    starts = np.ascontiguousarray(np.moveaxis(b, 0, -1))
    ends = np.roll(starts, -1, axis=0)
    reach = [_left(corners, *edge).max(axis=0) for edge in zip(starts, ends, strict=True)]
    lengths = np.hypot(*np.moveaxis(ends - starts, 1, 0))
    meet = ((reach > TOUCH_M * lengths) | (lengths == 0)).all(axis=0)
    areas = np.zeros(len(a))
    corners = corners[..., meet]
    for start, end in zip(starts[..., meet], ends[..., meet], strict=True):
        corners = _clipped(corners, start, end)
    following = np.roll(corners, -1, axis=0)
    twice = corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]
    areas[meet] = np.abs(twice.sum(axis=0)) / 2
    return areas


def _left(corners: Floats, start: Floats, end: Floats) -> Floats:
    """How far corners lie on the left of an edge, times its length."""
    along_x, along_y = end - start
    left: Floats = along_x * (corners[:, 1] - start[1]) - along_y * (corners[:, 0] - start[0])
    return left


def _clipped(corners: Floats, start: Floats, end: Floats) -> Floats:
    """The part of each polygon on the left of an edge.

    Rounding may leave a polygon not quite convex, so that an edge along its side cuts off more than
    one corner.
    """
    left = _left(corners, start, end)
    following, next_left = np.roll(corners, -1, axis=0), np.roll(left, -1, axis=0)
    inside = left >= 0
    crosses = inside != (next_left >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(crosses, left / (left - next_left), 0.0)
    crossings = corners + share[:, None] * (following - corners)
    size = corners.shape[-1]
    most = (inside.sum(axis=0) + crosses.sum(axis=0)).max(initial=1)
    clipped = np.zeros((most, 2, size))
    filled, pairs = np.zeros(size, np.intp), np.arange(size)
    for k in range(len(corners)):
        for kept, points in ((inside[k], corners[k]), (crosses[k], crossings[k])):
            chosen = pairs[kept]
            clipped[filled[chosen], :, chosen] = points[:, chosen].T
            filled[chosen] += 1
    # Slots that stayed empty repeat the first corner: they add no area.
    for k in range(1, most):
        np.copyto(clipped[k], clipped[0], where=filled <= k)
    return clipped
