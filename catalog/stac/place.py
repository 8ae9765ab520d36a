"""The country and continent of a footprint."""

from __future__ import annotations

from dataclasses import dataclass
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
class Place:
    """A country as Natural Earth has it."""

    country: str | None
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
    places : sequence of Place
        The country of each piece.
    """

    def __init__(self, pieces: NDArray[np.object_], places: Sequence[Place]) -> None:
        self._pieces = pieces
        order = dict.fromkeys(places)
        self._places = sorted(order, key=lambda place: (place.country or "~", place.name))
        numbers = {place: number for number, place in enumerate(self._places)}
        self._numbers = np.array([numbers[place] for place in places])
        self._tree = shapely.STRtree(pieces)

    @property
    def names(self) -> dict[str, str]:
        """English names by country code."""
        return {place.country: place.name for place in self._places if place.country}

    def locate(self, outlines: NDArray[np.object_]) -> list[Place | None]:
        """Country of each footprint: the one that covers most of it, else the nearest within 20 km.

        Areas within one footprint are compared in degrees; distances are geodesics (WGS 84).
        """
        places: list[Place | None] = [None] * len(outlines)
        for index, numbers in _grouped(self._tree.query(outlines, predicate="intersects")):
            countries = np.unique(self._numbers[numbers])
            if countries.size > 1:
                countries = countries[[np.argmax(self._areas(outlines[index], numbers, countries))]]
            places[index] = self._places[countries[0]]
        for index, outline in enumerate(outlines):
            if places[index] is None and outline is not None:
                places[index] = self._nearest(outline)
        return places

    def _areas(
        self, outline: BaseGeometry, numbers: NDArray[np.intp], countries: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        areas = np.atleast_1d(shapely.area(shapely.intersection(self._pieces[numbers], outline)))
        return np.array([areas[self._numbers[numbers] == country].sum() for country in countries])

    def _nearest(self, outline: BaseGeometry) -> Place | None:
        west, south, east, north = shapely.bounds(outline)
        stretch = np.cos(np.radians((south + north) / 2))
        reach = NEAR_M / _METRES_PER_DEGREE
        box = shapely.box(
            west - reach / stretch, south - reach, east + reach / stretch, north + reach
        )
        numbers = self._tree.query(box, predicate="intersects")
        if numbers.size == 0:
            return None
        # Degrees of longitude shrink towards the poles: compare distances where they do not.
        local = [stretch, 1.0]
        lines = shapely.shortest_line(
            shapely.transform(outline, lambda points: points * local),
            shapely.transform(self._pieces[numbers], lambda points: points * local),
        )
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2) / local
        metres = _ELLIPSOID.inv(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1])[2]
        nearest = int(np.argmin(metres))
        if metres[nearest] > NEAR_M:
            return None
        return self._places[int(self._numbers[numbers[nearest]])]


def _grouped(pairs: NDArray[np.intp]) -> list[tuple[int, NDArray[np.intp]]]:
    """Pairs (2, n) of outline and piece, as the pieces of each outline."""
    outlines, starts = np.unique(pairs[0], return_index=True)
    pieces = np.split(pairs[1], starts[1:]) if outlines.size else []
    return list(zip(outlines.tolist(), pieces, strict=True))
