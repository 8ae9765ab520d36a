"""Answers of the STAC API: documents, items and pages of items, as Python objects."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.query.literals import filled, literal
from catalog.query.paging import key_of
from catalog.query.queryables import queryables
from catalog.query.question import Question
from catalog.query.statements import statement
from catalog.server.api_items import ApiItems, collection_url, link
from catalog.server.api_parameters import read_search
from catalog.server.served import ALTERNATES, served_json, without
from catalog.stac.collection import GEOJSON, collection
from catalog.store.columns import table_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        The catalog, or a bare table.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._items = ApiItems(catalog)
        self._matched = lru_cache(maxsize=1000)(self._count)
        # The last one alone: a client that reads a range after another asks for it again and again.
        self._table = lru_cache(maxsize=1)(self._write_table)

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
                link("root", api),
                link("self", api),
                link("conformance", f"{api}/conformance"),
                link("data", f"{api}/collections"),
                link("child", collection_url(self.catalog.dataset, base), title=about.title),
                link("search", f"{api}/search", GEOJSON, method="GET"),
                link("search", f"{api}/search", GEOJSON, method="POST"),
                link(QUERYABLES, f"{api}/queryables", SCHEMA),
                link("service-desc", f"{api}/openapi.json", OPENAPI, title="OpenAPI"),
                link("service-doc", f"{api}/documentation", "text/html", title="Documentation"),
            ],
        }

    def collections(self, base: str) -> dict[str, Any]:
        """All collections: there is one."""
        links = [link("root", f"{base}api"), link("self", f"{base}api/collections")]
        return {"collections": [self.collection(base)], "links": links}

    def collection(self, base: str) -> dict[str, Any]:
        """The collection, with links into the API, and to the static catalogs of its seasons."""
        value = dict(self._collection)
        if self.catalog.folder:
            value = served_json(self.catalog.dataset, value, base)
        url, static = collection_url(self.catalog.dataset, base), f"{base}catalog/"
        below = f"{static}{self.catalog.dataset.id}/"
        value["links"] = [
            *(found for found in value["links"] if found["rel"] in _KEPT_LINKS),
            link("root", f"{base}api"),
            link("parent", f"{base}api"),
            link("self", url),
            link("items", f"{url}/items", GEOJSON),
            link(QUERYABLES, f"{url}/queryables", SCHEMA),
            *(
                found | {"href": below + found["href"].removeprefix("./")}
                for found in value["links"]
                if found["rel"] == "child"
            ),
        ]
        value["assets"] = {
            name: asset | {"href": asset["href"].replace("../", static, 1)}
            for name, asset in value["assets"].items()
        }
        return value

    @cached_property
    def _collection(self) -> dict[str, Any]:
        """As `index` wrote it; without a folder, only what is true of the table, or at its URL."""
        dataset, items = self.catalog.dataset, self.catalog.items
        rows = self.catalog.session.fetch(filled(statement("queries/table_metadata"), items=items))
        found = orjson.loads(rows[0][0]).get("collections", {}) if rows else {}
        value = found.get(dataset.id) or collection(dataset, (), table_columns(dataset))
        if self.catalog.folder:
            return dict(value)
        links = [each for each in value["links"] if each["rel"] != "child"]
        true = value if self.catalog.session.url else without(value, ALTERNATES)
        return {**true, "assets": {}, "links": links}

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

    def stored_item(self, name: str, base: str) -> bytes | None:
        """An item that has a file, by its id, as JSON, without a query; None if it has none."""
        return self._items.stored(name, base)

    def item(self, name: str, base: str) -> bytes | None:
        """An item by its id, as JSON; None if the catalog has none."""
        query = Question((f"id = {literal(name)}",)).sql(("id",))
        rows = self.catalog.session.fetch(query)
        return self._items.encoded([name], base)[0] if rows else None

    def search(self, asked: Mapping[str, Any], base: str) -> tuple[dict[str, Any], dict[str, str]]:
        """A page of items without links, and the tokens of the pages beside it: see `beside`."""
        found = read_search(asked, self.catalog)
        columns, order = [sort.sql for sort in found.sorts], [str(sort) for sort in found.order]
        rows = self.catalog.session.fetch(found.page.page(columns, order, found.limit + 1))
        page = rows[: found.limit]
        if found.order != found.sorts:
            page.reverse()
        # Its id follows from the key of a patch, and takes half as long again to be read.
        patch_id = self.catalog.dataset.patch_id
        names = [patch_id(key_of(found.sorts, row)) for row in page]
        answer = {
            "type": "FeatureCollection",
            "features": self._features(names, found, base),
            "numberMatched": self._matched(found.question.about("chosen_count")),
            "numberReturned": len(page),
        }
        return answer, found.beside(page, more=len(rows) > found.limit)

    def parquet(self, asked: Mapping[str, Any], path: Path) -> None:
        """Write the items of a search to a stac-geoparquet: all, or a page if it has a limit.

        It is as old as the table: clients that read a range after another see the same file.
        """
        found = read_search(asked, self.catalog)
        matched = self._matched(found.question.about("chosen_count"))
        most = found.limit if "limit" in asked else matched
        order = [str(sort) for sort in found.order]
        path.write_bytes(self._table(found.page.page(("id",), order, most)))
        modified = os.stat(self.catalog.items).st_mtime_ns
        os.utime(path, ns=(modified, modified))

    def _write_table(self, query: str) -> bytes:
        """A stac-geoparquet of the items whose ids a query has."""
        ids = [row[0] for row in self.catalog.session.fetch(query)]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "items.parquet"
            self.catalog.select().pick(ids, step={"step": "search"}).to_stac_geoparquet(path)
            return path.read_bytes()

    def _features(self, names: list[str], search: Search, base: str) -> list[Any] | orjson.Fragment:
        if search.include or search.exclude:
            return [_picked(item, search) for item in self._items.read(names, base)]
        return orjson.Fragment(b"[%b]" % b",".join(self._items.encoded(names, base)))

    def _count(self, query: str) -> int:
        ((count,),) = self.catalog.session.fetch(query)
        return int(count)


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
