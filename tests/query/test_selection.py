"""What `select` finds is what GeoPandas and shapely find in the same table, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets.legacy import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from catalog import Catalog

    Opened = dict[str, tuple[Catalog, Catalog]]

PIXELS = 256 * 256
SIMPLIFIED = {
    "forest": (1, 2, 3, 4, 5),
    "shrubland": (6, 7),
    "savanna": (8, 9),
    "grassland": (10,),
    "wetland": (11,),
    "cropland": (12, 14),
    "urban": (13,),
    "snow_ice": (15,),
    "barren": (16,),
    "water": (17,),
}
"""IGBP codes of the simplified classes, Schmitt et al. 2020."""
CODES = {
    **SIMPLIFIED,
    "igbp.savanna": (9,),
    "woody_savanna": (8,),
    "igbp.cropland": (12,),
    "cropland_mosaic": (14,),
    "evergreen_broadleaf_forest": (2,),
    "igbp.water": (17,),
}
NAMED = {
    "Italy": ("country", "name", "Italy"),
    "kor": ("country", "code", "KOR"),
    "Belgium": ("country", "name", "Belgium"),
    "Africa": ("country", "continent", "Africa"),
    "South America": ("country", "continent", "South America"),
    "Eastern Asia": ("country", "subregion", "Eastern Asia"),
    "Fiji": ("country", "name", "Fiji"),
    "state:Georgia": ("state", "name", "Georgia"),
}
"""Kind, column and value in Natural Earth's table."""


# The oracle: no SQL, and no code of the package


@cache
def named_region(text: str) -> BaseGeometry:
    kind, column, value = NAMED[text]
    table = geopandas.read_parquet(DATA / "regions.parquet")
    return table[(table["kind"] == kind) & (table[column] == value)].union_all()


def on_one_side(geometry: BaseGeometry) -> BaseGeometry:
    """A footprint that the antimeridian splits, put together east of it."""
    west, _, east, _ = geometry.bounds
    if east - west < 180:
        return geometry
    return shapely.union_all(
        [shapely.transform(part, lambda xy: np.column_stack([xy[:, 0] % 360, xy[:, 1]]))
         for part in geometry.geoms]
    )  # fmt: skip


def centre(geometry: BaseGeometry) -> BaseGeometry:
    point = on_one_side(geometry).centroid
    return shapely.Point(point.x - 360 if point.x > 180 else point.x, point.y)


class Rows:
    """The rows of an `items.parquet`, in the order that is promised."""

    def __init__(self, items: Path) -> None:
        frame = geopandas.read_parquet(items)
        frame = frame.sort_values(["sen12ms:season", "sen12ms:scene", "sen12ms:patch"])
        self.ids = frame["id"].to_numpy()
        self.season = frame["sen12ms:season"].to_numpy()
        self.local_season = frame["sen12ms:local_season"].to_numpy()
        self.split = frame["sen12ms:split"].to_numpy()
        self.geometry = frame.geometry.to_numpy()
        self.centres = np.array([centre(geometry) for geometry in self.geometry])
        self.present = {
            sensor: np.array([assets[sensor] is not None for assets in frame["assets"]])
            for sensor in ("s1", "s2", "lc")
        }
        self.counts = np.full((len(frame), 18), np.nan)
        for index, counts in enumerate(frame["sen12ms:igbp"]):
            if counts is not None:
                self.counts[index, 1:] = list(counts.values())[:17]

    def share(self, name: str) -> NDArray[np.float64]:
        return self.counts[:, CODES[name]].sum(axis=1) / PIXELS

    def ids_of(self, asked: Asked) -> list[str]:
        chosen = np.full(len(self.ids), fill_value=True)
        if asked.region is not None:
            chosen &= {
                "intersects": lambda: shapely.intersects(self.geometry, asked.region),
                "within": lambda: shapely.within(self.geometry, asked.region),
                "centroid": lambda: shapely.intersects(self.centres, asked.region),
            }[asked.predicate]()
        for names, column in (
            (asked.season, self.season),
            (asked.local_season, self.local_season),
            (asked.split, self.split),
        ):
            if names is not None:
                chosen &= np.isin(column.astype(str), names)
        for name, (low, high) in asked.cover.items():
            share = self.share(name)
            chosen &= (share >= low) & (share <= high)
        for sensor in asked.sensor or ():
            chosen &= self.present[sensor]
        if asked.complete is not None:
            complete = self.present["s1"] & self.present["s2"] & self.present["lc"]
            chosen &= complete == asked.complete
        return list(self.ids[chosen])


@dataclass(frozen=True)
class Asked:
    """Filters, once for `select` and once for the oracle."""

    given_region: Any
    region: BaseGeometry | None
    predicate: str
    season: list[str] | None
    local_season: list[str] | None
    cover: dict[str, tuple[float, float]]
    split: list[str] | None
    sensor: list[str] | None
    complete: bool | None

    def filters(self) -> dict[str, Any]:
        return {
            "region": self.given_region,
            "predicate": self.predicate,
            "season": self.season,
            "local_season": self.local_season,
            "cover": self.cover,
            "split": self.split,
            "sensor": self.sensor,
            "complete": self.complete,
        }


@cache
def rows_of(folder: Path) -> Rows:
    return Rows(folder / "items.parquet")


# Questions


def some(*names: str) -> st.SearchStrategy[list[str] | None]:
    """No filter, or one to all of the names."""
    chosen = st.lists(st.sampled_from(names), min_size=1, unique=True)
    return st.none() | st.none() | chosen


@st.composite
def boxes(draw: st.DrawFn, rows: Rows) -> tuple[Any, BaseGeometry]:
    """A box near a patch, some with an edge on the patch's own, some across the antimeridian."""
    west, south, east, north = on_one_side(draw(st.sampled_from(list(rows.geometry)))).bounds
    moves = st.sampled_from([0.0, 0.0, -0.01, 0.01, 0.03]) | st.floats(-0.05, 0.05)
    longitudes = sorted([west + draw(moves), east + draw(moves)])
    south, north = sorted([south + draw(moves), north + draw(moves)])
    west, east = (x - 360 if x > 180 else x + 360 if x < -180 else x for x in longitudes)
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    parts = [shapely.box(left, south, right, north) for left, right in spans]
    given_as = (west, south, east, north)
    return draw(st.sampled_from([given_as, ",".join(map(repr, given_as))])), shapely.union_all(
        parts
    )


@st.composite
def stars(draw: st.DrawFn, rows: Rows) -> tuple[Any, BaseGeometry]:
    """A star round a patch, some with so many vertices that it is cut."""
    west, south, east, north = draw(st.sampled_from(list(rows.geometry))).bounds
    middle = np.array([west if east - west > 180 else (west + east) / 2, (south + north) / 2])
    vertices, noise = draw(st.integers(3, 200)), draw(st.integers(0, 1000))
    radii = np.random.default_rng(noise).uniform(0.1, 1, vertices)
    radii *= draw(st.sampled_from([0.01, 0.03, 0.1]))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) + 0.1
    ring = middle + np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    star = shapely.Polygon(np.clip(ring, [-180, -90], [180, 90])).buffer(0)
    return (star.wkt if len(radii) < 10 else star), star


def named(_rows: Rows) -> st.SearchStrategy[tuple[Any, BaseGeometry]]:
    return st.sampled_from(sorted(NAMED)).map(lambda text: (text, named_region(text)))


@st.composite
def questions(draw: st.DrawFn, rows: Rows) -> Asked:
    nowhere = st.just((None, None))
    region = draw(st.one_of(nowhere, boxes(rows), boxes(rows), stars(rows), named(rows)))
    shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: tuple(sorted(pair)))
    present = st.sampled_from(sorted({0.0, 1.0, *rows.share("water").tolist()} - {np.nan}))
    exact = present.filter(lambda share: share == share).map(lambda share: (share, share))  # noqa: PLR0124
    cover = st.dictionaries(st.sampled_from(sorted(CODES)), shares | exact, max_size=2)
    return Asked(
        *region,
        predicate=draw(st.sampled_from(["intersects", "intersects", "within", "centroid"])),
        season=draw(some("spring", "summer", "fall", "winter")),
        local_season=draw(some("spring", "summer", "fall", "winter")),
        cover=draw(st.just({}) | cover),
        split=draw(some("train", "test")),
        sensor=draw(some("s1", "s2", "lc")),
        complete=draw(st.sampled_from([None, None, True, False])),
    )


@pytest.mark.parametrize("dataset", ["small", "ragged"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_select_finds_what_geopandas_finds(
    opened: Opened, dataset: str, data: st.DataObject
) -> None:
    whole, table = opened[dataset]
    assert whole.folder is not None
    rows = rows_of(whole.folder)
    asked = data.draw(questions(rows))
    expected = rows.ids_of(asked)
    assert whole.select(**asked.filters()).ids == expected
    assert table.select(**asked.filters()).ids == expected
    assert answered(whole, whole.select(**asked.filters()).to_sql()) == expected


def answered(cat: Catalog, query: str) -> list[str]:
    """Ids that a query in plain SQL finds, in its order."""
    return [row[0] for row in cat.sql(query).fetchall()]


@pytest.mark.parametrize("dataset", ["small", "ragged"])
@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
@pytest.mark.parametrize("text", sorted(NAMED))
def test_named_region_holds_what_geopandas_finds_in_it(
    opened: Opened, dataset: str, predicate: str, text: str
) -> None:
    whole, table = opened[dataset]
    assert whole.folder is not None
    region = named_region(text)
    asked = Asked(text, region, predicate, None, None, {}, None, None, None)
    expected = rows_of(whole.folder).ids_of(asked)
    assert whole.select(region=text, predicate=predicate).ids == expected
    assert table.select(region=text, predicate=predicate).ids == expected


# Rules that examples alone would not show


def test_nothing_asked_is_every_patch_by_season_scene_and_patch(opened: Opened) -> None:
    for pair in opened.values():
        for cat in pair:
            keys = cat.select().relation().project("season, scene, patch").fetchall()
            assert keys == sorted(keys)
            assert len(cat.select()) == len(keys) > 0


def test_excluded_patch_is_in_neither_split(opened: Opened) -> None:
    cat, _ = opened["ragged"]
    assert "ROIs1868_summer_146_p202" in cat.select().ids
    assert "ROIs1868_summer_146_p202" not in cat.select(split=["train", "test"]).ids


def test_patch_without_land_cover_passes_no_bound_of_a_share(opened: Opened) -> None:
    cat, _ = opened["ragged"]
    without = set(cat.select().ids) - set(cat.select(sensor="lc").ids)
    assert len(without) == 2
    assert without.isdisjoint(cat.select(cover={"forest": 0}).ids)
    assert without.isdisjoint(cat.select(cover=["forest<=1"]).ids)


@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
def test_patch_across_the_antimeridian_is_found_there_and_not_at_greenwich(
    opened: Opened, predicate: str
) -> None:
    for cat in opened["ragged"]:
        fiji = cat.select(season="fall").ids
        split = cat.select(season="fall", where="xmax - xmin > 180").ids
        assert len(fiji) == 6
        assert split, "one patch at least is split"
        assert cat.select(region="179,-18,-179,-16", predicate=predicate).ids == fiji
        assert cat.select(region="-170,-18,170,-16", predicate=predicate).ids == []


def test_middle_of_a_patch_across_the_antimeridian_is_in_it(opened: Opened) -> None:
    asked = "SELECT lon, lat FROM patches WHERE xmax - xmin > 180"
    for cat in opened["ragged"]:
        places = cat.sql(asked).fetchall()
        assert places
        for longitude, latitude in places:
            assert abs(longitude) > 179.9
            assert -17 < latitude < -16


def test_within_wants_the_whole_footprint(opened: Opened) -> None:
    cat, _ = opened["small"]
    assert cat.folder is not None
    west, south, east, north = rows_of(cat.folder).geometry[0].bounds
    box = (west, south, east, north)
    inside = cat.select(region=box, predicate="within").ids
    assert inside == [cat.select().ids[0]]
    assert set(cat.select(region=box, predicate="intersects").ids) > set(inside)
    smaller = (west, south, east, north - 1e-6)
    assert cat.select(region=smaller, predicate="within").ids == []


def test_unknown_place_is_told_before_any_patch_is_asked_for(cat: Catalog) -> None:
    with pytest.raises(ValueError, match="Itly"):
        cat.select(region="Itly")
