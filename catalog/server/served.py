"""STAC JSON as it is served: hrefs of files point to this server, whatever the catalog recorded.

Nothing is written. Links are relative in the catalog, so that they need no change.
"""

from __future__ import annotations

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
    described = item_assets(dataset)
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
        for name, asset in preview_assets(dataset).items()
    }
    return previews | files
