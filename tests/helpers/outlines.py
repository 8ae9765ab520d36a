"""Outlines of regions, to compare them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import shapely

from catalog.query.literals import filled

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from catalog import Catalog
    from catalog.query.regions import Region

REGIONS = files("catalog") / "regions"
TRIANGLE = shapely.Polygon([(11, 44), (12.5, 44.2), (11.7, 45.1)])
"""In Italy, in UTM zone 32."""


def outline(region: Region) -> BaseGeometry:
    """All pieces together."""
    return shapely.union_all(shapely.from_wkt(list(region.pieces)))


def named_outline(region: Region, cat: Catalog) -> BaseGeometry:
    """All that the view `regions` has of a named region."""
    assert region.named
    kind, name = region.named
    query = filled(
        "SELECT ST_AsWKB(geometry) FROM regions WHERE kind = $kind AND name = $name",
        kind=kind,
        name=name,
    )
    rows = cat.session.fetch(query)
    return shapely.union_all(shapely.from_wkb([bytes(wkb) for (wkb,) in rows]))


def same(left: BaseGeometry, right: BaseGeometry) -> bool:
    """Equal but for rounding."""
    return left.symmetric_difference(right).area < 1e-7 * max(right.area, 1e-3)
