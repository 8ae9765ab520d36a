"""What patches are sorted by: a class, a season, a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.query.conditions import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

STRATA: Final = (
    "dominant_cover",
    "dominant_igbp",
    "season",
    "local_season",
    "country",
    "continent",
    "split",
)
"""Columns of `patches` that a study can be balanced by."""
UNKNOWN: Final = "unknown"
"""The stratum of patches without a value."""


def strata_of(columns: Mapping[str, list[Any]], column: str | None) -> list[str]:
    """The stratum of each patch; all in one where no column is named.

    Raises
    ------
    FilterError
        If there is no such column.
    """
    if column is None:
        return ["all"] * len(columns["id"])
    names_of("column to stratify by", column, STRATA)
    return [UNKNOWN if value is None else str(value) for value in columns[column]]
