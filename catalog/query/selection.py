"""Filters to the patches that pass them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import QueryError
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.query.regions import Region


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked."""

    parameters: Mapping[str, Any]
    """Of `sql/queries/select.sql`, all but the box."""
    region: Region | None = None
    """Where; None for everywhere."""
    predicate: str = "intersects"
    """How a patch lies in the region: `intersects`, `within` or `centroid`."""
    where: str | None = None
    """One more SQL expression over `patches`."""


def choose(question: Question, cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Ask, and keep the answer in the cursor's view `chosen`.

    Returns
    -------
    duckdb.DuckDBPyRelation
        One row a patch, ordered by season, scene and patch: id, key, paths, geometry.

    Raises
    ------
    QueryError
        If DuckDB refuses the expression `where`.
    """
    box: tuple[float | None, ...] = (None,) * 4
    if question.region is not None:
        box = question.region.bounds
    edges = dict(zip(("west", "south", "east", "north"), box, strict=True))
    try:
        candidates = cursor.sql(statement("queries/candidates"))
        if question.where is not None:
            candidates = candidates.filter(question.where)
        cursor.register("candidates", candidates)
        parameters = {**question.parameters, **edges}
        chosen = cursor.sql(statement("queries/select"), params=parameters)
        if question.region is not None:
            cursor.register("chosen", chosen)
            pieces = {"pieces": list(question.region.pieces)}
            chosen = cursor.sql(statement(f"queries/chosen_{question.predicate}"), params=pieces)
    except duckdb.Error as error:
        raise QueryError(_first_sentence(question.where, error)) from error
    cursor.register("chosen", chosen)
    return chosen


def _first_sentence(where: str | None, error: duckdb.Error) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"DuckDB refuses where={where!r}: {' '.join(lines[:2])}"
