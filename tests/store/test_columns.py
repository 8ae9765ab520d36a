"""The column contract must carry every row unchanged, and change on purpose only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.store.columns import COLUMNS, SCHEMA, table_columns, table_from_columns, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Golden

Row = dict[str, Any]

MOMENTS = st.datetimes(datetime(1677, 9, 22), datetime(2262, 4, 11), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
LEAVES: tuple[tuple[Callable[[pa.DataType], bool], st.SearchStrategy[Any]], ...] = (
    (pa.types.is_string, st.text(max_size=3)),
    (pa.types.is_binary, st.binary(max_size=3)),
    (pa.types.is_int32, st.integers(-(2**31), 2**31 - 1)),
    (pa.types.is_int64, st.integers(-(2**63), 2**63 - 1)),
    (pa.types.is_float64, st.floats(allow_nan=False)),
    (pa.types.is_timestamp, MOMENTS),
)


def values_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Any value of an Arrow type, or None."""
    if pa.types.is_struct(kind):
        fields = {field.name: values_of(field.type) for field in kind.fields}
        return st.none() | st.fixed_dictionaries(fields)
    if pa.types.is_list(kind):
        return st.none() | st.lists(values_of(kind.value_type), max_size=2)
    return st.none() | next(values for is_kind, values in LEAVES if is_kind(kind))


def columns_of(values: Sequence[Any], kind: pa.DataType) -> Any:
    """The inverse of one column's `to_pylist`, in the form that `table_from_columns` takes."""
    if not pa.types.is_struct(kind):
        return list(values)
    return {"": np.array([value is None for value in values], dtype=bool)} | {
        field.name: columns_of([value and value[field.name] for value in values], field.type)
        for field in kind.fields
    }


def table_of(rows: Sequence[Row]) -> pa.Table:
    return table_from_columns(
        {field.name: columns_of([row[field.name] for row in rows], field.type) for field in SCHEMA}
    )


@settings(deadline=None)
@given(st.data())
def test_a_column_comes_back_as_it_was_given(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(COLUMNS))
    values = data.draw(st.lists(values_of(column.type), min_size=1, max_size=3))
    rows = [dict.fromkeys(SCHEMA.names) | {column.name: value} for value in values]
    table = table_of(rows)
    assert table.schema == SCHEMA
    assert table.to_pylist() == rows


def test_a_null_struct_is_null_whatever_its_fields_hold() -> None:
    columns = {field.name: columns_of([None, None], field.type) for field in SCHEMA}
    columns["bbox"] = {
        "": np.array([False, True]),
        **{edge: np.array([1.0, np.nan]) for edge in ("xmin", "ymin", "xmax", "ymax")},
    }
    known, missing = table_from_columns(columns)["bbox"].to_pylist()
    assert known == dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), 1.0)
    assert missing is None


def test_numbers_of_another_width_are_narrowed() -> None:
    columns = {field.name: columns_of([None], field.type) for field in SCHEMA}
    table = table_from_columns(columns | {"sen12ms:patch": np.array([840], np.int64)})
    assert table["sen12ms:patch"].to_pylist() == [840]


def test_a_number_that_is_too_large_is_refused() -> None:
    columns = {field.name: columns_of([None], field.type) for field in SCHEMA}
    with pytest.raises(pa.ArrowInvalid):
        table_from_columns(columns | {"sen12ms:patch": np.array([2**31], np.int64)})


def test_names_and_types_are_those_that_users_rely_on(golden: Golden) -> None:
    lines = [f"{field.name}: {field.type}" for field in SCHEMA]
    golden.check("store/columns.txt", "\n".join(lines) + "\n")


def test_every_column_is_documented_once() -> None:
    documented = table_columns()
    assert [entry["name"] for entry in documented] == SCHEMA.names
    assert len(set(SCHEMA.names)) == len(SCHEMA.names)
    assert all(entry["description"].endswith(".") for entry in documented)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(pa.string(), "string", id="text"),
        pytest.param(pa.list_(pa.float64()), "list<double>", id="list"),
        pytest.param(pa.struct([("a", pa.int32())]), "struct", id="struct"),
        pytest.param(pa.list_(pa.struct([("a", pa.int32())])), "list<struct>", id="nested"),
        pytest.param(pa.timestamp("us", tz="UTC"), "timestamp[us, tz=UTC]", id="time"),
    ],
)
def test_a_type_has_a_short_name(kind: pa.DataType, name: str) -> None:
    assert type_name(kind) == name
