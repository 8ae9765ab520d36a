"""Items as the STAC API answers with them: with its links, and this server's hrefs.

A page of items is put together from the bytes of the static files, of which only the assets are
parsed: what is around them is the same for all patches of a scene. Where the catalog has no such
file, the same bytes are made from the table; where another program wrote it, or a file changed
after the catalog was written, the answer is the same, but takes longer.
"""

from __future__ import annotations

import os
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import orjson

from catalog.model import PatchKey, SceneKey
from catalog.reading.table_items import encoded_items
from catalog.server.served import map_links, served_json
from catalog.stac.collection import GEOJSON
from catalog.stac.item import STAC_VERSION, scene_path
from catalog.store import staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.datasets import Dataset
    from catalog.reading.catalog import Catalog

_PARTS: Final = (b'"id":"', b',"links":[', b'],"assets":{', b'},"properties":{')
"""Where the bytes of an item are taken apart; no text holds them, as its quotes are escaped."""
_PATCH: Final = 987_654_321_987
"""Stands for the number of the patch in a template; no scene has so many."""
_SLOT: Final = re.compile(rb'"\{\{([^{}"]+)\}\}"')


class _Parts(NamedTuple):
    """A static item as `index` writes it, taken apart."""

    body: bytes
    """From its id to its links."""
    assets: dict[str, dict[str, Any]]
    """As recorded."""
    properties: bytes
    """Without the opening brace, to the end of the item."""


class ApiItems:
    """The items of one catalog.

    Parameters
    ----------
    catalog : Catalog
        A folder, with or without static items; or a bare table, whose hrefs stay as they are.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._dataset = catalog.dataset

    def encoded(self, names: Sequence[str], base: str) -> list[bytes]:
        """Items by their ids, all of which the catalog has, as JSON.

        Parameters
        ----------
        names : sequence of str
            Ids.
        base : str
            URL of this server, with a slash at its end.
        """
        keys = dict(zip(names, map(self._key, names), strict=True))
        items = self._files(keys)
        if self._catalog.folder is not None:
            rows = encoded_items(self._catalog.session, [n for n in names if n not in items])
            items |= {name: (raw, _parts(name, raw)) for name, raw in rows}
        found = {
            name: self._spliced(parts, keys[name], base)
            for name, (_, parts) in items.items()
            if parts is not None
        }
        slow = [name for name in names if name not in found]
        found |= {item["id"]: orjson.dumps(item) for item in self.read(slow, base)}
        return [found[name] for name in names]

    def stored(self, name: str, base: str) -> bytes | None:
        """The same item, if it has a file that is not damaged; None otherwise."""
        key = self._dataset.parse_id(name)
        found = self._files({name: key}) if key else {}
        if key is None or name not in found:
            return None
        raw, parts = found[name]
        if parts is not None:
            return self._spliced(parts, key, base)
        return orjson.dumps(self._served(orjson.loads(raw), base))

    def read(self, names: Sequence[str], base: str) -> list[dict[str, Any]]:
        """The same items as Python objects."""
        files = self._files({name: self._key(name) for name in names})
        found = {name: raw for name, (raw, _) in files.items()}
        found |= encoded_items(self._catalog.session, [name for name in names if name not in found])
        return [self._served(orjson.loads(found[name]), base) for name in names]

    def _files(self, keys: Mapping[str, PatchKey]) -> dict[str, tuple[bytes, _Parts | None]]:
        """The static items that are there, as bytes and in parts; none that is damaged."""
        folder = self._catalog.folder
        found = {}
        for name, key in keys.items() if folder else ():
            path = f"{folder}/{_scene_path(self._dataset, key.of_scene)}/{name}.json"
            try:
                # A plain open reads a page of items in half the time that pathlib takes.
                with open(path, "rb", buffering=0) as file:
                    raw, changed = file.read(), os.fstat(file.fileno()).st_mtime_ns
            except OSError:
                continue
            parts = _parts(name, raw)
            if (parts and changed <= self._written_ns) or _is_item(name, raw):
                found[name] = raw, parts
        return found

    @cached_property
    def _written_ns(self) -> int:
        """When the catalog was written: items that changed since may be damaged."""
        try:
            return os.stat(f"{self._catalog.folder}/{staging.CHECKSUMS}").st_mtime_ns
        except OSError:
            return 0

    def _served(self, item: dict[str, Any], base: str) -> dict[str, Any]:
        links = _links(self._dataset, item["id"], base)
        if self._catalog.folder is None:
            return item | {"links": links}
        links += map_links(item["id"], base)
        return served_json(self._dataset, item, base) | {"links": links}

    def _spliced(self, parts: _Parts, key: PatchKey, base: str) -> bytes:
        """An item that `index` wrote, with other links and assets."""
        assets = parts.assets
        shape = tuple((name, *asset) for name, asset in assets.items())
        pieces: list[Any] = list(_template(self._dataset, key.of_scene, shape, base))
        values = {"patch": b"%d" % key.patch, "body": parts.body, "properties": parts.properties}
        for at in range(1, len(pieces), 2):
            name, field = pieces[at]
            pieces[at] = orjson.dumps(assets[name][field]) if field else values[name]
        return b"".join(pieces)

    def _key(self, name: str) -> PatchKey:
        key = self._dataset.parse_id(name)
        if key is None:
            raise AssertionError(f"{name} is in the table, and is not an id")
        return key


def _parts(name: str, raw: bytes) -> _Parts | None:
    """An item in parts; None if `index` does not write such items."""
    try:
        _, rest = raw.split(_PARTS[0])
        body, rest = rest.split(_PARTS[1])
        _, rest = rest.split(_PARTS[2])
        assets, properties = rest.split(_PARTS[3])
        found = orjson.loads(b"{%b}" % assets)
    except ValueError:
        return None
    is_of_name = body.startswith(b'%b"' % name.encode())
    return _Parts(body, found, properties.rstrip()) if is_of_name else None


def _is_item(name: str, raw: bytes) -> bool:
    """Whether these bytes are an item of that name."""
    try:
        item = orjson.loads(raw)
    except ValueError:
        return False
    if not isinstance(item, dict) or item.get("id") != name:
        return False
    assets = item.get("assets")
    return isinstance(assets, dict) and all(isinstance(asset, dict) for asset in assets.values())


def collection_url(dataset: Dataset, base: str) -> str:
    """Of the collection, in the API of the server with this URL."""
    return f"{base}api/collections/{quote(dataset.id)}"


def link(rel: str, href: str, kind: str = "application/json", **more: str) -> dict[str, str]:
    """A link of a STAC object."""
    return {"rel": rel, "href": href, "type": kind, **more}


def _links(dataset: Dataset, name: str, base: str) -> list[dict[str, str]]:
    collection = collection_url(dataset, base)
    return [
        link("self", f"{collection}/items/{name}", GEOJSON),
        link("parent", collection),
        link("collection", collection),
        link("root", f"{base}api"),
    ]


@lru_cache(maxsize=512)
def _template(
    dataset: Dataset, scene: SceneKey, shape: tuple[tuple[str, ...], ...], base: str
) -> tuple[Any, ...]:
    """What is around the varying parts of items, and between each two the name of such a part.

    Such a name is one of an asset and one of a field in it, or one that stands alone. `shape` has
    the names of the recorded assets, each with its fields.
    """
    key = PatchKey(*scene, _PATCH)
    item = served_json(
        dataset,
        {
            "type": "Feature",
            "stac_version": STAC_VERSION,
            "stac_extensions": [],
            "properties": {f"sen12ms:{name}": value for name, value in key._asdict().items()},
            "assets": {
                name: {field: f"{{{{{name} {field}}}}}" for field in fields}
                for name, *fields in shape
            },
        },
        base,
    )
    del item["properties"], item["links"]
    assets = orjson.dumps(item.pop("assets"))
    name = dataset.patch_id(key)
    links = orjson.dumps([*_links(dataset, name, base), *map_links(name, base)])
    text = b'%b,"id":"\0body\0,"links":%b,"assets":%b,"properties":{\0properties\0' % (
        orjson.dumps(item)[:-1],
        links,
        _SLOT.sub(rb"\0\1\0", assets),
    )
    pieces: list[Any] = text.replace(b"%d" % _PATCH, b"\0patch\0").split(b"\0")
    pieces[1::2] = [slot.decode().partition(" ")[::2] for slot in pieces[1::2]]
    return tuple(pieces)


@lru_cache(maxsize=1024)
def _scene_path(dataset: Dataset, scene: SceneKey) -> str:
    return scene_path(dataset, scene)
