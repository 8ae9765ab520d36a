"""What holds the items together is valid, complete, and leads to every item and back.

Validated with the core schemas that pystac carries. The schemas of the extensions in use lie on
the web only and are not covered here: scientific 1.0.0, classification 2.0.0, eo 2.0.0, sar 1.2.0,
table 1.2.0; what they ask for in our case is asked for by name.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

import pystac
import pytest
import rasterio
from core_schemas import errors
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import SEN12MS
from catalog.model import SceneKey
from catalog.stac.collection import (
    SceneSummary,
    collection,
    item_assets,
    root_catalog,
    scene_catalog,
    season_catalog,
)
from catalog.stac.item import scene_path
from catalog.store.columns import table_columns

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ISO = "%Y-%m-%dT%H:%M:%SZ"
MOZAMBIQUE = SceneSummary(
    key=SceneKey("spring", 1),
    patches=784,
    bbox=(37.7, -17.3, 38.0, -17.0),
    country="Mozambique",
    cover="savanna",
    countries=("MOZ",),
    continents=("Africa",),
    crs=("EPSG:32737",),
)
BELGIUM = SceneSummary(
    key=SceneKey("winter", 112),
    patches=1,
    bbox=(5.5, 50.7, 6.0, 51.1),
    country="Netherlands",
    cover=None,
    countries=("BEL", "NLD"),
    continents=("Europe",),
    crs=("EPSG:32631",),
)
NOWHERE = SceneSummary(
    key=SceneKey("spring", 11),
    patches=3,
    bbox=None,
    country=None,
    cover=None,
    countries=(),
    continents=(),
    crs=(),
)
SCENES = (MOZAMBIQUE, NOWHERE, BELGIUM)


CATALOGS = {
    "root": root_catalog(SEN12MS),
    "season": season_catalog(SEN12MS, "spring", [MOZAMBIQUE, NOWHERE]),
    "scene": scene_catalog(SEN12MS, MOZAMBIQUE, [("ROIs1158_spring_1_p30", "a"), ("other", "b")]),
    "scene without items": scene_catalog(SEN12MS, NOWHERE, []),
}


@pytest.mark.parametrize("value", CATALOGS.values(), ids=CATALOGS)
def test_a_catalog_is_valid_and_pystac_writes_what_it_reads(value: dict[str, Any]) -> None:
    assert errors("catalog", value) == []
    read = pystac.Catalog.from_dict(value, preserve_dict=True)
    assert read.to_dict(include_self_link=False, transform_hrefs=False) == value
    assert json.loads(json.dumps(value)) == value


COLLECTIONS = {
    "all": SCENES,
    "one scene": (BELGIUM,),
    "one scene nowhere": (NOWHERE,),
    "no scene": (),
}


@pytest.mark.parametrize("scenes", COLLECTIONS.values(), ids=COLLECTIONS)
@pytest.mark.parametrize("previews", [False, True], ids=["plain", "with pictures"])
def test_a_collection_is_valid_and_pystac_writes_what_it_reads(
    scenes: tuple[SceneSummary, ...], previews: bool
) -> None:
    value = collection(SEN12MS, scenes, table_columns(SEN12MS), previews=previews)
    assert errors("collection", value) == []
    read = pystac.Collection.from_dict(value, preserve_dict=True)
    assert read.to_dict(include_self_link=False, transform_hrefs=False) == value
    assert json.loads(json.dumps(value)) == value


def below(values: Iterable[float], low: float, high: float) -> bool:
    return all(low <= value <= high for value in values)


LONGITUDES = st.tuples(st.floats(-180, 180), st.floats(-180, 180)).map(sorted)
LATITUDES = st.tuples(st.floats(-90, 90), st.floats(-90, 90)).map(sorted)
BOXES = st.tuples(LONGITUDES, LATITUDES).map(lambda b: (b[0][0], b[1][0], b[0][1], b[1][1]))
SUMMARIES = st.lists(
    st.builds(
        SceneSummary,
        key=st.builds(SceneKey, st.sampled_from(sorted(SEN12MS.seasons)), st.integers(0, 150)),
        patches=st.integers(1, 900),
        bbox=st.none() | BOXES,
        country=st.none(),
        cover=st.none(),
        countries=st.just(()),
        continents=st.just(()),
        crs=st.just(()),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda scene: scene.key,
)


@settings(deadline=None)
@given(SUMMARIES)
def test_the_first_extent_is_as_large_as_all_scenes_and_no_larger(
    scenes: list[SceneSummary],
) -> None:
    boxes = [scene.bbox for scene in scenes if scene.bbox]
    (whole, *parts) = collection(SEN12MS, scenes, [])["extent"]["spatial"]["bbox"]
    if not boxes:
        assert (whole, parts) == ([-180, -90, 180, 90], [])
        return
    wests, souths, easts, norths = zip(*boxes, strict=True)
    assert whole == [min(wests), min(souths), max(easts), max(norths)]
    for west, south, east, north in [*boxes, *parts]:
        assert below((west, east), whole[0], whole[2])
        assert below((south, north), whole[1], whole[3])
    seasons = len({scene.key.season for scene in scenes if scene.bbox})
    assert len(parts) == (seasons if seasons > 1 else 0)  # STAC: one box, or a whole and its parts


@settings(max_examples=30, deadline=None)
@given(SUMMARIES)
def test_a_collection_is_valid_whatever_its_scenes_are(scenes: list[SceneSummary]) -> None:
    assert errors("collection", collection(SEN12MS, scenes, [])) == []


@settings(deadline=None)
@given(SUMMARIES)
def test_the_first_interval_spans_those_of_all_seasons(scenes: list[SceneSummary]) -> None:
    seasons = {scene.key.season for scene in scenes}
    whole, *parts = collection(SEN12MS, scenes, [])["extent"]["temporal"]["interval"]
    windows = [
        [SEN12MS.seasons[season].start.strftime(ISO), SEN12MS.seasons[season].end.strftime(ISO)]
        for season in seasons
    ]
    assert sorted(parts) == sorted(windows)
    assert whole == [min(start for start, _ in windows), max(end for _, end in windows)]


def test_summaries_hold_every_value_once_and_in_order() -> None:
    summaries = collection(SEN12MS, [*SCENES, BELGIUM], [])["summaries"]
    assert summaries["sen12ms:season"] == ["spring", "winter"]
    assert summaries["sen12ms:country"] == ["BEL", "MOZ", "NLD"]
    assert summaries["sen12ms:continent"] == ["Africa", "Europe"]
    assert summaries["proj:code"] == ["EPSG:32631", "EPSG:32737"]


def test_the_table_is_an_asset_with_all_its_columns() -> None:
    asset = collection(SEN12MS, SCENES, table_columns(SEN12MS))["assets"]["items"]
    assert asset["type"] == "application/vnd.apache.parquet"
    assert asset["table:row_count"] == 788
    assert asset["table:primary_geometry"] == "geometry"
    assert asset["table:columns"] == table_columns(SEN12MS)
    for column in asset["table:columns"]:
        assert column["name"]
        assert column["type"]
        assert column["description"]


def test_licence_providers_and_citation_are_told() -> None:
    value = collection(SEN12MS, SCENES, [])
    assert value["license"] == "CC-BY-4.0"
    assert value["sci:doi"] == "10.5194/isprs-annals-IV-2-W7-153-2019"
    assert "2019" in value["sci:citation"]
    links = {link["rel"]: link["href"] for link in value["links"]}
    assert links["license"].startswith("https://creativecommons.org/licenses/by/4.0")
    assert links["cite-as"] == f"https://doi.org/{value['sci:doi']}"
    assert {role for provider in value["providers"] for role in provider["roles"]} >= {
        "producer",
        "licensor",
    }


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_item_assets_describe_every_band_of_a_sensor(sensor: str) -> None:
    asset = item_assets(SEN12MS)[sensor]
    names = {
        "s1": ["VV", "VH"],
        "s2": ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"],
        "lc": ["igbp", "lccs_lc", "lccs_lu", "lccs_sh"],
    }
    assert [band["name"] for band in asset["bands"]] == names[sensor]
    assert all(band["description"] for band in asset["bands"])
    assert asset["type"] == "image/tiff; application=geotiff"
    assert asset["gsd"] == 10
    assert "data" in asset["roles"]


def test_item_assets_are_true_of_real_files(real: Path) -> None:
    seen = set()
    for path in real.rglob("*.tif"):
        sensor = path.name.split("_")[2]
        with rasterio.open(path) as dataset:
            asset = item_assets(SEN12MS)[sensor]
            assert {asset["data_type"]} == set(dataset.dtypes)
            assert len(asset["bands"]) == dataset.count
            assert (asset["gsd"], asset["gsd"]) == dataset.res
        seen.add(sensor)
    assert seen == set(SEN12MS.sensors)


def test_optical_bands_have_wavelengths_and_names_of_the_extension() -> None:
    common_names = {
        "coastal", "blue", "green", "red", "rededge071", "rededge075", "rededge078", "nir",
        "nir08", "nir09", "cirrus", "swir16", "swir22",
    }  # fmt: skip
    bands = item_assets(SEN12MS)["s2"]["bands"]
    assert {band["eo:common_name"] for band in bands} == common_names
    nearest = min(bands, key=lambda band: abs(band["eo:center_wavelength"] - 0.665))
    assert (nearest["name"], nearest["eo:common_name"]) == ("B4", "red")
    for band in bands:
        assert 0.4 < band["eo:center_wavelength"] < 2.3
        assert 0 < band["eo:full_width_half_max"] < 0.2


def test_radar_says_how_it_looked() -> None:
    asset = item_assets(SEN12MS)["s1"]
    assert asset["sar:polarizations"] == [band["name"] for band in asset["bands"]]
    assert (asset["sar:instrument_mode"], asset["sar:frequency_band"]) == ("IW", "C")


@pytest.mark.parametrize("scheme", SEN12MS.schemes)
def test_land_cover_lists_every_class_with_its_colour(scheme: str) -> None:
    (band,) = (band for band in item_assets(SEN12MS)["lc"]["bands"] if band["name"] == scheme)
    classes = band["classification:classes"]
    assert [entry["value"] for entry in classes] == [
        entry.code for entry in SEN12MS.legends[scheme].classes
    ]
    assert len({entry["name"] for entry in classes}) == len(classes)
    for entry in classes:
        assert re.fullmatch(r"[0-9A-F]{6}", entry["color_hint"])
        assert re.fullmatch(r"[0-9A-Za-z_-]+", entry["name"])
        assert entry["title"]


def test_pictures_are_described_where_there_are_any() -> None:
    plain, drawn = (
        collection(SEN12MS, SCENES, [], previews=previews) for previews in (False, True)
    )
    assert plain["item_assets"].keys() == SEN12MS.sensors.keys()
    assert drawn["item_assets"].keys() == SEN12MS.sensors.keys() | SEN12MS.previews.keys()
    for name, preview in SEN12MS.previews.items():
        asset = drawn["item_assets"][name]
        assert asset["type"] == "image/png"
        assert asset["roles"] == list(preview.roles)
    legend = drawn["item_assets"]["lc"]["bands"][0]["classification:classes"]
    assert drawn["item_assets"]["overview_lc"]["classification:classes"] == legend


def test_every_extension_that_is_used_is_named() -> None:
    value = collection(SEN12MS, SCENES, table_columns(SEN12MS))
    schema = r"https://stac-extensions\.github\.io/([a-z]+)/v\d+\.\d+\.\d+/schema\.json"
    named = {re.fullmatch(schema, uri)[1] for uri in value["stac_extensions"][:-1]}
    assert value["stac_extensions"][-1] == SEN12MS.schema_url
    prefixes = {
        name.split(":")[0] for name in re.findall(r'"([a-z0-9]+:[a-z_]+)":', json.dumps(value))
    }
    extensions = {"sci": "scientific", "proj": "projection"}
    used = {extensions.get(prefix, prefix) for prefix in prefixes - {"sen12ms"}}
    assert used == named
    assert used >= {"eo", "sar", "classification", "table", "scientific"}


def hrefs(value: dict[str, Any], rel: str, folder: str) -> list[str]:
    """Links of one kind, from the root of the catalog."""
    return [
        posixpath.normpath(posixpath.join(folder, link["href"]))
        for link in value["links"]
        if link["rel"] == rel
    ]


def test_links_lead_down_and_up() -> None:
    whole = collection(SEN12MS, SCENES, [])
    season = season_catalog(SEN12MS, "spring", [MOZAMBIQUE, NOWHERE])
    items = [(f"ROIs1158_spring_1_p{number}", f"patch {number}") for number in (30, 31)]
    scene = scene_catalog(SEN12MS, MOZAMBIQUE, items)
    folder = scene_path(SEN12MS, MOZAMBIQUE.key)
    assert hrefs(root_catalog(SEN12MS), "child", "") == ["sen12ms/collection.json"]
    assert hrefs(whole, "child", "sen12ms") == [
        "sen12ms/spring/catalog.json",
        "sen12ms/winter/catalog.json",
    ]
    assert hrefs(season, "child", "sen12ms/spring") == [
        f"{scene_path(SEN12MS, scene.key)}/catalog.json" for scene in (MOZAMBIQUE, NOWHERE)
    ]
    assert hrefs(scene, "item", folder) == [f"{folder}/{item}.json" for item, _ in items]
    assert hrefs(whole, "parent", "sen12ms") == ["catalog.json"]
    assert hrefs(season, "parent", "sen12ms/spring") == ["sen12ms/collection.json"]
    assert hrefs(scene, "parent", folder) == ["sen12ms/spring/catalog.json"]
    for value, place in ((whole, "sen12ms"), (season, "sen12ms/spring"), (scene, folder)):
        assert hrefs(value, "root", place) == ["catalog.json"]


def test_links_have_titles_and_types() -> None:
    scene = scene_catalog(SEN12MS, MOZAMBIQUE, [("ROIs1158_spring_1_p30", "patch 30")])
    for value in (
        root_catalog(SEN12MS),
        collection(SEN12MS, SCENES, []),
        season_catalog(SEN12MS, "spring", [NOWHERE]),
        scene,
    ):
        for link in value["links"]:
            assert link["title"]
            assert link["type"]
    (item,) = (link for link in scene["links"] if link["rel"] == "item")
    assert (item["title"], item["type"]) == ("patch 30", "application/geo+json")


TITLES = {
    "Spring 1 · Mozambique · savanna · 784 patches": MOZAMBIQUE,
    "Winter 112 · Netherlands · 1 patch": BELGIUM,
    "Spring 11 · 3 patches": NOWHERE,
}


@pytest.mark.parametrize(("title", "scene"), TITLES.items(), ids=TITLES)
def test_the_title_of_a_scene_is_for_people(title: str, scene: SceneSummary) -> None:
    value = scene_catalog(SEN12MS, scene, [])
    assert value["title"] == title
    assert value["id"] == SEN12MS.scene_id(scene.key)


DESCRIPTIONS = {
    "784 patches of 2.56 × 2.56 km in Mozambique, most of them savanna. EPSG:32737.": MOZAMBIQUE,
    "1 patch of 2.56 × 2.56 km in Netherlands. EPSG:32631.": BELGIUM,
    "3 patches of 2.56 × 2.56 km.": NOWHERE,
}


@pytest.mark.parametrize(("text", "scene"), DESCRIPTIONS.items(), ids=DESCRIPTIONS)
def test_the_description_of_a_scene_says_what_is_known(text: str, scene: SceneSummary) -> None:
    assert scene_catalog(SEN12MS, scene, [])["description"] == text


def test_a_season_says_how_much_it_holds() -> None:
    value = season_catalog(SEN12MS, "spring", [MOZAMBIQUE, NOWHERE])
    assert value["id"] == "ROIs1158_spring"
    assert "2 scenes with 787 patches in 1 country" in value["description"]
    assert "2017-03-01 to 2017-05-30" in value["title"]


def test_the_written_catalog_is_read_whole_by_pystac(small: Any) -> None:
    read = pystac.Catalog.from_file(str(small.out / "catalog.json"))
    items = list(read.get_items(recursive=True))
    assert len({item.id for item in items}) == small.report.patches
    (whole,) = read.get_children()
    assert isinstance(whole, pystac.Collection)
    west, south, east, north = whole.extent.spatial.bboxes[0]
    start, end = whole.extent.temporal.intervals[0]
    for item in items:
        assert item.bbox is not None
        assert below(item.bbox[::2], west, east)
        assert below(item.bbox[1::2], south, north)
        assert start <= item.common_metadata.start_datetime
        assert item.common_metadata.end_datetime <= end
        assert item.get_collection().id == "sen12ms"
        assert item.get_parent().id == "_".join(item.id.split("_")[:3])
        assert item.assets.keys() <= whole.item_assets.keys()
