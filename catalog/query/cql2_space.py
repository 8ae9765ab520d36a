"""Geometries in CQL2, and how footprints lie to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.errors import FilterError
from catalog.query.conditions import in_box
from catalog.query.regions import drawn_box, drawn_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.query.regions import Region

OPERATORS: Final = {
    "s_contains": "ST_Contains",
    "s_crosses": "ST_Crosses",
    "s_disjoint": "ST_Intersects",
    "s_equals": "ST_Equals",
    "s_intersects": "ST_Intersects",
    "s_overlaps": "ST_Overlaps",
    "s_touches": "ST_Touches",
    "s_within": "ST_Within",
}
"""By name in lower case; `s_disjoint` is the contrary of its function."""


def is_geometry(node: Mapping[str, Any]) -> bool:
    """Whether a part of a filter is a geometry."""
    return any(name in node for name in ("bbox", "coordinates", "geometries"))


def drawn(node: Mapping[str, Any]) -> Region:
    """A geometry of a filter.

    Raises
    ------
    FilterError, RegionError
        If it is not one on Earth, or not valid.
    """
    if "bbox" not in node:
        return drawn_exactly(node)
    numbers = node["bbox"]
    if not isinstance(numbers, list) or len(numbers) not in {4, 6}:
        raise FilterError(f"{str(numbers)[:60]} is not a box: write west,south,east,north")
    half = len(numbers) // 2
    return drawn_box([*numbers[:2], *numbers[half : half + 2]])


def condition(op: str, left: str, right: str, drawn: Sequence[Region]) -> str:
    """How two geometries lie to each other, in SQL.

    Two that are not disjoint have bounding boxes that touch. That is tested first, where one of
    them is a footprint: it prunes row groups.
    """
    relation = f"{OPERATORS[op]}({left}, {right})"
    if len(drawn) == 1:
        relation = " AND ".join([*in_box(*drawn[0].bounds), relation])
    return f"(NOT ({relation}))" if op == "s_disjoint" else f"({relation})"
