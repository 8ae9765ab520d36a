"""Literals are read back as the very values, and are those of DuckDB where these are exact."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import FilterError
from catalog.query.literals import filled, literal

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
CONNECTION = duckdb.connect()


def read_back(text: str) -> object:
    (value,) = CONNECTION.execute(f"SELECT {text}").fetchone() or ()
    return value


@given(TEXTS)
def test_text_is_read_back_and_is_as_duckdb_writes_it(value: str) -> None:
    assert read_back(literal(value)) == value
    assert literal(value) == str(duckdb.ConstantExpression(value))


@given(st.integers(-(2**62), 2**62) | st.booleans() | st.none())
def test_whole_number_or_truth_value_is_as_duckdb_writes_it(value: int | None) -> None:
    assert read_back(literal(value)) == value
    assert literal(value) == str(duckdb.ConstantExpression(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_is_read_back_to_the_last_bit(value: float) -> None:
    assert read_back(f"({literal(value)})::DOUBLE") == value


@pytest.mark.slow
def test_decimal_of_duckdb_is_another_double() -> None:
    """Why `ConstantExpression` is not used."""
    shares = [pixels / 65536 for pixels in range(0, 65536, 7)]
    written = [str(duckdb.ConstantExpression(share)) for share in shares]
    assert [read_back(f"({text})::DOUBLE") for text in written] != shares
    assert [read_back(f"({literal(share)})::DOUBLE") for share in shares] == shares


@given(st.lists(TEXTS))
def test_list_is_read_back(values: list[str]) -> None:
    assert read_back(f"{literal(values)}::VARCHAR[]") == values


@pytest.mark.parametrize("value", ["a\0b", "a\udcffb", float("nan"), float("inf")], ids=repr)
def test_value_without_a_literal_is_refused(value: object) -> None:
    with pytest.raises(FilterError):
        literal(value)  # type: ignore[arg-type]


def test_value_that_looks_like_a_parameter_stays_text() -> None:
    statement = "SELECT $a, $b"
    assert filled(statement, a="$b", b="x") == "SELECT '$b', 'x'"


def test_value_of_several_lines_is_no_sql_where_a_comment_names_its_parameter() -> None:
    statement = "-- $name: what the user wrote.\nSELECT $name"
    assert filled(statement, name="a\nb") == "-- $name: what the user wrote.\nSELECT 'a\nb'"
