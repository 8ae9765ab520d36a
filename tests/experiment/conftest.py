"""Squares like patches, anywhere on Earth, and a small dataset whose images have pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from pyproj import Geod

from catalog import Catalog, index
from catalog.experiment.outlines import PatchOutlines, outlines_from_footprints
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Squares = Callable[..., PatchOutlines]

GEOD = Geod(ellps="WGS84")
HALF_DIAGONAL_M = 1280 * 2**0.5

PIXEL_SCENES = (
    SyntheticScene(
        "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (180, 181, 209, 210)
    ),
    SyntheticScene("spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, (30, 59)),
)
"""Italy and Mozambique: six patches with all their pixels."""


def square(longitude: float, latitude: float) -> shapely.Geometry:
    """A square of 2,560 m around a place, split at the antimeridian as footprints are."""
    corners = [
        GEOD.fwd(longitude, latitude, azimuth, HALF_DIAGONAL_M)[:2]
        for azimuth in (-45, -135, 135, 45)
    ]
    ring = [((x - longitude + 180) % 360 - 180 + longitude, y) for x, y in corners]
    whole = shapely.Polygon(ring)
    west, _, east, _ = whole.bounds
    if east <= 180 and west >= -180:
        return whole
    shift = 360 if west < -180 else -360
    inside = whole.intersection(shapely.box(-180, -90, 180, 90))
    outside = shapely.transform(whole, lambda points: points + np.array([shift, 0]))
    outside = outside.intersection(shapely.box(-180, -90, 180, 90))
    return shapely.multipolygons([inside, outside])


@pytest.fixture(scope="session")
def squares() -> Squares:
    """PatchOutlines from longitudes, latitudes and the scene of each."""

    def build(points: Sequence[tuple[float, float]], scenes: Sequence[str]) -> PatchOutlines:
        outlines = np.array([square(*point) for point in points], dtype=object)
        ids = [f"{scene}_p{number}" for number, scene in enumerate(scenes)]
        columns = {"id": ids, "scene_id": list(scenes), "country": [None] * len(ids)}
        return outlines_from_footprints(columns, outlines.reshape(-1))

    return build


@pytest.fixture(scope="session")
def pixels_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pixels") / "SEN12MS"
    for scene in PIXEL_SCENES:
        for _ in write_scene(root, scene):
            pass
    return root


@pytest.fixture(scope="session")
def pixels_out(pixels_root: Path) -> Path:
    out = pixels_root.parent / "catalog"
    index(pixels_root, into=out, workers=1)
    return out


@pytest.fixture
def pixels_cat(pixels_out: Path) -> Iterator[Catalog]:
    with Catalog.open(pixels_out) as catalog:
        yield catalog


OFFICIAL_SCENES = (
    SyntheticScene("spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, (30, 31, 32)),
    SyntheticScene("spring", 11, 32737, (474132.3389928384, 8118022.836060452), 29, (30, 31)),
    SyntheticScene("spring", 117, 32737, (574132.3389928384, 8118022.836060452), 29, (30, 31)),
    SyntheticScene("spring", 17, 32721, (183800.50983261428, 8429043.966125323), 29, (30, 31, 59)),
    SyntheticScene("spring", 15, 32737, (274132.3389928384, 8118022.836060452), 29, (30, 31)),
)
"""Two scenes that are held out, 17 and 15, and three whose numbers start alike."""


@pytest.fixture(scope="session")
def official_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("official")
    for scene in OFFICIAL_SCENES:
        for _ in write_scene(root / "SEN12MS", scene, sparse=("s1", "s2", "lc")):
            pass
    index(root / "SEN12MS", into=root / "catalog", workers=1)
    return root / "catalog"


@pytest.fixture
def official_cat(official_out: Path) -> Iterator[Catalog]:
    with Catalog.open(official_out) as catalog:
        yield catalog
