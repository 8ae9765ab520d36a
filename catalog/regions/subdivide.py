"""Large polygons, subdivided: a join compares rectangles first, which small ones fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import shapely

if TYPE_CHECKING:
    from shapely import Polygon

MAX_VERTICES: Final = 64
"""Of one piece, the closing vertex included."""


def subdivide(polygon: Polygon, max_vertices: int = MAX_VERTICES) -> list[Polygon]:
    """Halve a polygon across its longer side, and the halves, until all are small enough."""
    if shapely.get_num_coordinates(polygon) <= max_vertices:
        return [polygon]
    west, south, east, north = polygon.bounds
    if east - west >= north - south:
        middle = (west + east) / 2
        halves = [(west, south, middle, north), (middle, south, east, north)]
    else:
        middle = (south + north) / 2
        halves = [(west, south, east, middle), (west, middle, east, north)]
    return [
        piece
        for half in halves
        for part in polygons(polygon.intersection(shapely.box(*half)))
        for piece in subdivide(part, max_vertices)
    ]


def polygons(geometry: shapely.Geometry) -> list[Polygon]:
    """Polygons in a geometry, without the lines and points that repair and cutting leave."""
    parts = shapely.get_parts(shapely.get_parts(geometry))  # of collections, then of MultiPolygons
    return [part for part in parts if part.geom_type == "Polygon"]
