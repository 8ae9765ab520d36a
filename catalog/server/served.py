"""STAC JSON as it is served: hrefs of files point to this server, whatever the catalog recorded.

Nothing is written. Links are relative in the catalog, so that they need no change.
"""

from __future__ import annotations

from typing import Any

from catalog.datasets import SEN12MS
from catalog.datasets.legacy import SENSORS, format_path
from catalog.model import PatchKey
from catalog.stac.collection import item_assets, preview_assets


def served_json(value: dict[str, Any], base: str) -> dict[str, Any]:
    """A STAC object with this server's hrefs, previews and, in items, what `item_assets` says.

    Parameters
    ----------
    value : dict
        A Catalog, Collection or Item of this package, or any other JSON, which stays as it is.
    base : str
        URL of this server, with a slash at its end.
    """
    if value.get("type") == "Collection":
        return value | {"item_assets": value.get("item_assets", {}) | preview_assets(SEN12MS)}
    properties = value.get("properties", {})
    if value.get("type") != "Feature" or "sen12ms:patch" not in properties:
        return value
    key = PatchKey(*(properties[f"sen12ms:{name}"] for name in PatchKey._fields))
    return value | {"assets": _assets(key, value["assets"], base)}


def _assets(
    key: PatchKey, recorded: dict[str, dict[str, Any]], base: str
) -> dict[str, dict[str, Any]]:
    described = item_assets(SEN12MS)
    files = {
        name: described[name] | recorded[name] | {"href": f"{base}data/{format_path(key, name)}"}
        for name in SENSORS
        if name in recorded
    }
    folder = f"{base}previews/{key.season}/{key.scene}/{key.patch}"
    previews = {
        name: asset | {"href": f"{folder}/{name}.png"} | recorded.get(name, {})
        for name, asset in preview_assets(SEN12MS).items()
    }
    return previews | files
