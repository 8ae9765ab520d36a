"""The STAC API's description of itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from catalog.server.api_data import JSON, OPENAPI, SCHEMA
from catalog.stac.collection import GEOJSON, PARQUET

_SEARCH: Final = {
    "bbox": "West, south, east, north, degrees.",
    "intersects": "A GeoJSON geometry.",
    "datetime": "An instant, or START/END; `..` is open.",
    "ids": "Ids of items, with commas.",
    "collections": "Ids of collections, with commas.",
    "limit": "Items of a page, 1 to 10,000.",
    "filter": "CQL2.",
    "filter-lang": "`cql2-text` or `cql2-json`.",
    "sortby": "Queryables, with commas; `-` before one that descends.",
    "fields": "Fields of the items, with commas; `-` before one that is left out.",
    "token": "From a link to another page.",
    "f": "`parquet` for a stac-geoparquet.",
}
_COLLECTION: Final = {"collection": "Id of the collection."}


def description(base: str) -> dict[str, Any]:
    """The routes, as OpenAPI 3.0; `base` is the URL of this server, with a slash at its end."""
    items = {name: text for name, text in _SEARCH.items() if name != "collections"}
    one = "/collections/{collection}"
    return {
        "openapi": "3.0.3",
        "info": {"title": "STAC API", "version": version("sen12ms-catalog")},
        "servers": [{"url": f"{base}api"}],
        "paths": {
            "/": _get("The entry", JSON),
            "/conformance": _get("What the API conforms to", JSON),
            "/openapi.json": _get("This description", OPENAPI),
            "/queryables": _get("What a filter may name", SCHEMA),
            "/collections": _get("The collections", JSON),
            one: _get("A collection", JSON, path=_COLLECTION),
            f"{one}/queryables": _get("What a filter may name", SCHEMA, path=_COLLECTION),
            f"{one}/items": _get("Items", GEOJSON, PARQUET, path=_COLLECTION, query=items),
            f"{one}/items/{{item}}": _get(
                "An item", GEOJSON, path=_COLLECTION | {"item": "Id of the item."}
            ),
            "/search": _get("Items", GEOJSON, PARQUET, query=_SEARCH) | {"post": _post()},
        },
    }


def _get(
    summary: str,
    *kinds: str,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    parameters = [_parameter(name, "path", text) for name, text in (path or {}).items()]
    parameters += [_parameter(name, "query", text) for name, text in (query or {}).items()]
    return {"get": {"summary": summary, "parameters": parameters, "responses": _responses(kinds)}}


def _post() -> dict[str, Any]:
    body = {"content": {JSON: {"schema": {"type": "object"}}}}
    return {"summary": "Items", "requestBody": body, "responses": _responses((GEOJSON, PARQUET))}


def _parameter(name: str, where: str, text: str) -> dict[str, Any]:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "description": text, "schema": {"type": "string"}} | required


def _responses(kinds: tuple[str, ...]) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "object"}} for kind in kinds}
    return {
        "200": {"description": "The answer", "content": content},
        "400": {"description": "A parameter is not valid: `description` says which and why"},
    }
