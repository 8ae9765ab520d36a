"""Random filters of the page, and the answers of the page and of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from playwright.sync_api import Page

    from catalog import Catalog

SEARCH = """async ([base, all]) => {
    const { Search } = await import(`${base}map/search.js`);
    globalThis.search ??= await Search.load(`${base}map/`);
    const answers = [];
    for (const filters of all) {
        try { answers.push(await search.ids(filters)); }
        catch (error) { answers.push(error.message); }
    }
    return answers;
}"""
REGIONS = (
    "Italy",
    "Korea",
    "Africa",
    "EU",
    "BRA",
    "southern Europe",
    "US-CA",
    "state:New South Wales",
)


def random_filters(cat: Catalog, random: Random) -> dict[str, Any]:
    """Filters of the page, each of which is there in one of three questions."""
    dataset = cat.dataset
    every = [(legend, name) for legend, names in dataset.shares.items() for name in names]
    legend, name = random.choice(every)
    share = random.choice([0.0, 0.05, 0.25, 1 / 3, 0.5, 0.9, 1.0])
    more = min(1.0, share + random.choice([0.1, 0.25]))
    kinds = {
        "season": lambda: random.sample(list(dataset.seasons), random.randint(1, 3)),
        "local_season": lambda: random.sample(list(dataset.seasons), random.randint(1, 3)),
        "split": lambda: [random.choice(["train", "test", "TEST"])],
        "sensor": lambda: [random.choice(list(dataset.sensors))],
        "complete": lambda: random.choice([True, False]),
        "cover": lambda: [
            random.choice(
                [
                    f"{legend}.{name} {random.choice(['>=', '<=', '>', '<', '='])} {share}",
                    f"{legend}.{name}={share}..{more}",
                    f"{100 * share} % <= {legend}.{name} <= {100 * more}%",
                ]
            )
        ],
        "region": lambda: _regions(random),
        "not_region": lambda: _regions(random),
        "country": lambda: random.sample(_countries(cat), 1),
        "dominant_cover": lambda: random.sample(list(dataset.covers), random.randint(1, 4)),
    }
    chosen = [kind for kind in kinds if random.random() < 1 / 4]
    return {kind: kinds[kind]() for kind in chosen}


def _countries(cat: Catalog) -> list[str]:
    answer = cat.sql("SELECT DISTINCT country FROM patches WHERE country IS NOT NULL ORDER BY ALL")
    return [row[0] for row in answer.fetchall()]


def _regions(random: Random) -> list[str]:
    return [random.choice([_named, _box, _polygon])(random) for _ in range(random.randint(1, 2))]


def _named(random: Random) -> str:
    return random.choice(REGIONS)


def _box(random: Random) -> str:
    west, south = random.uniform(-180, 180), random.uniform(-60, 70)
    east = west + random.uniform(1, 170)
    north = min(90, south + random.uniform(1, 60))
    return f"{west},{south},{east - 360 if east > 180 else east},{north}"


def _polygon(random: Random) -> str:
    """A triangle with a hole, or two."""
    x, y, size = random.uniform(-130, 120), random.uniform(-40, 30), random.uniform(10, 40)
    outline = f"({x} {y}, {x + size} {y}, {x + size / 2} {y + size}, {x} {y})"
    hole = f"({x + size / 2} {y + size / 4}, {x + size / 2 + 1} {y + size / 4}, {x + size / 2} {y + size / 3}, {x + size / 2} {y + size / 4})"  # noqa: E501
    return f"POLYGON ({outline}, {hole})"


def ids_of_select(cat: Catalog, filters: dict[str, Any]) -> list[str]:
    """The same question to Python; what `select` has no argument for is asked in CQL2."""
    given = {name: value for name, value in filters.items() if name not in _BY_FILTER}
    named = [
        f"{name} IN ({', '.join(repr(value) for value in filters[name])})"
        for name in _BY_FILTER
        if name in filters
    ]
    return cat.select(**given, filter=" AND ".join(named) if named else None).ids


_BY_FILTER = ("country", "dominant_cover")


def ids_of_page(page: Page, url: str, all_filters: Sequence[dict[str, Any]]) -> list[Any]:
    """The answers of the page's own search, which is asked in the browser."""
    answers: list[Any] = page.evaluate(SEARCH, [url, all_filters])
    return answers
