"""The country and continent of a footprint."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from pyproj import Geod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

NEAR_M: Final = 20_000.0
"""A footprint outside all countries belongs to the nearest within so many metres: boundaries at
1:50 million are generalised, and coasts are cut off."""

_ELLIPSOID: Final = Geod(ellps="WGS84")
_METRES_PER_DEGREE: Final = 110_500.0
"""At most, of latitude: a bound for the search, not a measure."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country as Natural Earth has it."""

    code: str | None
    """ISO 3166-1 alpha-3; None for a territory without a code of its own."""
    name: str
    """Name in English."""
    continent: str
    """Continent."""


class Gazetteer:
    """Finds the country of a footprint.

    Parameters
    ----------
    pieces : array of shapely polygons
        The countries in small pieces, degrees (OGC:CRS84).
    countries : sequence of Country
        The country of each piece.
    """

    def __init__(self, pieces: NDArray[np.object_], countries: Sequence[Country]) -> None:
        self._pieces = pieces
        order = dict.fromkeys(countries)
        self._countries = sorted(order, key=lambda country: (country.code or "~", country.name))
        numbers = {country: number for number, country in enumerate(self._countries)}
        self._numbers = [numbers[country] for country in countries]
        self._tree = shapely.STRtree(pieces)

    @property
    def names(self) -> dict[str, str]:
        """English names by country code."""
        return {country.code: country.name for country in self._countries if country.code}

    def locate(self, outlines: NDArray[np.object_]) -> list[Country | None]:
        """Country of each footprint: the one that covers most of it, else the nearest within 20 km.

        Areas within one footprint are compared in degrees; distances are geodesics (WGS 84).
        """
        located: list[Country | None] = [None] * len(outlines)
        for index, pieces in _grouped(self._touched(outlines)).items():
            numbers = sorted({self._numbers[piece] for piece in pieces})
            if len(numbers) > 1:
                areas = self._areas(outlines[index], pieces)
                numbers.sort(key=lambda number: -areas[number])
            located[index] = self._countries[numbers[0]]
        outside = np.array([country is None for country in located], bool)
        (lost,) = np.nonzero(outside & ~shapely.is_missing(outlines))
        for index, number in zip(lost.tolist(), self._nearest(outlines[lost]), strict=True):
            located[index] = None if number is None else self._countries[number]
        return located

    def _touched(self, outlines: NDArray[np.object_]) -> NDArray[np.intp]:
        """Pairs (2, n) of an outline and a piece that it touches.

        Most scenes lie in one country, which then is one geometry to ask instead of its pieces.
        """
        if len(outlines) == 0:
            return np.empty((2, 0), np.intp)
        bounds = shapely.total_bounds(outlines)
        around = np.empty(0, np.intp)
        if np.isfinite(bounds).all():
            around = self._tree.query(shapely.box(*bounds), predicate="intersects")
        if len({self._numbers[piece] for piece in around}) != 1:
            return self._tree.query(outlines, predicate="intersects")
        country = shapely.union_all(self._pieces[around])
        shapely.prepare(country)
        (touching,) = np.nonzero(shapely.intersects(country, outlines))
        return np.stack([touching, np.full(touching.size, around[0])])

    def _areas(self, outline: BaseGeometry, pieces: list[int]) -> Counter[int]:
        """Area of a footprint in each country, square degrees."""
        areas: Counter[int] = Counter()
        for piece in pieces:
            areas[self._numbers[piece]] += shapely.intersection(self._pieces[piece], outline).area
        return areas

    def _nearest(self, outlines: NDArray[np.object_]) -> list[int | None]:
        """Of each footprint the nearest country within `NEAR_M`, also across the antimeridian."""
        found: list[int | None] = [None] * len(outlines)
        if found:
            turns = ([0.0, 0.0], [360.0, 0.0], [-360.0, 0.0])
            turned = [shapely.transform(outlines, partial(np.add, turn)) for turn in turns]
            near = np.concatenate([self._near(outlines) for outlines in turned])
            for metres, outline, country in sorted(near.tolist(), reverse=True):
                if metres <= NEAR_M:
                    found[int(outline)] = int(country)
        return found

    def _near(self, outlines: NDArray[np.object_]) -> NDArray[np.float64]:
        """Metres, footprint and country of all pieces nearby, on this side of the antimeridian."""
        west, south, east, north = shapely.bounds(outlines).T
        stretch = np.cos(np.radians((south + north) / 2))
        reach = NEAR_M / _METRES_PER_DEGREE
        boxes = shapely.box(
            west - reach / stretch, south - reach, east + reach / stretch, north + reach
        )
        near, pieces = self._tree.query(boxes, predicate="intersects")
        # Degrees of longitude shrink towards the poles: compare distances where they do not.
        local = stretch[near]
        lines = shapely.shortest_line(
            _stretched(outlines[near], local), _stretched(self._pieces[pieces], local)
        )
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        longitudes, latitudes = ends[:, :, 0].T / local, ends[:, :, 1].T
        _, _, metres = _ELLIPSOID.inv(longitudes[0], latitudes[0], longitudes[1], latitudes[1])
        return np.stack([metres, near, np.array(self._numbers)[pieces]], axis=1)


def _stretched(
    geometries: NDArray[np.object_], factors: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Geometries with their longitudes multiplied, each by a factor of its own."""
    points, owners = shapely.get_coordinates(geometries, return_index=True)
    points[:, 0] *= factors[owners]
    stretched: NDArray[np.object_] = shapely.set_coordinates(geometries.copy(), points)
    return stretched


def _grouped(pairs: NDArray[np.intp]) -> dict[int, list[int]]:
    """Pairs (2, n) of outline and piece, as the pieces of each outline."""
    groups: dict[int, list[int]] = {}
    for outline, piece in pairs.T.tolist():
        groups.setdefault(outline, []).append(piece)
    return groups
