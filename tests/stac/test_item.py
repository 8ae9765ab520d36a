"""An item says what is known of a patch, and nothing else; pystac understands all of it.

Items are validated with the core schemas that pystac carries. The schemas of the extensions in use
(projection 2.0.0, file 2.1.0) lie on the web only and are not covered here.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

import numpy as np
import pystac
import pytest
import shapely
from core_schemas import errors
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from patches import Asset, Patch, scene_of

from catalog.datasets import SEN12MS
from catalog.model import Grid, PatchKey, SceneKey
from catalog.source.hrefs import Hrefs
from catalog.stac.item import item_path, items_from_rows, relative_href, scene_path
from catalog.stac.scene_columns import ISSUES, Context, columns_from_scene, dominant_covers
from catalog.store.columns import table_from_columns
from catalog.store.static import encoded_item

if TYPE_CHECKING:
    from catalog.stac.gazetteer import Gazetteer

SPRING_1 = SceneKey("spring", 1)
MOZAMBIQUE = Grid("EPSG:32737", (256, 256), (10.0, 0.0, 375_412.5, 0.0, -10.0, 8_116_742.5))
PIXELS = 65_536


def invented(
    number: int = 30,
    *,
    scene: SceneKey = SPRING_1,
    grid: Grid | None = None,
    sensors: tuple[str, ...] = tuple(SEN12MS.sensors),
    counts: np.ndarray | None = None,
) -> Patch:
    """A patch in Mozambique at the place of its number, all of it savanna."""
    if grid is None:
        row, column = divmod(number, 29)
        a, b, x, d, e, y = MOZAMBIQUE.transform
        transform = (a, b, x + 1280 * (column - 1), d, e, y - 1280 * (row - 1))
        grid = MOZAMBIQUE._replace(transform=transform)
    if counts is None and "lc" in sensors:
        counts = np.zeros((4, 256), np.int32)
        counts[range(4), [9, 21, 20, 40]] = PIXELS
    key = PatchKey(*scene, number)
    assets = {
        name: Asset(f"/data/{SEN12MS.patch_id(key)}_{name}.tif", 1000 + number) for name in sensors
    }
    return Patch(key, grid, assets, counts)


def rows_of(
    gazetteer: Gazetteer, *patches: Patch, season: str | None = None, previews: bool = False
) -> list[dict[str, Any]]:
    """Rows of the table for the patches of one scene."""
    key = patches[0].key.of_scene
    context = Context(SEN12MS, gazetteer, {key: season} if season else {}, previews)
    columns = columns_from_scene(scene_of(key, patches), context)
    rows: list[dict[str, Any]] = table_from_columns(SEN12MS, columns).to_pylist()
    return rows


def items_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items as they are in their files."""
    key = SceneKey(rows[0]["sen12ms:season"], rows[0]["sen12ms:scene"])
    return [
        json.loads(encoded_item(item))
        for item in items_from_rows(SEN12MS, key, rows, Hrefs(()).of_alternate)
    ]


NO_CRS = MOZAMBIQUE._replace(crs=None)
MIXED = {
    "whole": (invented(30),),
    "without land cover": (invented(30, sensors=("s1", "s2")),),
    "one file": (invented(30, sensors=("s2",)),),
    "no place": (invented(30, grid=NO_CRS),),
    "neither split": (invented(202, scene=SceneKey("summer", 146)),),
    "across the antimeridian": (
        invented(30, grid=Grid("EPSG:32601", (256, 256), (10, 0, 165_500, 0, -10, 20_000))),
    ),
    "several": (invented(30), invented(31, sensors=("s1",)), invented(60, grid=NO_CRS)),
}


@pytest.mark.parametrize("previews", [False, True], ids=["plain", "with pictures"])
@pytest.mark.parametrize("patches", MIXED.values(), ids=MIXED)
def test_an_item_is_valid_and_pystac_writes_what_it_reads(
    gazetteer: Gazetteer, patches: tuple[Patch, ...], previews: bool
) -> None:
    items = items_of(rows_of(gazetteer, *patches, previews=previews))
    assert len(items) == len(patches)
    for item in items:
        assert errors("item", item) == []
        read = pystac.Item.from_dict(item, preserve_dict=True)
        assert read.to_dict(include_self_link=False, transform_hrefs=False) == item


@pytest.mark.parametrize("patches", MIXED.values(), ids=MIXED)
def test_an_item_says_what_its_row_says(gazetteer: Gazetteer, patches: tuple[Patch, ...]) -> None:
    rows = rows_of(gazetteer, *patches)
    for row, item in zip(rows, items_of(rows), strict=True):
        outline = row["geometry"] and shapely.from_wkb(row["geometry"])
        geometry = item["geometry"] and shapely.geometry.shape(item["geometry"])
        assert geometry == outline
        assert item.get("bbox") == (list(outline.bounds) if outline else None)
        assert item["assets"].keys() == {name for name, asset in row["assets"].items() if asset}
        for name, value in row.items():
            if name.startswith(("sen12ms:", "proj:")) and value is not None:
                assert item["properties"][name] == value
        assert item["properties"]["datetime"] is None
        assert "" not in item["properties"]


def test_what_is_not_known_is_null_in_the_table(gazetteer: Gazetteer) -> None:
    whole, bare, nowhere = rows_of(
        gazetteer, invented(30), invented(31, sensors=("s1",)), invented(60, grid=NO_CRS)
    )
    null = {name for name, value in whole.items() if value is None}
    assert null == {"datetime", "sen12ms:quality"}
    assert {name for name, value in bare.items() if value is None} == null | {
        f"sen12ms:{scheme}" for scheme in SEN12MS.schemes
    }
    assert {name for name, value in nowhere.items() if value is None} == null | {
        "geometry",
        "bbox",
        "proj:code",
        "sen12ms:local_season",
        "sen12ms:country",
        "sen12ms:continent",
    }
    assert bare["assets"]["lc"] is None


def test_what_is_not_known_is_left_out_of_the_item(gazetteer: Gazetteer) -> None:
    (item,) = items_of(rows_of(gazetteer, invented(30, grid=NO_CRS, sensors=("s1",))))
    assert item["geometry"] is None
    assert "bbox" not in item
    assert "proj:code" not in item["properties"]
    assert "sen12ms:country" not in item["properties"]
    assert item["properties"]["sen12ms:igbp"] is None
    assert list(item["assets"]) == ["s1"]


COUNTS = arrays(np.int32, (4, 256), elements=st.integers(0, 100))


@settings(deadline=None)
@given(counts=COUNTS)
def test_every_pixel_is_counted_once(gazetteer: Gazetteer, counts: np.ndarray) -> None:
    (row,) = rows_of(gazetteer, invented(30, counts=counts))
    outside = 0
    for band, scheme in enumerate(SEN12MS.schemes):
        found = row[f"sen12ms:{scheme}"]
        assert sum(found.values()) == counts[band].sum()
        for entry in SEN12MS.legends[scheme].classes:
            assert found[entry.name] == counts[band, entry.code]
        outside += found["unknown"]
    assert ("unknown_class" in row["sen12ms:issues"]) == (outside > 0)


@pytest.mark.parametrize(
    ("band", "code"), [(0, 0), (0, 18), (0, 255), (1, 23), (2, 0), (2, 37), (3, 16), (3, 255)]
)
def test_codes_outside_the_legend_are_counted_as_unknown(
    gazetteer: Gazetteer, band: int, code: int
) -> None:
    patch = invented(30)
    assert patch.counts is not None
    counts = patch.counts.copy()
    counts[band, code] += 7
    (row,) = rows_of(gazetteer, invented(30, counts=counts))
    unknown = [row[f"sen12ms:{scheme}"]["unknown"] for scheme in SEN12MS.schemes]
    assert unknown == [7 if number == band else 0 for number in range(4)]
    assert row["sen12ms:issues"] == ["unknown_class"]


def test_issues_are_those_of_the_patch_alone(gazetteer: Gazetteer) -> None:
    shifted = MOZAMBIQUE._replace(transform=(10.0, 0.0, 376_702.5, 0.0, -10.0, 8_116_742.5))
    odd = np.zeros((4, 256), np.int32)
    odd[:, 99] = PIXELS
    patches = [invented(30), invented(31, grid=shifted), invented(32), invented(33, counts=odd)]
    patches += [invented(34, grid=NO_CRS._replace(transform=invented(34).grid.transform))]
    rows = rows_of(gazetteer, *patches)
    assert [row["sen12ms:issues"] for row in rows] == [
        [],
        ["off_grid"],
        [],
        ["unknown_class"],
        ["no_footprint"],
    ]


def test_the_excluded_patch_is_in_neither_split(gazetteer: Gazetteer) -> None:
    summer = SceneKey("summer", 146)
    before, excluded, after = rows_of(
        gazetteer, *(invented(number, scene=summer) for number in (201, 202, 203))
    )
    assert excluded["sen12ms:split"] is None
    assert excluded["sen12ms:issues"] == ["excluded"]
    assert before["sen12ms:split"] == after["sen12ms:split"] == "train"
    assert set(excluded["sen12ms:issues"]) <= set(ISSUES)


@pytest.mark.parametrize("season", SEN12MS.seasons)
@pytest.mark.parametrize(
    ("crs", "northing", "south"),
    [("EPSG:32637", 5e6, False), ("EPSG:32737", 8e6, True), ("EPSG:32637", 4e4, False)],
    ids=["north", "south", "just north"],
)
def test_the_local_season_is_that_of_the_hemisphere(
    gazetteer: Gazetteer, season: str, crs: str, northing: float, south: bool
) -> None:
    grid = Grid(crs, (256, 256), (10.0, 0.0, 5e5, 0.0, -10.0, northing))
    (row,) = rows_of(gazetteer, invented(0, scene=SceneKey(season, 5), grid=grid))
    opposites = {"spring": "fall", "fall": "spring", "summer": "winter", "winter": "summer"}
    assert row["sen12ms:local_season"] == (opposites[season] if south else season)
    assert row["sen12ms:season"] == season


def test_a_table_of_seasons_decides_before_the_hemisphere(gazetteer: Gazetteer) -> None:
    rows = rows_of(gazetteer, invented(30), invented(31, grid=NO_CRS), season="winter")
    assert [row["sen12ms:local_season"] for row in rows] == ["winter", "winter"]


TITLES = {
    "Spring 1, patch 30 · Mozambique · savanna": invented(30),
    "Spring 1, patch 30 · Mozambique": invented(30, sensors=("s1",)),
    "Spring 1, patch 30 · savanna": invented(30, grid=NO_CRS),
    "Spring 1, patch 30": invented(30, grid=NO_CRS, sensors=("s1",)),
}


@pytest.mark.parametrize(("title", "patch"), TITLES.items(), ids=TITLES)
def test_a_title_is_for_people(gazetteer: Gazetteer, title: str, patch: Patch) -> None:
    (row,) = rows_of(gazetteer, patch)
    assert row["title"] == title


@settings(deadline=None)
@given(arrays(np.int32, (3, 17), elements=st.integers(0, 1)))
def test_the_dominant_cover_has_most_pixels_or_comes_first(pixels: np.ndarray) -> None:
    legend = SEN12MS.legends["igbp"].classes
    columns = {entry.name: pixels[:, number] for number, entry in enumerate(legend)}
    for row, found in zip(pixels, dominant_covers(SEN12MS, columns, len(pixels)), strict=True):
        totals = dict.fromkeys(SEN12MS.covers, 0)
        for entry, count in zip(legend, row, strict=True):
            totals[entry.cover or ""] += int(count)
        most = max(totals.values())
        first = next(cover for cover in SEN12MS.covers if totals[cover] == most)
        assert found == (first if most else None)


def test_pictures_lie_beside_the_item(gazetteer: Gazetteer) -> None:
    rows = rows_of(gazetteer, invented(30), invented(31), previews=True)
    for row, item in zip(rows, items_of(rows), strict=True):
        folder = posixpath.dirname(item_path(SEN12MS, SPRING_1, row["id"]))
        for name in SEN12MS.previews:
            asset = item["assets"][name]
            assert asset["type"] == "image/png"
            assert asset["href"].startswith(f"./{row['id']}_")
            from_item = posixpath.normpath(posixpath.join(folder, asset["href"]))
            assert from_item == posixpath.normpath(row["assets"][name]["href"])


@pytest.mark.parametrize("key", [SPRING_1, SceneKey("winter", 146)], ids=str)
def test_links_lead_from_the_item_to_the_files_above(gazetteer: Gazetteer, key: SceneKey) -> None:
    rows = rows_of(gazetteer, invented(30, scene=key))
    (item,) = items_of(rows)
    folder = posixpath.dirname(item_path(SEN12MS, key, item["id"]))
    targets = {
        link["rel"]: posixpath.normpath(posixpath.join(folder, link["href"]))
        for link in item["links"]
    }
    assert targets == {
        "root": "catalog.json",
        "collection": "sen12ms/collection.json",
        "parent": f"{scene_path(SEN12MS, key)}/catalog.json",
    }
    assert targets == {link["rel"]: posixpath.normpath(link["href"]) for link in rows[0]["links"]}


NAMES = st.lists(st.sampled_from(["a", "b", "sen12ms", "ab"]), min_size=1, max_size=4)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_a_relative_href_leads_to_the_same_file(target: list[str], folder: list[str]) -> None:
    href, here = f"./{'/'.join(target)}/file.json", "/".join(folder)
    found = relative_href(href, here)
    assert posixpath.normpath(posixpath.join(here, found)) == posixpath.normpath(href)
    assert posixpath.normpath(found) == posixpath.relpath(href, here)
    assert found.startswith(("./", "../"))


def test_paths_are_those_of_the_static_catalog() -> None:
    assert scene_path(SEN12MS, SPRING_1) == "sen12ms/spring/ROIs1158_spring_1"
    assert item_path(SEN12MS, SPRING_1, "ROIs1158_spring_1_p30") == (
        "sen12ms/spring/ROIs1158_spring_1/ROIs1158_spring_1_p30.json"
    )
