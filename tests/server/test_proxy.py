"""Behind a proxy that has a path of its own for the server, such as JupyterHub's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pystac
import pytest
from hosts import proxy, serve

from catalog.server.stac_browser import browser_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import Dataset

PREFIX = "/user/me/proxy/8000/"
ITEM = "ROIs1868_summer_142_p180"


@pytest.fixture(scope="module", params=[PREFIX, PREFIX.strip("/")], ids=["slashes", "none"])
def url(request: pytest.FixtureRequest, demo: Dataset) -> Iterator[str]:
    """Of the proxy; the server is told of its path with slashes around it, and without."""
    with serve(demo.out, root_path=request.param) as target, proxy(target, PREFIX) as url:
        assert urlsplit(url).path == PREFIX
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        yield client


def hrefs(value: Any) -> Iterator[str]:
    """All hrefs of a JSON document."""
    if isinstance(value, dict):
        if isinstance(value.get("href"), str):
            yield value["href"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from hrefs(each)


def test_the_map_and_its_data_are_below_the_path(client: httpx.Client, url: str) -> None:
    page = client.get("?season=summer")
    assert str(page.url) == f"{url}catalog/?season=summer"
    assert "map/app.js" in page.text
    for name in ("app.js", "search.js", "about.json", "vendor/ol.js", "regions.json.gz"):
        found = client.get(f"{url}catalog/map/{name}")
        assert found.status_code == 200, name
    about = client.get("catalog/map/about.json").json()
    patch = {"season": "summer", "scene": 142, "patch": 180, "picture": "thumbnail"}
    folder = "ROIs1868_summer/s2_142"
    file = {"folder": folder, "file": "ROIs1868_summer_s2_142_p180.tif"}
    for address in (about["picture"].format(**patch), about["files"].format(**file)):
        found = client.get(urljoin(str(page.url), address))
        assert found.status_code == 200
        assert str(found.url).startswith(url)


@pytest.mark.parametrize(
    "path",
    [
        "api",
        "api/",
        "api/collections",
        "api/collections/sen12ms",
        "api/search?limit=2",
        f"api/collections/sen12ms/items/{ITEM}",
        "catalog/catalog.json",
        f"catalog/sen12ms/summer/ROIs1868_summer_142/{ITEM}.json",
    ],
)
def test_links_lead_through_the_proxy(client: httpx.Client, url: str, path: str) -> None:
    answer = client.get(path)
    found = {urljoin(str(answer.url), href) for href in hrefs(answer.json())}
    own = {href for href in found if urlsplit(href).hostname == "127.0.0.1"}
    assert len(own) >= 2
    for href in own:
        assert href.startswith(url), href
        assert "//" not in urlsplit(href).path
        assert client.get(href).is_success, href


def test_a_client_of_the_api_finds_the_items_and_their_files(client: httpx.Client) -> None:
    pages = [client.get("api/search", params={"limit": 2, "season": "summer"}).json()]
    following = next(link for link in pages[0]["links"] if link["rel"] == "next")
    pages.append(client.get(following["href"]).json())
    posted = client.post("api/search", json={"limit": 2}).json()
    onward = next(link for link in posted["links"] if link["rel"] == "next")
    pages.append(client.post(onward["href"], json=onward["body"]).json())
    ids = [item["id"] for page in (pages[0], pages[1]) for item in page["features"]]
    assert len(set(ids)) == 4
    item = client.get(f"api/collections/sen12ms/items/{ITEM}").json()
    assert client.get(item["assets"]["s2"]["href"]).content[:4] in {b"II*\0", b"MM\0*"}
    assert client.get(item["assets"]["thumbnail"]["href"]).content.startswith(b"\x89PNG")


def test_the_static_catalog_is_walked_through_the_proxy(url: str) -> None:
    root = pystac.Catalog.from_file(f"{url}catalog/catalog.json")
    (collection,) = root.get_children()
    assert next(collection.get_items(recursive=True)).self_href.startswith(url)


@pytest.mark.skipif(
    not browser_folder().is_dir(), reason="STAC Browser is not built: run `make browser`"
)
def test_stac_browser_is_below_the_path(client: httpx.Client, url: str) -> None:
    page = client.get("browser")
    assert str(page.url) == f"{url}browser/"
    config = client.get("browser/config.js").text
    assert f'"catalogUrl": "{url}api"' in config
    assert f"{url}browser/countries.json" in config
    scripts = [part.partition('"')[0] for part in page.text.split('src="')[1:]]
    assert len(scripts) > 2
    for script in scripts:
        found = client.get(urljoin(str(page.url), script))
        assert found.status_code == 200
        assert len(found.content) > 100


@pytest.mark.parametrize(
    ("told", "scheme"), [("https", "https"), ("https,http", "https"), ("gopher", "http")]
)
def test_links_are_of_the_protocol_that_the_proxy_speaks(
    client: httpx.Client, url: str, told: str, scheme: str
) -> None:
    answer = client.get("api", headers={"X-Forwarded-Proto": told}).json()
    links = {link["rel"]: link["href"] for link in answer["links"]}
    assert links["self"] == f"{url}api".replace("http", scheme, 1)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
@pytest.mark.skipif(
    not browser_folder().is_dir(), reason="STAC Browser is not built: run `make browser`"
)
def test_the_map_and_stac_browser_open_through_the_proxy(url: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page()
        failed: list[str] = []
        page.on("response", lambda answer: failed.extend([answer.url] * (answer.status >= 400)))
        page.goto(url)
        page.wait_for_selector("body[data-state=ready]")
        page.goto(f"{url}browser/#/api/collections/sen12ms/items/{ITEM}")
        page.get_by_role("heading", name="Summer 142, patch 180 · Italy").wait_for()
        chromium.close()
    assert failed == []
