"""Requests to a running server: searches page by page, and damaged ones of every route."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import httpx
import shapely
from asked import Asked
from cql2_in_python import holds
from cql2_trees import CENTRES, Trees
from hosts import running
from mutations import mutate
from outcome import Outcome

from catalog.server.app import create_app

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from cql2_in_python import Tree

_INTERVALS: Final = (("2017-06-01", "2017-08-31"), ("..", "2017-02-28"))
_SORTS: Final = ("id", "-id", "season,-patch", "-properties.sen12ms:scene", "+datetime")
_OTHERS: Final = (
    *("token=abc", "token=eyJhIjoxfQ", "fields=-geometry", "fields=id,properties.sen12ms:patch"),
    *("f=parquet", "filter-lang=cql2-json", "crs=x", "intersects={}", "bbox=1,2,3,4,5,6"),
)
_PATHS: Final = (
    *("/", "/api", "/api/search", "/api/conformance", "/api/queryables", "/api/openapi.json"),
    *("/api/collections/sen12ms", "/api/collections/sen12ms/items", "/catalog/catalog.json"),
    *("/api/collections/sen12ms/items/ROIs1158_spring_1_p30", "/catalog/items.parquet"),
    *("/previews/spring/1/30/s2.png", "/data/0/../../etc/passwd", "/catalog/map/about.json"),
    *("/catalog/sen12ms/spring/ROIs1158_spring_1/ROIs1158_spring_1_p30.json", "/browser/"),
)
_RANGES: Final = ("bytes=0-10", "bytes=-5", "bytes=5-2", "bytes=0-1,4-5", "bytes=9999999999-", "x")


class Requests:
    """Searches find what Python and shapely find; nothing is the server's own error."""

    name = "requests"
    what = "requests to a running server; oracles: Python and shapely, no status of 500 or more"
    share = 3

    def __init__(self, folder: Path) -> None:
        self.asked = Asked(folder)
        self.rows = self.asked.rows()
        self.open = ExitStack()
        url = self.open.enter_context(running(create_app(self.asked.catalog)))
        self.client = self.open.enter_context(httpx.Client(base_url=url))
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """One search, or one damaged request."""
        if draw.random() < 0.4:
            return self._search(draw)
        if draw.random() < 0.4:
            body = json.dumps(_searched(draw)[0]).encode()
            return self._damaged("POST", "/api/search", mutate(body, draw).data)
        if draw.random() < 0.6:
            query = "&".join([urlencode(_as_query(_searched(draw)[0])), draw.choice(_OTHERS)])
            return self._damaged("GET", f"/api/search?{_quoted(query, draw)}")
        headers = {"Range": draw.choice(_RANGES)} if draw.random() < 0.3 else {}
        return self._damaged("GET", f"/{_quoted(draw.choice(_PATHS)[1:], draw)}", headers=headers)

    def _search(self, draw: random.Random) -> Outcome:
        given, tree = _searched(draw)
        expected = sorted(row["id"] for row in self.rows if holds(row, tree) is True)
        by_post = draw.random() < 0.5
        self.evidence = json.dumps(given).encode()
        found: list[str] = []
        asked: dict[str, Any] | None = given if by_post else _as_query(given)
        url = "/api/search"
        while asked is not None or url != "/api/search":
            kind = {"json": asked} if by_post else {"params": asked}
            page = self.client.request("POST" if by_post else "GET", url, **kind)
            if page.status_code != httpx.codes.OK:
                return Outcome(problem=f"{page.status_code}: {page.text[:300]}")
            found += [feature["id"] for feature in page.json()["features"]]
            following = [link for link in page.json()["links"] if link["rel"] == "next"]
            if not following or len(found) > len(self.rows):
                break
            url, asked = following[0]["href"], following[0].get("body")
        problem = "" if sorted(found) == expected else f"{found} where Python has {expected}"
        return Outcome(1, 1, problem)

    def _damaged(self, method: str, url: str, body: bytes = b"", **more: Any) -> Outcome:
        self.evidence = f"{method} {url}\n\n".encode() + body
        answer = self.client.request(method, url, content=body, **more)
        problem = ""
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            problem = f"{answer.status_code}: {answer.text[:300]}"
        elif b"root:" in answer.content:
            problem = "a file outside was sent"
        return Outcome(1, answer.is_success, problem)


def _searched(draw: random.Random) -> tuple[dict[str, Any], Tree]:
    """A search in the form of a body, and the same as one filter."""
    tree = Trees(draw).filter()
    given: dict[str, Any] = {"filter-lang": "cql2-json", "limit": draw.choice((1, 3, 10, 100))}
    conditions: list[Any] = []
    if draw.random() < 0.6:
        given["filter"] = tree
        conditions.append(tree)
    if draw.random() < 0.4:
        (west, south), size = draw.choice(CENTRES), draw.choice((0.05, 1.0, 30.0))
        given["bbox"] = [west - size, south - size, min(west + size, 180.0), south + size]
        box = json.loads(json.dumps(shapely.box(*given["bbox"]).__geo_interface__))
        conditions.append({"op": "s_intersects", "args": [{"property": "geometry"}, box]})
    if draw.random() < 0.3:
        start, end = draw.choice(_INTERVALS)
        given["datetime"] = "/".join(
            text if text == ".." else f"{text}T{clock}Z"
            for text, clock in ((start, "00:00:00"), (end, "23:59:59"))
        )
        interval = {"interval": [start, end]}
        conditions.append({"op": "t_intersects", "args": [{"property": "datetime"}, interval]})
    if draw.random() < 0.3:
        given["sortby"] = [
            {"field": name.lstrip("+-"), "direction": "desc" if name.startswith("-") else "asc"}
            for name in draw.choice(_SORTS).split(",")
        ]
    return given, {"op": "and", "args": [*conditions, True]}


def _as_query(given: dict[str, Any]) -> dict[str, Any]:
    """A search in the form of a query string."""
    asked = dict(given)
    if "filter" in asked:
        asked["filter"] = json.dumps(asked["filter"])
    if "bbox" in asked:
        asked["bbox"] = ",".join(map(str, asked["bbox"]))
    if "sortby" in asked:
        signs = {"asc": "+", "desc": "-"}
        asked["sortby"] = ",".join(signs[s["direction"]] + s["field"] for s in asked["sortby"])
    return asked


def _quoted(text: str, draw: random.Random) -> str:
    """Damaged, and quoted as far as HTTP needs it."""
    return quote(mutate(text.encode(), draw).data, safe="%&=+,;:/'!*()~@?#")
