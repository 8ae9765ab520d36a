"""A footprint is in the country that covers most of it, or off the coast of the nearest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import Polygon

from catalog.stac.gazetteer import NEAR_M, Country, Gazetteer
from catalog.store.geoparquet import read_countries

GEOD = Geod(ellps="WGS84")


class Countries(NamedTuple):
    """All pieces of all countries, for the oracles."""

    pieces: np.ndarray
    countries: list[Country]

    def of(self, code: str) -> np.ndarray:
        return self.pieces[[country.code == code for country in self.countries]]


@pytest.fixture(scope="module")
def countries() -> Countries:
    rows = read_countries()
    pieces = shapely.from_wkb([row["geometry"] for row in rows])
    countries = [Country(row["code"], row["name"], row["continent"]) for row in rows]
    return Countries(pieces, countries)


def patch(longitude: float, latitude: float) -> Polygon:
    """A square of some 2.5 km."""
    half = 1280 / 111_320
    wide = half / np.cos(np.radians(latitude))
    return shapely.box(longitude - wide, latitude - half, longitude + wide, latitude + half)


def locate(gazetteer: Gazetteer, *outlines: object) -> list[Country | None]:
    array = np.empty(len(outlines), dtype=object)
    array[:] = outlines
    return gazetteer.locate(array)


CENTRES = {
    "MOZ": (35.5, -17.3, "Mozambique", "Africa"),
    "BRA": (-52.0, -10.8, "Brazil", "South America"),
    "FRA": (2.5, 47.0, "France", "Europe"),
    "CAN": (-105.0, 57.0, "Canada", "North America"),
    "JPN": (138.5, 36.3, "Japan", "Asia"),
    "AUS": (134.0, -25.0, "Australia", "Oceania"),
    "IND": (78.9, 22.0, "India", "Asia"),
    "NLD": (5.6, 52.2, "Netherlands", "Europe"),
    "ISL": (-18.6, 64.9, "Iceland", "Europe"),
    "RUS": (90.0, 61.0, "Russia", "Europe"),
}


@pytest.mark.parametrize("code", CENTRES)
def test_the_middle_of_a_country_is_in_it(gazetteer: Gazetteer, code: str) -> None:
    longitude, latitude, name, continent = CENTRES[code]
    assert locate(gazetteer, patch(longitude, latitude)) == [Country(code, name, continent)]


ODD_CORNERS = {
    "within another country": (28.2, -29.6, "LSO"),
    "east of the antimeridian": (-172.5, 66.5, "RUS"),
    "on an island of a far country": (55.5, -21.13, "FRA"),
    "on a small island": (-24.35, 14.95, "CPV"),
    "near the pole": (16.0, 78.5, "NOR"),
}


@pytest.mark.parametrize(("longitude", "latitude", "code"), ODD_CORNERS.values(), ids=ODD_CORNERS)
def test_a_country_is_found(
    gazetteer: Gazetteer, longitude: float, latitude: float, code: str
) -> None:
    (country,) = locate(gazetteer, patch(longitude, latitude))
    assert country is not None
    assert country.code == code


@pytest.mark.parametrize(
    ("longitude", "latitude", "name", "continent"),
    [(20.9, 42.6, "Kosovo", "Europe"), (45.5, 9.6, "Somaliland", "Africa")],
    ids=["Kosovo", "Somaliland"],
)
def test_a_territory_without_a_code_has_a_continent(
    gazetteer: Gazetteer, longitude: float, latitude: float, name: str, continent: str
) -> None:
    assert locate(gazetteer, patch(longitude, latitude)) == [Country(None, name, continent)]


def test_a_footprint_that_is_not_known_has_no_country(gazetteer: Gazetteer) -> None:
    inside, sea = patch(2.5, 47.0), patch(-30.0, 0.0)
    located = locate(gazetteer, None, inside, None, sea, inside, None)
    codes = [country and country.code for country in located]
    assert codes == [None, "FRA", None, None, "FRA", None]


def test_no_footprints_have_no_countries(gazetteer: Gazetteer) -> None:
    assert locate(gazetteer) == []
    assert locate(gazetteer, None) == [None]


def test_names_are_those_of_countries_with_a_code(gazetteer: Gazetteer) -> None:
    names = gazetteer.names
    assert names["FRA"] == "France"
    assert "Kosovo" not in names.values()
    assert len(names) > 200
    assert None not in names


def areas(countries: Countries, outline: Polygon) -> dict[Country, float]:
    """Square metres of a footprint in each country, on an equal-area projection around it."""
    longitude, latitude = outline.centroid.coords[0]
    to_metres = Transformer.from_crs(
        "EPSG:4326", f"+proj=laea +lat_0={latitude} +lon_0={longitude}", always_xy=True
    )
    found: dict[Country, float] = {}
    for index in np.flatnonzero(shapely.intersects(countries.pieces, outline)):
        part = shapely.intersection(countries.pieces[index], outline)
        area = shapely.area(shapely.transform(part, to_metres.transform, interleaved=False))
        found[countries.countries[index]] = found.get(countries.countries[index], 0.0) + float(area)
    return found


BORDERS = [
    ("FRA", "DEU"),
    ("KEN", "TZA"),
    ("USA", "CAN"),
    ("NOR", "SWE"),
    ("CHL", "ARG"),
    ("IND", "NPL"),
    ("NLD", "BEL"),
    ("ZAF", "LSO"),
]


@pytest.mark.parametrize("pair", BORDERS, ids="-".join)
def test_a_footprint_on_a_border_is_in_the_country_that_covers_most(
    gazetteer: Gazetteer, countries: Countries, pair: tuple[str, str]
) -> None:
    first, second = (shapely.union_all(countries.of(code), grid_size=1e-9) for code in pair)
    border = shapely.intersection(first.boundary, second.boundary.buffer(1e-6))
    parts = shapely.get_parts(border)
    line = parts[np.argmax(shapely.length(parts))]
    seen = set()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        point = line.interpolate(share, normalized=True)
        for shift in (-0.008, -0.004, 0.0, 0.005, 0.009):
            outline = patch(point.x + shift, point.y + shift)
            by_area = areas(countries, outline)
            best, *rest = sorted(by_area.values(), reverse=True)
            if rest and best - rest[0] < 0.001 * outline.area * 111_320**2:
                continue  # a draw, which the shrinking of degrees may decide
            (country,) = locate(gazetteer, outline)
            assert by_area[country] == best
            seen.add(country.code)
    assert seen >= set(pair)


def test_neither_order_nor_cut_of_the_pieces_matters(countries: Countries) -> None:
    order = np.random.default_rng(0).permutation(len(countries.countries))
    shuffled = Gazetteer(countries.pieces[order], [countries.countries[index] for index in order])
    points = np.random.default_rng(1).uniform([-180, -60], [180, 75], (400, 2))
    outlines = [patch(*point) for point in points]
    assert locate(shuffled, *outlines) == locate(Gazetteer(*countries), *outlines)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [(2.5, 47.0), (5.9, 50.85), (14.4, -22.6), (-30.0, 0.0)],
    ids=["one country", "three countries", "a coast", "the sea"],
)
def test_the_countries_of_a_scene_are_those_of_its_patches(
    gazetteer: Gazetteer, longitude: float, latitude: float
) -> None:
    offsets = np.linspace(-0.2, 0.2, 8)
    outlines = [patch(longitude + x, latitude + y) for x in offsets for y in offsets]
    outlines[5:5] = [None]
    assert locate(gazetteer, *outlines) == [locate(gazetteer, outline)[0] for outline in outlines]


def metres_to(countries: Countries, outline: Polygon) -> tuple[float, Country]:
    """Distance to the nearest country, by geodesics between dense points, and that country."""
    west, south, east, north = outline.bounds
    wide = 0.25 / np.cos(np.radians(north))
    window = shapely.box(west - wide, south - 0.25, east + wide, north + 0.25)
    ours = shapely.get_coordinates(shapely.segmentize(outline.boundary, 0.004))
    best = (np.inf, countries.countries[0])
    for index in np.flatnonzero(shapely.intersects(countries.pieces, window)):
        coast = shapely.intersection(countries.pieces[index], window).boundary
        theirs = shapely.get_coordinates(shapely.segmentize(coast, 0.004))
        pairs = np.indices((len(ours), len(theirs))).reshape(2, -1)
        metres = GEOD.inv(*ours[pairs[0]].T, *theirs[pairs[1]].T)[2]
        best = min(
            best, (float(np.min(metres)), countries.countries[index]), key=lambda one: one[0]
        )
    return best


COASTS = {
    "Namibia": (14.6, -22.3, 270, "NAM"),
    "Chile": (-71.3, -30.2, 270, "CHL"),
    "Portugal": (-8.0, 38.0, 270, "PRT"),
    "Western Australia": (114.6, -26.9, 270, "AUS"),
    "Somalia": (47.5, 5.2, 135, "SOM"),
    "Norway at 70° north": (30.0, 70.4, 45, "NOR"),
    "Spitsbergen at 78° north": (14.2, 78.0, 270, "NOR"),
}


@pytest.mark.parametrize(("x", "y", "azimuth", "code"), COASTS.values(), ids=COASTS)
def test_a_footprint_at_sea_belongs_to_the_nearest_coast_within_20_km(
    gazetteer: Gazetteer, countries: Countries, x: float, y: float, azimuth: float, code: str
) -> None:
    found = []
    for kilometres in range(0, 240, 4):
        longitude, latitude, _ = GEOD.fwd(x, y, azimuth, kilometres * 1000)
        outline = patch(longitude, latitude)
        if shapely.intersects(countries.pieces, outline).any():
            continue
        metres, nearest = metres_to(countries, outline)
        if abs(metres - NEAR_M) < 20:
            continue  # too near to the limit for the oracle
        assert locate(gazetteer, outline) == [nearest if metres < NEAR_M else None]
        found.append(nearest.code if metres < NEAR_M else None)
        if found[-3:] == [None] * 3:
            break
    assert {code, None} <= set(found)


ISLAND = Country("XXX", "Island", "Oceania")


def alone(*box: float) -> Gazetteer:
    """A world of one rectangular island."""
    return Gazetteer(np.array([shapely.box(*box)], dtype=object), [ISLAND])


@pytest.mark.parametrize("latitude", [0.0, 45.0, -60.0, 75.0])
@pytest.mark.parametrize(("metres", "near"), [(19_950, True), (20_050, False)])
def test_20_km_are_as_long_everywhere(latitude: float, metres: float, near: bool) -> None:
    gazetteer = alone(10.0, latitude - 0.1, 10.1, latitude + 0.1)
    outline = patch(9.0, latitude)
    edge, _, _ = GEOD.fwd(10.0, latitude, 270, metres)
    moved = shapely.transform(
        outline, lambda points: points + np.array([edge - outline.bounds[2], 0])
    )
    assert locate(gazetteer, moved) == [ISLAND if near else None]
    north = GEOD.fwd(10.05, latitude + 0.1, 0, metres)[1]
    above = shapely.box(10.04, north, 10.06, north + 0.02)
    assert locate(gazetteer, above) == [ISLAND if near else None]


def test_a_footprint_that_touches_land_is_on_it() -> None:
    assert locate(alone(10, 0, 11, 1), shapely.box(9.9, 0.4, 10.0, 0.5)) == [ISLAND]


def test_land_across_the_antimeridian_is_near() -> None:
    sea = shapely.box(179.90, 0.0, 179.95, 0.05)
    assert locate(alone(-179.98, 0.0, -179.5, 0.1), sea) == [ISLAND]
    sea = shapely.box(-179.95, 0.0, -179.90, 0.05)
    assert locate(alone(179.5, 0.0, 179.98, 0.1), sea) == [ISLAND]


def test_a_footprint_cut_by_the_antimeridian_finds_land_on_either_side() -> None:
    parts = [shapely.box(179.98, 0.0, 180, 0.05), shapely.box(-180, 0.0, -179.98, 0.05)]
    sea = shapely.MultiPolygon(parts)
    for box in ((179.8, 0.0, 179.9, 0.1), (-179.9, 0.0, -179.8, 0.1)):
        assert locate(alone(*box), sea) == [ISLAND]
    assert locate(alone(179.0, 0.0, 179.5, 0.1), sea) == [None]
    assert locate(alone(0.0, 0.0, 1.0, 0.1), sea) == [None]
