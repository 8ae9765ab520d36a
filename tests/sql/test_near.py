"""Distances are those of PROJ to the nearest point of an outline, also where a degree is short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from catalog import Catalog, index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

GEOD = Geod(ellps="WGS84")
ARCTIC = SyntheticScene(
    "summer", 25, 32643, (569712.338993, 7841192.83606), 31, (0, 1, 2, 31, 32, 33, 62, 63, 64)
)
"""At 70 degrees north, away from the central meridian: outlines are rotated."""


@pytest.fixture(scope="module")
def arctic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("arctic")
    for _ in write_scene(folder / "SEN12MS", ARCTIC, sparse=("s1", "s2", "lc")):
        pass
    index(folder / "SEN12MS", into=folder / "catalog")
    with Catalog.open(folder / "catalog") as cat:
        yield cat


def geodesic_km(longitude: float, latitude: float, outline: BaseGeometry, crs: str) -> float:
    """To the nearest of many points of the outline."""
    if outline.contains(shapely.Point(longitude, latitude)):
        return 0.0
    to_utm = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    ring = shapely.get_coordinates(outline.exterior)
    plane = shapely.LinearRing(np.column_stack(to_utm.transform(*ring.T)))
    along = shapely.get_coordinates(plane.segmentize(2.0))
    points = to_utm.transform(*along.T, direction="INVERSE")
    many = np.ones(len(along))
    _, _, metres = GEOD.inv(longitude * many, latitude * many, *points)
    return float(metres.min()) / 1000


@pytest.mark.parametrize("seed", range(6))
def test_distance_is_that_of_proj_to_the_outline(arctic: Catalog, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = arctic.sql("SELECT id, ST_AsWKB(geometry), crs, lon, lat FROM patches").fetchall()
    longitude = rows[0][3] + random.uniform(-0.4, 0.4)
    latitude = rows[0][4] + random.uniform(-0.1, 0.1)
    radius = random.uniform(5, 25)
    query = f"SELECT id, distance_km FROM patches_near({longitude}, {latitude}, {radius})"
    found = dict(arctic.sql(query).fetchall())
    for name, wkb, crs, *_ in rows:
        distance = geodesic_km(longitude, latitude, shapely.from_wkb(bytes(wkb)), crs)
        if abs(distance - radius) > 0.01:
            assert (name in found) == (distance < radius)
        if name in found:
            assert found[name] == pytest.approx(distance, rel=1e-3, abs=0.002)


def test_neighbours_around_a_patch_are_those_of_all_pairs(cat: Catalog) -> None:
    pairs = cat.sql("FROM overlapping_pairs()").fetchall()
    least = 1.0
    for name in cat.select(season="spring").ids:
        query = f"SELECT id, overlap FROM patches_overlapping('{name}')"
        around = dict(cat.sql(query).fetchall())
        assert set(around) == {b if a == name else a for a, b in pairs if name in {a, b}}
        least = min(least, *around.values())
    assert least < 1e-6, "some only touch"
