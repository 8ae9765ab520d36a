"""Arguments of a study, checked; numbers of numpy are numbers too."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeGuard

from catalog.errors import FilterError
from catalog.query.conditions import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def checked_name(what: str, given: object, known: Iterable[str]) -> str:
    """One of some names, as it is known; letter case does not matter.

    Raises
    ------
    FilterError
        If there is no such name; the message names near matches.
    """
    names = names_of(what, str(given), known) or []
    return names[0]


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number; true and false are not."""
    return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)


def checked_integer(name: str, value: object, least: int | None = None) -> int:
    """A whole number.

    Raises
    ------
    FilterError
        If it is something else, or below the least.
    """
    if not isinstance(value, bool) and isinstance(value, Integral):
        number = int(value)
        if least is None or number >= least:
            return number
    wanted = "a whole number" if least is None else f"a whole number of {least} or more"
    raise FilterError(f"{name}={value!r} is not valid: give {wanted}")


def checked_fraction(name: str, value: object, *, whole: bool = False) -> float:
    """A number between 0 and 1; with `whole`, 1 itself too.

    Raises
    ------
    FilterError
        If it is something else.
    """
    if is_number(value) and (0 < value < 1 or (whole and value == 1)):
        return float(value)
    wanted = "above 0, up to 1" if whole else "between 0 and 1"
    raise FilterError(f"{name}={value!r} is not a valid fraction: give a number {wanted}")
