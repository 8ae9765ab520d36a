"""The STAC API, over HTTP."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from catalog.datasets import DEFINITIONS
from catalog.datasets.load import FIELDS
from catalog.server.api_data import CONFORMANCE, JSON, OPENAPI, SCHEMA
from catalog.server.api_openapi import description
from catalog.server.api_parameters import asked_by_body, asked_by_query
from catalog.server.responses import body_response
from catalog.stac.collection import GEOJSON, PARQUET

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from catalog.server.api_data import ApiData
    from catalog.server.pool import Pool


@dataclass(frozen=True, slots=True)
class ApiRoutes:
    """Answers about one catalog."""

    data: ApiData
    """Makes them."""
    pool: Pool
    """Runs searches."""

    def routes(self) -> list[BaseRoute]:
        """All below `/api`, and the schema that items name."""
        one = "/api/collections/{collection}"
        return [
            Route("/api", self._landing),
            Route("/api/", self._landing),
            Route("/api/conformance", self._conformance),
            Route("/api/openapi.json", self._openapi),
            Route("/api/documentation", self._documentation),
            Route("/api/queryables", self._queryables),
            Route("/api/search", self._search, methods=["GET", "POST"]),
            Route("/api/collections", self._collections),
            Route(one, self._collection),
            Route(f"{one}/queryables", self._queryables),
            Route(f"{one}/items", self._items),
            Route(f"{one}/items/{{item}}", self._item),
            Route(f"/schemas/{{collection}}/{FIELDS}", self._schema),
        ]

    def _landing(self, request: Request) -> Response:
        return _answer(request, self.data.landing(str(request.base_url)))

    def _conformance(self, request: Request) -> Response:
        return _answer(request, {"conformsTo": list(CONFORMANCE)})

    def _openapi(self, request: Request) -> Response:
        return _answer(request, description(str(request.base_url)), OPENAPI)

    def _documentation(self, request: Request) -> Response:
        return HTMLResponse(
            "<!doctype html><title>STAC API</title><p>This is a "
            '<a href="https://github.com/radiantearth/stac-api-spec">STAC API</a>: '
            f'<a href="{request.base_url}api/openapi.json">its description</a>.'
        )

    def _collections(self, request: Request) -> Response:
        return _answer(request, self.data.collections(str(request.base_url)))

    def _collection(self, request: Request) -> Response:
        if not self._is_known(request):
            return _missing("collection")
        return _answer(request, self.data.collection(str(request.base_url)))

    def _queryables(self, request: Request) -> Response:
        if not self._is_known(request):
            return _missing("collection")
        return _answer(request, self.data.queryables(str(request.url.replace(query=""))), SCHEMA)

    def _schema(self, request: Request) -> Response:
        if not self._is_known(request):
            return _missing("schema")
        path = DEFINITIONS / self.data.catalog.dataset.tables / FIELDS
        return body_response(request, path.read_bytes(), SCHEMA)

    async def _item(self, request: Request) -> Response:
        if not self._is_known(request):
            return _missing("collection")
        # Not in the pool if it has a file: items are served whatever else is asked.
        stored = await run_in_threadpool(partial(self._found, request, self.data.stored_item))
        if stored is not None:
            return stored
        found = await self.pool.run(request, partial(self._found, request, self.data.item))
        return _missing("item") if found is None else found

    def _found(
        self, request: Request, look_up: Callable[[str, str], bytes | None]
    ) -> Response | None:
        item = look_up(request.path_params["item"], str(request.base_url))
        return None if item is None else body_response(request, item, GEOJSON)

    async def _items(self, request: Request) -> Response:
        if not self._is_known(request):
            return _missing("collection")
        asked = asked_by_query(request.query_params) | {"collections": None}
        return await self.pool.run(request, partial(self._page, request, asked))

    async def _search(self, request: Request) -> Response:
        if request.method == "POST":
            asked = asked_by_body(await request.body())
        else:
            asked = asked_by_query(request.query_params)
        return await self.pool.run(request, partial(self._page, request, asked))

    def _page(self, request: Request, asked: dict[str, Any]) -> Response:
        if _wants_parquet(request):
            return self._parquet(asked)
        base, url = str(request.base_url), str(request.url)
        found, tokens = self.data.search(asked, base)
        links = [
            {"rel": "root", "href": f"{base}api", "type": JSON},
            {"rel": "self", "href": url, "type": GEOJSON},
        ]
        if asked.get("token") is not None:
            links.append({"rel": "first", "type": GEOJSON, **_to_page(request, asked, None)})
        for rel, token in tokens.items():
            links.append({"rel": rel, "type": GEOJSON, **_to_page(request, asked, token)})
        return _answer(request, found | {"links": links}, GEOJSON)

    def _parquet(self, asked: dict[str, Any]) -> Response:
        with tempfile.NamedTemporaryFile(suffix=".parquet", delete=False) as file:
            path = Path(file.name)
        try:
            self.data.parquet(asked, path)
        except Exception:
            path.unlink()
            raise
        return FileResponse(
            path,
            media_type=PARQUET,
            filename="items.parquet",
            background=BackgroundTask(path.unlink),
        )

    def _is_known(self, request: Request) -> bool:
        known = self.data.catalog.dataset.id
        return bool(request.path_params.get("collection", known) == known)


def _to_page(request: Request, asked: dict[str, Any], token: str | None) -> dict[str, Any]:
    """Of a link to another page of the same search: the first has no token."""
    told = {} if token is None else {"token": token}
    if request.method == "POST":
        body = {name: value for name, value in asked.items() if name != "token"} | told
        return {"href": str(request.url), "method": "POST", "body": body, "merge": False}
    url = request.url.remove_query_params("token").include_query_params(**told)
    return {"href": str(url), "method": "GET"}


def _wants_parquet(request: Request) -> bool:
    asked = request.query_params.get("f")
    return asked == "parquet" or (asked is None and PARQUET in request.headers.get("accept", ""))


def _answer(request: Request, value: dict[str, Any], kind: str = JSON) -> Response:
    return body_response(request, orjson.dumps(value), kind)


def _missing(what: str) -> Response:
    told = {"code": "NotFound", "description": f"there is no such {what}"}
    return Response(orjson.dumps(told), 404, media_type=JSON)
