"""The column contract must carry every row unchanged, and change on purpose only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import SEN12MS
from catalog.store.columns import (
    columns,
    rows_from_table,
    schema,
    table_columns,
    table_from_columns,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Golden

SCHEMA = schema(SEN12MS)

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


@settings(deadline=None)
@given(st.data())
def test_a_column_comes_back_as_it_was_given(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(columns(SEN12MS)))
    values = data.draw(st.lists(values_of(column.type), min_size=1, max_size=3))
    nothing = {field.name: pa.nulls(len(values)) for field in SCHEMA}
    table = table_from_columns(SEN12MS, nothing | {column.name: pa.array(values, column.type)})
    assert table.schema == SCHEMA
    rows = [dict.fromkeys(SCHEMA.names) | {column.name: value} for value in values]
    assert table.to_pylist() == rows
    assert rows_from_table(table) == rows
    assert rows_from_table(pa.concat_tables([table, table])) == rows * 2


def one_row(**values: pa.Array) -> pa.Table:
    """A table of nulls, but for some columns."""
    nothing = {field.name: pa.nulls(1) for field in SCHEMA}
    return table_from_columns(SEN12MS, {**nothing, **values})


def test_what_is_not_in_the_contract_is_left_out() -> None:
    assert one_row(cover=pa.array(["forest"])).schema == SCHEMA


def test_numbers_of_another_width_are_narrowed() -> None:
    table = one_row(**{"sen12ms:patch": pa.array([840], pa.int64())})
    assert table["sen12ms:patch"].to_pylist() == [840]


def test_lists_of_one_length_become_lists_of_any() -> None:
    pairs = pa.FixedSizeListArray.from_arrays(pa.array([256, 128], pa.int64()), 2)
    assert one_row(**{"proj:shape": pairs})["proj:shape"].to_pylist() == [[256, 128]]


def test_a_number_that_is_too_large_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        one_row(**{"sen12ms:patch": pa.array([2**31], pa.int64())})


def test_names_and_types_are_those_that_users_rely_on(golden: Golden) -> None:
    lines = [f"{field.name}: {field.type}" for field in SCHEMA]
    golden.check("store/columns.txt", "\n".join(lines) + "\n")


def test_every_column_is_documented_once() -> None:
    documented = table_columns(SEN12MS)
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
