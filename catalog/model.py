"""The nouns: patches and their keys, headers and grids, files that were rejected. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

GDAL_PREFIX: Final = "/vsitar/{"
_GDAL_SCHEMES: Final = {"s3://": "/vsis3/", "gs://": "/vsigs/", "az://": "/vsiaz/"}
_SCHEMES: Final = (*_GDAL_SCHEMES, "http://", "https://")
_SECOND: Final = "is a second file of the same patch and sensor"
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
        return self.new + (unquote(below) if is_web(self.old) else below)


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
    """Byte where the pixels start if they are all that follows: uncompressed, little-endian, in the
    order of rows, columns, bands; None for any other layout."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is not in the catalog, and why."""

    path: str
    """The file: a path, URL or GDAL `/vsi` name."""
    reason: str
    """One sentence."""

    @classmethod
    def second(cls, path: str, first: str) -> Self:
        """A file of a patch and sensor of which the catalog has another one."""
        return cls(path, f"{_SECOND}: the catalog has {first}")

    @property
    def is_second(self) -> bool:
        """Whether the catalog has another file of its patch and sensor."""
        return self.reason.startswith(_SECOND)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as a catalog or manifest says."""

    subject: str
    """The file, patch or scene."""
    problem: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What was read of one file."""

    key: PatchKey
    """The patch that its name stands for."""
    sensor: str
    """The sensor in its name."""
    path: str
    """The file: a path, or GDAL's `/vsitar` name of a member of an archive."""
    size: int
    """Bytes."""
    grid: Grid | None
    """Where its pixels lie; None if it was rejected."""
    counts: NDArray[np.int32] | None
    """Pixels by band and code, shape (bands, 256); None where the pixels are not class codes."""
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
class Grids:
    """Where the pixels of n rasters lie, a column at a time."""

    crs: NDArray[np.object_]
    """`AUTHORITY:CODE` of each, or None; shape (n,)."""
    shape: NDArray[np.int32]
    """Rows, columns; shape (n, 2)."""
    transform: NDArray[np.float64]
    """Affine coefficients a to f, as of a `Grid`; shape (n, 6)."""

    @classmethod
    def of(cls, grids: Sequence[Grid]) -> Grids:
        """The grids as columns."""
        import numpy as np

        crs = np.empty(len(grids), object)
        crs[:] = [grid.crs for grid in grids]
        shape = np.array([grid.shape for grid in grids], np.int32).reshape(-1, 2)
        transform = np.array([grid.transform for grid in grids], float).reshape(-1, 6)
        return cls(crs, shape, transform)

    def take(self, rows: NDArray[Any]) -> Grids:
        """Some of them, by position or by a mask."""
        return Grids(self.crs[rows], self.shape[rows], self.transform[rows])

    def followed_by(self, others: Grids) -> Grids:
        """These, then others."""
        import numpy as np

        return Grids(
            np.concatenate([self.crs, others.crs]),
            np.concatenate([self.shape, others.shape]),
            np.concatenate([self.transform, others.transform]),
        )

    def equal(self, other: Grids) -> NDArray[np.bool_]:
        """Which are the same as those of as many others."""
        import numpy as np

        same: NDArray[np.bool_] = np.equal(self.crs, other.crs).astype(bool)
        same &= (self.shape == other.shape).all(axis=1)
        same &= (self.transform == other.transform).all(axis=1)
        return same


@dataclass(frozen=True, slots=True)
class Assets:
    """The files of one sensor for n patches."""

    hrefs: list[str | None]
    """Path, URL or GDAL `/vsi` name of each; None where the patch has no such file."""
    sizes: NDArray[np.int64]
    """Bytes; 0 where there is no file."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was read of one scene: n patches, a column at a time, in order of their numbers."""

    key: SceneKey
    """Season, scene."""
    numbers: NDArray[np.int64]
    """The number of each patch."""
    grids: Grids
    """The grid that all files of a patch agree on."""
    assets: Mapping[str, Assets]
    """The files by sensor."""
    counts: NDArray[np.int32]
    """Pixels by band and code of the patches with a classified file, in order: (m, bands, 256)."""
    rejected: tuple[Rejected, ...]
    """In order of the path."""


def is_url(path: str) -> bool:
    """Whether a path is a URL of an object store or web server."""
    return path.startswith(_SCHEMES)


def is_web(path: str) -> bool:
    """Whether a path is a URL of a web server, where names are written in percent codes."""
    return path.startswith(("http://", "https://"))


def gdal_root(archive: str) -> str:
    """GDAL's name of what is in an archive: `/vsitar/{/data/a.tar.gz}`."""
    return f"{GDAL_PREFIX}{gdal_name(archive)}}}"


def gdal_name(path: str) -> str:
    """GDAL's name of a file: `/vsis3/bucket/a.tif` of `s3://bucket/a.tif`, and of a path itself."""
    for scheme, prefix in _GDAL_SCHEMES.items():
        if path.startswith(scheme):
            return f"{prefix}{path.removeprefix(scheme)}"
    return f"/vsicurl/{path}" if is_url(path) else path


def archive_of(root: str) -> str:
    """The archive that GDAL's name stands for; the inverse of `gdal_root`."""
    name = root.removeprefix(GDAL_PREFIX).removesuffix("}")
    for scheme, prefix in _GDAL_SCHEMES.items():
        if name.startswith(prefix):
            return f"{scheme}{name.removeprefix(prefix)}"
    return name.removeprefix("/vsicurl/")


def is_member(path: str) -> bool:
    """Whether a path is GDAL's name of an archive, or of a file in one."""
    return path.startswith(GDAL_PREFIX)


def counted(number: int, noun: str) -> str:
    """`1 patch`, `2 patches`, `3 countries`."""
    plural = {"patch": "patches", "country": "countries"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"
