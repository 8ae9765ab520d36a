"""CQL2, the filter language of OGC and STAC, as one condition over `patches`.

The package `cql2` parses; the SQL is written here, for DuckDB: names come from `queryables`, values
become text in `literal` alone, and an operator that is not in the tables below is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cql2

from catalog.errors import FilterError
from catalog.query import cql2_space, cql2_time
from catalog.query.literals import literal
from catalog.query.queryables import known_names
from catalog.query.suggest import near_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from catalog.datasets import Dataset

Filter = str | Mapping[str, Any]
"""CQL2 as text, or as JSON."""

MOST_CHARACTERS: Final = 20_000
MOST_JSON_CHARACTERS: Final = 1_000_000
MOST_PARENTHESES: Final = 10
"""In each other: for every one that is not closed, the parser takes twice the time."""
MOST_OPERATORS: Final = 60
"""Between two of `AND`, `OR` and comma: the parser recurses for each."""
MOST_NODES, MOST_DEPTH = 5_000, 60

_TOKEN: Final = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'|\"[^\"]*\")|(?P<paren>[()])|(?P<break>,|\b(?:and|or)\b)"
    r"|(?P<operator>\b(?:not|is|between|like|in|div)\b|[-+*/%^=<>])",
    re.IGNORECASE,
)
_COMPARISONS: Final = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ARITHMETIC: Final = {
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "/": "{0} / {1}",
    "%": "{0} % {1}",
    "div": "trunc({0} / {1})",
    "^": "pow({0}, {1})",
}
_DIVISIONS: Final = frozenset({"/", "%", "div"})
_ARRAYS: Final = {
    "a_contains": "list_has_all({0}, {1})",
    "a_containedby": "list_has_all({1}, {0})",
    "a_equals": "(list_has_all({0}, {1}) AND list_has_all({1}, {0}))",
    "a_overlaps": "list_has_any({0}, {1})",
}
_EQUALITY: Final = {"geometry": "S_EQUALS", "array": "A_EQUALS"}
_TEXTS: Final = {"casei": "lower({0})", "accenti": "strip_accents({0})"}
_NAMES: Final = "season, scene, country, lon, lat, geometry, datetime or cover.forest"
_EXAMPLE: Final = "write season = 'winter' AND cover.forest > 0.5"


class Operand(NamedTuple):
    """A part of a filter."""

    kind: str
    """As that of a `Queryable`."""
    sql: str
    """An expression over `patches`; empty for a time, which depends on the season alone."""
    value: Any = None
    """Of a literal what it is, of a time its `Windows`, of a drawn geometry its `Region`."""


def condition(given: Filter, dataset: Dataset) -> str:
    """The condition that a filter states.

    Null compares as in SQL: a filter that is neither true nor false keeps no patch. A comparison of
    `datetime` is one of the start of the season's window; temporal operators take the window as an
    interval. What is not a number, as a division by zero, is null.

    Parameters
    ----------
    given : str or mapping
        CQL2 as text, or as JSON (a mapping, or the text of one).
    dataset : Dataset
        Its definition gives the names.

    Raises
    ------
    FilterError
        If it is not CQL2, names what does not exist, compares what does not compare, or is too
        long or too deep.
    RegionError
        If it holds a geometry that is not valid.
    """
    found = _Writer(dataset).operand(_parsed(given), 0)
    if found.kind != "bool":
        raise FilterError(f"the filter is {_article(found.kind)}, not a condition: {_EXAMPLE}")
    return found.sql


def _parsed(given: Filter) -> Any:
    """The tree of a filter, as CQL2 has it in JSON."""
    if isinstance(given, Mapping):
        try:
            given = json.dumps(dict(given))
        except (TypeError, ValueError, RecursionError) as error:
            raise FilterError(f"the filter is not JSON: {error}") from error
    if not isinstance(given, str):
        raise FilterError(f"filter={given!r} is not CQL2: {_EXAMPLE}")
    is_json = given.lstrip().startswith("{")
    _check_length(given, MOST_JSON_CHARACTERS if is_json else MOST_CHARACTERS)
    if not is_json:
        _check_nesting(given)
    try:
        return (cql2.parse_json if is_json else cql2.parse_text)(given).to_json()
    except Exception as error:  # cql2 has no narrower one for a geometry that it cannot read
        raise FilterError(f"{given[:60]!r} is not CQL2: {_reason(str(error))}") from error


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise FilterError(f"the filter has {len(text):,} characters, more than {most:,}")


def _check_nesting(text: str) -> None:
    """Refuse filters that take the parser too long, or make it end the process."""
    depth = operators = 0
    for match in _TOKEN.finditer(text):
        if match["paren"]:
            depth += 1 if match["paren"] == "(" else -1
        elif match["operator"]:
            operators += 1
        elif match["break"]:
            operators = 0
        if depth > MOST_PARENTHESES:
            raise FilterError(f"the filter nests more than {MOST_PARENTHESES} parentheses")
        if operators > MOST_OPERATORS:
            raise FilterError(f"the filter has more than {MOST_OPERATORS} operators in a row")
    if depth:
        raise FilterError(f"{text[:60]!r} has parentheses that do not match: close each of them")


def _reason(message: str) -> str:
    """Where the parser stopped, as a clause."""
    where = re.match(r"\s*--> \d+:(\d+)", message)
    return f"the parser stops at character {where[1]}; {_EXAMPLE}" if where else message


class _Writer:
    """Writes one filter."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._nodes = 0

    def operand(self, node: Any, depth: int) -> Operand:
        """A node of the tree, with what is below it."""
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise FilterError(f"the filter is longer than {MOST_NODES:,} parts or too deep")
        if isinstance(node, bool):
            return Operand("bool", literal(node), node)
        if isinstance(node, (int, float)):
            return Operand("number", _number(float(node)), node)
        if isinstance(node, str):
            return Operand("text", literal(node), node)
        if isinstance(node, list):
            return self._array(node, depth)
        if isinstance(node, dict):
            return self._object(node, depth)
        raise FilterError("null cannot be compared: write IS NULL")

    def _array(self, nodes: list[Any], depth: int) -> Operand:
        members = [self.operand(node, depth + 1) for node in nodes]
        for member in members:
            if member.kind != "text":
                raise FilterError(f"an array of texts cannot hold {_article(member.kind)}")
        return Operand("array", f"CAST([{', '.join(m.sql for m in members)}] AS VARCHAR[])")

    def _object(self, node: dict[str, Any], depth: int) -> Operand:
        if isinstance(op := node.get("op"), str):
            return self._operation(op, node.get("args"), depth + 1)
        if "property" in node:
            return self._property(node["property"])
        if cql2_time.is_time(node):
            return Operand("time", "", cql2_time.windows(node, self._dataset, self._windows))
        if cql2_space.is_geometry(node):
            drawn = cql2_space.drawn(node)
            return Operand("geometry", f"ST_GeomFromText({literal(drawn.wkt)})", drawn)
        raise FilterError(f"{json.dumps(node)[:60]} is not a part of CQL2")

    def _property(self, name: Any) -> Operand:
        text = str(name).removeprefix("properties.")
        names = known_names(self._dataset)
        found = names.get(text)
        if found is None:
            near = " or ".join(near_matches(text[:60], names)) or _NAMES
            raise FilterError(f"there is no name {text[:60]!r} to filter by: did you mean {near}?")
        if found.kind == "time":
            return Operand("time", "", cql2_time.of_property(text, self._dataset))
        return Operand(found.kind, found.sql)

    def _windows(self, name: Any) -> cql2_time.Windows:
        """The bound of an interval that is a property."""
        found = self._property(name)
        if found.kind != "time":
            raise FilterError(f"an interval takes a time, not {_article(found.kind)}")
        windows: cql2_time.Windows = found.value
        return windows

    def _operation(self, written: str, args: Any, depth: int) -> Operand:
        op = written.lower()
        for names, write in _OPERATIONS.items():
            if op in names:
                count = _COUNTS.get(op)
                if not isinstance(args, list) or (count is not None and len(args) != count):
                    raise FilterError(f"{written} takes {count or 'several'} arguments")
                return write(self, op, args, depth)
        raise FilterError(f"there is no operator or function {written[:60]!r} in CQL2")

    def _all(self, nodes: Sequence[Any], kind: str, op: str, depth: int) -> list[Operand]:
        """Operands that must all be of one kind."""
        found = [self.operand(node, depth) for node in nodes]
        for each in found:
            if each.kind != kind:
                raise FilterError(f"{op} takes {_article(kind)}, not {_article(each.kind)}")
        return found

    def _logic(self, op: str, args: list[Any], depth: int) -> Operand:
        parts = [part.sql for part in self._all(args, "bool", op, depth)]
        if not parts:
            raise FilterError(f"{op} takes conditions, and has none")
        return Operand("bool", f"({f' {op.upper()} '.join(parts)})")

    def _not(self, op: str, args: list[Any], depth: int) -> Operand:
        (part,) = self._all(args, "bool", op, depth)
        return Operand("bool", f"(NOT {part.sql})")

    def _comparison(self, op: str, args: list[Any], depth: int) -> Operand:
        left, right = self._alike(op, args, depth)
        if left.kind == "time":
            return self._by_season(op, left, right)
        return Operand("bool", f"({left.sql} {_COMPARISONS[op]} {right.sql})")

    def _between(self, op: str, args: list[Any], depth: int) -> Operand:
        each, low, high = self._alike(op, args, depth)
        if each.kind == "time":
            parts = self._by_season(">=", each, low).sql, self._by_season("<=", each, high).sql
            return Operand("bool", f"({' AND '.join(parts)})")
        return Operand("bool", f"({each.sql} BETWEEN {low.sql} AND {high.sql})")

    def _in(self, op: str, args: list[Any], depth: int) -> Operand:
        if not isinstance(args[1], list) or not args[1]:
            raise FilterError("in takes a list of at least one value")
        each, *options = self._alike(op, [args[0], *args[1]], depth)
        if each.kind == "time":
            parts = [self._by_season("=", each, option).sql for option in options]
            return Operand("bool", f"({' OR '.join(parts)})")
        return Operand("bool", f"({each.sql} IN ({', '.join(o.sql for o in options)}))")

    def _alike(self, op: str, nodes: Sequence[Any], depth: int) -> list[Operand]:
        """Operands that compare; beside a time, a text is one."""
        found = [self.operand(node, depth) for node in nodes]
        kinds = dict.fromkeys(each.kind for each in found)
        if kinds.keys() == {"time", "text"}:
            found = [self._as_time(each) for each in found]
        elif len(kinds) > 1:
            raise FilterError(f"{op} does not compare {' with '.join(map(_article, kinds))}")
        elif (other := _EQUALITY.get(found[0].kind)) is not None:
            raise FilterError(f"{op} does not compare {_article(found[0].kind)}: write {other}")
        return found

    def _as_time(self, found: Operand) -> Operand:
        if found.kind == "text" and isinstance(found.value, str):
            return Operand("time", "", cql2_time.of_text(found.value, self._dataset))
        return found

    def _by_season(self, op: str, left: Operand, right: Operand) -> Operand:
        return Operand("bool", cql2_time.condition(op, left.value, right.value))

    def _null(self, _: str, args: list[Any], depth: int) -> Operand:
        found = self.operand(args[0], depth)
        return Operand("bool", f"({found.sql} IS NULL)" if found.sql else "false")

    def _like(self, op: str, args: list[Any], depth: int) -> Operand:
        text, pattern = self._all(args, "text", op, depth)
        if not isinstance(pattern.value, str):
            raise FilterError("like takes a pattern in quotes: write country LIKE 'K%'")
        if len(re.findall(r"\\*$", pattern.value)[0]) % 2:
            raise FilterError(
                f"{pattern.value[-60:]!r} ends with \\, which escapes what follows it"
            )
        return Operand("bool", f"({text.sql} LIKE {pattern.sql} ESCAPE '\\')")

    def _text(self, op: str, args: list[Any], depth: int) -> Operand:
        (text,) = self._all(args, "text", op, depth)
        return Operand("text", _TEXTS[op].format(text.sql), text.value)

    def _arithmetic(self, op: str, args: list[Any], depth: int) -> Operand:
        # Integers and decimals of SQL overflow.
        left, right = (f"CAST({s.sql} AS DOUBLE)" for s in self._all(args, "number", op, depth))
        divisor = _null_unless("v <> 0", right) if op in _DIVISIONS else right
        # DuckDB sorts NaN above all numbers.
        sql = _null_unless("NOT isnan(v)", _ARITHMETIC[op].format(left, divisor))
        return Operand("number", sql)

    def _arrays(self, op: str, args: list[Any], depth: int) -> Operand:
        sides = [side.sql for side in self._all(args, "array", op, depth)]
        return Operand("bool", _ARRAYS[op].format(*sides))

    def _space(self, op: str, args: list[Any], depth: int) -> Operand:
        left, right = self._all(args, "geometry", op, depth)
        drawn = [side.value for side in (left, right) if side.value is not None]
        return Operand("bool", cql2_space.condition(op, left.sql, right.sql, drawn))

    def _time(self, op: str, args: list[Any], depth: int) -> Operand:
        sides = [self._as_time(self.operand(node, depth)) for node in args]
        for side in sides:
            if side.kind != "time":
                raise FilterError(f"{op} takes a time, not {_article(side.kind)}")
        return self._by_season(op, *sides)


_OPERATIONS: Final[dict[frozenset[str], Callable[[_Writer, str, list[Any], int], Operand]]] = {
    frozenset({"and", "or"}): _Writer._logic,  # noqa: SLF001 - this is its table
    frozenset({"not"}): _Writer._not,  # noqa: SLF001
    frozenset(_COMPARISONS): _Writer._comparison,  # noqa: SLF001
    frozenset({"between"}): _Writer._between,  # noqa: SLF001
    frozenset({"in"}): _Writer._in,  # noqa: SLF001
    frozenset({"isnull"}): _Writer._null,  # noqa: SLF001
    frozenset({"like"}): _Writer._like,  # noqa: SLF001
    frozenset(_TEXTS): _Writer._text,  # noqa: SLF001
    frozenset(_ARITHMETIC): _Writer._arithmetic,  # noqa: SLF001
    frozenset(_ARRAYS): _Writer._arrays,  # noqa: SLF001
    frozenset(cql2_space.OPERATORS): _Writer._space,  # noqa: SLF001
    frozenset(cql2_time.OPERATORS): _Writer._time,  # noqa: SLF001
}
_COUNTS: Final = {
    **dict.fromkeys(("not", "isnull", *_TEXTS), 1),
    **dict.fromkeys((*_COMPARISONS, "in", "like", *_ARITHMETIC, *_ARRAYS), 2),
    **dict.fromkeys((*cql2_space.OPERATORS, *cql2_time.OPERATORS), 2),
    "between": 3,
}
"""How many arguments an operator takes; all others take several."""


def _null_unless(test: str, number: str) -> str:
    """A number that meets a test of `v`, else null.

    `nullif` and CASE repeat the number, in SQL or in DuckDB's plan, and so would double it at each
    level of a nested expression.
    """
    return f"list_filter([{number}], lambda v: {test})[1]"


def _number(value: float) -> str:
    """A whole number without its `.0`: DuckDB compares it with integers as it is."""
    return literal(int(value) if value.is_integer() and abs(value) < 2**53 else value)


def _article(kind: str) -> str:
    names = {"bool": "a condition", "array": "an array", "text": "a text"}
    return names.get(kind, f"a {kind}")
