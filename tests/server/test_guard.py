"""Who may ask, what browsers are told, and what need not be sent twice."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from catalog import Catalog
from catalog.server.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import Dataset

    Serving = Callable[..., AbstractContextManager[str]]

ORIGIN = {"Origin": "https://example.org"}
ITEM = "catalog/sen12ms/summer/ROIs1868_summer_142/ROIs1868_summer_142_p180.json"
COLLECTION = "catalog/sen12ms/collection.json"
DATA = "data/ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"
PREVIEW = "previews/summer/142/180/thumbnail.png"


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "", "localhost.evil", "[::2]"]
)
def test_another_host_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("report.json", headers={"Host": host})
    assert answer.status_code == 400
    assert "start it with --allow-host" in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:80", "[::1]"]
)
def test_loopback_has_several_names(client: httpx.Client, host: str) -> None:
    assert client.get("catalog/catalog.json", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path", ["catalog/catalog.json", COLLECTION, ITEM, DATA, PREVIEW, "api", "api/search"]
)
def test_pages_of_other_servers_read_what_stac_clients_need(
    client: httpx.Client, path: str
) -> None:
    assert client.get(path, headers=ORIGIN).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "catalog/report.json",
        "catalog/report.json/",
        "catalog/.%2freport.json",
        "catalog/sen12ms%2f..%2freport.json",
        "catalog/map/about.json",
        "catalog/map/about.json/",
        "catalog/map%2f.%2fabout.json",
        "catalog/catalog.json%2f..%2freport.json",
        "catalog/items.parquet",
        "catalog/catalog.duckdb",
        "catalog/checksums.sha256",
        "api/search?f=parquet",
        "catalog/",
        "",
    ],
)
def test_pages_of_other_servers_read_no_paths_of_this_machine(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path, headers=ORIGIN)
    assert answer.status_code in {200, 307}
    assert "access-control-allow-origin" not in answer.headers


def test_browsers_are_told_to_be_careful(client: httpx.Client) -> None:
    page = client.get("catalog/")
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    for path in ("catalog/", ITEM, PREVIEW):
        assert client.get(path).headers["x-content-type-options"] == "nosniff"


JSON = [ITEM, COLLECTION, "catalog/map/about.json", "api", "api/search"]
JSON += ["api/collections", "api/collections/sen12ms", "api/queryables", "api/openapi.json"]
JSON += ["api/collections/sen12ms/items/ROIs1868_summer_142_p180", "api/conformance"]
JSON += ["schemas/sen12ms/fields-v1.0.0.json"]


@pytest.mark.parametrize("path", JSON)
def test_json_is_compressed_for_clients_that_accept_gzip(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", path, headers={"Accept-Encoding": "br, gzip;q=0.5"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(plain.content) / 2
    assert gzip.decompress(raw) == plain.content
    tags = {plain.headers["etag"], answer.headers["etag"]}
    assert len(tags) == 2, "other bytes, another tag"
    for form in (plain, answer):
        assert "Accept-Encoding" in form.headers["vary"]
        asked = {"If-None-Match": form.headers["etag"], **_encoding(form)}
        again = client.get(path, headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == form.headers["etag"]
        assert "Accept-Encoding" in again.headers["vary"]
        (other,) = tags - {form.headers["etag"]}
        asked["If-None-Match"] = other
        assert client.get(path, headers=asked).status_code == 200, "of the other form"


def _encoding(answer: httpx.Response) -> dict[str, str]:
    return {"Accept-Encoding": answer.headers.get("content-encoding", "identity")}


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("GZIP ; q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("*, gzip;q=0.000", False),
        ("*;q=0", False),
        ("br", False),
        ("notgzip", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("path", [ITEM, "catalog/map/app.js"])
def test_nothing_is_compressed_for_others(
    client: httpx.Client, path: str, accepted: str, compressed: bool
) -> None:
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        assert ("content-encoding" in answer.headers) == compressed


@pytest.mark.parametrize(
    "path",
    ["api/collections/other", "catalog/catalog.json", DATA, PREVIEW, "catalog/items.parquet"],
)
def test_small_answers_and_pictures_and_tables_stay_as_they_are(
    client: httpx.Client, path: str
) -> None:
    assert "content-encoding" not in client.get(path).headers


@pytest.mark.parametrize("path", [ITEM, DATA, PREVIEW, "catalog/", "catalog/items.parquet"])
def test_what_a_client_has_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    tag = first.headers.get("etag")
    assert tag
    again = client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    if "last-modified" in first.headers:
        since = {"If-Modified-Since": first.headers["last-modified"]}
        assert client.get(path, headers=since).status_code == 304
    odd = client.get(path, headers={"If-Modified-Since": "yesterday"})
    assert odd.status_code == 200


def test_scripts_are_compressed_as_json_is(client: httpx.Client, demo: Dataset) -> None:
    path = demo.out / "map" / "vendor" / "ol.js"
    with client.stream("GET", "catalog/map/vendor/ol.js") as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) < path.stat().st_size / 2
    assert gzip.decompress(raw) == path.read_bytes()
    plain = client.get("catalog/map/vendor/ol.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == path.read_bytes()
    assert plain.headers["etag"] != answer.headers["etag"]
    assert plain.headers["vary"] == answer.headers["vary"] == "Accept-Encoding"
    since = {"If-Modified-Since": answer.headers["last-modified"]}
    assert client.get("catalog/map/vendor/ol.js", headers=since).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        f"previews/spring/{'9' * 5000}/30/thumbnail.png",
        f"previews/spring/1/{'9' * 5000}/thumbnail.png",
        "previews/spring/1/٣/thumbnail.png",
        "previews/spring/-1/3/thumbnail.png",
    ],
)
def test_odd_numbers_are_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_damaged_item_is_told_in_a_sentence(
    demo: Dataset, serving: Serving, tmp_path: Path
) -> None:
    out = tmp_path / "catalog"
    shutil.copytree(demo.out, out)
    path = out / ITEM.removeprefix("catalog/")
    path.write_bytes(path.read_bytes()[:100])
    with serving(out) as url:
        about = out / "map" / "about.json"
        about.write_bytes(about.read_bytes()[:1000])
        for asked in (ITEM, PREVIEW, DATA, "catalog/map/about.json"):
            answer = httpx.get(url + asked)
            assert answer.status_code == 500
            assert "is damaged: run `sen12ms check`" in answer.text


def test_proxies_are_not_believed(client: httpx.Client) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    answer = client.get("api", headers=said)
    links = {link["rel"]: link["href"] for link in answer.json()["links"]}
    assert links["self"] == f"{client.base_url}api"
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    "value", ["bytes=5-2", "items=0-5", "bytes=abc", "bytes=", "bytes=0-5,x", "bytes=--5"]
)
def test_an_invalid_range_is_ignored(client: httpx.Client, value: str) -> None:
    answer = client.get(DATA, headers={"Range": value})
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])
    assert client.get(DATA, headers={"Range": "bytes=5-9"}).status_code == 206


def test_an_item_leads_back_to_the_map(client: httpx.Client) -> None:
    for path in (ITEM, "api/collections/sen12ms/items/ROIs1868_summer_142_p180"):
        links = {link["rel"]: link["href"] for link in client.get(path).json()["links"]}
        page = client.get(links["alternate"])
        assert page.status_code == 200
        assert "map/app.js" in page.text
        assert links["alternate"].endswith("?patch=ROIs1868_summer_142_p180")


def test_errors_of_the_api_are_json_below_the_path_of_a_proxy_too(demo: Dataset) -> None:
    prefix = "/user/me/proxy/8000"

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(cat), root_path=prefix)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(f"http://localhost{prefix}/api/nothing")

    with Catalog.open(demo.out) as cat:
        answer = anyio.run(ask)
    assert answer.status_code == 404
    assert answer.json() == {"code": "Not Found", "description": "Not Found"}
