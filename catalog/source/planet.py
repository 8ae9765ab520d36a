"""An invented planet: what Sentinel-1, Sentinel-2 and MODIS would see of it.

The ground is a function of position and seed alone: smooth noise decides where water, towns, open
and dense vegetation lie, latitude decides which classes these are. The land cover samples that
ground at MODIS cells, the images show it at 10 m.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import degrees, radians
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from catalog.datasets import SEN12MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Tile = NDArray[Any]

IMAGED: Final = frozenset({"s1", "s2", "s2_cloudy", "lc"})
"""The sensors that see it."""
SOUTH: Final = 327
"""How the EPSG codes of southern UTM zones start."""

# Of a patch: pixels to the next one, and metres.
_STRIDE, _PIXEL_M = SEN12MS.stride_pixels, SEN12MS.resolution_m
_TILE_M: Final = _STRIDE * _PIXEL_M
_RADIUS_M: Final = 6_371_007.181  # of the sphere of MODIS
_CELL_M: Final = 463.3127165  # an edge of a MODIS cell

# Reflectance x 10,000 at the top of the atmosphere, B1 ... B12.
_NEEDLES: Final = (1200, 840, 730, 420, 700, 1500, 1850, 1850, 2050, 650, 11, 900, 420)
_LEAVES: Final = (1220, 860, 850, 460, 850, 2000, 2500, 2450, 2750, 800, 12, 1350, 600)
_GRASS: Final = (1260, 960, 1110, 620, 1250, 2700, 3400, 3350, 3700, 1000, 13, 2000, 1000)
_STRAW: Final = (1400, 1170, 1280, 1310, 1800, 2150, 2350, 2450, 2650, 1000, 14, 3000, 2100)
_LITTER: Final = (1320, 1020, 960, 930, 1150, 1550, 1750, 1750, 1950, 700, 12, 1900, 1150)
_SOIL: Final = (1460, 1210, 1220, 1350, 1600, 1750, 1880, 1930, 2100, 850, 14, 2700, 2200)
_SAND: Final = (1680, 1620, 1950, 2600, 2850, 3000, 3150, 3200, 3400, 1400, 18, 4300, 3800)
_ROOFS: Final = (1720, 1560, 1520, 1580, 1680, 1820, 1930, 2030, 2090, 880, 17, 2100, 1800)
_SEA: Final = (1360, 1050, 790, 470, 410, 330, 320, 280, 250, 150, 12, 130, 90)
_SILT: Final = (1420, 1180, 1080, 880, 830, 600, 590, 520, 470, 220, 13, 190, 120)
_SNOW: Final = (6900, 6900, 6800, 6700, 6600, 6500, 6400, 6400, 6200, 3000, 50, 900, 700)

# By IGBP code, from 1: codes of LCCS land cover, land use and hydrology; a lush and a bare surface;
# least and greatest share of the lush, part of it that winter takes; contrast; VV and VH in dB.
_COVERS: Final = (
    ((11, 10, 10), _NEEDLES, _LITTER, (0.8, 1.0, 0.1), 0.16, (-9.6, -15.6)),
    ((12, 10, 10), _LEAVES, _NEEDLES, (0.6, 1.0, 0.1), 0.14, (-8.2, -13.6)),
    ((13, 10, 10), _NEEDLES, _LITTER, (0.6, 1.0, 0.7), 0.16, (-10.0, -16.0)),
    ((14, 10, 10), _LEAVES, _LITTER, (0.8, 1.0, 0.8), 0.14, (-9.0, -14.6)),
    ((16, 10, 10), _LEAVES, _NEEDLES, (0.1, 0.9, 0.6), 0.15, (-9.3, -15.0)),
    ((41, 40, 40), _LEAVES, _STRAW, (0.3, 0.8, 0.4), 0.16, (-11.0, -17.0)),
    ((43, 40, 40), _GRASS, _SAND, (0.1, 0.4, 0.4), 0.14, (-13.5, -21.5)),
    ((21, 20, 20), _LEAVES, _STRAW, (0.4, 0.8, 0.5), 0.18, (-10.4, -16.4)),
    ((22, 20, 20), _GRASS, _STRAW, (0.2, 0.6, 0.5), 0.14, (-11.4, -17.8)),
    ((31, 30, 30), _GRASS, _STRAW, (0.3, 0.8, 0.6), 0.08, (-12.6, -19.6)),
    ((31, 30, 50), _GRASS, _SILT, (0.3, 0.8, 0.6), 0.12, (-11.6, -18.4)),
    ((31, 36, 30), _GRASS, _SOIL, (0.0, 1.0, 0.6), 0.06, (-11.2, -18.2)),
    ((42, 9, 30), _LITTER, _ROOFS, (0.0, 0.9, 0.2), 0.24, (-4.8, -11.6)),
    ((22, 35, 30), _GRASS, _STRAW, (0.1, 1.0, 0.6), 0.12, (-10.8, -17.0)),
    ((2, 2, 2), _SNOW, _SNOW, (0.0, 1.0, 0.0), 0.04, (-11.5, -17.5)),
    ((1, 1, 1), _SAND, _SOIL, (0.5, 1.0, 0.0), 0.06, (-15.0, -24.0)),
    ((3, 3, 3), _SILT, _SEA, (0.0, 0.6, 0.0), 0.02, (-20.0, -27.5)),
)
_LAND_COVER: Final = np.array([(n, *row[0]) for n, row in enumerate(_COVERS, 1)], "u1").view("<u4")
_WETLAND, _CROP, _URBAN, _MOSAIC, _WATER = 11, 12, 13, 14, 17

# IGBP codes from open to dense vegetation, by climate; then by degree of latitude.
_CLIMATES: Final = (
    (14, 12, 12, 14, 10, 9, 9, 8, 8, 14, 2, 2, 2, 2, 2, 2),
    (7, 10, 12, 12, 14, 9, 9, 9, 9, 8, 8, 8, 8, 5, 4, 2),
    (16, 16, 16, 16, 16, 16, 7, 7, 7, 10, 10, 12, 12, 12, 9, 6),
    (12, 12, 12, 12, 12, 10, 7, 6, 9, 9, 8, 8, 5, 4, 4, 1),
    (12, 12, 12, 12, 12, 12, 12, 14, 10, 8, 4, 4, 5, 5, 5, 1),
    (12, 10, 10, 9, 9, 8, 8, 8, 5, 5, 1, 1, 1, 3, 3, 1),
    (15, 15, 15, 16, 16, 7, 7, 10, 10, 10, 7, 7, 10, 8, 8, 8),
)
_CLASS_OF: Final = np.repeat(np.array(_CLIMATES, "u1"), (8, 11, 12, 11, 13, 12, 24), axis=0)

_RANKS, _SHADES = 16, 32
_GREENNESS: Final = {"spring": 0.7, "summer": 1.0, "fall": 0.6, "winter": 0.1}
# How much of the ground's texture each band of s2 shows (air veils the blue), and its own noise.
_CONTRAST: Final = np.array((0.2, 0.4, 0.6, 1, 1, 1, 1, 1, 1, 0.5, 0.3, 1, 1))
_NOISE: Final = np.array((6, 9, 10, 12, 12, 14, 16, 20, 18, 8, 1, 16, 14))

# Smooth fields: a number of their own, and the scales of their detail in metres.
_LATITUDE: Final = (1, (300_000,))
_DENSITY: Final = (2, (8000, 3500, 1600, 700, 300, 130, 60))
_WET: Final = (3, (26_000, 9000, 3000, 1000, 300))
_RIVER: Final = (4, (14_000, 5000, 1500))
_TOWN: Final = (5, (11_000, 2500, 500))
_BEND: Final = (6, (8000, 3000))
_VIGOUR: Final = (7, (700, 250, 90, 35))
_CLOUD: Final = (8, (4000, 1500, 500, 150))
_CLOUD_NUMBER: Final = 8500  # reflectance x 10,000 of a cloud, in all bands
_ROUGHNESS = 0.6
_TOWN_ABOVE, _MARSH_ABOVE, _LAKE_ABOVE, _RIVER_BELOW = 1.6, 1.55, 1.65, 0.012
_VILLAGE_BELOW, _ROAD_M = -0.96, 12


def _hash(seed: int, north: NDArray[np.int64], east: NDArray[np.int64]) -> Floats:
    """Random numbers from -1 to 1 that depend on nothing but the arguments (after MurmurHash3)."""
    bits = north.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    bits = bits + east.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
    bits += np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        bits ^= bits >> np.uint64(33)
        bits *= np.uint64(factor)
    return (bits >> np.uint64(11)).astype(np.float64) * 2**-52 - 1


class _Axis(NamedTuple):
    """Evenly spaced northings or eastings."""

    start_m: float
    step_m: float
    length: int

    def positions(self) -> Floats:
        return self.start_m + self.step_m * np.arange(self.length, dtype=np.float64)


@lru_cache(1024)
def _spline(axis: _Axis, scale_m: int) -> tuple[Floats, NDArray[np.int64]]:
    """Weights of the nodes of a cubic B-spline along an axis, and the numbers of the nodes."""
    positions = axis.positions() / scale_m
    nodes = np.arange(np.floor(positions.min()) - 1, np.floor(positions.max()) + 3)
    distance = np.abs(positions[:, None] - nodes)
    near, far = np.maximum(1 - distance, 0), np.maximum(2 - distance, 0)
    return (far * far * far - 4 * near * near * near) / 6, nodes.astype(np.int64)


def _smooth(seed: int, field: tuple[int, tuple[int, ...]], north: _Axis, east: _Axis) -> Floats:
    """A random field of standard deviation 1 where two axes cross."""
    number, scales = field
    # The nodes are uniform between -1 and 1; the spline leaves 0.277 of that.
    deviation = 0.277 * float(np.hypot.reduce([scale**_ROUGHNESS for scale in scales]))
    # More than 32 rows at a time would wake the threads of OpenBLAS, at a loss.
    total = np.zeros((-(-north.length // 32), min(north.length, 32), east.length))
    for octave, scale in enumerate(scales):
        rows, row_nodes = _spline(north, scale)
        columns, column_nodes = _spline(east, scale)
        values = _hash(100 * seed + 10 * number + octave, row_nodes[:, None], column_nodes)
        blocks = rows.reshape(*total.shape[:2], -1)
        total += blocks @ (scale**_ROUGHNESS * values) @ columns.T
    return total.reshape(north.length, east.length) / deviation


def _classes(seed: int, north: _Axis, east: _Axis) -> NDArray[np.uint8]:
    """IGBP codes of the ground where two axes cross."""
    latitude = np.degrees(north.positions() / _RADIUS_M)[:, None]
    latitude = np.abs(latitude + 4 * _smooth(seed, _LATITUDE, north, east)).clip(0, 90)
    density = (_smooth(seed, _DENSITY, north, east) * 0.27 + 0.5).clip(0, 0.999) * _RANKS
    codes: NDArray[np.uint8] = _CLASS_OF[latitude.astype(np.intp), density.astype(np.intp)]
    wet = _smooth(seed, _WET, north, east)
    river = np.abs(_smooth(seed, _RIVER, north, east))
    codes[_smooth(seed, _TOWN, north, east) > _TOWN_ABOVE] = _URBAN
    codes[wet > _MARSH_ABOVE] = _WETLAND
    codes[(wet > _LAKE_ABOVE) | (river < _RIVER_BELOW)] = _WATER
    return codes


def _plots(seed: int, edge_m: Floats | int, along: Floats, across: Floats) -> Floats:
    """Numbers from -1 to 1, each of one plot of land, by metres along and across rows of plots."""
    row = np.floor(along / edge_m).astype(np.int64)
    width = edge_m * (1.4 + 0.8 * _hash(seed, row, row))
    return _hash(seed, row, np.floor(across / width).astype(np.int64))


@cache
def _grain(seed: int, season: str) -> dict[str, Tile]:
    """White noise over 2 x 2 tiles: the shade of the ground (s.d. 1), speckle in dB, s2's noise."""
    shape = (2 * _STRIDE, 2 * _STRIDE, 16)
    random = np.random.default_rng((seed, list(SEN12MS.seasons).index(season)))
    white = random.standard_normal(shape, np.float32).clip(-3, 3)
    noise = np.rint(white[..., 3:] * _NOISE).astype("<i2")
    return {"ground": white[..., 0].copy(), "s1": 1.7 * white[..., 1:3], "s2": noise}


def _looks(season: str, latitude: float) -> dict[str, Tile]:
    """Pixels of s1 and s2, by class less one, vigour and shade, all in one index."""
    local = season if latitude > 0 else SEN12MS.seasons[season].opposite
    loss = (1 - _GREENNESS[local]) * min(abs(latitude) / 45, 1)
    vigour = np.linspace(0, 1, _RANKS)[:, None, None]
    shade = np.linspace(-2, 2, _SHADES)[:, None]
    backscatter, reflectance = [], []
    for _, lush, bare, (low, high, seasonal), contrast, echo in _COVERS:
        share = (low + (high - low) * vigour) * (1 - loss * seasonal)
        surface = np.array(bare) + share * np.subtract(lush, bare)
        reflectance.append(surface * (1 + contrast * shade * _CONTRAST))
        backscatter.append(np.array(echo) + 2 * share - 1 + 6 * contrast * shade)
    decibels, numbers = np.array(backscatter, "<f4"), np.rint(reflectance).astype("<i2")
    return {"s1": decibels.reshape(-1, 2), "s2": numbers.reshape(-1, 13)}


class Ground:
    """Pixels of one scene, made tile by tile: a tile is the quarter that four patches share.

    Parameters
    ----------
    seed : int
        Another seed is another planet.
    season : str
        When it is seen.
    epsg : int
        UTM zone.
    origin : tuple of float
        Easting, northing of the upper-left corner of the scene, metres.
    columns : int
        Width of the scene in patches.
    """

    def __init__(
        self, seed: int, season: str, epsg: int, origin: tuple[float, float], columns: int
    ) -> None:
        self._columns, self._seed = columns, seed
        self._meridian_m = _RADIUS_M * radians(epsg % 100 * 6 - 183)
        # North of the equator, east of Greenwich: no two zones lie in one place.
        self._north_m = origin[1] - (10_000_000 if epsg // 100 == SOUTH else 0)
        self._east_m = origin[0] - 500_000 + self._meridian_m
        self._looks = _looks(season, degrees(self._north_m / _RADIUS_M))
        self._grain = _grain(seed, season)
        self._tile = lru_cache(3 * (columns + 3))(self._render)
        self._surface = lru_cache(8)(self._shape_surface)
        self._cells = cache(self._sample_cells)

    def pixels(self, sensor: str, patch: int) -> Tile:
        """Pixels of a patch, in the order of the file."""
        row, column = divmod(patch, self._columns)
        upper = self._tile(sensor, row, column), self._tile(sensor, row, column + 1)
        lower = self._tile(sensor, row + 1, column), self._tile(sensor, row + 1, column + 1)
        return np.vstack((np.hstack(upper), np.hstack(lower)))

    def _render(self, sensor: str, row: int, column: int) -> Tile:
        north_m = self._north_m - row * _TILE_M - _PIXEL_M / 2
        east_m = self._east_m + column * _TILE_M + _PIXEL_M / 2
        north = _Axis(north_m, -_PIXEL_M, _STRIDE)
        east = _Axis(east_m, _PIXEL_M, _STRIDE)
        if sensor == "lc":
            return self._land_cover(north, east)
        if sensor == "s2_cloudy":
            return self._clouded(self._tile("s2", row, column), north, east)
        index, window = self._surface(north, east)
        return self._looks[sensor].take(index, axis=0) + self._grain[sensor][window]

    def _clouded(self, clear: Tile, north: _Axis, east: _Axis) -> Tile:
        """What Sentinel-2 sees where a field of clouds drifts over the ground."""
        share = _smooth(self._seed, _CLOUD, north, east).clip(0, 1)[..., None]
        seen: Tile = np.rint(clear + share * (_CLOUD_NUMBER - clear)).astype(clear.dtype)
        return seen

    def _shape_surface(self, north: _Axis, east: _Axis) -> tuple[Tile, tuple[slice, slice]]:
        """Where the looks of the pixels of a tile stand, and which part of the noise is theirs."""
        seed = self._seed
        top, left = (int(axis.start_m // _TILE_M) % 2 * _STRIDE for axis in (north, east))
        window = slice(top, top + _STRIDE), slice(left, left + _STRIDE)
        codes = _classes(seed, north, east)
        vigour = _smooth(seed, _VIGOUR, north, east)
        shade = 0.9 * vigour + 0.5 * self._grain["ground"][window]
        if (plotted := (codes >= _CROP) & (codes <= _MOSAIC)).any():
            # Plots bend with the landscape, and some regions have small ones.
            bend = _smooth(seed, _BEND, north, east)
            y, x = north.positions()[:, None], east.positions()
            along, across = 0.9 * y + 0.45 * x + 500 * bend, 0.9 * x - 0.45 * y + 500 * bend
            plots = _plots(seed, np.where(bend > 0, 320, 170), along, across)
            vigour = np.where(plotted, 1.6 * plots + 0.5 * vigour, vigour)
            codes[(codes == _CROP) & (plots < _VILLAGE_BELOW)] = _URBAN
            shade = np.where(codes == _URBAN, 2 * _plots(seed, 50, along, across), shade)
            roads = plotted & (np.minimum(along % 900, across % 1300) < _ROAD_M)
            codes[roads], vigour[roads], shade[roads] = _URBAN, -2, 0
        ranks = ((vigour / 3 + 0.5).clip(0, 0.999) * _RANKS).astype(np.intp)
        shades = ((shade / 4 + 0.5).clip(0, 0.999) * _SHADES).astype(np.intp)
        return ((codes.astype(np.intp) - 1) * _RANKS + ranks) * _SHADES + shades, window

    def _land_cover(self, north: _Axis, east: _Axis) -> Tile:
        """The MODIS cells that the pixels fall in."""
        y, x = north.positions(), east.positions()
        rows = np.floor(y / _CELL_M).astype(np.int64)
        columns = np.floor((x - self._shear_m(y)[:, None]) / _CELL_M).astype(np.int64)
        tile = np.empty(columns.shape, "<u4")
        for row in range(rows.min(), rows.max() + 1):
            first, cells = self._cells(row)
            tile[rows == row] = cells[columns[rows == row] - first]
        return tile

    def _sample_cells(self, row: int) -> tuple[int, Tile]:
        """Number of the first cell of a row that the scene may touch, and all of them."""
        y = (row + 0.5) * _CELL_M
        shear = float(self._shear_m(np.array([y]))[0])
        first = int((self._east_m - shear) // _CELL_M) - 2
        count = int((self._columns + 1) * _TILE_M // _CELL_M) + 6
        east = _Axis((first + 0.5) * _CELL_M + shear, _CELL_M, count)
        return first, _LAND_COVER[_classes(self._seed, _Axis(y, 0, 1), east)[0] - 1, 0]

    def _shear_m(self, north: Floats) -> Floats:
        """How far MODIS's sinusoidal projection moves places towards Greenwich."""
        shear: Floats = self._meridian_m * (1 - np.cos(north / _RADIUS_M))
        return shear
