"""The nouns: patches and their keys, headers and grids, files that were rejected. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

EDGES: Final = ("xmin", "ymin", "xmax", "ymax")
"""Of a box, as GeoParquet's covering names them."""


class SceneKey(NamedTuple):
    """What identifies a scene: the scene number alone is used in several seasons."""

    season: str
    """Season in the file name."""
    scene: int
    """Scene number in the file name."""


class PatchKey(NamedTuple):
    """What identifies a patch."""

    season: str
    """Season in the file name."""
    scene: int
    """Scene number in the file name."""
    patch: int
    """Patch number in the file name: the row-major index in the grid of the scene."""

    @property
    def of_scene(self) -> SceneKey:
        """The scene that the patch is cut from."""
        return SceneKey(self.season, self.scene)


class Rebase(NamedTuple):
    """Where the files of a dataset are, which was moved since."""

    old: str | None = None
    """What hrefs start with; None where nothing was moved."""
    new: str = ""
    """The path that stands in its place."""

    def of(self, href: str) -> str:
        """Where a file is now; as the macro `rebase` says it."""
        if self.old is None or not href.startswith(self.old):
            return href
        below = href.removeprefix(self.old)
        return self.new + (unquote(below) if "://" in self.old else below)


UNMOVED: Final = Rebase()
"""Leaves hrefs as they are."""


class Grid(NamedTuple):
    """Where the pixels of a raster lie."""

    crs: str | None
    """`AUTHORITY:CODE`, or None where the file names no registered CRS."""
    shape: tuple[int, int]
    """Rows, columns."""
    transform: tuple[float, float, float, float, float, float]
    """Affine coefficients a, b, c, d, e, f: x = a·column + b·row + c, in the CRS's unit."""


@dataclass(frozen=True, slots=True)
class RasterHeader:
    """What the header of one GeoTIFF says."""

    grid: Grid
    """CRS, shape and transform."""
    bands: int
    """Number of bands."""
    dtype: str
    """Data type of the pixels, named as numpy does."""
    data_offset: int | None
    """Byte where the pixels start if they are one uncompressed, pixel-interleaved, little-endian
    run to `data_end`; None for any other layout."""
    data_end: int
    """Bytes that the file must have for all of its pixels to be there; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is not in the catalog, and why."""

    path: str
    """The file: a path, URL or GDAL `/vsi` name."""
    reason: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What was read of one file."""

    key: PatchKey
    """The patch that its name stands for."""
    sensor: str
    """`s1`, `s2` or `lc`."""
    path: str
    """The file: a path, or GDAL's `/vsitar` name of a member of an archive."""
    size: int
    """Bytes."""
    grid: Grid | None
    """Where its pixels lie; None if it was rejected."""
    counts: NDArray[np.int32] | None
    """Pixels per land-cover band and code, shape (4, 256); None for other files."""
    reason: str | None
    """Why it was rejected; None if it was not."""


class Member(NamedTuple):
    """A file in an archive."""

    record: FileRecord
    """What was read of it."""
    name: str
    """Its name in the archive."""
    offset: int
    """Byte of the unpacked archive where it starts."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a patch."""

    href: str
    """Path, URL or GDAL `/vsi` name."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Patch:
    """The files of one patch, which agree on the grid."""

    key: PatchKey
    """Season, scene, patch."""
    grid: Grid
    """The grid of all its files."""
    assets: Mapping[str, Asset]
    """The file of each sensor that is there."""
    counts: NDArray[np.int32] | None
    """Pixels per land-cover band and code, shape (4, 256); None without a land-cover file."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was read of one scene."""

    key: SceneKey
    """Season, scene."""
    patches: tuple[Patch, ...]
    """In order of the patch number."""
    rejected: tuple[Rejected, ...]
    """In order of the path."""
