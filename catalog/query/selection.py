"""Filters to the patches that pass them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.dataset import SENSORS
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
    ids: tuple[str, ...] | None = None
    """Only patches on this list; None for all."""


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
        if question.ids is not None:
            cursor.register("chosen", chosen)
            listed = {"ids": list(question.ids)}
            chosen = cursor.sql(statement("queries/chosen_ids"), params=listed)
    except duckdb.Error as error:
        raise QueryError(_first_sentence(question.where, error)) from error
    cursor.register("chosen", chosen)
    return chosen


def as_sql(question: Question, cursor: duckdb.DuckDBPyConnection) -> str:
    """The same question as one SQL query over `patches`, for people."""
    given = {name: value for name, value in question.parameters.items() if value is not None}
    shares = {name: share for name, share in given.items() if name.startswith(("cover_", "igbp_"))}
    region = question.region
    kind, name = region.named if region and region.named else (None, None)
    parameters = {
        **{filter_: given.get(filter_) for filter_ in ("season", "local_season", "split")},
        "complete": given.get("complete"),
        "sensors": [sensor for sensor in SENSORS if sensor in given],
        "bounds": list(shares),
        "shares": list(shares.values()),
        "kind": kind,
        "name": name,
        "shape": region.wkt if region and not region.named else None,
        "predicate": question.predicate,
        "expression": question.where,
        "ids": None if question.ids is None else list(question.ids),
    }
    ((query,),) = cursor.execute(statement("queries/select_as_sql"), parameters).fetchall()
    return str(query)


def as_filters(question: Question) -> dict[str, Any]:
    """The same question, but for its list of ids, as keyword arguments of `Catalog.select`.

    They are ready for JSON; a region is its name in `regions`, or else its WKT.
    """
    given = {name: value for name, value in question.parameters.items() if value is not None}
    plain = ("season", "local_season", "split", "complete")
    filters = {name: given[name] for name in plain if name in given}
    sensors = [sensor for sensor in SENSORS if sensor in given]
    if sensors:
        filters["sensor"] = sensors
    for name, share in given.items():
        scheme, _, rest = name.partition("_")
        if scheme in {"cover", "igbp"}:
            class_, _, bound = rest.rpartition("_")
            bounds = filters.setdefault("cover", {}).setdefault(f"{scheme}.{class_}", [0.0, 1.0])
            bounds[bound == "high"] = share
    if question.region is not None:
        region = question.region
        filters["region"] = ":".join(region.named) if region.named else region.wkt
        filters["predicate"] = question.predicate
    if question.where is not None:
        filters["where"] = question.where
    return filters


def _first_sentence(where: str | None, error: duckdb.Error) -> str:
    text = str(error).partition("\nLINE ")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    return f"DuckDB refuses where={where!r}: {' '.join(lines[:2])}"
