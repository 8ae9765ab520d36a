"""Times in CQL2: a patch's time is the window of its season, so that seasons answer.

Every time of a patch depends on its season alone. What a filter says of times is found out here for
each season; the condition only says which seasons pass.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import FilterError
from catalog.query.conditions import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.datasets import Dataset

    Window = tuple[datetime, datetime]
    """Start and end; equal for an instant."""
    Windows = Mapping[str, Window]
    """By season."""

OPERATORS: Final[dict[str, Callable[[Window, Window], bool]]] = {
    "t_after": lambda a, b: a[0] > b[1],
    "t_before": lambda a, b: a[1] < b[0],
    "t_contains": lambda a, b: a[0] < b[0] and a[1] > b[1],
    "t_disjoint": lambda a, b: a[1] < b[0] or a[0] > b[1],
    "t_during": lambda a, b: a[0] > b[0] and a[1] < b[1],
    "t_equals": lambda a, b: a == b,
    "t_finishedby": lambda a, b: a[0] < b[0] and a[1] == b[1],
    "t_finishes": lambda a, b: a[0] > b[0] and a[1] == b[1],
    "t_intersects": lambda a, b: a[0] <= b[1] and a[1] >= b[0],
    "t_meets": lambda a, b: a[1] == b[0],
    "t_metby": lambda a, b: a[0] == b[1],
    "t_overlappedby": lambda a, b: b[0] < a[0] < b[1] < a[1],
    "t_overlaps": lambda a, b: a[0] < b[0] < a[1] < b[1],
    "t_startedby": lambda a, b: a[0] == b[0] and a[1] > b[1],
    "t_starts": lambda a, b: a[0] == b[0] and a[1] < b[1],
}
"""By name in lower case, for two intervals."""
_COMPARISONS: Final[dict[str, Callable[[Window, Window], bool]]] = {
    "=": lambda a, b: a[0] == b[0],
    "<>": lambda a, b: a[0] != b[0],
    "<": lambda a, b: a[0] < b[0],
    "<=": lambda a, b: a[0] <= b[0],
    ">": lambda a, b: a[0] > b[0],
    ">=": lambda a, b: a[0] >= b[0],
}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)"
)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_OPEN: Final = ("..", "")


def is_time(node: Mapping[str, Any]) -> bool:
    """Whether a part of a filter is a date, an instant or an interval."""
    return any(name in node for name in ("date", "timestamp", "interval"))


def windows(
    node: Mapping[str, Any], dataset: Dataset, of_name: Callable[[Any], Windows]
) -> Windows:
    """A date, an instant or an interval, by season; `of_name` knows properties.

    Raises
    ------
    FilterError
        If it is not one.
    """
    if "interval" not in node:
        return of_text(node.get("timestamp", node.get("date")), dataset)
    edges = node["interval"]
    if not isinstance(edges, list) or len(edges) != 2:
        raise FilterError(f"{json.dumps(edges)[:60]} is not an interval: give a start and an end")
    starts, ends = (_edge(edge, dataset, of_name) for edge in edges)
    found = {season: (starts[season][0], ends[season][1]) for season in dataset.seasons}
    if any(start > end for start, end in found.values()):
        raise FilterError(f"{json.dumps(edges)[:100]} ends before it starts")
    return found


def of_property(name: str, dataset: Dataset) -> Windows:
    """`datetime`, `start_datetime` or `end_datetime` of the patches of each season."""
    return {
        season: (
            window.end if name == "end_datetime" else window.start,
            window.start if name == "start_datetime" else window.end,
        )
        for season, window in dataset.seasons.items()
    }


def of_text(text: Any, dataset: Dataset) -> Windows:
    """A date, which is a whole day, or an instant; the same for every season."""
    return dict.fromkeys(dataset.seasons, _window(text))


def condition(op: str, left: Windows, right: Windows) -> str:
    """The seasons for which a comparison or a temporal operator holds, in SQL."""
    holds = OPERATORS.get(op) or _COMPARISONS[op]
    found = [season for season in left if holds(left[season], right[season])]
    if len(found) == len(left):
        return "true"
    return f"({one_of('season', found)})" if found else "false"


def during(text: str, dataset: Dataset) -> str:
    """STAC's parameter `datetime`, an instant or `START/END`: windows that intersect it.

    Raises
    ------
    FilterError
        If it is not one, or open at both ends.
    """
    start, slash, end = text.partition("/")
    if slash and start in _OPEN and end in _OPEN:
        raise FilterError(f"{text!r} is open at both ends: leave datetime out")
    first = _FIRST if slash and start in _OPEN else _instant(start)
    last = _LAST if slash and end in _OPEN else _instant(end if slash else start)
    if first > last:
        raise FilterError(f"{text!r} ends before it starts")
    asked = dict.fromkeys(dataset.seasons, (first, last))
    return condition("t_intersects", of_property("datetime", dataset), asked)


def _edge(edge: Any, dataset: Dataset, of_name: Callable[[Any], Windows]) -> Windows:
    if isinstance(edge, dict) and "property" in edge:
        return of_name(edge["property"])
    if edge in _OPEN:
        return dict.fromkeys(dataset.seasons, (_FIRST, _LAST))
    if isinstance(edge, dict):
        edge = edge.get("timestamp", edge.get("date"))
    return of_text(edge, dataset)


def _window(text: Any) -> Window:
    if isinstance(text, str) and _DATE.fullmatch(text):
        start = _instant(f"{text}T00:00:00Z")
        return start, start + timedelta(days=1, microseconds=-1)
    instant = _instant(text)
    return instant, instant


def _instant(text: Any) -> datetime:
    """A moment as RFC 3339 has it, in UTC."""
    known = "2017-06-01T00:00:00Z, or in CQL2 DATE('2017-06-01')"
    wrong = f"{str(text)[:60]!r} is not a time: write {known}"
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise FilterError(wrong)
    # Python reads six digits of a second at most.
    exact = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
    try:
        return datetime.fromisoformat(exact).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FilterError(wrong) from error
