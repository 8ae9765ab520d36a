"""A person at a browser: Chromium walks through STAC Browser.

With `--update-golden` the pictures in `docs/` are taken anew.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from catalog import Catalog
from catalog.datasets import SEN12MS
from catalog.server.stac_browser import browser_folder

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.server.conftest import Dataset

CHROMIUM = shutil.which("chromium")
DOCS = Path(__file__).parents[2] / "docs"
SIZE = {"width": 1200, "height": 760}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
    pytest.mark.skipif(
        not browser_folder().is_dir(), reason="STAC Browser is not built: run `make browser`"
    ),
]


@dataclass
class Visit:
    """A page, and all that went wrong on it."""

    page: Page
    url: str
    pictures: Path | None
    errors: list[str] = field(default_factory=list)

    def listen(self) -> None:
        own = urlsplit(self.url).netloc
        self.page.on("console", lambda said: self.errors.extend(_bad(said.type, said.text)))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "request",
            lambda request: self.errors.extend(
                [f"asks {request.url}"] if urlsplit(request.url).netloc not in {own, ""} else []
            ),
        )

    def picture(self, name: str, *, height: int = SIZE["height"]) -> None:
        """Take a picture for the documentation, if this is the time for it."""
        if self.pictures is not None:
            self.page.set_viewport_size(SIZE | {"height": height})
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=self.pictures / name)


def _bad(kind: str, text: str) -> list[str]:
    return [text] if kind == "error" else []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    context = chromium.new_context(viewport=SIZE, permissions=["clipboard-read", "clipboard-write"])
    update = request.config.getoption("--update-golden")
    visit = Visit(context.new_page(), url, DOCS if update else None)
    visit.listen()
    yield visit
    context.close()
    assert visit.errors == []


def loaded(page: Page) -> None:
    """All pictures in sight are there, and show something."""
    page.wait_for_function(
        """() => {
            const pictures = [...document.querySelectorAll('img[src*="/previews/"]')];
            return pictures.length && pictures.every((one) => one.naturalWidth > 0);
        }"""
    )


def pixels_like(page: Page, red: int, green: int, blue: int) -> int:
    """How many pixels of the map have nearly this colour."""
    count: int = page.evaluate(
        """(color) => [...document.querySelectorAll('.ol-viewport canvas')].map((canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4)
                count += color.every((value, band) => Math.abs(data[at + band] - value) < 12);
            return count;
        }).reduce((sum, count) => sum + count, 0)""",
        [red, green, blue],
    )
    return count


def test_stac_browser_leads_from_the_root_to_a_patch(visit: Visit) -> None:
    page, expect = visit.page, playwright.expect
    page.goto(f"{visit.url}browser/")
    page.locator(".catalog-card").get_by_role("link", name="SEN12MS").first.click()
    expect(page.get_by_text("Schmitt, M., Hughes, L. H.").first).to_be_visible()
    page.get_by_role("link", name="Summer (2017-06-01 to 2017-08-31)").first.click()
    expect(page.get_by_text("4 scenes with 61 patches in 4 countries.")).to_be_visible()
    visit.picture("browser-season.png")
    page.get_by_role("link", name="Summer 142 · Italy").click()
    loaded(page)
    visit.picture("browser-scene.png", height=600)
    page.get_by_role("link", name="Summer 142, patch 182 · Italy").click()
    expect(page.get_by_role("heading", name="Summer 142, patch 182 · Italy")).to_be_visible()
    page.wait_for_timeout(1000)
    assert pixels_like(page, 0x33, 0x99, 0xCC) > 300, "the footprint is not on the map"
    visit.picture("browser-item.png", height=1240)
    page.get_by_text("Land cover in IGBP colours").click()
    expect(page.get_by_text("say what its colours mean")).to_be_visible()
    page.get_by_text("Thumbnails", exact=True).click()
    loaded(page)


def test_stac_browser_shows_the_legend_of_land_cover(visit: Visit) -> None:
    page, expect = visit.page, playwright.expect
    page.goto(f"{visit.url}browser/")
    page.locator(".catalog-card").get_by_role("link", name="SEN12MS").first.click()
    page.get_by_text("Land cover in IGBP colours").click()
    legend = page.get_by_role("row", name="#05450A")
    expect(legend.filter(has_text="Evergreen Needleleaf Forests", visible=True)).to_be_visible()


def test_stac_browser_opens_the_static_catalog(visit: Visit) -> None:
    page, expect = visit.page, playwright.expect
    page.goto(f"{visit.url}browser/#/catalog/catalog.json")
    page.locator(".catalog-card").get_by_role("link", name="SEN12MS").first.click()
    page.get_by_role("link", name="Winter (2016-12-01 to 2017-02-28)").first.click()
    expect(page.get_by_text("scenes with").first).to_be_visible()


def choose(page: Page, queryable: str, *, operator: str = "") -> Locator:
    """Add a filter to the search; returns its row."""
    page.get_by_role("button", name="Add filter").click()
    page.locator(".queryables .dropdown-item", has_text=queryable).first.click()
    row = page.locator(".queryable-row").last
    if operator:
        row.locator(".dropdown-toggle").click()
        row.locator(".op .dropdown-item", has_text=operator).click()
    return row


def search(page: Page, button: str = "Submit") -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit the search, or page on; returns the answer of the API, and what was asked."""
    with page.expect_response("**/api/search**") as answer:
        page.get_by_role("button", name=button).first.click()
    return answer.value.json(), answer.value.request.post_data_json


def test_stac_browser_searches_by_season_cover_and_box(visit: Visit, demo: Dataset) -> None:
    page = visit.page
    with Catalog.open(demo.out) as cat:
        season = cat.select(season="summer").ids
        cover = cat.select(season="summer", filter="cover.forest >= 0.1").ids
    page.goto(f"{visit.url}browser/#/search")
    row = choose(page, "Season in the file name")
    assert row.locator("option").all_inner_texts() == list(SEN12MS.seasons)
    row.locator("select").select_option("summer")
    assert search(page)[0]["numberMatched"] == len(season)
    row = choose(page, "cover.forest", operator="≥")
    row.locator("input").fill("0.1")
    assert 0 < search(page)[0]["numberMatched"] == len(cover) < len(season)
    page.get_by_text("Filter by spatial extent").click()
    page.wait_for_timeout(1500)
    page.locator(".filter-bbox .ol-viewport").click(position={"x": 40, "y": 190})
    page.wait_for_timeout(500)
    found, asked = search(page)
    west, south, east, north = asked["bbox"]
    assert west < -180, "the map does not show Earth more than once"
    with Catalog.open(demo.out) as cat:
        box = (west + 360, south, east, north)
        inside = cat.select(bbox=box, season="summer", filter="cover.forest >= 0.1").ids
    assert found["numberMatched"] == len(inside) < len(cover)


def test_stac_browser_sorts_and_pages_through_a_search(visit: Visit, demo: Dataset) -> None:
    page, expect = visit.page, playwright.expect
    with Catalog.open(demo.out) as cat:
        order = cat.sql("SELECT id FROM patches ORDER BY lat DESC, season, scene, patch").fetchall()
    ids = [row[0] for row in order]
    page.goto(f"{visit.url}browser/#/search")
    page.locator(".sort .multiselect").click()
    page.locator(".sort .multiselect__option", has_text="Latitude of the centre").click()
    page.locator(".sort").get_by_role("button", name="descending").click()
    first, _ = search(page)
    assert [item["id"] for item in first["features"]] == ids[: len(first["features"])]
    second, _ = search(page, "Next")
    start = len(first["features"])
    assert [item["id"] for item in second["features"]] == ids[start : start + start]
    assert search(page, "Previous")[0]["features"] == first["features"]
    assert search(page, "Next")[0]["features"] == second["features"]
    with Catalog.open(demo.out) as cat:
        title = next(iter(cat.pick([ids[start]]).items())).properties["title"]
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
