"""Filters as conditions over `patches`: checked, and written as SQL.

Every function gives the text of conditions that hold together. Values become text in `literal`
alone, names come from the definition of the dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import duckdb

from catalog.errors import FilterError, QueryError
from catalog.query.literals import flaw_of, literal
from catalog.query.suggest import near_matches, unknown_name

if TYPE_CHECKING:
    from catalog.datasets import Dataset

Shares = Mapping[str, float | str | Sequence[float]] | Iterable[str] | str
"""`{"forest": 0.5}` for at least, `{"water": (0, 0.1)}` for between, or `["forest>=0.5"]`."""

PREDICATES: Final = ("intersects", "within", "centroid")

_MOST_SHOWN: Final = 400
"""Characters of an expression, and of why it is refused, in an error."""
_CLOUDS: Final = "cloud_cover"
_SYNONYMS: Final = {"autumn": "fall"}
_NAME: Final = r"(?P<name>[A-Za-z][\w. -]*?)"
_NUMBER: Final = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*%?"
_OPERATOR: Final = r">=|<=|==?|>|<"
_COMPARISON: Final = re.compile(
    rf"\s*{_NAME}\s*(?P<operator>{_OPERATOR})\s*(?P<value>{_NUMBER})\s*"
)
_BETWEEN: Final = re.compile(
    rf"\s*(?P<low>{_NUMBER})\s*(?P<after_low><=?)\s*{_NAME}\s*(?P<before_high><=?)\s*"
    rf"(?P<high>{_NUMBER})\s*"
)
_RANGE: Final = re.compile(
    rf"\s*{_NAME}\s*(?:[=:]\s*)?(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})\s*"
)
_UNKNOWN_COLUMN: Final = re.compile(r'Referenced column "([^"]*)" not found')
_REVERSED: Final = {"<": ">", "<=": ">="}


class Bound(NamedTuple):
    """One bound on a number of a patch."""

    column: str
    """The column of `patches`, or field of one: `cover.forest`."""
    operator: str
    """`>=`, `<=`, `>`, `<` or `=`."""
    value: float
    """In the unit of the column: shares from 0 to 1, clouds in percent."""

    def __str__(self) -> str:
        return f"{self.column} {self.operator} {literal(self.value)}"


def one_of(column: str, names: Iterable[str]) -> str:
    """A column has one of these values."""
    return f"{column} IN ({', '.join(map(literal, names))})"


def in_list(ids: Iterable[str]) -> str:
    """The id of a patch is on a list.

    Raises
    ------
    FilterError
        If an id holds white space, which separates them.
    """
    listed = list(ids)
    for name in listed:
        if not isinstance(name, str) or name.split() != [name]:
            raise FilterError(f"{name!r} is not an id of a patch: write ROIs1158_spring_1_p30")
    # One text is read three times as fast as as many literals.
    return f"id IN (SELECT unnest(string_split({literal(' '.join(listed))}, ' ')))"


def in_box(west: float, south: float, east: float, north: float) -> list[str]:
    """The bounding box of a patch touches a box: what prunes row groups before any geometry."""
    return [
        f"xmin <= {literal(east)}",
        f"xmax >= {literal(west)}",
        f"ymin <= {literal(north)}",
        f"ymax >= {literal(south)}",
    ]


def expression(where: str) -> str:
    """A user's SQL expression, which stays whole in its parentheses.

    Raises
    ------
    FilterError
        If it is not a text.
    QueryError
        If DuckDB cannot read it, or it is not one expression.
    """
    if not isinstance(where, str):
        raise FilterError(f"where={where!r} is not an SQL expression: write it as text")
    if flaw := flaw_of(where):
        raise QueryError(f"the expression {_shown(where)} {flaw}")
    try:
        duckdb.SQLExpression(where)
    except duckdb.Error as error:
        raise QueryError(refused(where, error)) from error
    return f"({where}\n    )"


def refused(where: str, error: Exception) -> str:
    """A sentence: DuckDB refuses a user's expression, and why."""
    text = str(error).partition("\nLINE ")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    unknown = _UNKNOWN_COLUMN.search(text)
    hint = f"; text is written in single quotes: '{unknown[1][:60]}'" if unknown else ""
    reason = " ".join(lines[:2])[:_MOST_SHOWN]
    return f"DuckDB refuses the expression {_shown(where)}: {reason}{hint}"


def _shown(where: str) -> str:
    """An expression, as far as it fits into a sentence."""
    return repr(where if len(where) <= _MOST_SHOWN else f"{where[:60]}…")


def listed(what: str, given: Any) -> list[Any]:
    """One value or several as a list.

    Raises
    ------
    FilterError
        If the list is empty, which could mean all patches or none of them.
    """
    is_one = isinstance(given, str) or not isinstance(given, Iterable)
    values = [given] if is_one else list(given)
    if not values:
        raise FilterError(f"the list of {what} is empty: leave it out to take all")
    return values


def names_of(
    what: str, given: str | Iterable[str] | None, known: Iterable[str]
) -> list[str] | None:
    """One name or several as a list, each of them known; None for no filter.

    Letter case does not matter, and `autumn` is `fall`.

    Raises
    ------
    FilterError
        If there is no such name, or the list is empty.
    """
    if given is None:
        return None
    options = {name.casefold(): name for name in known}
    if not isinstance(given, Iterable):
        raise FilterError(f"{given!r} is not a {what}: it is one of {', '.join(options.values())}")
    found: dict[str, None] = {}
    for name in listed(f"{what}s", given):
        folded = str(name).strip().casefold()
        match = options.get(folded, options.get(_SYNONYMS.get(folded, "")))
        if match is None:
            raise FilterError(unknown_name(what, str(name), options.values()))
        found[match] = None
    return list(found)


def shares_of(cover: Shares, dataset: Dataset) -> list[Bound]:
    """Bounds on shares of land-cover classes.

    Parameters
    ----------
    cover : mapping, or text or several
        See `Shares`. A text compares with `>=`, `<=`, `>`, `<` or `=`, gives a range
        (`0.2..0.5`) or both bounds (`0.2<=forest<=0.5`); `50%` is 0.5.
    dataset : Dataset
        Its legends name the classes.

    Raises
    ------
    FilterError
        If there is no such class, a share is not from 0 to 1, or there is no condition at all; the
        message says what there is.
    """
    if not isinstance(cover, Iterable):
        raise FilterError(
            f"{cover!r} names no class: write {{'forest': {cover}}} or 'forest>={cover}'"
        )
    texts = listed("conditions on land cover", cover)
    if isinstance(cover, Mapping):
        texts = [text for name in texts for text in _written(name, cover[name])]
    return [share for text in texts for share in _shares(str(text), dataset)]


def _written(name: str, value: object) -> Iterable[str]:
    """An entry of a mapping as conditions."""
    if isinstance(value, str):
        return [f"{name} {value}" if value.lstrip()[:1] in "<>=" else f"{name} = {value}"]
    bounds: Sequence[Any] = value if isinstance(value, (list, tuple)) else [value]
    if all(isinstance(bound, Real) and str(bound) != "True" for bound in bounds):
        numbers = [repr(float(bound)) for bound in bounds]
        if len(numbers) == 1:
            return [f"{name} >= {numbers[0]}"]
        if len(numbers) == 2:
            return [f"{name} = {numbers[0]}..{numbers[1]}"]
    raise FilterError(f"{name}: {value!r} is not a share: give one number, or (lowest, highest)")


def cloud_bounds_of(given: Any, dataset: Dataset) -> list[Bound]:
    """Bounds on the clouds in the cloudy image of a patch.

    Parameters
    ----------
    given : number, two numbers, or str or several
        Percent: at most so many, between two, or as `<=30`, `<30%`, `10..30`.
    dataset : Dataset
        Has cloudy images.

    Raises
    ------
    FilterError
        If it is something else, an empty list, or the dataset has no cloudy images.
    """
    if dataset.cloudy is None:
        raise FilterError(f"{dataset.about.title} has no cloudy images: leave out cloud_cover")
    if isinstance(given, Real) and str(given) != "True":
        texts = [f"<={given}"]
    elif isinstance(given, tuple) and len(given) == 2:
        texts = ["{}..{}".format(*given)]
    else:
        texts = listed("conditions on cloud cover", given)
    return [bound for text in texts for bound in _cloud_bounds(text)]


def _cloud_bounds(text: object) -> list[Bound]:
    found = _bounds(f"{_CLOUDS} {str(text).strip().removeprefix(_CLOUDS)}")
    if found is None or found[0] != _CLOUDS:
        raise FilterError(
            f"{text!r} is not a cloud cover: write 30, '<=30', '<30%' or '10..30', percent"
        )
    values = [float(number.strip().rstrip("% ")) for _, number in found[1]]
    if values != sorted(values) or not all(0 <= value <= 100 for value in values):
        raise FilterError(
            f"{text!r} is not a cloud cover: give percent from 0 to 100, lowest first"
        )
    operators = [operator for operator, _ in found[1]]
    return [Bound(_CLOUDS, *bound) for bound in zip(operators, values, strict=True)]


def _bounds(text: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The name in a condition, and its bounds as operator and number; None if it is not one."""
    if match := _RANGE.fullmatch(text):
        bounds = [(">=", match["low"]), ("<=", match["high"])]
    elif match := _BETWEEN.fullmatch(text):
        bounds = [
            (_REVERSED[match["after_low"]], match["low"]),
            (match["before_high"], match["high"]),
        ]
    elif match := _COMPARISON.fullmatch(text):
        bounds = [(match["operator"].replace("==", "="), match["value"])]
    else:
        return None
    return match["name"], bounds


def _shares(text: str, dataset: Dataset) -> list[Bound]:
    found = _bounds(text)
    if found is None:
        raise FilterError(
            f"{text!r} is not a condition: write 'forest>=0.5', 'forest<50%' or 'forest=0.2..0.5'"
        )
    written, bounds = found
    legend, name = _class_of(written, dataset)
    values = [_share(written, value) for _, value in bounds]
    if values != sorted(values):
        raise FilterError(f"{text!r} is in the wrong order: give the lowest share first")
    return [
        Bound(f"{legend}.{name}", operator, value)
        for (operator, _), value in zip(bounds, values, strict=True)
    ]


def _share(name: str, text: str) -> float:
    number = text.strip()
    value = float(number.rstrip("% ")) / (100 if number.endswith("%") else 1)
    if not 0 <= value <= 1:
        raise FilterError(
            f"{name.strip()} {number} is not a share: give a number from 0 to 1, or 0% to 100%"
        )
    return value


def _class_of(written: str, dataset: Dataset) -> tuple[str, str]:
    """Legend and class of a name, which may have its legend before a dot.

    Without one, the simplified classes come first, then those of the legend that they sum up, then
    the others.
    """
    if not dataset.shares:
        raise FilterError(
            f"{dataset.about.title} has no land cover: leave out {written!r}, or take it from "
            "another catalog with `sen12ms index … --land-cover-from CATALOG`"
        )
    scheme, _, short = re.sub(r"[\s-]+", "_", written.strip()).casefold().rpartition(".")
    legends = [scheme] if scheme else list(dataset.shares)
    found = [legend for legend in legends if short in dataset.shares.get(legend, ())]
    if found and (len(found) == 1 or found[0] in {"cover", dataset.simplified}):
        return found[0], short
    if found:
        options = " or ".join(f"{legend}.{short}" for legend in found)
        raise FilterError(f"{written!r} is a class of several legends: write {options}")
    raise FilterError(_no_class(written.strip(), legends, dataset))


def _no_class(written: str, legends: Sequence[str], dataset: Dataset) -> str:
    """A sentence: there is no such class, and what there is."""
    known = [f"{legend}.{name}" for legend in legends for name in dataset.shares.get(legend, ())]
    if "." not in written:
        known = list(dict.fromkeys(name.partition(".")[2] for name in known))
    matches = near_matches(written, known)
    first, *others = dataset.shares
    hint = (
        f"did you mean {' or '.join(matches)}?"
        if matches
        else f"it is one of {', '.join(dataset.shares[first])}, or of the legends "
        f"{', '.join(others)}: `FROM landcover_classes` lists them"
    )
    return f"there is no land-cover class {written!r}: {hint}"
