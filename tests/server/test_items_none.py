"""A server of a catalog whose items have no files answers as one of a catalog that has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pystac
import pytest

from catalog import Catalog, index
from catalog.server.api_items import ApiItems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import Dataset

    Serving = Callable[..., AbstractContextManager[str]]

BASE = "http://127.0.0.1:8000/"
ITEM = "sen12ms/summer/ROIs1868_summer_142/ROIs1868_summer_142_p180.json"
S2 = "data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"


@pytest.fixture(scope="module")
def out(demo: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the demo, without a file per item."""
    folder = tmp_path_factory.mktemp("none") / "catalog"
    index(demo.root, into=folder, items="none")
    return folder


@pytest.fixture(scope="module")
def bare(out: Path, serving: Serving) -> Iterator[str]:
    """URL of its server."""
    with serving(out) as url:
        yield url


def answer(url: str, path: str) -> Any:
    """What a server says, whatever its port is."""
    text = httpx.get(urljoin(url, path)).raise_for_status().text
    return json.loads(text.replace(url, BASE))


def walk(url: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every catalog, collection and item below one, with its path."""
    value = answer(url, path)
    yield path, value
    for link in value["links"]:
        if link["rel"] in {"child", "item"}:
            yield from walk(url, urljoin(path, link["href"]))


def test_its_static_tree_is_the_same_but_for_links_to_the_table(url: str, bare: str) -> None:
    found = dict(walk(bare, "catalog/catalog.json"))
    assert len(found) == 1 + 1 + 4 + 12 + 93
    tables = 0
    for value in found.values():
        if value["type"] == "Catalog":
            kept = [link for link in value["links"] if link["rel"] != "alternate"]
            tables += len(value["links"]) - len(kept)
            value["links"] = kept
    assert tables == 12
    assert found == dict(walk(url, "catalog/catalog.json"))


def test_pystac_walks_and_validates_it(bare: str, core_schemas_only: None) -> None:
    catalog = pystac.Catalog.from_file(f"{bare}catalog/catalog.json")
    assert catalog.validate_all() == 93


@pytest.mark.parametrize(
    "path",
    [
        "api/search?limit=100",
        "api/search?limit=100&sortby=-id",
        "api/search?limit=7&bbox=-180,-90,180,20",
        "api/search?limit=100&fields=-assets",
        "api/search?limit=100&fields=properties.title",
        "api/collections/sen12ms",
        "api/collections/sen12ms/items?limit=100",
        "api/collections/sen12ms/items/ROIs1868_summer_142_p180",
        f"catalog/{ITEM}",
        "catalog/map/about.json",
    ],
)
def test_it_answers_the_same(url: str, bare: str, path: str) -> None:
    found = answer(bare, path)
    assert found == answer(url, path)
    assert found


def test_items_are_the_same_bytes(demo: Dataset, out: Path) -> None:
    with Catalog.open(demo.out) as cat, Catalog.open(out) as other:
        names = cat.select().ids
        assert ApiItems(other).encoded(names, BASE) == ApiItems(cat).encoded(names, BASE)


def test_the_map_leads_to_the_item(bare: str) -> None:
    about = answer(bare, "catalog/map/about.json")
    values = {"season": "summer", "scene_id": "ROIs1868_summer_142"}
    name = "ROIs1868_summer_142_p180"
    path = about["item"].format(collection=about["id"], id=name, **values)
    assert answer(bare, f"catalog/{path}")["id"] == name


def test_files_and_previews_are_there(demo: Dataset, bare: str) -> None:
    assert httpx.get(f"{bare}{S2}").content == (demo.root / S2.removeprefix("data/")).read_bytes()
    picture = httpx.get(f"{bare}previews/summer/142/180/thumbnail.png")
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "path",
    [
        ITEM.replace("p180", "p5"),
        ITEM.replace("summer/ROIs1868", "spring/ROIs1868"),
        ITEM.replace("_142/", "_140/"),
        ITEM.replace(".json", ".JSON"),
        ITEM.replace(".json", ""),
        ITEM.replace("sen12ms/", ""),
        f"/{ITEM}",
        "ROIs1868_summer_142_p180.json",
        "sen12ms/summer/ROIs1868_summer_999/ROIs1868_summer_999_p1.json",
        ".json",
        "%00.json",
    ],
)
def test_an_item_has_one_path(bare: str, path: str) -> None:
    assert httpx.get(f"{bare}catalog/{path}").status_code == 404
