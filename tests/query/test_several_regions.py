"""Several regions are one place, and a place can be left out: what GeoPandas finds, by all ways."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import geopandas
import pytest
import shapely

from catalog import Catalog, RegionError

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    Opened = dict[str, tuple[Catalog, Catalog]]

TRIANGLE = shapely.Polygon([(10.4, 44.5), (10.7, 44.6), (10.5, 45.2)])
KOREA_BOX = (126.9, 37.9, 126.95, 38.1)
PREDICATES = ("intersects", "within", "centroid")


@cache
def country(*names: str) -> BaseGeometry:
    table = geopandas.read_parquet(files("catalog") / "regions" / "regions.parquet")
    return table[(table["kind"] == "country") & table["name"].isin(names)].union_all()


PLACES: dict[str, tuple[Any, BaseGeometry]] = {
    "one": (["Italy"], country("Italy")),
    "two names": (["Belgium", "kor"], country("Belgium", "South Korea")),
    "neighbours": (("Belgium", "Netherlands"), country("Belgium", "Netherlands")),
    "name and box": (["Mozambique", KOREA_BOX],
                     shapely.union_all([country("Mozambique"), shapely.box(*KOREA_BOX)])),
    "box, WKT and geometry": (
        ["126.9,37.9,126.95,38.1", TRIANGLE.wkt, shapely.box(-49, -2, -48, -1)],
        shapely.union_all([shapely.box(*KOREA_BOX), TRIANGLE, shapely.box(-49, -2, -48, -1)]),
    ),
    "the same twice": (["Italy", "country:Italy", "ITA"], country("Italy")),
    "four names": (["Italy", "Brazil", "Belgium", "Fiji"],
                   country("Italy", "Brazil", "Belgium", "Fiji")),
}  # fmt: skip
"""As it is given, and as it is."""


@cache
def rows(items: Path) -> geopandas.GeoDataFrame:
    frame = geopandas.read_parquet(items)
    return frame.sort_values(["sen12ms:season", "sen12ms:scene", "sen12ms:patch"])


def inside(frame: geopandas.GeoDataFrame, place: BaseGeometry, predicate: str) -> Any:
    if predicate == "within":
        return frame.within(place)
    return (frame.centroid if predicate == "centroid" else frame).intersects(place)


def answered(cat: Catalog, query: str) -> list[str]:
    return [row[0] for row in cat.sql(query).fetchall()]


def expect(opened: Opened, filters: dict[str, Any], expected: list[str]) -> None:
    """The database, the table, the selection as SQL and as filters in JSON all answer so."""
    whole, table = opened["small"]
    selection = whole.select(**filters)
    assert selection.ids == expected
    assert table.select(**filters).ids == expected
    for cat in (whole, table):
        assert answered(cat, selection.to_sql()) == expected
    again = whole.select(**json.loads(json.dumps(dict(selection.question.given))))
    assert again.ids == expected
    assert again.to_sql() == selection.to_sql()


@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("name", PLACES)
class TestPlace:
    def test_several_regions_are_their_union(
        self, opened: Opened, name: str, predicate: str
    ) -> None:
        given, place = PLACES[name]
        frame = rows(opened["small"][1].items)  # type: ignore[arg-type]
        expected = frame[inside(frame, place, predicate)]["id"].tolist()
        expect(opened, {"region": given, "predicate": predicate}, expected)

    def test_a_region_that_is_left_out_leaves_the_rest(
        self, opened: Opened, name: str, predicate: str
    ) -> None:
        given, place = PLACES[name]
        frame = rows(opened["small"][1].items)  # type: ignore[arg-type]
        expected = frame[~inside(frame, place, predicate)]["id"].tolist()
        assert expected
        expect(opened, {"not_region": given, "predicate": predicate}, expected)

    def test_both_are_the_difference(self, opened: Opened, name: str, predicate: str) -> None:
        given, place = PLACES[name]
        frame = rows(opened["small"][1].items)  # type: ignore[arg-type]
        chosen = inside(frame, country("Italy", "Belgium", "South Korea"), predicate)
        expected = frame[chosen & ~inside(frame, place, predicate)]["id"].tolist()
        filters = {
            "region": ["Italy", "Belgium", "South Korea"],
            "not_region": given,
            "predicate": predicate,
        }
        expect(opened, filters, expected)


def test_four_numbers_are_a_box_and_a_list_of_boxes_is_several(opened: Opened) -> None:
    cat, _ = opened["small"]
    box = cat.select(region=KOREA_BOX).ids
    assert box
    assert cat.select(region=[KOREA_BOX]).ids == cat.select(region=list(KOREA_BOX)).ids == box
    assert cat.select(region=geopandas.GeoSeries([shapely.box(*KOREA_BOX)], crs=4326)).ids == box


def test_other_filters_narrow_what_is_left(opened: Opened) -> None:
    cat, _ = opened["small"]
    asia = cat.select(region="Asia", not_region="126.9,37.9,126.95,38.1", season="winter")
    assert 0 < len(asia) < 9
    assert asia.pick(asia.ids[:2], step={}).ids == asia.ids[:2]


@pytest.mark.parametrize(
    ("regions", "said"),
    [([], "the list of regions is empty"), (["Italy", "Itly"], "'Itly'"), (["Italy", 5], "5"),
     ([[1, 2, 3]], "[1, 2, 3]"), (["Italy", ""], "empty"), (["Italy", None], "None")],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["region", "not_region"])
def test_wrong_one_of_several_is_named(
    opened: Opened, name: str, regions: list[Any], said: str
) -> None:
    cat, _ = opened["small"]
    with pytest.raises(RegionError) as caught:
        cat.select(**{name: regions})
    assert said in str(caught.value)
