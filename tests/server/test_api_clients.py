"""Clients of the field, unpatched, search the catalog."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import httpx

    from tests.server.conftest import Dataset

ITALY = {"type": "Polygon", "coordinates": [[[10, 44], [11, 44], [11, 45], [10, 45], [10, 44]]]}


@pytest.fixture(scope="module")
def cat(demo: Dataset) -> Iterator[Catalog]:
    with Catalog.open(demo.out) as cat:
        yield cat


@pytest.fixture(scope="module")
def stac(url: str) -> Any:
    return pytest.importorskip("pystac_client").Client.open(f"{url}api")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pystac_client_searches_by_everything(stac: Any, cat: Catalog, method: str) -> None:
    def ids(**given: Any) -> list[str]:
        search = stac.search(method=method, limit=5, **given)
        found = [item.id for item in search.items()]
        assert search.matched() == len(found)
        return found

    assert ids() == cat.select().ids
    assert ids(bbox=[10, 44, 11, 45]) == cat.select(bbox=[10, 44, 11, 45]).ids
    assert ids(intersects=ITALY) == cat.select(intersects=ITALY).ids
    assert ids(datetime="2017-06-01/2017-08-01") == cat.select(season="summer").ids
    assert ids(collections=["sen12ms"], ids=cat.select().ids[:12]) == cat.select().ids[:12]
    text = "sen12ms:season = 'winter' AND cover.forest < 0.9"
    assert ids(filter=text, filter_lang="cql2-text") == cat.select(filter=text).ids
    tree = {"op": "=", "args": [{"property": "season"}, "winter"]}
    assert ids(filter=tree, filter_lang="cql2-json") == cat.select(filter=tree).ids
    assert ids(sortby="-id") == sorted(cat.select().ids, reverse=True)
    found = stac.search(method=method, max_items=3, fields=["id", "properties.sen12ms:season"])
    assert [item["id"] for item in found.items_as_dicts()] == cat.select().ids[:3]


def test_pystac_client_reads_the_collection_and_its_queryables(stac: Any, cat: Catalog) -> None:
    (collection,) = stac.get_collections()
    assert collection.id == "sen12ms"
    assert "cover.forest" in collection.get_queryables()["properties"]
    name = cat.select().ids[0]
    assert collection.get_item(name).id == name
    assert [item.id for item in collection.get_items()] == cat.select().ids


@pytest.mark.slow
def test_pystac_client_pages_through_two_thousand_items(
    thousands: Path, serving: Callable[..., AbstractContextManager[str]]
) -> None:
    pystac_client = pytest.importorskip("pystac_client")
    with Catalog.open(thousands) as cat, serving(thousands) as url:
        search = pystac_client.Client.open(f"{url}api").search(limit=150)
        pages = list(search.pages_as_dicts())
        assert search.matched() == 2016
        names = [item["id"] for page in pages for item in page["features"]]
        assert names == cat.select().ids
        assert len(pages) == 14


def test_odc_stac_loads_what_a_search_finds(stac: Any, cat: Catalog) -> None:
    odc_stac = pytest.importorskip("odc.stac")
    name = "ROIs1868_summer_142_p180"
    geobox = pytest.importorskip("odc.geo.geobox")
    (item,) = stac.search(ids=[name]).items()
    transform = rasterio.Affine(*item.properties["proj:transform"])
    grid = geobox.GeoBox((256, 256), transform, item.properties["proj:code"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = odc_stac.load([item], bands=["s2"], geobox=grid)
    (path,) = cat.select(ids=[name]).paths("s2")
    with rasterio.open(path) as source:
        assert np.array_equal(loaded["s2"].values[0], source.read(1))


def test_duckdb_rustac_and_stac_geoparquet_read_the_parquet_answer(
    client: httpx.Client, cat: Catalog, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb")
    stac_geoparquet = pytest.importorskip("stac_geoparquet.arrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "found.parquet"
    path.write_bytes(client.get("api/search?f=parquet&bbox=10,44,11,45").content)
    expected = cat.select(bbox=[10, 44, 11, 45]).ids
    rows = duckdb.sql(f"SELECT id FROM read_parquet('{path}') ORDER BY id").fetchall()
    assert [row[0] for row in rows] == sorted(expected)
    items = stac_geoparquet.stac_table_to_items(pq.read_table(path))
    assert sorted(item["id"] for item in items) == sorted(expected)
    rustac = pytest.importorskip("rustac")
    read = asyncio.run(_read(rustac, path))
    assert sorted(item["id"] for item in read["features"]) == sorted(expected)


async def _read(rustac: Any, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = await rustac.read(str(path))
    return found
