"""Items of the API are the same from static files, from their bytes, and from the table."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.server.api_items import ApiItems
from catalog.stac.item import item_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import Dataset

    Serving = Callable[..., AbstractContextManager[str]]

BASE = "http://127.0.0.1:8000/"


def test_spliced_bytes_are_what_parsing_gives(
    demo: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalog.open(demo.out) as cat:
        items, names = ApiItems(cat), cat.select().ids
        parsed = [orjson.dumps(item) for item in items.read(names, BASE)]
        monkeypatch.setattr(items, "_served", None)
        spliced = items.encoded(names, BASE)
        assert spliced == parsed
        assert len(set(spliced)) == 93


def test_a_file_that_another_program_wrote_is_answered_as_well(tiny: Dataset) -> None:
    with Catalog.open(tiny.out) as cat:
        items, (name, *_) = ApiItems(cat), cat.select().ids
        (expected,) = items.read([name], BASE)
        key = SEN12MS.parse_id(name)
        assert key is not None
        path = tiny.out / item_path(SEN12MS, key.of_scene, name)
        path.write_text(json.dumps(json.loads(path.read_bytes()), indent=2, sort_keys=True))
        (answer,) = items.encoded([name], BASE)
        assert orjson.loads(answer) == expected


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def flip_the_first_bit(raw: bytes) -> bytes:
    return bytes([raw[0] ^ 1]) + raw[1:]


def end_a_text_early(raw: bytes) -> bytes:
    return raw.replace(b"Italy", b'"taly')


def forget_an_asset(raw: bytes) -> bytes:
    item = json.loads(raw)
    item["assets"]["s1"] = 5
    return orjson.dumps(item)


@pytest.mark.parametrize(
    "harm",
    [
        *(cut, flip_the_first_bit, end_a_text_early, forget_an_asset),
        *(lambda _: b"", lambda _: b"[1]", lambda _: b"{}"),
    ],
    ids=["cut", "bit", "text", "asset", "empty", "list", "object"],
)
def test_a_damaged_file_is_answered_from_the_table(
    demo: Dataset, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    out = shutil.copytree(demo.out, tmp_path / "catalog")
    name = "ROIs1868_summer_142_p180"
    key = SEN12MS.parse_id(name)
    assert key is not None
    path = out / item_path(SEN12MS, key.of_scene, name)
    with Catalog.open(out) as cat:
        items = ApiItems(cat)
        (expected,) = items.read([name], BASE)
        path.write_bytes(harm(path.read_bytes()))
        assert orjson.loads(items.encoded([name], BASE)[0]) == expected
        assert items.read([name], BASE) == [expected]


def found(url: str, query: str = "") -> list[dict[str, Any]]:
    answer = httpx.get(f"{url}api/search?limit=1000{query}").json()
    items: list[dict[str, Any]] = json.loads(json.dumps(answer["features"]).replace(url, BASE))
    return items


@pytest.mark.parametrize(
    "query", ["", "&sortby=-id", "&fields=-assets", "&fields=properties.title"]
)
def test_a_catalog_without_static_items_answers_the_same(
    demo: Dataset, serving: Serving, query: str, tmp_path: Path
) -> None:
    for name in ("items.parquet", "catalog.duckdb", "report.json"):
        shutil.copy(demo.out / name, tmp_path)
    with serving(demo.out) as url:
        expected = found(url, query)
    with serving(tmp_path) as url:
        assert found(url, query) == expected
        href = f"{url}data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"
        assert httpx.head(href).status_code == 200


def test_a_bare_table_answers_with_the_hrefs_that_it_holds(
    demo: Dataset, serving: Serving, tmp_path: Path
) -> None:
    with serving(demo.out) as url:
        expected = found(url)
    table = shutil.copy(demo.out / "items.parquet", tmp_path)
    kept = {"assets": None, "stac_extensions": None}
    with serving(table) as url:
        items = found(url)
        # There is no map of a bare table.
        for item in expected:
            item["links"] = [link for link in item["links"] if link["rel"] != "alternate"]
        assert [item | kept for item in items] == [item | kept for item in expected]
        for item in items:
            key = SEN12MS.parse_id(item["id"])
            assert key is not None
            file = demo.out / item_path(SEN12MS, key.of_scene, item["id"])
            static = json.loads(file.read_bytes())
            assert item["assets"] == static["assets"]
            assert item["stac_extensions"] == static["stac_extensions"]
        name = items[0]["id"]
        one = httpx.get(f"{url}api/collections/sen12ms/items/{name}").json()
        assert one["properties"] == items[0]["properties"]
        collection = httpx.get(f"{url}api/collections/sen12ms").json()
        assert not [link for link in collection["links"] if link["rel"] == "child"]
        assert httpx.get(url, follow_redirects=True).json()["type"] == "Catalog"
        assert httpx.get(f"{url}catalog/catalog.json").status_code == 404


def test_previews_that_the_catalog_holds_are_linked(tmp_path: Path, tiny: Dataset) -> None:
    index(tiny.root, into=tmp_path / "pictured", previews=True)
    with Catalog.open(tmp_path / "pictured") as cat:
        names = cat.select().ids
        for item in map(orjson.loads, ApiItems(cat).encoded(names, BASE)):
            href = item["assets"]["thumbnail"]["href"]
            assert (tmp_path / "pictured" / href.removeprefix(f"{BASE}catalog/")).is_file()
