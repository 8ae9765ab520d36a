"""Everything that the catalog links to is there over HTTP, and nothing else is."""

from __future__ import annotations

import http.client
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pystac
import pystac_client
import pytest

from catalog import index
from catalog.datasets import SEN12MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import Dataset

    Serving = Callable[..., AbstractContextManager[str]]

SCENE = "catalog/sen12ms/summer/ROIs1868_summer_142"
ITEM = f"{SCENE}/ROIs1868_summer_142_p180.json"
S2 = "ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"
PREVIEW = "previews/summer/142/180"


# Nothing is missing


def walk(client: httpx.Client, href: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every catalog, collection and item below one, with its URL."""
    url = urljoin(str(client.base_url), href)
    value = client.get(url).raise_for_status().json()
    yield url, value
    for link in value["links"]:
        if link["rel"] in {"child", "item"}:
            yield from walk(client, urljoin(url, link["href"]))


@pytest.mark.slow
def test_every_link_and_asset_of_the_demo_resolves(client: httpx.Client, url: str) -> None:
    hrefs: set[str] = set()
    for here, value in walk(client, "catalog/catalog.json"):
        entries = [*value["links"], *value.get("assets", {}).values()]
        hrefs |= {urljoin(here, entry["href"]) for entry in entries}
    own = {href for href in hrefs if href.startswith(url)}
    json_files, tables, assets = 1 + 1 + 4 + 12 + 93, 1, 93 * (3 + len(SEN12MS.previews))
    assert len(own) == json_files + tables + assets + 93  # and each on the map
    assert {urlsplit(href).scheme for href in hrefs - own} == {"https"}
    assert [href for href in sorted(own) if client.head(href).status_code != 200] == []


def test_pystac_walks_and_validates_the_demo(url: str, core_schemas_only: None) -> None:
    catalog = pystac.Catalog.from_file(f"{url}catalog/catalog.json")
    items = list(catalog.get_items(recursive=True))
    assert len(items) == 93
    assert catalog.validate_all() == 93
    assert all(asset.href.startswith(url) for item in items for asset in item.assets.values())


@pytest.mark.filterwarnings("ignore:::pystac_client")  # it is a static catalog, no API
def test_pystac_client_opens_the_catalog(url: str) -> None:
    catalog = pystac_client.Client.open(f"{url}catalog/catalog.json")
    (collection,) = catalog.get_collections()
    assert collection.id == "sen12ms"
    seasons = {child.id for child in collection.get_children()}
    assert seasons == {"ROIs1158_spring", "ROIs1868_summer", "ROIs1970_fall", "ROIs2017_winter"}


def test_files_are_those_of_the_dataset_and_of_the_catalog(
    client: httpx.Client, demo: Dataset
) -> None:
    assert client.get(f"data/{S2}").content == (demo.root / S2).read_bytes()
    table = client.get("catalog/items.parquet")
    assert table.content == (demo.out / "items.parquet").read_bytes()
    assert table.headers["content-type"] == "application/vnd.apache.parquet"


def test_serving_writes_nothing(client: httpx.Client, demo: Dataset) -> None:
    def stamps() -> dict[str, int]:
        files = [path for folder in (demo.root, demo.out) for path in folder.rglob("*")]
        return {str(path): path.stat().st_mtime_ns for path in files}

    before = stamps()
    client.get(ITEM)
    client.get(f"{PREVIEW}/overview.png")
    assert stamps() == before


# Parts, and pages of other servers


@pytest.mark.parametrize("path", [f"data/{S2}", "catalog/items.parquet"], ids=["data", "catalog"])
@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-3", slice(0, 4)), ("bytes=100-", slice(100, None)), ("bytes=-5", slice(-5, None))],
)
def test_a_part_of_a_file_is_that_part(
    client: httpx.Client, path: str, asked: str, part: slice
) -> None:
    whole = client.get(path).content
    answer = client.get(path, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[part]
    start = range(len(whole))[part].start
    assert answer.headers["content-range"].startswith(f"bytes {start}-")


def test_a_part_beyond_the_end_is_refused(client: httpx.Client) -> None:
    assert client.get(f"data/{S2}", headers={"Range": "bytes=9999999-"}).status_code == 416


@pytest.mark.parametrize("path", [ITEM, f"data/{S2}", f"{PREVIEW}/thumbnail.png"])
def test_any_page_may_read_it(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Origin": "https://radiantearth.github.io"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_browser_may_ask_for_parts_from_a_page_on_the_web(client: httpx.Client) -> None:
    preflight = {
        "Origin": "https://radiantearth.github.io",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = client.options(f"data/{S2}", headers=preflight)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == "range"
    assert answer.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client: httpx.Client, method: str) -> None:
    assert client.request(method, ITEM).status_code == 405


# Nothing else is there


@pytest.fixture
def hostile(tiny: Dataset) -> Dataset:
    """A secret beside catalog and dataset, links to it, and an item that names it."""
    secret = tiny.out.parent / "secret.json"
    secret.write_text('{"secret": 1}')
    (tiny.out / "link.json").symlink_to(secret)
    (tiny.out / "folder").symlink_to(tiny.out.parent)
    (tiny.root / "link.tif").symlink_to(secret)
    path = tiny.out.parent / ITEM
    item = json.loads(path.read_text())
    item["assets"]["s1"]["href"] = str(secret)
    item["assets"]["s2"]["href"] = f"{tiny.root}/../secret.json"
    item["assets"]["lc"]["href"] = f"{tiny.root}/link.tif"
    path.write_text(json.dumps(item))
    return tiny


TARGETS = [
    "/catalog/../secret.json",
    "/catalog/..%2fsecret.json",
    "/catalog/%2e%2e/secret.json",
    "/catalog/%2e%2e%2fsecret.json",
    "/catalog/%252e%252e/secret.json",
    "/catalog/sen12ms/../../secret.json",
    "/catalog/..\\secret.json",
    "/catalog/..%5csecret.json",
    "/catalog/{folder}/secret.json",
    "/catalog//{folder}/secret.json",
    "/catalog/%2f{folder}/secret.json",
    "/catalog/link.json",
    "/catalog/folder/secret.json",
    "/catalog/secret.json%00.json",
    "/catalog/~/secret.json",
    "/catalog/sen12ms",
    "/secret.json",
    "//secret.json",
    "/../secret.json",
    "/data/../secret.json",
    "/data/..%2fsecret.json",
    "/data/link.tif",
    "/data/{folder}/secret.json",
    "/data/ROIs1868_summer/s1_142/ROIs1868_summer_s1_142_p180.tif",
    "/data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif",
    "/data/ROIs1868_summer/lc_142/ROIs1868_summer_lc_142_p180.tif",
    "/data/../../x/ROIs1868_summer_s2_142_p181.tif",
    "/data/ROIs1868_summer_s2_142_p181.tif",
    "/previews/../1/30/thumbnail.png",
    "/previews/..%2f..%2fsummer/142/180/thumbnail.png",
    "/previews/summer/142/180/..%2fthumbnail.png",
    "/previews/summer/142/-180/thumbnail.png",
    "/catalog/map/../../secret.json",
    "/browser/..%2fsecret.json",
]


def test_no_hostile_target_reads_a_file(hostile: Dataset, serving: Serving) -> None:
    with serving(hostile.out) as url:
        for target in TARGETS:
            status, body = answer_to(url, target.format(folder=hostile.out.parent))
            assert status in {400, 404}, target
            assert b"secret" not in body, target


def test_a_preview_of_files_outside_the_root_shows_nothing(
    hostile: Dataset, serving: Serving
) -> None:
    with serving(hostile.out) as url:
        shown = httpx.get(f"{url}{PREVIEW}/thumbnail.png").content
        for path in hostile.root.rglob("*_p181.tif"):
            path.unlink()
        missing = httpx.get(f"{url}previews/summer/142/181/thumbnail.png").content
    assert shown == missing


def answer_to(url: str, target: str) -> tuple[int, bytes]:
    """Status and body of a request line that no client has tidied."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.putrequest("GET", target, skip_accept_encoding=True)
    connection.endheaders()
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


# Previews


@pytest.mark.parametrize("name", SEN12MS.previews)
def test_a_preview_is_a_png_that_is_kept(client: httpx.Client, name: str) -> None:
    answer = client.get(f"{PREVIEW}/{name}.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "max-age=3600"
    assert answer.content.startswith(b"\x89PNG")


def test_a_preview_follows_its_file(tiny: Dataset, serving: Serving) -> None:
    path, preview = tiny.root / S2, f"{PREVIEW}/overview.png"
    content = path.read_bytes()
    with serving(tiny.out) as url:
        whole = httpx.get(url + preview)
        path.write_bytes(content[: len(content) // 2])
        broken = httpx.get(url + preview)
        path.unlink()
        missing = httpx.get(url + preview)
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
        repaired = httpx.get(url + preview)
    assert {answer.status_code for answer in (whole, broken, missing, repaired)} == {200}
    assert whole.content != broken.content == missing.content
    assert repaired.content == whole.content
    assert broken.headers["cache-control"] == missing.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "previews/summer/142/1/thumbnail.png",
        "previews/autumn/142/180/thumbnail.png",
        f"{PREVIEW}/other.png",
    ],
    ids=["patch", "season", "preview"],
)
def test_what_nobody_has_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_files_and_previews_of_an_archive_come_through_its_seek_index(
    tiny: Dataset, serving: Serving, tmp_path: Path
) -> None:
    archive = tmp_path / "ROIs1868_summer.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        members.add(tiny.root / "ROIs1868_summer", "ROIs1868_summer")
    index(archive, into=tmp_path / "catalog")
    data = "data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p181.tif"
    preview = "previews/summer/142/181/thumbnail.png"
    with serving(tmp_path / "catalog") as packed, serving(tiny.out) as plain:
        assert httpx.get(packed + data).content == httpx.get(plain + data).content
        assert httpx.get(packed + preview).content == httpx.get(plain + preview).content
        away, other = tmp_path / "away", data.replace("181", "180")
        archive.rename(away)
        gone = httpx.get(packed + other)
        assert gone.status_code in {400, 404}
        assert "Traceback" not in gone.text
        away.rename(archive)
        assert httpx.get(packed + other).content == httpx.get(plain + other).content
