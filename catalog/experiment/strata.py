"""What patches are stratified by: a class, a season, a country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.datasets import SEN12MS
from catalog.reading.arguments import checked_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.datasets import Dataset

UNKNOWN: Final = "unknown"
"""The stratum of patches without a value."""


def strata_columns(dataset: Dataset) -> tuple[str, ...]:
    """Columns of `patches` that a study can be stratified by."""
    classes = ("dominant_cover", f"dominant_{dataset.simplified}") if dataset.simplified else ()
    return (*classes, "season", "local_season", "country", "continent", "split")


STRATA: Final = strata_columns(SEN12MS)
"""Those of SEN12MS, for the help of the commands."""


def checked_column(column: str | None, dataset: Dataset) -> str | None:
    """A column to stratify by, as `patches` has it; None for no strata.

    Raises
    ------
    FilterError
        If there is no such column.
    """
    if column is None:
        return None
    return checked_name("column to stratify by", column, strata_columns(dataset))


def strata_of(columns: Mapping[str, list[Any]], column: str | None) -> list[str]:
    """The stratum of each patch; all in one where no column is named."""
    if column is None:
        return ["all"] * len(columns["id"])
    return [UNKNOWN if value is None else str(value) for value in columns[column]]
