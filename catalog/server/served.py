"""STAC JSON as it is served: hrefs of files point to this server, whatever the catalog recorded.

Nothing is written. Links are relative in the catalog, so that they need no change.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from catalog.datasets.load import FIELDS
from catalog.model import PatchKey
from catalog.stac.collection import item_assets, preview_assets
from catalog.stac.item import ALTERNATE, EXTENSIONS, extensions, preview_name, scene_path
from catalog.stac.storage import STORAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.datasets import Dataset

    Assets = dict[str, dict[str, Any]]

_STAC: Final = "https://stac-extensions.github.io/"
ALTERNATES: Final = {"alternate": ALTERNATE}
"""What tells of alternate assets, as `without` takes it."""
_ON_DISK: Final = ALTERNATES | {"storage:refs": STORAGE, "storage:schemes": STORAGE}
"""What tells of the places that hrefs lead to in the catalog as it is written."""
_KEY: Final = [f"sen12ms:{name}" for name in PatchKey._fields]


def served_json(dataset: Dataset, value: dict[str, Any], base: str) -> dict[str, Any]:
    """A STAC object with this server's hrefs, previews and, in items, what `item_assets` says.

    Parameters
    ----------
    dataset : Dataset
        What the catalog holds.
    value : dict
        A Catalog, Collection or Item of this package, or any other JSON, which stays as it is.
    base : str
        URL of this server, with a slash at its end.
    """
    if value.get("type") == "Collection":
        value = without(value, _ON_DISK)
        assets = value["item_assets"] | preview_assets(dataset)
        named = [url for url in value["stac_extensions"] if url.startswith(_STAC)]
        own = extensions(schema_url(dataset, base))[len(EXTENSIONS) :]
        return value | {"item_assets": assets, "stac_extensions": [*named, *own]}
    properties = value.get("properties", {})
    if value.get("type") != "Feature" or not properties.keys() >= {*_KEY}:
        return value
    key = PatchKey(*(properties[name] for name in _KEY))
    files, previews = _described(dataset)
    assets = {
        name: (files | previews)[name] | varying
        for name, varying in _varying(dataset, key, value["assets"], base).items()
    }
    named = extensions(schema_url(dataset, base))
    links = [*value.get("links", ()), *map_links(dataset.patch_id(key), base)]
    return value | {"assets": assets, "links": links, "stac_extensions": named}


def without(collection: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """A collection without some fields, of its own or of `item_assets`, and their extensions.

    Parameters
    ----------
    collection : mapping
        A STAC Collection.
    fields : mapping
        URLs of the schemas of extensions, by the names of their fields.
    """
    assets = collection.get("item_assets", {})
    named = collection["stac_extensions"]
    return _other(collection, fields) | {
        "item_assets": {name: _other(asset, fields) for name, asset in assets.items()},
        "stac_extensions": [url for url in named if url not in fields.values()],
    }


def _other(said: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in fields}


def map_links(name: str, base: str) -> list[dict[str, str]]:
    """The link of an item to its place on the map."""
    href = f"{base}catalog/?patch={name}"
    return [{"rel": "alternate", "href": href, "type": "text/html", "title": "On the map"}]


def schema_url(dataset: Dataset, base: str) -> str | None:
    """Where this server has the schema of the dataset's own fields; None if they have none."""
    return f"{base}schemas/{dataset.id}/{FIELDS}" if dataset.schema_url else None


def _varying(
    dataset: Dataset, key: PatchKey, recorded: Mapping[str, Mapping[str, Any]], base: str
) -> Assets:
    """Of each asset of an item, in order, what other items do not say."""
    files, previews = _described(dataset)
    drawn = f"{base}previews/{key.season}/{key.scene}/{key.patch}"
    kept = f"{base}catalog/{scene_path(dataset, key.of_scene)}/"
    item = dataset.patch_id(key)
    pictures = {
        name: {"href": kept + preview_name(item, name)}
        if name in recorded
        else {"href": f"{drawn}/{name}.png"}
        for name in previews
    }
    found: Assets = {
        name: {"href": f"{base}data/{dataset.file_path(key, name)}"}
        | {field: value for field, value in recorded[name].items() if field.startswith("file:")}
        for name in files
        if name in recorded
    }
    return pictures | found


@lru_cache(maxsize=8)
def _described(dataset: Dataset) -> tuple[Assets, Assets]:
    """What is said of all files and of all pictures: to build it takes longer than an item.

    The legends, which would be half of each item, are said by the collection alone.
    """
    return item_assets(dataset, legends=False), preview_assets(dataset, legends=False)
