"""Pages of an answer: an order, either way, and the condition for what comes after a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import FilterError
from catalog.model import PatchKey
from catalog.query.literals import literal
from catalog.query.queryables import known_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from catalog.datasets import Dataset
    from catalog.query.literals import Value

KEY: Final = PatchKey._fields


@dataclass(frozen=True, slots=True)
class Sort:
    """One expression that patches are sorted by."""

    sql: str
    """Over `patches`."""
    descending: bool = False
    """Whether the largest comes first."""
    nulls_first: bool = False
    """Whether what is unknown comes first."""

    def __str__(self) -> str:
        nulls = "FIRST" if self.nulls_first else "LAST"
        return f"{self.sql} {'DESC' if self.descending else 'ASC'} NULLS {nulls}"

    @property
    def backwards(self) -> Sort:
        """The same, read from the end."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)

    def later(self, value: Value) -> str | None:
        """The condition for what comes after a value; None if nothing does."""
        if value is None:
            return f"{self.sql} IS NOT NULL" if self.nulls_first else None
        side = "<" if self.descending else ">"
        condition = f"{self.sql} {side} {literal(value)}"
        if self.sql in KEY or self.nulls_first:
            return condition
        return f"({condition} OR {self.sql} IS NULL)"


def sorts_of(fields: Iterable[tuple[str, bool]], dataset: Dataset) -> tuple[Sort, ...]:
    """An order that leaves no two patches equal, from names and whether each is descending.

    Raises
    ------
    FilterError
        If there is no such name, or its values have no order.
    """
    names = known_names(dataset)
    sorts = []
    for name, descending in fields:
        found = names.get(name.removeprefix("properties."))
        if found is None or found.kind in {"geometry", "array"}:
            raise FilterError(f"patches cannot be sorted by {name[:60]!r}: name a queryable")
        if found.sql != literal(dataset.id):  # one value for all
            sorts.append(Sort(found.sql, descending))
    given = {sort.sql for sort in sorts}
    return (*sorts, *(Sort(name) for name in KEY if name not in given))


def key_of(sorts: Sequence[Sort], values: Sequence[Any]) -> PatchKey:
    """The key of a row with these values: every order has its parts."""
    found = dict(zip((sort.sql for sort in sorts), values, strict=True))
    return PatchKey(*(found[name] for name in KEY))


def after(sorts: Sequence[Sort], values: Sequence[Value]) -> str:
    """The condition for what comes after a row with these values."""
    cases, equal = [], list[str]()
    for sort, value in zip(sorts, values, strict=True):
        later = sort.later(value)
        if later is not None:
            cases.append(" AND ".join([*equal, later]))
        equal.append(f"{sort.sql} IS NOT DISTINCT FROM {literal(value)}")
    return f"({' OR '.join(f'({case})' for case in cases)})"
