"""CQL2 in plain Python and shapely: whether a row of `patches` meets a filter, or None."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import shape

from catalog.datasets import SEN12MS

if TYPE_CHECKING:
    from collections.abc import Callable

Tree = dict[str, Any]
Row = dict[str, Any]
FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DAY = timedelta(days=1, microseconds=-1)
NOISE = (
    *("(", ")", "((", "NOT ", "-", "+", "*", "'", '"', ",", "lon", "season", " AND ", " OR ", "="),
    *("casei(", "S_INTERSECTS(geometry,", "POLYGON((", "IN (", " BETWEEN ", " IS NULL", " LIKE "),
    *("INTERVAL(", "DATE('", "TIMESTAMP('", "0", "1e308", "\0", "é", ";", "--", "/*", "[", "{"),
)
"""Pieces of CQL2 as text, and of what is not."""


def compare(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    by = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[op]
    return bool(getattr(operator, by)(left, right))


def both(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def opposite(part: bool | None) -> bool | None:
    return None if part is None else not part


def truncated(number: float) -> float:
    return float(math.trunc(number)) if math.isfinite(number) else number


def calculate(op: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (op in {"/", "%", "div"} and right == 0):
        return None
    try:
        result = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "%": lambda: math.fmod(left, right),
            "div": lambda: truncated(left / right),
            "^": lambda: math.pow(left, right),
        }[op]()
    except ValueError:
        return math.inf if left == 0 else None
    except OverflowError:
        negative = left < 0 and float(right) % 2 == 1
        return -math.inf if negative else math.inf
    return None if math.isnan(result) else result


SPATIAL: dict[str, Callable[[Any, Any], Any]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_within": shapely.within,
    "s_contains": shapely.contains,
    "s_equals": shapely.equals,
    "s_touches": shapely.touches,
    "s_overlaps": shapely.overlaps,
    "s_crosses": shapely.crosses,
}
SETS: dict[str, Callable[[set[str], set[str]], bool]] = {
    "a_contains": operator.ge,
    "a_containedBy": operator.le,
    "a_equals": operator.eq,
    "a_overlaps": lambda a, b: bool(a & b),
}
ALLEN: dict[str, str] = {
    "t_after": "* > * *",
    "t_before": "* * < *",
    "t_contains": "< * * >",
    "t_during": "> * * <",
    "t_equals": "= * * =",
    "t_finishedBy": "< * * =",
    "t_finishes": "> * * =",
    "t_meets": "* * = *",
    "t_metBy": "* = * *",
    "t_overlappedBy": "> < * >",
    "t_overlaps": "< * > <",
    "t_startedBy": "= * * >",
    "t_starts": "= * * <",
}
"""Start to start, start to end, end to start, end to end, as the standard defines them."""


def sign(left: datetime, right: datetime) -> str:
    return "<" if left < right else ">" if left > right else "="


def related(op: str, a: tuple[datetime, datetime], b: tuple[datetime, datetime]) -> bool:
    if op in {"t_disjoint", "t_intersects"}:
        apart = a[1] < b[0] or a[0] > b[1]
        return apart == (op == "t_disjoint")
    signs = [sign(a[0], b[0]), sign(a[0], b[1]), sign(a[1], b[0]), sign(a[1], b[1])]
    return all(
        wanted in {"*", found} for wanted, found in zip(ALLEN[op].split(), signs, strict=True)
    )


def moment(text: str, *, last: bool = False) -> datetime:
    if text in {"..", ""}:
        return FOREVER[last]
    found = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return found + DAY if last and len(text) == 10 else found


def interval(row: Row, node: Tree) -> tuple[datetime, datetime]:
    if "interval" in node:
        start, end = node["interval"]
        return moment(start), moment(end, last=True)
    if "date" in node:
        return moment(node["date"]), moment(node["date"], last=True)
    window = SEN12MS.seasons[row["season"]]
    return {
        "datetime": (window.start, window.end),
        "start_datetime": (window.start, window.start),
        "end_datetime": (window.end, window.end),
    }[node["property"]]


def like(text: str | None, pattern: str) -> bool | None:
    parts = {"%": ".*", "_": "."}
    regex = "".join(parts.get(character, re.escape(character)) for character in pattern)
    return None if text is None else re.fullmatch(regex, text, re.DOTALL) is not None


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def value(row: Row, node: Any) -> Any:
    if not isinstance(node, dict):
        return float(node) if isinstance(node, int) and not isinstance(node, bool) else node
    if "property" in node:
        name, _, part = node["property"].removeprefix("sen12ms:").partition(".")
        found = row["crs" if name == "proj:code" else name]
        return found and found[part] if part else found
    if "op" not in node:
        return shape(node)
    op, args = node["op"], node["args"]
    if op in {"casei", "accenti"}:
        text = value(row, args[0])
        return text and (text.lower() if op == "casei" else plain(text))
    if op in {"+", "-", "*", "/", "%", "div", "^"}:
        return calculate(op, value(row, args[0]), value(row, args[1]))
    return holds(row, node)


def holds(row: Row, node: Any) -> bool | None:  # noqa: C901, PLR0911 - a table of operators
    if not isinstance(node, dict) or "property" in node:
        return value(row, node)
    op, args = node["op"], node["args"]
    if op == "and":
        return both([holds(row, arg) for arg in args])
    if op == "or":
        return opposite(both([opposite(holds(row, arg)) for arg in args]))
    if op == "not":
        return opposite(holds(row, args[0]))
    if op.startswith("t_"):
        return related(op, interval(row, args[0]), interval(row, args[1]))
    if op in {"=", "<>", "<", "<=", ">", ">="} and "date" in str(args[1]):
        return compare(op, interval(row, args[0])[0], interval(row, args[1])[0])
    first = value(row, args[0])
    if op == "isNull":
        return first is None
    if op == "in":
        found = [compare("=", first, value(row, arg)) for arg in args[1]]
        return opposite(both([opposite(part) for part in found]))
    if op == "like":
        return like(first, args[1])
    if op == "between":
        low, high = value(row, args[1]), value(row, args[2])
        return both([compare(">=", first, low), compare("<=", first, high)])
    if op.startswith("s_"):
        other = value(row, args[1])
        return None if first is None or other is None else bool(SPATIAL[op](first, other))
    if op.startswith("a_"):
        return None if first is None else SETS[op](set(first), set(args[1]))
    return compare(op, first, value(row, args[1]))
