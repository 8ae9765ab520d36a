"""The schemas of STAC and of the extensions that our items and collection name, from disk.

Those of `eo` v2.0.0 and `sar` v1.2.0, which only the collection names, and of `alternate-assets`
v1.2.0 are on the web alone: they allow everything here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema_specifications
import pyproj.datadir
from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from catalog.datasets import DEFINITIONS, SEN12MS
from catalog.datasets.load import FIELDS

MISSING: Final = (
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "https://stac-extensions.github.io/sar/v1.2.0/schema.json",
    "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
)
_FOLDER: Final = Path(__file__).parents[1] / "data" / "schemas"


def schema(url: str) -> dict[str, Any] | None:
    """A schema by its URL; None if it is not on disk."""
    name = url.rstrip("#")
    if name in get_local_schema_cache():
        return dict(get_local_schema_cache()[name])
    if name in jsonschema_specifications.REGISTRY:
        return dict(jsonschema_specifications.REGISTRY.contents(name))
    if name == SEN12MS.schema_url or name.endswith(f"/{FIELDS}"):
        return _read(Path(str(DEFINITIONS)) / SEN12MS.id / FIELDS)
    if name.startswith("https://proj.org/") and name.endswith("projjson.schema.json"):
        return _read(Path(pyproj.datadir.get_data_dir()) / "projjson.schema.json")
    path = name.removeprefix("https://stac-extensions.github.io/").removesuffix(".json")
    file = _FOLDER / f"{path.removesuffix('/schema').replace('/', '-')}.json"
    return _read(file) if file.is_file() else None


def problems(value: dict[str, Any]) -> list[str]:
    """What the schemas that an item or a collection names have against it."""
    registry: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]
    found = []
    for url in value["stac_extensions"]:
        if url not in MISSING:
            validator = Draft7Validator(schema(url), registry=registry)
            found += [f"{url}: {error.message}" for error in validator.iter_errors(value)]
    return found


def _retrieve(uri: str) -> Resource[Any]:
    contents = schema(uri)
    if contents is None:
        raise LookupError(f"there is no schema {uri} on disk")
    return Resource.from_contents(contents, default_specification=DRAFT7)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
