"""The three images of one patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.datasets.legacy import SENSORS
from catalog.errors import FileError
from catalog.source.pixels import PixelReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from catalog.model import Grid


@dataclass(frozen=True, slots=True)
class Triplet:
    """The images of one patch, as the files hold them, and where they are."""

    id: str
    """`ROIs1158_spring_1_p30`."""
    s1: NDArray[np.float32]
    """VV, VH: (2, rows, columns), backscatter in dB."""
    s2: NDArray[np.uint16]
    """B1 … B12: (13, rows, columns), reflectance × 10,000."""
    lc: NDArray[np.uint8]
    """IGBP and three LCCS legends: (4, rows, columns), class codes."""
    bounds: tuple[float, float, float, float]
    """Left, bottom, right, top in the unit of the CRS: metres."""
    crs: str | None
    """`EPSG:32737`; None where the files name no registered CRS."""
    transform: tuple[float, ...]
    """Affine coefficients a to f: x = a·column + b·row + c, y = d·column + e·row + f."""
    lon: float
    """Longitude of the centre, degrees (WGS 84)."""
    lat: float
    """Latitude of the centre, degrees (WGS 84)."""


def read_triplet(
    patch: str, paths: Mapping[str, str | None], place: tuple[float, float]
) -> Triplet:
    """Read the three files of a patch.

    Parameters
    ----------
    patch : str
        Its id.
    paths : mapping
        Path of the file of each sensor; None where the catalog knows none.
    place : (float, float)
        Longitude and latitude of its centre.

    Raises
    ------
    FileError
        If one of the files is missing, cannot be read or lies elsewhere than the others; the
        message names it.
    """
    reader = PixelReader()
    images: dict[str, NDArray[Any]] = {}
    grids: dict[str, Grid] = {}
    for sensor in SENSORS:
        path = paths[sensor]
        if path is None:
            raise FileError(f"{patch} has no {sensor}: the catalog was made without that file")
        pixels, grids[sensor] = reader.read(path)
        images[sensor] = np.ascontiguousarray(pixels)
    grid = grids["s1"]
    for sensor, other in grids.items():
        if other != grid:
            raise FileError(f"{paths[sensor]} lies on another grid than the s1 of its patch")
    return Triplet(
        patch, **images, bounds=_bounds(grid), crs=grid.crs, transform=grid.transform,
        lon=place[0], lat=place[1],
    )  # fmt: skip


def _bounds(grid: Grid) -> tuple[float, float, float, float]:
    a, b, c, d, e, f = grid.transform
    rows, columns = grid.shape
    x = [a * u + b * v + c for u in (0, columns) for v in (0, rows)]
    y = [d * u + e * v + f for u in (0, columns) for v in (0, rows)]
    return min(x), min(y), max(x), max(y)
