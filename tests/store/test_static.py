"""JSON files must be readable, reproducible, and never half written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.store.static import encoded, encoded_item, read_json, write_item_files, write_json

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


@settings(deadline=None)
@given(OBJECTS)
def test_what_is_encoded_is_decoded_by_any_json_reader(value: dict[str, object]) -> None:
    decoded = json.loads(encoded(value))
    assert decoded == value
    assert list(decoded) == list(value)


def test_a_file_is_indented_and_ends_with_a_newline() -> None:
    text = encoded({"b": [1], "a": "Côte d’Ivoire"}).decode()
    assert text == '{\n  "b": [\n    1\n  ],\n  "a": "Côte d’Ivoire"\n}\n'


def test_a_moment_is_written_as_stac_has_it() -> None:
    value = {"start_datetime": datetime(2017, 3, 1, tzinfo=UTC)}
    assert json.loads(encoded(value)) == {"start_datetime": "2017-03-01T00:00:00Z"}


def test_a_file_comes_back_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "sen12ms" / "spring" / "catalog.json"
    write_json(path, {"id": "old"})
    write_json(path, {"id": "new"})
    assert read_json(path) == {"id": "new"}
    assert list(path.parent.iterdir()) == [path]


def test_who_reads_the_old_file_can_finish(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    write_json(path, {"id": "old"})
    with path.open("rb") as reader:
        write_json(path, {"id": "new"})
        assert json.load(reader) == {"id": "old"}


def test_a_value_that_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    write_json(path, {"id": "old"})
    with pytest.raises(TypeError):
        write_json(path, {"id": object()})
    assert read_json(path) == {"id": "old"}
    assert list(tmp_path.iterdir()) == [path]


def test_an_item_is_a_file_of_its_id_with_the_same_bytes(tmp_path: Path) -> None:
    items = [{"id": f"ROIs1158_spring_1_p{patch}", "patch": patch} for patch in (30, 31)]
    write_item_files(tmp_path / "scene", items)
    written = {path.name: path.read_bytes() for path in (tmp_path / "scene").iterdir()}
    assert written == {f"{item['id']}.json": encoded_item(item) for item in items}
