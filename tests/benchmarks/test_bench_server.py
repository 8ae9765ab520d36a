"""The whole catalog, 180,662 items, opened in a browser: cold, as on the first visit."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from page_filters import ids_of_page, ids_of_select, random_filters

from catalog import Catalog
from catalog.server.app import create_app
from catalog.server.hosting import listen, url_of
from catalog.server.stac_browser import browser_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Bench
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")
LIMIT_S = 2.0
ROUNDS = 5

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
    pytest.mark.skipif(
        not browser_folder().is_dir(), reason="STAC Browser is not built: run `make browser`"
    ),
]


@pytest.fixture(scope="module")
def url(full: Path) -> Iterator[str]:
    with Catalog.open(full) as cat, listen("127.0.0.1", 0) as listener:
        app = create_app(cat)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield url_of(listener)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


IN_SIGHT = """
    const inSight = [...document.querySelectorAll('.catalog-card, .item-card')].filter((card) => {
        const { top, width } = card.getBoundingClientRect();
        return width > 0 && top < innerHeight;
    });
"""
TITLES = f"() => {{ {IN_SIGHT} return inSight.length && inSight.every((card) => card.innerText) }}"
PICTURES = f"""() => {{
    {IN_SIGHT}
    return inSight.every((card) => !card.classList.contains('queued')
        && [...card.querySelectorAll('img')].every((picture) => picture.naturalWidth > 0));
}}"""
COUNT = (
    "() => document.body.dataset.state !== undefined && document.querySelector('#count b') !== null"
)
DRAWN = "() => document.body.dataset.state === 'ready'"
COMBINATIONS = 300
ASKED_MS = """async ([base, filters]) => {
    const { Search } = await import(`${base}map/search.js`);
    const search = (globalThis.search ??= await Search.load(`${base}map/`));
    await search.ask(filters);
    const start = performance.now();
    search.kept.clear();
    await search.ask(filters);
    return performance.now() - start;
}"""

QUESTIONS: dict[str, dict[str, Any]] = {
    "a season": {"season": ["summer"]},
    "a box": {"region": ["5,45,20,55"]},
    "Brazil": {"region": ["Brazil"]},
    "Africa": {"region": ["Africa"]},
}

PAGES = {
    "root": ("browser/", TITLES, PICTURES),
    "season, 85 scenes": ("browser/#/sen12ms/fall/catalog.json", TITLES, PICTURES),
    "scene, 784 items": (
        "browser/#/sen12ms/summer/ROIs1868_summer_142/catalog.json",
        TITLES,
        PICTURES,
    ),
    "map": ("", COUNT, DRAWN),
    "map, a country in a season": ("?region=Brazil&season=fall", COUNT, DRAWN),
}
"""By name: where it is, when it can be read and clicked on, and when nothing more will come."""


def open_page(chromium: Browser, url: str, *marks: str) -> list[float]:
    """Seconds until each mark, with an empty cache."""
    context = chromium.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(url)
    seconds = []
    for mark in marks:
        page.wait_for_function(mark)
        seconds.append(time.perf_counter() - start)
    context.close()
    return seconds


def test_pages_of_the_whole_catalog_open_at_once(chromium: Browser, url: str, bench: Bench) -> None:
    medians = {}
    for name, (path, *marks) in PAGES.items():
        rounds = [open_page(chromium, url + path, *marks) for _ in range(ROUNDS)]
        medians[name] = [statistics.median(times) for times in zip(*rounds, strict=True)]
    rows = [[name, f"{opened:.2f}", f"{whole:.2f}"] for name, (opened, whole) in medians.items()]
    bench.table("Pages of 180,662 items, cold: seconds", ["page", "open", "complete"], rows)
    slowest = max(opened for opened, _ in medians.values())
    bench.bar("s until a page is open", slowest, f"at most {LIMIT_S:g}", held=slowest <= LIMIT_S)


def test_the_page_answers_as_select_does(
    chromium: Browser, url: str, full: Path, bench: Bench
) -> None:
    """Random filters and every region that has a name, on all patches: the same ids."""
    random = Random(2019)
    page = chromium.new_context().new_page()
    base = f"{url}catalog/"
    page.goto(f"{base}report.json")
    with Catalog.open(full) as cat:
        names = cat.sql("SELECT DISTINCT kind || ':' || name FROM regions ORDER BY ALL").fetchall()
        asked = [random_filters(cat, random) for _ in range(COMBINATIONS)]
        asked += [{"region": [name]} for (name,) in names]
        wrong = [
            filters
            for filters in asked
            if ids_of_page(page, base, [filters]) != [ids_of_select(cat, filters)]
        ]
        seconds = {}
        for label, filters in QUESTIONS.items():
            start = time.perf_counter()
            _ = ids_of_select(cat, filters)
            seconds[label] = 1000 * (time.perf_counter() - start)
    rows = [
        [label, f"{page.evaluate(ASKED_MS, [base, filters]):.0f}", f"{seconds[label]:.0f}"]
        for label, filters in QUESTIONS.items()
    ]
    bench.table("Answers of the map page, ms", ["question", "page", "`select`, ids"], rows)
    bench.bar(f"questions of {len(asked)} with other ids", len(wrong), "none", held=not wrong)
