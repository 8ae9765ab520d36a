"""Outlines of patches in longitude and latitude."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import CRSError
from shapely import MultiPolygon, Polygon

from catalog.regions.subdivide import polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from catalog.model import Grids


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
        the antimeridian splits them; None where the CRS is missing or unknown to PROJ, or where a
        corner has no place on Earth.
    """
    outlines = np.full(len(grids.crs), None, dtype=object)
    for code in set(grids.crs.tolist()) - {None}:
        (members,) = np.nonzero(grids.crs == code)
        rings = _rings(code, grids.take(members))
        placed = (np.abs(rings) <= [180, 90]).all(axis=(1, 2))
        outlines[members[placed]] = _polygons(rings[placed])
    return outlines


def _rings(code: str, grids: Grids) -> NDArray[np.float64]:
    """Closed rings of shape (n, 5, 2), degrees; infinite where there is no place on Earth."""
    transformer = _transformer(code)
    if transformer is None:
        return np.full((len(grids.crs), 5, 2), np.inf)
    rows, columns = grids.shape.T.astype(float)
    zero = np.zeros_like(rows)
    u = np.stack([zero, zero, columns, columns], axis=1)
    v = np.stack([zero, rows, rows, zero], axis=1)
    a, b, c, d, e, f = (grids.transform[:, [k]] for k in range(6))
    corners = transformer.transform(a * u + b * v + c, d * u + e * v + f)
    return np.stack(corners, axis=-1)[:, [0, 1, 2, 3, 0]]


@lru_cache(maxsize=128)
def _transformer(code: str) -> Transformer | None:
    try:
        return Transformer.from_crs(code, "OGC:CRS84", always_xy=True)
    except CRSError:
        return None


def _polygons(rings: NDArray[np.float64]) -> NDArray[np.object_]:
    crossing = np.ptp(rings[:, :, 0], axis=1) > 180
    outlines = np.asarray(shapely.orient_polygons(shapely.polygons(rings)), dtype=object)
    for index in np.flatnonzero(crossing).tolist():
        outlines[index] = _split(rings[index])
    return outlines


def _split(ring: NDArray[np.float64]) -> BaseGeometry:
    """The two parts of a ring across the antimeridian, east of it first."""
    unrolled = ring.copy()
    unrolled[ring[:, 0] < 0, 0] += 360
    whole = Polygon(unrolled)
    east = shapely.intersection(whole, shapely.box(180, -90, 360, 90))
    west = shapely.intersection(whole, shapely.box(0, -90, 180, 90))
    back = shapely.transform(east, lambda points: points - [360, 0])
    parts = [*polygons(back), *polygons(west)]
    return shapely.orient_polygons(MultiPolygon(parts))
