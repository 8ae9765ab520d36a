"""Values as SQL text, and statements with values in the places of their parameters.

The text of a question is what is run, shown and passed on, so values are written into it. DuckDB's
own `ConstantExpression` would do for text, but not for numbers: it writes a double as a decimal,
which is read back as another double from the sixteenth digit on, and imports pandas, which takes
longer than most questions. The tests hold both equal wherever `ConstantExpression` is exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from catalog.errors import FilterError

Value = str | float | bool | None | Iterable["Value"]
"""What has a literal; an iterable becomes a list."""

_PARAMETER: Final = re.compile(r"--.*|\$(\w+)")
"""A parameter; or a comment, where a text of several lines would become SQL."""
_EXACT_DIGITS: Final = 15
"""A decimal of so many digits is the nearest double's, however it is read."""


def literal(value: Value) -> str:
    """A value as DuckDB reads it back, to the last bit.

    Raises
    ------
    FilterError
        If DuckDB cannot read a text, or a number is not finite.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if flaw := flaw_of(value):
            raise FilterError(f"{value[:60]!r} {flaw}")
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, (int, float)):
        return _number(value)
    return "[" + ", ".join(map(literal, value)) + "]"


def flaw_of(text: str) -> str:
    """Why DuckDB cannot read a text, and the remedy: empty if it can."""
    if "\0" in text:
        return "holds a NUL character: leave it out"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8: write it in UTF-8"
    return ""


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise FilterError(f"{value!r} is not a number that can be compared: give a finite one")
    text = repr(value)
    digits = sum(character.isdigit() for character in text.partition("e")[0])
    is_decimal = isinstance(value, int) or "e" in text or digits <= _EXACT_DIGITS
    return text if is_decimal else f"{text}e0"


def filled(statement: str, **values: Value) -> str:
    """A statement with literals in the places of its `$parameters`, comments aside."""
    return _PARAMETER.sub(
        lambda match: literal(values[match[1]]) if match[1] else match[0], statement
    )
