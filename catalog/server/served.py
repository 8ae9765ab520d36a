"""STAC JSON as it is served: hrefs of files point to this server, whatever the catalog recorded.

Nothing is written. Links are relative in the catalog, so that they need no change.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from catalog.model import PatchKey
from catalog.stac.collection import item_assets, preview_assets

if TYPE_CHECKING:
    from catalog.datasets import Dataset


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
        return value | {"item_assets": value.get("item_assets", {}) | preview_assets(dataset)}
    properties = value.get("properties", {})
    names = [f"sen12ms:{name}" for name in PatchKey._fields]
    if value.get("type") != "Feature" or not properties.keys() >= {*names}:
        return value
    key = PatchKey(*(properties[name] for name in names))
    return value | {"assets": _assets(dataset, key, value["assets"], base)}


def _assets(
    dataset: Dataset, key: PatchKey, recorded: dict[str, dict[str, Any]], base: str
) -> dict[str, dict[str, Any]]:
    described, pictures = _described(dataset)
    files = {
        name: described[name]
        | recorded[name]
        | {"href": f"{base}data/{dataset.file_path(key, name)}"}
        for name in dataset.sensors
        if name in recorded
    }
    folder = f"{base}previews/{key.season}/{key.scene}/{key.patch}"
    previews = {
        name: asset | {"href": f"{folder}/{name}.png"} | recorded.get(name, {})
        for name, asset in pictures.items()
    }
    return previews | files


@lru_cache(maxsize=8)
def _described(dataset: Dataset) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """What is said of all files and of all pictures: to build it takes longer than an item."""
    return item_assets(dataset), preview_assets(dataset)
