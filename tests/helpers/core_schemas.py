"""The schemas of the core of STAC, as pystac carries them."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource


def errors(kind: str, value: dict[str, Any]) -> list[str]:
    """What the schema has against a catalog, collection or item; the web is not asked."""
    schemas = get_local_schema_cache()
    registry = Registry().with_resources(
        [(uri, Resource.from_contents(schema)) for uri, schema in schemas.items()]
    )
    uri = f"https://schemas.stacspec.org/v1.1.0/{kind}-spec/json-schema/{kind}.json"
    return list(map(str, Draft7Validator(schemas[uri], registry=registry).iter_errors(value)))
