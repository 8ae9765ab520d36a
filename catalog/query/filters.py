"""Arguments of `Catalog.select` to a question: each is checked, and kept ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypedDict

from catalog.errors import FilterError, QueryError
from catalog.query.conditions import (
    PREDICATES,
    cloud_bounds_of,
    expression,
    in_list,
    listed,
    names_of,
    one_of,
    shares_of,
)
from catalog.query.question import Location, Question
from catalog.query.regions import resolve_regions
from catalog.query.suggest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.datasets import Dataset
    from catalog.query.conditions import Shares
    from catalog.query.session import Session

    Written = tuple[list[str], Any]
    """Conditions over `patches`, and the argument ready for JSON."""


class Filters(TypedDict, total=False):
    """Arguments of `Catalog.select`, which says what each of them is."""

    region: Any
    not_region: Any
    predicate: str
    bbox: Any
    intersects: Any
    season: str | Iterable[str] | None
    local_season: str | Iterable[str] | None
    cover: Shares | None
    cloud_cover: Any
    split: str | Iterable[str] | None
    sensor: str | Iterable[str] | None
    complete: bool | None
    ids: Iterable[str] | None
    where: str | Iterable[str] | None
    filter: Any


def question_from_filters(filters: Mapping[str, Any], session: Session) -> Question:
    """The question that arguments of `Catalog.select` ask; those that are None filter nothing.

    Raises
    ------
    FilterError, RegionError
        If a value does not exist.
    QueryError
        If DuckDB refuses `where`, or it is not a condition.
    """
    given = _checked_names(filters)
    conditions: list[str] = []
    for name, write in _PLAIN.items():
        if name in given:
            written, given[name] = write(given[name], session.dataset)
            conditions += written
    (predicate,) = names_of("predicate", given.pop("predicate", "intersects"), PREDICATES) or []
    locations = []
    for name, how, inside in _locations(predicate):
        if name in given:
            location = Location(resolve_regions(given[name], session.fetch), how, inside)
            locations.append(location)
            texts = [region.text for region in location.regions]
            given[name] = texts[0] if len(texts) == 1 else texts
    if "region" in given or "not_region" in given:
        given["predicate"] = predicate
    where = given.get("where")
    if where is not None:
        conditions += _expressions(where, session)
    return Question(tuple(conditions), tuple(locations), _joined(where), given)


def _checked_names(filters: Mapping[str, Any]) -> dict[str, Any]:
    for name in filters:
        if name not in Filters.__annotations__:
            raise FilterError(unknown_name("filter", name, Filters.__annotations__))
    return {name: value for name, value in filters.items() if value is not None}


def _locations(predicate: str) -> list[tuple[str, str, bool]]:
    """Arguments that say where: their predicate, and whether patches lie inside."""
    return [
        ("region", predicate, True),
        ("bbox", "intersects", True),
        ("intersects", "intersects", True),
        ("not_region", predicate, False),
    ]


def _season(value: Any, dataset: Dataset) -> Written:
    names = names_of("season", value, dataset.seasons) or []
    return [one_of("season", names)], names


def _local_season(value: Any, dataset: Dataset) -> Written:
    names = names_of("season", value, dataset.seasons) or []
    return [one_of("local_season", names)], names


def _split(value: Any, dataset: Dataset) -> Written:
    names = names_of("split", value, dataset.splits) or []
    return [one_of("split", names)], names


def _sensor(value: Any, dataset: Dataset) -> Written:
    names = names_of("sensor", value, dataset.sensors) or []
    return [f"{name} IS NOT NULL" for name in names], names


def _complete(value: Any, _: Dataset) -> Written:
    if value is not True and value is not False:
        raise FilterError(f"complete={value!r} is not a filter: give True, False or None")
    return ["complete" if value else "NOT complete"], value


def _cover(value: Any, dataset: Dataset) -> Written:
    shares = [str(share) for share in shares_of(value, dataset)]
    return shares, shares


def _cloud_cover(value: Any, dataset: Dataset) -> Written:
    bounds = [str(bound) for bound in cloud_bounds_of(value, dataset)]
    return bounds, bounds


def _ids(value: Any, _: Dataset) -> Written:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise FilterError(f"ids={value!r} is not a list of ids: write ['ROIs1158_spring_1_p30']")
    ids = list(dict.fromkeys(value))
    return [in_list(ids)], ids


def _filter(value: Any, dataset: Dataset) -> Written:
    # Its parser is loaded for those who use it.
    cql2 = import_module("catalog.query.cql2")
    return [cql2.condition(value, dataset)], value


_PLAIN: Final[dict[str, Callable[[Any, Dataset], Written]]] = {
    "season": _season,
    "local_season": _local_season,
    "split": _split,
    "complete": _complete,
    "sensor": _sensor,
    "cover": _cover,
    "cloud_cover": _cloud_cover,
    "ids": _ids,
    "filter": _filter,
}


def _expressions(where: str | Iterable[str], session: Session) -> list[str]:
    """Users' expressions as conditions, each of which DuckDB accepts over `patches`.

    DuckDB casts numbers and texts to conditions; where somebody writes one it is a mistake.
    """
    texts = listed("SQL expressions", where)
    conditions = [expression(text) for text in texts]
    for text, condition in zip(texts, conditions, strict=True):
        for _, kind, *_ in session.fetch(Question((condition,)).types((condition,)), text):
            if kind != "BOOLEAN":
                raise QueryError(
                    f"the expression {text!r} is a value of type {kind.partition('(')[0]}, not a "
                    "condition: write season = 'winter' AND cover.forest > 0.5"
                )
    return conditions


def _joined(where: str | Iterable[str] | None) -> str | None:
    return where if where is None or isinstance(where, str) else " AND ".join(where)
