"""Parameters of a STAC search, from a query string or a body, checked."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.errors import FilterError
from catalog.query import cql2_time, paging
from catalog.query.regions import drawn_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.query.paging import Sort
    from catalog.query.question import Question
    from catalog.reading.catalog import Catalog

LIMIT, MOST = 10, 10_000
"""Items of a page, unless another number is asked for; and at most."""
_TURNS: Final = 3 * 360
"""Degrees of longitude that a map may be turned by when a box is drawn on it."""
_CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_TEXT_LANGUAGE, _JSON_LANGUAGE = "cql2-text", "cql2-json"


@dataclass(frozen=True, slots=True)
class Start:
    """The row that a page is beside."""

    values: tuple[Any, ...]
    """Of the expressions that the search is sorted by."""
    is_before: bool = False
    """Whether the page ends before it, instead of starting after it."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search."""

    question: Question
    """Which patches, on all pages."""
    sorts: tuple[Sort, ...]
    """Their order."""
    limit: int
    """How many a page has at most."""
    start: Start | None
    """Which row the page is beside; None for the first page."""
    include: tuple[str, ...]
    """Fields that items have; empty for all."""
    exclude: tuple[str, ...]
    """Fields that items lack."""

    @property
    def order(self) -> tuple[Sort, ...]:
        """That in which the page is read: the page before a row is read from its end."""
        if self.start is not None and self.start.is_before:
            return tuple(sort.backwards for sort in self.sorts)
        return self.sorts

    @property
    def page(self) -> Question:
        """Which patches, from this page on, as `order` has them."""
        if self.start is None:
            return self.question
        start = paging.after(self.order, self.start.values)
        return replace(self.question, conditions=(*self.question.conditions, start))

    def beside(self, page: Sequence[tuple[Any, ...]], *, more: bool) -> dict[str, str]:
        """Tokens of the pages before and after a page, where there are such, as `prev` and `next`.

        Parameters
        ----------
        page : sequence of rows
            Values of `sorts`, in this order.
        more : bool
            Whether more rows come after those, as `order` has them.
        """
        if not page:
            return {}
        is_before = self.start is not None and self.start.is_before
        tokens = {}
        if more if is_before else self.start is not None:
            tokens["prev"] = token_of(Start(page[0], is_before=True))
        if more or is_before:
            tokens["next"] = token_of(Start(page[-1]))
        return tokens


def asked_by_query(given: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a query string, in the form of a body.

    Raises
    ------
    FilterError
        If one cannot be read.
    """
    asked: dict[str, Any] = {name: value for name, value in given.items() if value != ""}
    for name in ("ids", "collections", "bbox", "sortby", "fields"):
        if name in asked:
            asked[name] = [part.strip() for part in asked[name].split(",")]
    if "bbox" in asked:
        asked["bbox"] = [_number(part) for part in asked["bbox"]]
    if "intersects" in asked:
        asked["intersects"] = _json(asked["intersects"])
    if "limit" in asked:
        asked["limit"] = _number(asked["limit"])
    # A plus sign of a query string is a space.
    if "sortby" in asked:
        asked["sortby"] = [_sort_field(part) for part in asked["sortby"]]
    if "fields" in asked:
        excluded = [part[1:] for part in asked["fields"] if part.startswith("-")]
        included = [part.lstrip("+") for part in asked["fields"] if not part.startswith("-")]
        asked["fields"] = {"include": included, "exclude": excluded}
    return {"filter-lang": _TEXT_LANGUAGE, **asked}


def asked_by_body(body: bytes) -> dict[str, Any]:
    """The parameters of a body."""
    asked = _json(body or b"{}")
    if not isinstance(asked, dict):
        raise FilterError("the body is not a JSON object: send {} for all items")
    return {"filter-lang": _JSON_LANGUAGE, **asked}


def read_search(asked: Mapping[str, Any], catalog: Catalog) -> Search:
    """A search from parameters in the form of a body; those that are null are left out.

    Raises
    ------
    FilterError, RegionError
        If one is not valid; the message says which and why.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    sorts = paging.sorts_of(map(_sort, _list(given, "sortby")), catalog.dataset)
    include, exclude = _fields(given.get("fields", {}))
    return Search(
        _question(given, catalog), sorts, _limit(given), _start(given, sorts), include, exclude
    )


def token_of(start: Start) -> str:
    """The token of the page beside a row; the inverse of `_start`."""
    told = {"before": start.values} if start.is_before else start.values
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def _question(given: Mapping[str, Any], catalog: Catalog) -> Question:
    filters = _area(given)
    if ids := _texts(given, "ids"):
        filters["ids"] = ids
    if "filter" in given:
        filters["filter"] = _filter(given)
    question = catalog.select(**filters).question
    conditions = list(question.conditions)
    if "datetime" in given:
        conditions.append(cql2_time.during(str(given["datetime"]), catalog.dataset))
    if (names := _texts(given, "collections")) and catalog.dataset.id not in names:
        conditions.append("false")
    return replace(question, conditions=tuple(conditions))


def _area(given: Mapping[str, Any]) -> dict[str, Any]:
    """Where patches lie, as arguments of `Catalog.select`."""
    if "bbox" in given and "intersects" in given:
        raise FilterError("bbox and intersects exclude each other: leave one of them out")
    if "bbox" in given:
        return {"bbox": _box(_list(given, "bbox"))}
    if "intersects" not in given:
        return {}
    if not isinstance(given["intersects"], dict):
        raise FilterError("intersects is not a GeoJSON geometry")
    drawn_exactly(given["intersects"])
    return {"intersects": given["intersects"]}


def _filter(given: Mapping[str, Any]) -> Any:
    language = given["filter-lang"]
    if language not in {_TEXT_LANGUAGE, _JSON_LANGUAGE}:
        raise FilterError(f"filter-lang={language!r} is not cql2-text or cql2-json")
    if given.get("filter-crs", _CRS84) != _CRS84:
        raise FilterError(f"filter-crs is not {_CRS84}: give longitude and latitude in degrees")
    return given["filter"]


def _box(numbers: list[Any]) -> list[float]:
    if len(numbers) not in {4, 6} or not all(_is_number(number) for number in numbers):
        raise FilterError(f"bbox={str(numbers)[:80]} is not 4 or 6 numbers: west,south,east,north")
    half = len(numbers) // 2
    if half == 3 and numbers[2] > numbers[5]:
        raise FilterError(f"bbox={numbers} has its lowest height above its highest")
    (west, south), (east, north) = numbers[:2], numbers[half : half + 2]
    west, east = _turned_back(west, east)
    return [west, south, east, north]


def _turned_back(west: float, east: float) -> tuple[float, float]:
    """A box drawn on a map that shows Earth several times, within 180 degrees."""
    if not (-_TURNS <= west <= east <= _TURNS and east - west <= 360):
        return west, east
    if east - west == 360:
        return -180, 180
    return _within_180(west), _within_180(east)


def _within_180(longitude: float) -> float:
    return longitude if abs(longitude) <= 180 else (longitude + 180) % 360 - 180


def _limit(given: Mapping[str, Any]) -> int:
    limit = given.get("limit", LIMIT)
    if not _is_number(limit) or limit != int(limit) or limit < 1:
        raise FilterError(f"limit={limit!r} is not a number of items: give 1 to {MOST:,}")
    return min(int(limit), MOST)


def _start(given: Mapping[str, Any], sorts: tuple[Sort, ...]) -> Start | None:
    token = given.get("token")
    if token is None:
        return None
    try:
        told = orjson.loads(base64.urlsafe_b64decode(f"{token}==".encode()))
    except (ValueError, binascii.Error) as error:
        raise FilterError(f"token={str(token)[:60]!r} is not from this server") from error
    is_before = isinstance(told, dict)
    values = told.get("before") if is_before else told
    plain = isinstance(values, list) and all(
        value is None or isinstance(value, (str, int, float)) for value in values
    )
    if not plain or len(values) != len(sorts) or None in paging.key_of(sorts, values):
        raise FilterError(f"token={str(token)[:60]!r} is not of a search with this order")
    return Start(tuple(values), is_before)


def _fields(given: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not isinstance(given, dict):
        raise FilterError('fields is not an object: write {"include": […], "exclude": […]}')
    known = {name: value for name, value in given.items() if value is not None}
    return tuple(_texts(known, "include")), tuple(_texts(known, "exclude"))


def _sort(given: Any) -> tuple[str, bool]:
    if not isinstance(given, dict) or not isinstance(given.get("field"), str):
        raise FilterError(f"sortby: {str(given)[:60]!r} has no field")
    direction = given.get("direction", "asc")
    if direction not in {"asc", "desc"}:
        raise FilterError(f"sortby: direction {str(direction)[:20]!r} is not asc or desc")
    return given["field"], direction == "desc"


def _sort_field(text: str) -> dict[str, str]:
    direction = "desc" if text.startswith("-") else "asc"
    return {"field": text.lstrip("+-"), "direction": direction}


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    values = _list(given, name)
    if not all(isinstance(value, str) for value in values):
        raise FilterError(f"{name} is not a list of texts")
    return values


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    values = given.get(name, [])
    if not isinstance(values, list):
        raise FilterError(f"{name}={str(values)[:60]!r} is not a list")
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _number(text: str) -> float | str:
    """A number; any other text as it is, which is refused by the name of its parameter."""
    try:
        return float(text)
    except ValueError:
        return text[:60]


def _json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise FilterError(f"this is not JSON: {error}") from error
