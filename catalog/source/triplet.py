"""The images of one patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import FileError
from catalog.source.pixels import PixelReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from catalog.model import Grid


@dataclass(frozen=True, slots=True)
class Triplet:
    """The images of one patch, as the files hold them, and where they are.

    Images are attributes too: `triplet.s2` is `triplet.images["s2"]`.
    """

    id: str
    """`ROIs1158_spring_1_p30`."""
    images: Mapping[str, NDArray[Any]]
    """By sensor, in the order of the dataset: (bands, rows, columns) in the type of the file."""
    bounds: tuple[float, float, float, float]
    """Left, bottom, right, top in the unit of the CRS: metres."""
    crs: str | None
    """`EPSG:32737`; None where the files name no registered CRS."""
    transform: tuple[float, ...]
    """Affine coefficients a to f: x = a·column + b·row + c, y = d·column + e·row + f."""
    lon: float
    """Longitude of the centroid, degrees (WGS 84)."""
    lat: float
    """Latitude of the centroid, degrees (WGS 84)."""

    def __getattr__(self, name: str) -> NDArray[Any]:
        # While it is unpickled there are no images yet, and looking for them would never end.
        if name != "images" and name in self.images:
            return self.images[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def read_triplet(
    patch: str, paths: Mapping[str, str | None], centroid: tuple[float, float]
) -> Triplet:
    """Read the files of a patch.

    Parameters
    ----------
    patch : str
        Its id.
    paths : mapping
        Path of the file of each sensor; None where the catalog has none.
    centroid : (float, float)
        Longitude and latitude, degrees.

    Raises
    ------
    FileError
        If one of the files is missing, cannot be read or lies on another grid than the others; the
        message names it.
    """
    reader = PixelReader()
    images: dict[str, NDArray[Any]] = {}
    grids: dict[str, Grid] = {}
    for sensor, path in paths.items():
        if path is None:
            raise FileError(f"{patch} has no {sensor}: the catalog was made without that file")
        pixels, grids[sensor] = reader.read(path)
        images[sensor] = np.ascontiguousarray(pixels)
    first, grid = next(iter(grids.items()))
    for sensor, other in grids.items():
        if other != grid:
            raise FileError(f"{paths[sensor]} lies on another grid than the {first} of its patch")
    return Triplet(patch, images, bounds_of(grid), grid.crs, grid.transform, *centroid)


def bounds_of(grid: Grid) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a grid in the unit of its CRS."""
    a, b, c, d, e, f = grid.transform
    rows, columns = grid.shape
    x = [a * u + b * v + c for u in (0, columns) for v in (0, rows)]
    y = [d * u + e * v + f for u in (0, columns) for v in (0, rows)]
    return min(x), min(y), max(x), max(y)
