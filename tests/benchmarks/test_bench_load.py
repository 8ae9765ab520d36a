"""Items of the whole catalog under load, of a server that is a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import clients
import pytest
from conftest import serving

from catalog import Catalog
from catalog.datasets import SEN12MS
from catalog.stac.item import item_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Bench

REQUESTS = 20_000
WARM = 2_000
CONNECTIONS = 32
LEAST_PER_SECOND = 500
MOST_P99_MS = 100.0
MOST_GROWTH_MIB = 16
BESIDE_REQUESTS = 2_000
BESIDE_CONNECTIONS = 8
MOST_P99_BESIDE_MS = 1000.0
MOST_MIB_LEFT = 256

pytestmark = pytest.mark.bench


@dataclass(frozen=True)
class Server:
    """A server of the whole catalog."""

    address: tuple[str, int]
    pid: int
    items: dict[str, list[str]]
    """Random items, by where they are asked for."""
    previews: list[str]

    @property
    def mib(self) -> float:
        """Memory of the process now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.fixture(scope="module")
def server(full: Path) -> Iterator[Server]:
    with Catalog.open(full) as cat:
        chosen = Random(2019).choices(cat.select().ids, k=WARM + REQUESTS)
    keys = [key for name in chosen if (key := SEN12MS.parse_id(name)) is not None]
    items = {
        "static item": [
            f"/catalog/{item_path(SEN12MS, key.of_scene, name)}"
            for name, key in zip(chosen, keys, strict=True)
        ],
        "item of the API": [f"/api/collections/sen12ms/items/{name}" for name in chosen],
    }
    previews = [f"/previews/{k.season}/{k.scene}/{k.patch}/thumbnail.png" for k in keys[:200]]
    with serving(full) as (url, pid):
        host, _, port = urlsplit(url).netloc.partition(":")
        yield Server((host, int(port)), pid, items, previews)


@contextmanager
def hostile(server: Server) -> Iterator[None]:
    command = [sys.executable, clients.__file__, *map(str, server.address), *server.previews]
    with subprocess.Popen(command) as process:
        yield
        assert process.poll() is None, "the clients gave up"
        process.terminate()


def row(name: str, load: clients.Load, before: float, after: float) -> list[str]:
    times = [f"{load.percentile(percent):.1f}" for percent in (50, 99)]
    rates = [f"{len(load.milliseconds):,}", f"{load.per_second:,.0f}", *times]
    return [name, *rates, f"{before:.0f}", f"{after:.0f}"]


HEADER = ["what", "requests", "a second", "p50, ms", "p99, ms", "MiB before", "MiB after"]


def test_items_are_served_to_many_at_once(server: Server, bench: Bench) -> None:
    rows, bars = [], []
    for name, paths in server.items.items():
        asyncio.run(clients.ask_for(server.address, paths[:WARM], CONNECTIONS))
        before = server.mib
        load = asyncio.run(clients.ask_for(server.address, paths[WARM:], CONNECTIONS))
        after = server.mib
        assert load.refused == 0
        assert len(load.milliseconds) == REQUESTS
        rows.append(row(name, load, before, after))
        bars.append((name, load, after - before))
    bench.table(f"Items, {CONNECTIONS} connections that are kept", HEADER, rows)
    for name, load, growth in bars:
        rate, p99 = load.per_second, load.percentile(99)
        least, most = f"at least {LEAST_PER_SECOND}", f"less than {MOST_P99_MS:g}"
        bench.bar(f"{name}, requests a second", rate, least, held=rate >= LEAST_PER_SECOND)
        bench.bar(f"{name}, p99, ms", p99, most, held=p99 < MOST_P99_MS)
        bench.bar(
            f"{name}, MiB that {REQUESTS:,} requests leave",
            growth,
            f"at most {MOST_GROWTH_MIB}",
            held=growth <= MOST_GROWTH_MIB,
        )


def test_items_are_served_beside_slow_questions(server: Server, bench: Bench) -> None:
    """And beside previews, pages, half-open connections and clients that leave."""
    rows, slowest, start = [], 0.0, server.mib
    with hostile(server):
        for name, paths in server.items.items():
            before = server.mib
            some = paths[:BESIDE_REQUESTS]
            load = asyncio.run(clients.ask_for(server.address, some, BESIDE_CONNECTIONS))
            assert load.refused == 0
            rows.append(row(name, load, before, server.mib))
            slowest = max(slowest, load.percentile(99))
    quiet = asyncio.run(clients.ask_for(server.address, some, BESIDE_CONNECTIONS))
    rows.append(row(f"{name}, afterwards", quiet, before, server.mib))
    bench.table("Items beside slow searches, previews, pages, half-open connections", HEADER, rows)
    bench.bar(
        "items beside slow questions, p99, ms",
        slowest,
        f"at most {MOST_P99_BESIDE_MS:g}",
        held=slowest <= MOST_P99_BESIDE_MS,
    )
    left = server.mib - start
    bench.bar(
        "MiB that slow questions leave",
        left,
        f"at most {MOST_MIB_LEFT}",
        held=left <= MOST_MIB_LEFT,
    )
