"""Filters to the patches that pass them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.datasets.legacy import SENSORS
from catalog.errors import QueryError
from catalog.query.regions import bounds_of, pieces_of, wkt_of
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.query.regions import Regions


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked."""

    parameters: Mapping[str, Any]
    """Of `sql/queries/select.sql`, all but the box."""
    regions: Regions | None = None
    """Where; None for everywhere."""
    not_regions: Regions | None = None
    """Where not; None for nowhere."""
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
    box = (None,) * 4 if question.regions is None else bounds_of(question.regions)
    edges = dict(zip(("west", "south", "east", "north"), box, strict=True))
    try:
        candidates = cursor.sql(statement("queries/candidates"))
        if question.where is not None:
            candidates = candidates.filter(question.where)
        cursor.register("candidates", candidates)
        parameters = {**question.parameters, **edges}
        chosen = cursor.sql(statement("queries/select"), params=parameters)
        chosen = _narrowed(chosen, question, cursor)
    except duckdb.Error as error:
        raise QueryError(_first_sentence(question.where, error)) from error
    cursor.register("chosen", chosen)
    return chosen


def _narrowed(
    chosen: duckdb.DuckDBPyRelation, question: Question, cursor: duckdb.DuckDBPyConnection
) -> duckdb.DuckDBPyRelation:
    """Those of the chosen patches that lie where they are asked for, and are on the list."""
    in_place = f"queries/chosen_{question.predicate}"
    if question.regions is not None:
        cursor.register("chosen", chosen)
        pieces = {"pieces": pieces_of(question.regions)}
        chosen = cursor.sql(statement(in_place), params=pieces)
    if question.not_regions is not None:
        cursor.register("chosen", chosen)
        pieces = {"pieces": pieces_of(question.not_regions)}
        cursor.register("excluded", cursor.sql(statement(in_place), params=pieces))
        cursor.register("included", chosen)
        chosen = cursor.sql(statement("queries/chosen_except"))
    if question.ids is not None:
        cursor.register("chosen", chosen)
        listed = {"ids": list(question.ids)}
        chosen = cursor.sql(statement("queries/chosen_ids"), params=listed)
    return chosen


def as_sql(question: Question, cursor: duckdb.DuckDBPyConnection) -> str:
    """The same question as one SQL query over `patches`, for people."""
    given = {name: value for name, value in question.parameters.items() if value is not None}
    shares = {name: share for name, share in given.items() if name.startswith(("cover_", "igbp_"))}
    parameters = {
        **{filter_: given.get(filter_) for filter_ in ("season", "local_season", "split")},
        "complete": given.get("complete"),
        "sensors": [sensor for sensor in SENSORS if sensor in given],
        "bounds": list(shares),
        "shares": list(shares.values()),
        **_places("", question.regions or ()),
        **_places("not_", question.not_regions or ()),
        "predicate": question.predicate,
        "expression": question.where,
        "ids": None if question.ids is None else list(question.ids),
    }
    ((query,),) = cursor.execute(statement("queries/select_as_sql"), parameters).fetchall()
    return str(query)


def _places(prefix: str, regions: Regions) -> dict[str, Any]:
    """Parameters of `sql/queries/select_as_sql.sql`: regions with a name, and the rest as one."""
    named = [region.named for region in regions if region.named]
    drawn = [region for region in regions if not region.named]
    return {
        f"{prefix}kinds": [kind for kind, _ in named],
        f"{prefix}names": [name for _, name in named],
        f"{prefix}shape": wkt_of(drawn) if drawn else None,
    }


def as_filters(question: Question) -> dict[str, Any]:
    """The same question, but for its list of ids, as keyword arguments of `Catalog.select`.

    They are ready for JSON; a region is its kind and name, or else its WKT; several are a list.
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
    for name, regions in (("region", question.regions), ("not_region", question.not_regions)):
        if regions is not None:
            texts = [region.text for region in regions]
            filters[name] = texts[0] if len(texts) == 1 else texts
            filters["predicate"] = question.predicate
    if question.where is not None:
        filters["where"] = question.where
    return filters


def _first_sentence(where: str | None, error: duckdb.Error) -> str:
    text = str(error).partition("\nLINE ")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    return f"DuckDB refuses where={where!r}: {' '.join(lines[:2])}"
