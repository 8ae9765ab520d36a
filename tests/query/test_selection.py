"""What `select` finds is what GeoPandas and shapely find in the same table, row by row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb
import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.query.extensions import load_extension

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from catalog import Catalog
    from tests.conftest import Small

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
SCHEMES = ("igbp", "lccs_lc", "lccs_lu", "lccs_sh")
SPELLINGS = (
    "forest",
    "Water",
    "cover.savanna",
    "igbp.savanna",
    "woody savanna",
    "igbp.Cropland",
    "cropland_mosaic",
    "evergreen_broadleaf_forest",
    "lccs_lc.water",
    "lccs_lu.dense_forest",
    "lccs_sh.dense-forest",
    "natural_herbaceous",
    "tundra",
    "LCCS_LU.urban",
)
"""Classes of every legend, as somebody may write them."""
OPERATORS = {
    ">=": np.greater_equal,
    "<=": np.less_equal,
    ">": np.greater,
    "<": np.less,
    "=": np.equal,
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
    table = geopandas.read_parquet(files("catalog") / "regions" / "regions.parquet")
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
        self.shares = {
            f"{scheme}.{name}": np.array(
                [np.nan if each is None else each[name] / PIXELS for each in column]
            )
            for scheme, column in ((scheme, frame[f"sen12ms:{scheme}"]) for scheme in SCHEMES)
            for name in next(each for each in column if each is not None)
        }
        igbp = [name for name in self.shares if name.startswith("igbp.")]
        for cover, codes in SIMPLIFIED.items():
            members = [self.shares[igbp[code - 1]] for code in codes]
            self.shares[f"cover.{cover}"] = np.sum(members, axis=0)

    def share(self, written: str) -> NDArray[np.float64]:
        """The share of a class as README says that names are found."""
        name = written.lower().replace(" ", "_").replace("-", "_")
        if "." in name:
            return self.shares[name]
        schemes = ("cover", *SCHEMES)
        return next(self.shares[f"{s}.{name}"] for s in schemes if f"{s}.{name}" in self.shares)

    def inside(self, region: BaseGeometry, predicate: str) -> NDArray[np.bool_]:
        if predicate == "centroid":
            return shapely.intersects(self.centres, region)
        relate = shapely.within if predicate == "within" else shapely.intersects
        return relate(self.geometry, region)

    def ids_of(self, asked: Asked) -> list[str]:  # noqa: C901 - one line per filter
        chosen = np.full(len(self.ids), fill_value=True)
        for region, predicate, negated in (
            (asked.region, asked.predicate, False),
            (asked.not_region, asked.predicate, True),
            (asked.intersects, "intersects", False),
        ):
            if region is not None:
                chosen &= self.inside(region, predicate) ^ negated
        if asked.ids is not None:
            chosen &= np.isin(self.ids, asked.ids)
        for names, column in (
            (asked.season, self.season),
            (asked.local_season, self.local_season),
            (asked.split, self.split),
        ):
            if names is not None:
                chosen &= np.isin(column.astype(str), names)
        for name, operator, share in asked.cover:
            chosen &= OPERATORS[operator](self.share(name), share)
        for sensor in asked.sensor or ():
            chosen &= self.present[sensor]
        if asked.complete is not None:
            complete = self.present["s1"] & self.present["s2"] & self.present["lc"]
            chosen &= complete == asked.complete
        return list(self.ids[chosen])


@dataclass(frozen=True)
class Asked:
    """Filters, once for `select` and once for the oracle."""

    given: dict[str, Any]
    """Regions as `select` gets them."""
    region: BaseGeometry | None = None
    not_region: BaseGeometry | None = None
    intersects: BaseGeometry | None = None
    predicate: str = "intersects"
    season: list[str] | None = None
    local_season: list[str] | None = None
    cover: tuple[tuple[str, str, float], ...] = ()
    split: list[str] | None = None
    sensor: list[str] | None = None
    complete: bool | None = None
    ids: list[str] | None = None

    def filters(self) -> dict[str, Any]:
        names = ("predicate", "season", "local_season", "split", "sensor", "complete", "ids")
        cover = [f"{name}{operator}{share!r}" for name, operator, share in self.cover]
        return {
            **self.given,
            **{name: getattr(self, name) for name in names},
            "cover": cover or None,
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
def regions(draw: st.DrawFn, rows: Rows) -> tuple[Any, BaseGeometry]:
    """A region in one of the forms that it may have."""
    given_as, region = draw(st.one_of(boxes(rows), stars(rows), named(rows)))
    form = draw(st.sampled_from(["as it is", "geojson", "frame", "list"]))
    if form == "list":
        other, more = draw(st.one_of(stars(rows), named(rows)))
        return [given_as, other], shapely.union_all([region, more])
    if form == "as it is" or isinstance(given_as, str):
        return given_as, region
    if form == "geojson":
        return shapely.geometry.mapping(region), region
    return geopandas.GeoDataFrame(geometry=[region], crs="OGC:CRS84"), region


@st.composite
def questions(draw: st.DrawFn, rows: Rows) -> Asked:
    given_as: dict[str, Any] = {}
    shapes: dict[str, BaseGeometry] = {}
    for name, often in (("region", 3), ("not_region", 1), ("intersects", 1)):
        if draw(st.integers(0, 4)) < often:
            given_as[name], shapes[name] = draw(regions(rows))
    present = sorted({0.0, 1.0, *rows.share("water").tolist()} - {np.nan})
    share = st.floats(0, 1) | st.sampled_from([x for x in present if x == x])  # noqa: PLR0124
    cover = st.tuples(st.sampled_from(SPELLINGS), st.sampled_from(sorted(OPERATORS)), share)
    return Asked(
        given_as,
        **shapes,
        predicate=draw(st.sampled_from(["intersects", "intersects", "within", "centroid"])),
        season=draw(some("spring", "summer", "fall", "winter")),
        local_season=draw(some("spring", "summer", "fall", "winter")),
        cover=draw(st.just(()) | st.lists(cover, max_size=2).map(tuple)),
        split=draw(some("train", "test")),
        sensor=draw(some("s1", "s2", "lc")),
        complete=draw(st.sampled_from([None, None, True, False])),
        ids=draw(some(*rows.ids.tolist(), "ROIs1158_spring_1_p999")),
    )


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["small", "ragged"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_select_finds_what_geopandas_finds(
    opened: Opened, plain: dict[str, Any], dataset: str, data: st.DataObject
) -> None:
    whole, table = opened[dataset]
    assert whole.folder is not None
    rows = rows_of(whole.folder)
    asked = data.draw(questions(rows))
    expected = rows.ids_of(asked)
    selection = whole.select(**asked.filters())
    assert selection.ids == expected
    assert len(selection) == len(expected)
    assert table.select(**asked.filters()).ids == expected
    shown = plain[dataset].execute(selection.to_sql()).fetchall()
    assert [row[0] for row in shown] == expected
    assert [row[2] for row in shown if row[2]] == selection.paths("s2")
    again = whole.select(**json.loads(json.dumps(dict(selection.question.given))))
    assert again.ids == expected


@pytest.fixture(scope="module")
def plain(small: Small, ragged: Path) -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    """Plain DuckDB, with nothing of this package but the database of each catalog."""
    connections = {}
    for name, folder in {"small": small.out, "ragged": ragged}.items():
        connections[name] = duckdb.connect(str(folder / "catalog.duckdb"), read_only=True)
        load_extension(connections[name], "spatial")
    yield connections
    for connection in connections.values():
        connection.close()


@pytest.mark.parametrize("dataset", ["small", "ragged"])
@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
@pytest.mark.parametrize("text", sorted(NAMED))
def test_named_region_holds_what_geopandas_finds_in_it(
    opened: Opened, dataset: str, predicate: str, text: str
) -> None:
    whole, table = opened[dataset]
    assert whole.folder is not None
    region = named_region(text)
    asked = Asked({}, region, predicate=predicate)
    expected = rows_of(whole.folder).ids_of(asked)
    assert whole.select(region=text, predicate=predicate).ids == expected
    assert table.select(region=text, predicate=predicate).ids == expected


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
