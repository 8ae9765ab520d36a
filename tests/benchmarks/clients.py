"""Clients of a server: many that ask for items, and, run as a program, some that mean no good.

They speak HTTP over plain sockets, so that they cost less than what they measure.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_STAR = [
    (15 + r * math.cos(math.tau * k / 1500), 45 + r * math.sin(math.tau * k / 1500))
    for k in range(1500)
    for r in [20 - 8 * (k % 2)]
]
"""A polygon over Europe that is slow to compare with."""
SLOW_SEARCH = json.dumps(
    {
        "limit": 2000,
        "filter-lang": "cql2-json",
        "filter": {
            "op": "s_intersects",
            "args": [
                {"property": "geometry"},
                {"type": "Polygon", "coordinates": [[*_STAR, _STAR[0]]]},
            ],
        },
    }
).encode()
HALF_OPEN = 100


@dataclass
class Load:
    """What clients met."""

    milliseconds: list[float] = field(default_factory=list)
    """Of each answer."""
    refused: int = 0
    """Answers with another status than 200."""
    seconds: float = 0.0
    """From the first request to the last answer."""

    def percentile(self, percent: float) -> float:
        """So many percent of the answers took at most these milliseconds."""
        ranked = sorted(self.milliseconds)
        return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


async def ask_for(address: tuple[str, int], paths: Iterable[str], connections: int) -> Load:
    """Ask for all paths, each connection for the next one as soon as it has its answer."""
    load, left = Load(), iter(paths)
    start = perf_counter()
    await asyncio.gather(*(_keep_asking(address, left, load) for _ in range(connections)))
    load.seconds = perf_counter() - start
    return load


async def _keep_asking(address: tuple[str, int], paths: Iterator[str], load: Load) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for path in paths:
        start = perf_counter()
        writer.write(_request(address, path))
        head = await _answer(reader)
        load.milliseconds.append(1000 * (perf_counter() - start))
        load.refused += not head.startswith(b"HTTP/1.1 200 ")
    writer.close()


def _request(address: tuple[str, int], path: str, body: bytes = b"") -> bytes:
    verb = "POST" if body else "GET"
    head = f"{verb} {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nAccept-Encoding: gzip\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The head of an answer, of which everything was read."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = _LENGTH.search(head)
    assert found, head
    await reader.readexactly(int(found[1]))
    return head


async def _harass(address: tuple[str, int], previews: list[str]) -> None:
    """Do what slows a server down, until this process is ended."""
    held = [await asyncio.open_connection(*address) for _ in range(HALF_OPEN)]
    for _, writer in held:
        writer.write(b"GET /catalog/catalog.json HTTP/1.1\r\nHost: 127")
    pages = ["/catalog/", "/catalog/map/vendor/ol.js", "/catalog/items.parquet", "/api/collections"]
    random = Random(2019)
    await asyncio.gather(
        *(
            _repeat(address, lambda: _request(address, "/api/search", SLOW_SEARCH))
            for _ in "123456"
        ),
        *(_leave(address) for _ in "123"),
        *(_repeat(address, lambda: _request(address, random.choice(previews))) for _ in "1234"),
        *(_repeat(address, lambda: _request(address, random.choice(pages))) for _ in "1234"),
    )


async def _repeat(address: tuple[str, int], make: Callable[[], bytes]) -> None:
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(*address)
            while True:
                writer.write(make())
                await _answer(reader)


async def _leave(address: tuple[str, int]) -> None:
    """Ask, and go before the answer comes."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(*address)
            writer.write(_request(address, "/api/search", SLOW_SEARCH))
            await asyncio.sleep(0.2)
            writer.close()


if __name__ == "__main__":
    asyncio.run(_harass((sys.argv[1], int(sys.argv[2])), sys.argv[3:]))
