"""A page of 100 items of the STAC API, over HTTP of the whole catalog."""

from __future__ import annotations

import time
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from test_bench_server import full  # noqa: F401 - the same catalog

from catalog import Catalog
from catalog.server.app import create_app
from catalog.server.hosting import listen, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Bench

ROUNDS = 30
POLYGON = "POLYGON((-10 35, 30 35, 30 60, -10 60, -10 35))"
SEARCHES = {
    "box": ({"bbox": [10, 44, 12, 46]}, 10),
    "all": ({}, 10),
    "CQL2 with a polygon": (
        {
            "filter": "season = 'winter' AND cover.forest >= 0.5 "
            f"AND S_INTERSECTS(geometry, {POLYGON})",
            "filter-lang": "cql2-text",
        },
        15,
    ),
}
"""Parameters, and the milliseconds that a page may take."""

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def client(full: Path) -> Iterator[httpx.Client]:  # noqa: F811 - the fixture
    with Catalog.open(full) as cat, listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(cat), log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with httpx.Client(base_url=url_of(listener)) as client:
            yield client
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("name", SEARCHES)
def test_page_of_100_items(client: httpx.Client, bench: Bench, name: str) -> None:
    asked, limit_ms = SEARCHES[name]
    body = {"limit": 100, **asked}
    assert client.post("api/search", json=body).json()["numberReturned"] == 100
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        client.post("api/search", json=body)
        times.append((time.perf_counter() - start) * 1000)
    bench.table(
        f"A page of 100 items: {name}",
        ["", "median, ms", "least, ms"],
        [[name, f"{median(times):.1f}", f"{min(times):.1f}"]],
    )
    bench.bar(
        f"page by {name}, least ms", min(times), f"<= {limit_ms}", held=min(times) <= limit_ms
    )
