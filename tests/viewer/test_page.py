"""A person at the map page: on the local server and on a static host, at a desk and on a phone.

With `--update-golden` the pictures in `docs/` are taken anew.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hosts import serve, static_host
from pyproj import Transformer

from catalog import index

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from catalog import Catalog

pytestmark = pytest.mark.browser

DOCS = Path(__file__).parents[2] / "docs"
DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}

DROP = """(text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "area.geojson", { type: "application/geo+json" }));
    document.querySelector(".ol-viewport")
        .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""


@dataclass
class Visit:
    """The page as somebody has it open, and what went wrong on it."""

    page: Page
    url: str
    phone: bool
    errors: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.url}{query}")
        self.ready()

    def ready(self) -> None:
        playwright.expect(self.page.locator("body")).to_have_attribute("data-state", "ready")

    def filters(self) -> None:
        """Bring the filters into sight."""
        if self.phone and self.page.locator("#sheet").get_attribute("aria-expanded") == "false":
            self.page.click("#sheet")

    def bar(self, facet: str, name: str) -> Locator:
        return self.page.locator(f'[data-value="{facet}:{name}"]')

    @property
    def count(self) -> Locator:
        return self.page.locator("#count")

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)


@pytest.fixture(params=[("desk", "server_url"), ("phone", "host")], ids=["desk", "phone"])
def visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """At a desk on the local server, and on a phone on a static host."""
    device, host = request.param
    phone, served = device == "phone", request.getfixturevalue(host)
    context = chromium.new_context(
        viewport=PHONE if phone else DESK,
        has_touch=phone,
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    page = context.new_page()
    visit = Visit(page, served, phone)
    own = urlsplit(served).netloc
    page.on("console", lambda said: visit.errors.extend([said.text] * (said.type == "error")))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on(
        "request",
        lambda asked: visit.errors.extend(
            [f"asks {asked.url}"] * (urlsplit(asked.url).netloc not in {own, ""})
        ),
    )
    yield visit
    context.close()
    assert visit.errors == []


def test_bars_filter_and_their_counts_follow(visit: Visit, cat: Catalog) -> None:
    expect = playwright.expect
    visit.open()
    expect(visit.count).to_contain_text(f"{len(cat.select())} patches in 12 scenes")
    visit.filters()
    visit.bar("season", "summer").click()
    summer = cat.select(season="summer")
    expect(visit.count).to_contain_text(f"{len(summer)} patches in 4 scenes")
    # Other seasons keep the count that they would have.
    expect(visit.bar("season", "winter")).to_contain_text(str(len(cat.select(season="winter"))))
    visit.bar("dominant_cover", "cropland").click()
    both = cat.select(season="summer", filter="dominant_cover = 'cropland'")
    expect(visit.count).to_contain_text(f"{len(both)} patches")
    assert visit.query["season"] == ["summer"]
    visit.page.go_back()
    expect(visit.count).to_contain_text(f"{len(summer)} patches")
    expect(visit.bar("dominant_cover", "cropland")).to_have_attribute("aria-pressed", "false")
    visit.page.get_by_role("button", name="Reset all filters").click()
    expect(visit.count).to_contain_text(f"{len(cat.select())} patches")


def test_items_without_files_are_linked_where_a_server_answers(
    chromium: Browser, catalog_folder: Path, cat: Catalog, tmp_path: Path
) -> None:
    index(catalog_folder.parent / "SEN12MS", into=tmp_path / "catalog", items="none")
    name = cat.select().ids[0]
    for hosting, links in ((static_host, 0), (serve, 1)):
        with hosting(tmp_path / "catalog") as url, chromium.new_page() as page:
            start = url if hosting is static_host else f"{url}catalog/"
            page.goto(f"{start}?patch={name}")
            playwright.expect(page.locator("#card h2")).to_have_text(name)
            link = page.get_by_role("link", name="STAC item")
            playwright.expect(link).to_have_count(links)
            for _ in range(links):
                href = link.evaluate("link => link.href")
                assert page.request.get(href).json()["id"] == name


def test_a_slider_sets_the_share_of_a_class(visit: Visit, cat: Catalog) -> None:
    visit.open()
    visit.filters()
    visit.page.get_by_label("Add a class").select_option("cover.savanna")
    low = visit.page.get_by_label("At least, share of savanna")
    low.fill("30")
    playwright.expect(visit.count).to_contain_text(
        f"{len(cat.select(cover={'savanna': 0.3}))} patches"
    )
    visit.page.get_by_label("At most, share of savanna").fill("60")
    playwright.expect(visit.count).to_contain_text(
        f"{len(cat.select(cover={'savanna': (0.3, 0.6)}))} patches"
    )
    visit.page.get_by_label("Add a class").select_option("lccs_lu.urban")
    playwright.expect(visit.count).to_contain_text("patch")
    assert visit.query["cover"] == ["cover.savanna=0.3..0.6", "lccs_lu.urban>=0.5"]


def test_a_region_is_typed_suggested_and_left_out(visit: Visit, cat: Catalog) -> None:
    expect, page = playwright.expect, visit.page
    visit.open()
    visit.filters()
    page.get_by_role("combobox", name="Region").fill("ital")
    page.get_by_role("option", name="Italy").get_by_role("button").click()
    expect(visit.count).to_contain_text(f"{len(cat.select(region='Italy'))} patches in 1 scene")
    page.get_by_label("Inside or outside").select_option("not_region")
    page.get_by_role("combobox", name="Region").fill("Georgia")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("means more than one region")
    page.get_by_role("button", name="Remove Italy").click()
    page.get_by_role("combobox", name="Region").fill("Italy")
    page.keyboard.press("Enter")
    expect(visit.count).to_contain_text(f"{len(cat.select(not_region='Italy'))} patches")
    page.reload()
    expect(visit.count).to_contain_text(f"{len(cat.select(not_region='Italy'))} patches")


def test_a_typo_greys_the_old_answer_out_and_a_suggestion_mends_it(visit: Visit) -> None:
    expect, page = playwright.expect, visit.page
    visit.open()
    visit.filters()
    page.get_by_role("combobox", name="Region").fill("Brasill")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("there is no region 'Brasill'")
    expect(page.locator("body")).to_have_attribute("data-state", "refused")
    expect(page.get_by_role("button", name="Copy")).to_be_disabled()
    page.get_by_role("alert").get_by_role("button", name="Brazil").click()
    visit.ready()
    expect(page.get_by_role("button", name="Copy")).to_be_enabled()


def test_a_url_that_is_refused_says_all_that_is_wrong(visit: Visit) -> None:
    expect, page = playwright.expect, visit.page
    page.goto(f"{visit.url}?region=Brasill&split=foo")
    expect(page.get_by_role("alert")).to_contain_text("there is no region 'Brasill'")
    expect(page.get_by_role("alert")).to_contain_text("there is no split 'foo'")
    expect(visit.count).to_be_empty()


def test_seasons_are_in_the_order_of_the_year(visit: Visit) -> None:
    visit.open()
    for facet in ("season", "local_season"):
        bars = visit.page.locator(f'[data-facet="{facet}"] [data-value]')
        values = bars.evaluate_all("bars => bars.map((bar) => bar.dataset.value.split(':')[1])")
        assert values == [name for name in ("spring", "summer", "fall", "winter") if name in values]
        assert len(values) > 1


def test_all_of_a_url_is_understood_or_told(visit: Visit, cat: Catalog) -> None:
    expect = playwright.expect
    visit.open(
        "?cover=forest>=0.33&cover=igbp.savanna<=40%25&region=Brazil&region=Italy&season=SUMMER"
        "&split=foo&colour=red&patch=p1&picture=sketch&at=9,95,3"
    )
    chosen = cat.select(
        cover=["forest>=0.33", "igbp.savanna<=40%"], region=["Brazil", "Italy"], season="summer"
    )
    expect(visit.count).to_contain_text(f"{len(chosen)} patches")
    expect(visit.page.get_by_role("alert")).to_contain_text("there is no split 'foo'")
    expect(visit.page.get_by_role("alert")).to_contain_text("there is no filter 'colour'")
    expect(visit.page.get_by_role("alert")).to_contain_text("there is no picture 'sketch'")
    expect(visit.page.get_by_role("alert")).to_contain_text("there is no patch 'p1'")
    expect(visit.page.get_by_role("alert")).to_contain_text("at=9,95,3 is not a view")


def test_the_question_is_copied_and_lists_are_downloaded(visit: Visit, cat: Catalog) -> None:
    expect, page = playwright.expect, visit.page
    visit.open("?region=Italy&cover=savanna>=0.3")
    visit.filters()
    chosen = cat.select(region="Italy", cover={"savanna": 0.3})
    for form in ("Python", "Command line", "CQL2", "SQL"):
        page.get_by_role("tab", name=form).click()
        expect(page.locator("#text")).not_to_be_empty()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert [row[0] for row in cat.sql(copied).fetchall()] == chosen.ids
    page.get_by_role("combobox", name="Files").select_option("s2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Paths").click()
    assert download.value.path().read_text().splitlines() == chosen.paths("s2")


def test_a_patch_is_chosen_on_the_map_and_by_the_keys(visit: Visit, cat: Catalog) -> None:
    expect, page = playwright.expect, visit.page
    chosen = cat.select(region="Italy").ids
    visit.open(f"?region=Italy&patch={chosen[20]}")
    expect(page.locator("#card")).to_contain_text(chosen[20])
    expect(page.locator("#card")).to_contain_text("Italy")
    page.locator("#strip").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#card")).to_contain_text(chosen[21])
    assert visit.query["patch"] == [chosen[21]]
    page.keyboard.press("Escape")
    expect(page.locator("#card")).to_be_hidden()
    page.wait_for_timeout(600)
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card")).to_contain_text("ROIs1868_summer_142_p")
    page.wait_for_url("**at=**")


def test_the_card_of_a_patch_lies_beside_it_on_the_map(visit: Visit, cat: Catalog) -> None:
    name = cat.select(region="Italy").ids[20]
    ((lon, lat),) = cat.sql(f"SELECT lon, lat FROM patches WHERE id = '{name}'").fetchall()
    visit.open(f"?patch={name}")
    visit.page.wait_for_url("**at=**")
    visit.page.wait_for_timeout(1500)
    middle_lon, middle_lat, zoom = map(float, visit.query["at"][0].split(","))
    to_mercator = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True).transform
    (x, y), (middle_x, middle_y) = to_mercator(lon, lat), to_mercator(middle_lon, middle_lat)
    pixel_m = 2 * math.pi * 6378137 / 256 / 2**zoom
    drawn, card = (visit.page.locator(part).bounding_box() for part in ("#map", "#card"))
    assert drawn is not None
    assert card is not None
    column = drawn["x"] + drawn["width"] / 2 + (x - middle_x) / pixel_m
    row = drawn["y"] + drawn["height"] / 2 - (y - middle_y) / pixel_m
    reach = 1280 / math.cos(math.radians(lat)) / pixel_m
    assert column + reach < card["x"] or row + reach < card["y"]
    assert drawn["y"] < row - reach


def test_keys_go_on_in_the_strip_when_a_card_is_closed(visit: Visit, cat: Catalog) -> None:
    chosen = cat.select(region="Italy").ids
    visit.open(f"?region=Italy&patch={chosen[20]}")
    close = visit.page.get_by_role("button", name="Close")
    close.focus()
    visit.page.keyboard.press("Enter")
    playwright.expect(visit.page.locator("#card")).to_be_hidden()
    playwright.expect(visit.page.locator("#strip")).to_be_focused()


def test_a_box_is_drawn(visit: Visit, cat: Catalog) -> None:
    page = visit.page
    visit.open("?at=10.65,44.8,12")
    visit.filters()
    page.get_by_role("button", name="Draw a box").click()
    if visit.phone:
        page.click("#sheet")
    box = page.locator("#map").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.click(*middle)
    page.mouse.move(middle[0] + 60, middle[1] + 80)
    page.mouse.click(middle[0] + 60, middle[1] + 80)
    page.wait_for_url("**region=**")
    visit.ready()
    (region,) = visit.query["region"]
    expected = len(cat.select(region=region))
    assert expected > 0
    playwright.expect(visit.count).to_contain_text(f"{expected} patch")


def test_a_geojson_file_is_dropped(visit: Visit, cat: Catalog) -> None:
    visit.open()
    corners = [[10.62, 44], [11, 44], [10.65, 45.5], [10.62, 44]]
    shape = {"type": "Polygon", "coordinates": [corners]}
    visit.page.evaluate(DROP, json.dumps({"type": "Feature", "geometry": shape, "properties": {}}))
    visit.page.wait_for_url("**region=**")
    visit.ready()
    expected = cat.select(region=shape)
    assert 0 < len(expected) < len(cat.select(region="Italy"))
    playwright.expect(visit.count).to_contain_text(f"{len(expected)} patches")


def test_a_machine_finds_no_serious_fault_of_access(visit: Visit, cat: Catalog) -> None:
    chosen = cat.select(region="Italy").ids[20]
    visit.open(f"?region=Italy&cover=savanna>=0.1&patch={chosen}")
    visit.filters()
    found = axe.Axe().run(visit.page)
    serious = [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]])
        for fault in found.response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_pictures_lie_on_the_map(
    visit: Visit, cat: Catalog, request: pytest.FixtureRequest
) -> None:
    page = visit.page
    chosen = cat.select(region="Italy").ids[24]
    visit.open(f"?region=Italy&patch={chosen}")
    switch = page.locator("#pictures")
    if not page.evaluate("fetch('map/about.json').then((a) => a.json()).then((a) => a.picture)"):
        playwright.expect(switch).to_be_empty()
        return
    with page.expect_response("**/overview_s1.png"):
        switch.get_by_label("Sentinel-1").check()
    assert visit.page.locator("#card img").evaluate("image => image.decode().then(() => true)")
    page.wait_for_timeout(800)
    assert visit.query["picture"] == ["overview_s1"]
    if request.config.getoption("--update-golden"):
        switch.get_by_label("Sentinel-2").check()
        page.wait_for_timeout(2000)
        page.screenshot(path=DOCS / "map.png")
