"""Answers of the STAC API: documents, items and pages of items, as Python objects."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from catalog.query.literals import literal
from catalog.query.queryables import queryables
from catalog.query.question import Question
from catalog.server.api_parameters import read_search, token_of
from catalog.server.served import served_json
from catalog.stac.collection import GEOJSON
from catalog.stac.item import item_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from catalog.reading.catalog import Catalog
    from catalog.server.api_parameters import Search

JSON: Final = "application/json"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
QUERYABLES: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_STAC: Final = "https://api.stacspec.org/v1.0.0/"
_FEATURES: Final = "http://www.opengis.net/spec/ogcapi-features-"
_CQL2: Final = "http://www.opengis.net/spec/cql2/1.0/conf/"
CONFORMANCE: Final = (
    *(f"{_STAC}{name}" for name in ("core", "collections", "ogcapi-features", "item-search")),
    *(f"{_STAC}item-search#{name}" for name in ("filter", "sort", "fields")),
    *(f"{_STAC}ogcapi-features#{name}" for name in ("sort", "fields")),
    *(f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson", "oas30")),
    *(f"{_FEATURES}3/1.0/conf/{name}" for name in ("filter", "features-filter", "queryables")),
    *(f"{_CQL2}{name}" for name in ("cql2-text", "cql2-json", "basic-cql2")),
    *(f"{_CQL2}{name}" for name in ("advanced-comparison-operators", "property-property")),
    *(f"{_CQL2}{name}" for name in ("case-insensitive-comparison", "arithmetic")),
    *(f"{_CQL2}{name}" for name in ("accent-insensitive-comparison", "array-functions")),
    *(f"{_CQL2}{name}" for name in ("basic-spatial-functions", "spatial-functions")),
    f"{_CQL2}temporal-functions",
)
_KEPT_LINKS: Final = frozenset({"license", "cite-as", "about"})
_NEEDED: Final = ("type", "stac_version", "id", "collection")
"""What an item keeps whatever `fields` say."""


class ApiData:
    """Answers about one catalog.

    Parameters
    ----------
    catalog : Catalog
        The catalog, with its folder.
    folder : Path
        That folder.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self._folder = folder
        self._matched = lru_cache(maxsize=1000)(self._count)

    def landing(self, base: str) -> dict[str, Any]:
        """The entry of the API; `base` is the URL of this server, with a slash at its end."""
        api, about = f"{base}api", self.catalog.dataset.about
        return {
            "type": "Catalog",
            "stac_version": "1.1.0",
            "id": "sen12ms-catalog",
            "title": about.title,
            "description": about.description,
            "conformsTo": list(CONFORMANCE),
            "links": [
                _link("root", api),
                _link("self", api),
                _link("conformance", f"{api}/conformance"),
                _link("data", f"{api}/collections"),
                _link("child", self._collection_url(base), title=about.title),
                _link("search", f"{api}/search", GEOJSON, method="GET"),
                _link("search", f"{api}/search", GEOJSON, method="POST"),
                _link(QUERYABLES, f"{api}/queryables", SCHEMA),
                _link("service-desc", f"{api}/openapi.json", OPENAPI),
                _link("service-doc", f"{api}/documentation", "text/html"),
            ],
        }

    def collections(self, base: str) -> dict[str, Any]:
        """All collections: there is one."""
        links = [_link("root", f"{base}api"), _link("self", f"{base}api/collections")]
        return {"collections": [self.collection(base)], "links": links}

    def collection(self, base: str) -> dict[str, Any]:
        """The collection, with links into the API."""
        path = self._folder / self.catalog.dataset.id / "collection.json"
        value = served_json(self.catalog.dataset, orjson.loads(path.read_bytes()), base)
        url = self._collection_url(base)
        kept = [link for link in value["links"] if link["rel"] in _KEPT_LINKS]
        value["links"] = [
            *kept,
            _link("root", f"{base}api"),
            _link("parent", f"{base}api"),
            _link("self", url),
            _link("items", f"{url}/items", GEOJSON),
            _link(QUERYABLES, f"{url}/queryables", SCHEMA),
        ]
        for asset in value.get("assets", {}).values():
            asset["href"] = asset["href"].replace("../", f"{base}catalog/", 1)
        return value

    def queryables(self, url: str) -> dict[str, Any]:
        """What a filter may name, as JSON Schema; `url` is that of the answer."""
        named = queryables(self.catalog.dataset)
        return {
            "$schema": "https://json-schema.org/draft/2019-09/schema",
            "$id": url,
            "type": "object",
            "title": f"Queryables of {self.catalog.dataset.about.title}",
            "properties": {name: dict(found.schema) for name, found in named.items()},
            "additionalProperties": False,
        }

    def item(self, name: str, base: str) -> dict[str, Any] | None:
        """An item by its id; None if the catalog has none."""
        query = Question((f"id = {literal(name)}",)).sql(("id",))
        rows = self.catalog.session.fetch(query)
        return self._read(name, base) if rows else None

    def search(self, asked: Mapping[str, Any], base: str) -> tuple[dict[str, Any], str | None]:
        """A page of items without links, and the token of the next page, if there is one."""
        found = read_search(asked, self.catalog)
        columns = ("id", *(sort.sql for sort in found.sorts))
        query = found.page.page(columns, [str(sort) for sort in found.sorts], found.limit + 1)
        rows = self.catalog.session.fetch(query)
        page = rows[: found.limit]
        answer = {
            "type": "FeatureCollection",
            "features": [_picked(self._read(row[0], base), found) for row in page],
            "numberMatched": self._matched(found.question.about("chosen_count")),
            "numberReturned": len(page),
        }
        return answer, token_of(page[-1][1:]) if len(rows) > found.limit else None

    def parquet(self, asked: Mapping[str, Any], path: Path) -> None:
        """Write the items of a search to a stac-geoparquet: all, or a page if it has a limit."""
        found = read_search(asked, self.catalog)
        matched = self._matched(found.question.about("chosen_count"))
        most = found.limit if "limit" in asked else matched
        query = found.page.page(("id",), [str(sort) for sort in found.sorts], most)
        ids = [row[0] for row in self.catalog.session.fetch(query)]
        self.catalog.select().pick(ids, step={"step": "search"}).to_parquet(path)

    def _count(self, query: str) -> int:
        ((count,),) = self.catalog.session.fetch(query)
        return int(count)

    def _read(self, name: str, base: str) -> dict[str, Any]:
        dataset = self.catalog.dataset
        key = dataset.parse_id(name)
        path = "" if key is None else item_path(dataset, key.of_scene, name)
        # A plain open reads a page of items in half the time that pathlib takes.
        with open(f"{self._folder}/{path}", "rb", buffering=0) as file:
            item = served_json(dataset, orjson.loads(file.read()), base)
        collection = self._collection_url(base)
        item["links"] = [
            _link("self", f"{collection}/items/{name}", GEOJSON),
            _link("parent", collection),
            _link("collection", collection),
            _link("root", f"{base}api"),
        ]
        return item

    def _collection_url(self, base: str) -> str:
        return f"{base}api/collections/{quote(self.catalog.dataset.id)}"


def _link(rel: str, href: str, kind: str = JSON, **more: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": kind, **more}


def _picked(item: dict[str, Any], search: Search) -> dict[str, Any]:
    """The fields of an item that a search asks for, as `properties.title` or `title`."""
    if search.include:
        chosen: dict[str, Any] = {}
        for field in (*_NEEDED, *search.include):
            _copy(item, chosen, _place(field, item))
        item = chosen
    for field in search.exclude:
        top, _, name = _place(field, item)
        if field in _NEEDED:
            continue
        if not name:
            item.pop(top, None)
        elif isinstance(item.get(top), dict):
            item[top] = {key: value for key, value in item[top].items() if key != name}
    return item


def _place(field: str, item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Where a field lies: the member of the item, and the name in it."""
    top, dot, name = field.partition(".")
    return (top, dot, name) if top in item or dot else ("properties", ".", field)


def _copy(item: Mapping[str, Any], chosen: dict[str, Any], place: tuple[str, str, str]) -> None:
    top, _, name = place
    if not name and top in item:
        chosen[top] = item[top]
    elif name and isinstance(item.get(top), dict) and name in item[top]:
        chosen.setdefault(top, {})[name] = item[top][name]
