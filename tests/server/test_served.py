"""Served JSON names this server; what is on disk stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.server.api_data import ApiData
from catalog.server.served import served_json
from catalog.store.static import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Small

BASE = "http://127.0.0.1:8000/"


@pytest.fixture
def item(small: Small) -> dict[str, Any]:
    path = small.out / "sen12ms/summer/ROIs1868_summer_142/ROIs1868_summer_142_p180.json"
    value: dict[str, Any] = read_json(path)
    return value


def test_assets_of_an_item_are_files_of_this_server(item: dict[str, Any]) -> None:
    assets = served_json(SEN12MS, item, BASE)["assets"]
    assert assets.keys() == SEN12MS.previews.keys() | SEN12MS.sensors.keys()
    s2 = "data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"
    assert assets["s2"]["href"] == BASE + s2
    assert assets["thumbnail"]["href"] == BASE + "previews/summer/142/180/thumbnail.png"
    assert assets["s2"]["file:size"] == item["assets"]["s2"]["file:size"]


def test_an_item_says_itself_what_its_bands_are(item: dict[str, Any]) -> None:
    assets = served_json(SEN12MS, item, BASE)["assets"]
    assert [band["name"] for band in assets["s2"]["bands"]][3] == "B4"


def test_legends_are_said_by_the_collection_alone(item: dict[str, Any], small: Small) -> None:
    assert b"classification:" not in orjson.dumps(served_json(SEN12MS, item, BASE))
    collection = read_json(small.out / "sen12ms" / "collection.json")
    assets = served_json(SEN12MS, collection, BASE)["item_assets"]
    assert len(assets["lc"]["bands"][0]["classification:classes"]) == 17
    assert len(assets["overview_lc"]["classification:classes"]) == 17


def test_previews_that_the_catalog_has_are_those_of_the_catalog(item: dict[str, Any]) -> None:
    own = {"href": "./own.png", "type": "image/png", "title": "Own", "roles": ["thumbnail"]}
    served = served_json(SEN12MS, item | {"assets": item["assets"] | {"thumbnail": own}}, BASE)[
        "assets"
    ]
    folder = "catalog/sen12ms/summer/ROIs1868_summer_142/"
    assert served["thumbnail"]["href"] == f"{BASE}{folder}ROIs1868_summer_142_p180_thumbnail.png"
    assert served["overview"]["href"].startswith(BASE)


def test_a_missing_file_has_no_asset(item: dict[str, Any]) -> None:
    assets = {name: asset for name, asset in item["assets"].items() if name != "s1"}
    assert "s1" not in served_json(SEN12MS, item | {"assets": assets}, BASE)["assets"]


def test_nothing_else_of_an_item_changes_nor_does_the_argument(item: dict[str, Any]) -> None:
    assets = dict(item["assets"])
    served = served_json(SEN12MS, item, BASE)
    kept = {"assets": None, "stac_extensions": None, "links": None}
    assert served | kept == item | kept
    assert served["links"][:-1] == item["links"]
    assert served["links"][-1]["href"] == f"{BASE}catalog/?patch={item['id']}"
    own = f"{BASE}schemas/sen12ms/fields-v1.0.0.json"
    assert served["stac_extensions"] == [*item["stac_extensions"][:-1], own]
    assert item["assets"] == assets


@pytest.mark.parametrize(
    "value",
    [{"type": "Catalog", "links": []}, {"patches": 3}, {"type": "Feature", "properties": {}}],
    ids=["catalog", "report", "other GeoJSON"],
)
def test_other_json_stays_as_it_is(value: dict[str, Any]) -> None:
    assert served_json(SEN12MS, value, BASE) == value


def test_the_collection_tells_of_the_previews(small: Small) -> None:
    served = served_json(SEN12MS, read_json(small.out / "sen12ms/collection.json"), BASE)
    assert served["item_assets"].keys() == SEN12MS.previews.keys() | SEN12MS.sensors.keys()


@pytest.fixture(scope="module")
def elsewhere(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog whose files are in an object store, and on a web server too."""
    out = tmp_path_factory.mktemp("elsewhere") / "catalog"
    index(small.root, into=out, href_base="s3://bucket/data", alternate="https://example.org/data")
    return out


def extensions_used(value: dict[str, Any]) -> set[str]:
    """Which of the two extensions that tell where files are an object has the fields of."""
    text = orjson.dumps({name: said for name, said in value.items() if name != "links"})
    fields = {"alternate-assets": b'"alternate":', "storage": b'"storage:'}
    named = {url.split("/")[3] for url in value["stac_extensions"]} & fields.keys()
    assert named == {name for name, field in fields.items() if field in text}
    return named


def test_the_collection_says_nothing_of_other_places_than_this_server(elsewhere: Path) -> None:
    collection = read_json(elsewhere / "sen12ms/collection.json")
    assert extensions_used(collection) == {"alternate-assets", "storage"}
    served = served_json(SEN12MS, collection, BASE)
    assert extensions_used(served) == set()
    kept = {"item_assets": None, "stac_extensions": None, "storage:schemes": None}
    assert served | kept == collection | kept
    for name in SEN12MS.sensors:
        places = {"alternate": None, "storage:refs": None}
        assert served["item_assets"][name] | places == collection["item_assets"][name] | places


@pytest.mark.parametrize(
    ("name", "said"), [(".", set()), ("items.parquet", {"storage"})], ids=["folder", "bare table"]
)
def test_the_api_says_of_a_collection_what_its_items_say(
    elsewhere: Path, name: str, said: set[str]
) -> None:
    with Catalog.open(elsewhere / name) as cat:
        api = ApiData(cat)
        collection = api.collection(BASE)
        item = orjson.loads(api.item(cat.select().ids[0], BASE) or b"")
    assert extensions_used(collection) == said
    assert b"alternate-assets" not in orjson.dumps(item)
    hrefs = [asset["href"] for asset in item["assets"].values()]
    assert all(href.startswith("s3://bucket/data/" if said else BASE) for href in hrefs)
