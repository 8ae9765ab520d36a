"""The page answers as `Catalog.select` does: the same ids, in the same order."""

from __future__ import annotations

import csv
import io
import json
import shlex
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hosts import static_host
from page_filters import ids_of_page, ids_of_select, random_filters

from catalog import Catalog
from catalog.cli import sen12ms

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

COMBINATIONS = 300
TEXTS = """async ([base, given]) => {
    const { fromQuery, toQuery } = await import(`${base}map/state.js`);
    const { Search } = await import(`${base}map/search.js`);
    const { texts } = await import(`${base}map/texts.js`);
    const search = (globalThis.search ??= await Search.load(`${base}map/`));
    const { filters } = fromQuery(toQuery({ filters: given }), search);
    const regions = await search.regions();
    const of = (name) => (filters[name] ?? []).map((text) => regions.resolve(text));
    return texts(filters, { region: of("region"), not_region: of("not_region") }, search.shares);
}"""
LISTS = """async ([base, filters, format]) => {
    const { Search } = await import(`${base}map/search.js`);
    const { listed } = await import(`${base}map/lists.js`);
    const search = (globalThis.search ??= await Search.load(`${base}map/`));
    return listed(search, format, await search.chosen(filters), Object.keys(search.about.sensors));
}"""


def test_random_combinations_of_all_filters(page: Page, host: str, cat: Catalog) -> None:
    random = Random(7)
    asked = [random_filters(cat, random) for _ in range(COMBINATIONS)]
    expected = [ids_of_select(cat, filters) for filters in asked]
    assert sum(map(bool, expected)) > COMBINATIONS / 5
    for filters, found, ids in zip(asked, ids_of_page(page, host, asked), expected, strict=True):
        assert found == ids, filters


def test_random_combinations_on_borrowed_land_cover(
    chromium: Browser, borrowing_folder: Path
) -> None:
    random = Random(8)
    with Catalog.open(borrowing_folder) as cat, static_host(borrowing_folder) as url:
        asked = [random_filters(cat, random) for _ in range(COMBINATIONS)]
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}report.json")
        answers = ids_of_page(page, url, asked)
        context.close()
        expected = [ids_of_select(cat, filters) for filters in asked]
    assert sum(map(bool, expected)) > COMBINATIONS / 5
    for filters, found, ids in zip(asked, answers, expected, strict=True):
        assert found == ids, filters


def test_every_region_that_has_a_name(page: Page, host: str, cat: Catalog) -> None:
    regions = [
        f"{kind}:{name}"
        for kind, name in cat.sql("SELECT DISTINCT kind, name FROM regions ORDER BY ALL").fetchall()
    ]
    asked = [{"region": [region]} for region in regions]
    found = ids_of_page(page, host, asked)
    expected = [ids_of_select(cat, filters) for filters in asked]
    assert [
        region for region, *ids in zip(regions, found, expected, strict=True) if ids[0] != ids[1]
    ] == []


def test_every_name_means_the_same_region(page: Page, host: str, cat: Catalog) -> None:
    names = [
        row[0]
        for row in cat.sql("SELECT DISTINCT called FROM region_names ORDER BY ALL").fetchall()
    ]
    found = page.evaluate(
        """async ([base, names]) => {
            const { Regions } = await import(`${base}map/regions.js`);
            const regions = await Regions.load(`${base}map/`);
            return names.map((name) => regions.find(name).map((r) => [r.kind, r.name]));
        }""",
        [host, names],
    )
    for name, regions in zip(names, found, strict=True):
        asked = cat.session.fetch(
            f"SELECT kind, name FROM named_regions('{name.replace(chr(39), chr(39) * 2)}')"
        )
        assert [tuple(region) for region in regions] == asked, name


@pytest.mark.parametrize(
    "box",
    ["170,-90,-170,90", "-180,-90,180,90", "-180,60,180,90", "179.9,-90,180,90", "9,44,9,45"],
)
def test_boxes_at_the_edges_of_the_world(page: Page, host: str, cat: Catalog, box: str) -> None:
    assert ids_of_page(page, host, [{"region": [box]}]) == [cat.select(region=box).ids]


def test_texts_to_take_away_give_the_same_patches(page: Page, host: str, cat: Catalog) -> None:
    random = Random(11)
    for _ in range(60):
        filters = random_filters(cat, random)
        expected = ids_of_select(cat, filters)
        texts = page.evaluate(TEXTS, [host, filters])
        assert [row[0] for row in cat.sql(texts["SQL"]).fetchall()] == expected, texts["SQL"]
        assert _run_python(texts["Python"], cat) == expected, texts["Python"]
        assert _run_command(texts["Command line"], cat) == expected, texts["Command line"]
        if not texts["CQL2"].startswith("--"):
            assert cat.select(filter=texts["CQL2"] or None).ids == expected, texts["CQL2"]


def _run_python(text: str, cat: Catalog) -> list[str]:
    scope: dict[str, Any] = {"cat": cat}
    call = text.partition("subset = ")[2]
    exec(f"subset = {call}", scope)
    ids: list[str] = scope["subset"].ids
    return ids


def _run_command(text: str, cat: Catalog) -> list[str]:
    program, command, _, *options = shlex.split(text.replace("\\\n", " "))
    assert program == "sen12ms"
    arguments = [command, str(cat.folder), *options, "--format", "csv"]
    done = CliRunner().invoke(sen12ms, arguments, catch_exceptions=False)
    return [row["id"] for row in csv.DictReader(io.StringIO(done.stdout))]


def test_lists_to_take_away(page: Page, host: str, cat: Catalog) -> None:
    filters = {"region": ["Italy"], "cover": ["forest>=0.05"]}
    subset = cat.select(**filters)
    lists = {
        name: page.evaluate(LISTS, [host, filters, name])
        for name in ("paths", "csv", "geojson", "manifest")
    }
    assert lists["paths"].splitlines() == subset.paths()
    rows = list(csv.DictReader(io.StringIO(lists["csv"])))
    assert [row["id"] for row in rows] == subset.ids
    assert [row["s2"] for row in rows] == subset.paths("s2")
    features = json.loads(lists["geojson"])["features"]
    frame = subset.to_geodataframe()
    assert [feature["geometry"] for feature in features] == [
        json.loads(json.dumps(shape.__geo_interface__)) for shape in frame.geometry
    ]
    assert lists["manifest"].splitlines() == subset.manifest().official_names()


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"region": ["Brazl"]}, "there is no region 'Brazl': did you mean Brazil"),
        ({"region": ["Georgia"]}, "means more than one region"),
        ({"region": ["POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))"]}, "crosses or touches itself near"),
        ({"region": ["POLYGON ((0 0, 10 10"]}, "is not a polygon as WKT"),
        ({"region": ["LINESTRING (0 0, 1 1)"]}, "is not a polygon as WKT"),
        ({"region": ["1,2,3"]}, "has 3 numbers: a box is west,south,east,north"),
        ({"region": ["0,80,10,70"]}, "has its south above its north"),
        ({"region": ["0,0,400,10"]}, "is not a box on Earth"),
        ({"region": ['{"type": "Point", "coordinates": [0, 0]}']}, "the page takes polygons"),
        ({"season": ["sumer"]}, "there is no season 'sumer'"),
        ({"cover": ["forrest>=0.5"]}, "there is no land-cover class 'forrest'"),
        ({"cover": ["forest>=2"]}, "forest 2 is not a share"),
        ({"cover": ["forest=0.9..0.1"]}, "is in the wrong order"),
        ({"cover": ["forest"]}, "is not a condition"),
        ({"cover": ["a" + "1" * 4000 + ".."]}, "is not a condition"),
        ({"cover": ["a" + " " * 4000 + "!"]}, "is not a condition"),
        ({"region": ["1," + "1" * 4000 + "x"]}, "there is no region"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    page: Page, host: str, filters: dict[str, list[str]], sentence: str
) -> None:
    (answer,) = ids_of_page(page, host, [filters])
    assert isinstance(answer, str)
    assert sentence in answer
