"""The JSON Schema of the `sen12ms:` fields fits the items, the definition and the queryables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from extension_schemas import problems

from catalog.datasets import DEFINITIONS, SEN12MS
from catalog.datasets.quality import measures
from catalog.query.queryables import queryables
from catalog.stac.scene_columns import ISSUES

if TYPE_CHECKING:
    from tests.conftest import Small

SCHEMA: dict[str, Any] = json.loads(
    (DEFINITIONS / "sen12ms" / "fields-v1.0.0.json").read_text(encoding="utf-8")
)
FIELDS = SCHEMA["definitions"]["fields"]["properties"]
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def test_every_item_and_the_collection_are_valid(small: Small) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    paths = [*small.out.glob("sen12ms/*/*/*_p*.json"), small.out / "sen12ms" / "collection.json"]
    assert len(paths) == 55
    for path in paths:
        value = json.loads(path.read_bytes())
        VALIDATOR.validate(value)
        assert value["stac_extensions"][-1] == SEN12MS.schema_url
        assert problems(value) == []


def test_the_schemas_of_extensions_find_what_is_wrong(small: Small) -> None:
    item = json.loads(next(small.out.glob("sen12ms/*/*/*_p*.json")).read_bytes())
    item["properties"] |= {"proj:shape": [256], "sen12ms:season": "autumn"}
    item["assets"]["lc"]["file:size"] = "large"
    found = problems(item)
    assert [url.split("/")[3] for url in found] == ["projection", "file", "sen12ms"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sen12ms:season", "autumn"),
        ("sen12ms:scene", "1"),
        ("sen12ms:split", "val"),
        ("sen12ms:country", "Italy"),
        ("sen12ms:igbp", {"water": 1}),
        ("sen12ms:issues", ["other"]),
        ("sen12ms:other", 1),
    ],
)
def test_what_is_not_a_field_or_value_is_invalid(small: Small, name: str, value: Any) -> None:
    item = json.loads(next(small.out.glob("sen12ms/*/*/*_p*.json")).read_bytes())
    item["properties"][name] = value
    assert not VALIDATOR.is_valid(item)
    del item["properties"]["sen12ms:scene"]
    assert not VALIDATOR.is_valid(item)


def test_choices_and_classes_are_those_of_the_definition() -> None:
    for legend, found in SEN12MS.legends.items():
        assert list(FIELDS[f"sen12ms:{legend}"]["properties"]) == [*found.names, "unknown"]
    names = [measure.name for measure in measures(SEN12MS)]
    assert list(FIELDS["sen12ms:quality"]["properties"]) == names
    assert FIELDS["sen12ms:quality"]["required"] == names
    assert tuple(FIELDS["sen12ms:issues"]["items"]["enum"]) == ISSUES
    for name, queryable in queryables(SEN12MS).items():
        if name.startswith("sen12ms:"):
            assert queryable.schema.get("enum") == FIELDS[name].get("enum"), name
            assert queryable.schema["type"] == FIELDS[name]["type"], name
