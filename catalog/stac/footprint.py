"""Outlines of patches in longitude and latitude."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import CRSError
from shapely import MultiPolygon, Polygon

from catalog.pieces import polygons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from catalog.model import Grid


def footprints(grids: Sequence[Grid]) -> NDArray[np.object_]:
    """Outlines of rasters on the ellipsoid: their four corners, transformed by PROJ.

    Parameters
    ----------
    grids : sequence of Grid
        Any mixture of CRSs; each CRS is transformed in one call.

    Returns
    -------
    array of shapely geometries, one a grid
        In degrees, longitude first (OGC:CRS84); counter-clockwise polygons, or multipolygons where
        the antimeridian splits them; None where the CRS is missing or unknown to PROJ, or where a
        corner has no place on Earth.
    """
    outlines = np.full(len(grids), None, dtype=object)
    codes = np.array([grid.crs or "" for grid in grids], dtype=object)
    for code in set(codes) - {""}:
        (members,) = np.nonzero(codes == code)
        rings = _rings(code, [grids[member] for member in members.tolist()])
        placed = (np.abs(rings) <= [180, 90]).all(axis=(1, 2))
        outlines[members[placed]] = _polygons(rings[placed])
    return outlines


def _rings(code: str, grids: Sequence[Grid]) -> NDArray[np.float64]:
    """Closed rings of shape (n, 5, 2), degrees; infinite where there is no place on Earth."""
    transforms = np.array([grid.transform for grid in grids])
    rows, columns = np.array([grid.shape for grid in grids], dtype=float).T
    zero = np.zeros_like(rows)
    u = np.stack([zero, zero, columns, columns, zero], axis=1)
    v = np.stack([zero, rows, rows, zero, zero], axis=1)
    a, b, c, d, e, f = (transforms[:, [k]] for k in range(6))
    x, y = a * u + b * v + c, d * u + e * v + f
    transformer = _transformer(code)
    if transformer is None:
        return np.full((len(grids), 5, 2), np.inf)
    return np.stack(transformer.transform(x, y), axis=-1)


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
