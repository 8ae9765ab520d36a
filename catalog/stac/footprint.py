"""Outlines of patches in longitude and latitude."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError
from shapely import MultiPolygon, Polygon

from catalog.regions.subdivide import polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from catalog.model import Grids

_TOLERANCE_PIXELS: Final = 0.1
"""One metre for pixels of 10 m."""
_NO_TRANSFORM: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""What GDAL gives where a file says nothing of it."""


def footprints(grids: Grids) -> NDArray[np.object_]:
    """Outlines of rasters on the ellipsoid: their four corners, transformed by PROJ.

    Parameters
    ----------
    grids : Grids
        Any mixture of CRSs; each CRS is transformed in one call.

    Returns
    -------
    array of shapely geometries, one a grid
        In degrees, longitude first (OGC:CRS84); counter-clockwise polygons, or multipolygons where
        the antimeridian splits them; None where there is no CRS or transform, PROJ cannot
        transform the CRS, or a corner has no place on Earth: that is, PROJ does not lead from its
        longitude and latitude back to it, to a tenth of a pixel; and where they enclose a pole, or
        no area.
    """
    outlines = np.full(len(grids.crs), None, dtype=object)
    for code in set(grids.crs.tolist()) - {None}:
        (members,) = np.nonzero(grids.crs == code)
        rings, placed = _rings(code, grids.take(members))
        outlines[members[placed]] = _polygons(rings[placed])
    return outlines


def _rings(code: str, grids: Grids) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Closed rings of shape (n, 5, 2), degrees, and which of them have a place on Earth."""
    rows, columns = grids.shape.T.astype(float)
    zero = np.zeros_like(rows)
    u = np.stack([zero, zero, columns, columns], axis=1)
    v = np.stack([zero, rows, rows, zero], axis=1)
    a, b, c, d, e, f = (grids.transform[:, [k]] for k in range(6))
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite has no place
        x, y = a * u + b * v + c, d * u + e * v + f
        try:
            transformer = _transformer(code)
            longitudes, latitudes = transformer.transform(x, y)
            # Of a raster that is not turned, two corners have all coordinates there are.
            some = slice(None, None, 1 if np.any([b, d]) else 2)
            back_x, back_y = transformer.transform(
                longitudes[:, some], latitudes[:, some], direction="INVERSE"
            )
        except ProjError:
            return np.empty((len(rows), 5, 2)), np.zeros(len(rows), np.bool_)
        off = np.maximum(np.abs(back_x - x[:, some]), np.abs(back_y - y[:, some]))
    placed = (off <= _TOLERANCE_PIXELS * np.abs([a, b, d, e]).max(axis=0)).all(axis=1)
    placed &= ((np.abs(longitudes) <= 180) & (np.abs(latitudes) <= 90)).all(axis=1)
    placed &= (grids.transform != _NO_TRANSFORM).any(axis=1)
    return np.stack([longitudes, latitudes], axis=-1)[:, [0, 1, 2, 3, 0]], placed


@lru_cache(maxsize=128)
def _transformer(code: str) -> Transformer:
    return Transformer.from_crs(code, "OGC:CRS84", always_xy=True)


def _polygons(rings: NDArray[np.float64]) -> NDArray[np.object_]:
    edges = np.diff(rings, axis=1)
    following = edges[:, [1, 2, 3, 0]]
    turns = edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0]
    clockwise = (turns < 0).all(axis=1)
    rings[clockwise] = rings[clockwise, ::-1]
    outlines = np.asarray(shapely.polygons(rings), dtype=object)
    crossing = np.ptp(rings[:, :, 0], axis=1) > 180
    for index in np.flatnonzero(crossing).tolist():
        outlines[index] = _split(rings[index])
    for index in np.flatnonzero(~crossing & ~clockwise & ~(turns > 0).all(axis=1)).tolist():
        outlines[index] = _oriented(outlines[index])
    return outlines


def _oriented(outline: BaseGeometry) -> BaseGeometry | None:
    """A counter-clockwise polygon; None where the corners enclose no area, or cross over."""
    return shapely.orient_polygons(outline) if outline.is_valid else None


def _split(ring: NDArray[np.float64]) -> BaseGeometry | None:
    """The two parts of a ring across the antimeridian, east of it first; None around a pole."""
    unrolled = ring.copy()
    unrolled[ring[:, 0] < 0, 0] += 360
    whole = Polygon(unrolled)
    if np.ptp(unrolled[:, 0]) > 180 or not whole.is_valid:
        return None
    east = shapely.intersection(whole, shapely.box(180, -90, 360, 90))
    west = shapely.intersection(whole, shapely.box(0, -90, 180, 90))
    back = shapely.transform(east, lambda points: points - [360, 0])
    parts = [*polygons(back), *polygons(west)]
    return shapely.orient_polygons(MultiPolygon(parts))
