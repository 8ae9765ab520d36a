"""Random CQL2 filters, as the trees of its JSON; `cql2_in_python` says what each selects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import shapely
from cql2_in_python import ALLEN, SETS, SPATIAL, moment
from shapely.geometry import box, mapping

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from cql2_in_python import Tree

_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=")
_ARITHMETIC: Final = ("+", "-", "*", "/", "%", "div", "^")
_WORDS: Final = (
    *("winter", "train", "test", "ITA", "ita", "Africa", "savanna", "ROIs1158_spring_1_p30", ""),
    *("é", "e\u0301", "𝒳", "%", "_", "\\", "'", "''", '"', "x' OR 1=1 --", "$1", "?", "/* */"),
    *("'; DROP TABLE patches; --", "a\nb", "{}", "\u202e"),
)
_PATTERNS: Final = ("I%", "%a", "_ai%", "%", "s%_g", "IT_", "", "'%", "%1158%")
_TEXT_NAMES: Final = (
    *("sen12ms:season", "season", "local_season", "split", "country", "continent", "id"),
    *("dominant_cover", "dominant_igbp", "proj:code", "scene_id"),
)
_NUMBER_NAMES: Final = (
    *("scene", "patch", "lon", "lat", "cover.forest", "cover.water", "igbp.savanna"),
    *("igbp.urban", "lccs_lu.urban", "lccs_sh.tundra", "sen12ms:scene", "sen12ms:patch"),
)
_NUMBERS: Final = (0, 1, -1, 0.1, 0.25, 0.5, 3.0, 142, 45.123456789012345, 1e20, 1e-320, 2**53 + 1)
_TIMES: Final = ("datetime", "start_datetime", "end_datetime")
_DAYS: Final = ("2016-12-01", "2017-03-01", "2017-05-30", "2017-06-15", "2017-12-31", "..")
CENTRES: Final = ((37.8, -17.0), (10.5, 44.9), (5.7, 50.9), (179.99, -16.8))
_GEOMETRY: Final = {"property": "geometry"}
_ISSUES: Final = ("excluded", "no_footprint", "unknown_class", "x'")
_MOST_DEPTH: Final = 4


class Trees:
    """Filters that are valid, drawn from a seeded generator.

    Parameters
    ----------
    draw : Random
        Decides everything.
    """

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    def filter(self) -> Tree:
        """A whole filter."""
        found = self._condition(0)
        is_operation = isinstance(found, dict) and "op" in found
        return found if is_operation else {"op": "and", "args": [found]}

    def _condition(self, depth: int) -> Any:
        kind = self._draw.random()
        if depth >= _MOST_DEPTH or kind < 0.5:
            return self._draw.choice(self._leaves())()
        if kind < 0.65:
            return self._operation(("not",), self._condition(depth + 1))
        parts = [self._condition(depth + 1) for _ in range(self._draw.randint(2, 3))]
        return self._operation(("and", "or"), *parts)

    def _leaves(self) -> tuple[Callable[[], Any], ...]:
        return (
            lambda: self._operation(_COMPARISONS, self._text(), self._text_or_word()),
            lambda: self._operation(_COMPARISONS, self._number(), self._number()),
            lambda: self._operation(("between",), *(self._number() for _ in range(3))),
            lambda: self._operation(("in",), self._text(), self._several(self._word)),
            lambda: self._operation(("in",), self._number(), self._several(self._number)),
            lambda: self._operation(("like",), self._text(), self._draw.choice(_PATTERNS)),
            lambda: self._operation(("isNull",), self._draw.choice((self._text, self._number))()),
            lambda: self._operation(tuple(SPATIAL), *self._shuffled(_GEOMETRY, self._shape())),
            lambda: self._operation((*ALLEN, "t_intersects", "t_disjoint"), *self._two_times()),
            lambda: self._operation(_COMPARISONS, self._name(_TIMES), self._day()),
            lambda: self._operation(tuple(SETS), {"property": "issues"}, self._issues()),
            lambda: {"property": "complete"},
            lambda: self._draw.random() < 0.5,
        )

    def _operation(self, names: Sequence[str], *args: Any) -> Tree:
        return {"op": self._draw.choice(names), "args": list(args)}

    def _name(self, names: Sequence[str]) -> Tree:
        return {"property": self._draw.choice(names)}

    def _several(self, one: Callable[[], Any]) -> list[Any]:
        return [one() for _ in range(self._draw.randint(1, 3))]

    def _shuffled(self, *args: Any) -> list[Any]:
        return self._draw.sample(args, len(args))

    def _word(self) -> str:
        return self._draw.choice(_WORDS)

    def _text(self) -> Tree:
        if self._draw.random() < 0.7:
            return self._name(_TEXT_NAMES)
        return self._operation(("casei", "accenti"), self._draw.choice((self._text, self._word))())

    def _text_or_word(self) -> Any:
        return self._draw.choice((self._text, self._word))()

    def _number(self) -> Any:
        kind = self._draw.random()
        if kind < 0.4:
            return self._name(_NUMBER_NAMES)
        if kind < 0.6:
            return self._draw.choice(_NUMBERS)
        if kind < 0.8:
            return self._draw.uniform(-1e6, 1e6)
        return self._operation(_ARITHMETIC, self._number(), self._number())

    def _shape(self) -> Tree:
        west, south = (
            value + self._draw.uniform(-0.3, 0.3) for value in self._draw.choice(CENTRES)
        )
        size = self._draw.choice((0.01, 0.1, 1.0, 10.0))
        west = min(west, 179.9)
        east, north = min(west + size, 180.0), south + size
        triangle = shapely.Polygon([(west, south), (east, south), (east, north)])
        drawn = (
            *(box(west, south, east, north), triangle, shapely.Point(west, south)),
            shapely.LineString([(west, south), (east, north)]),
            shapely.MultiPolygon([triangle, box(0, 0, 1, 1)]),
        )
        found: Tree = json.loads(json.dumps(mapping(self._draw.choice(drawn))))
        return found

    def _day(self) -> Tree:
        return {"date": self._draw.choice(_DAYS[:-1])}

    def _two_times(self) -> list[Tree]:
        start, end = self._draw.choice(_DAYS), self._draw.choice(_DAYS)
        if moment(start) > moment(end, last=True):
            start, end = end, start
        other = self._draw.choice((self._day(), {"interval": [start, end]}, self._name(_TIMES)))
        return [self._name(_TIMES), other]

    def _issues(self) -> list[str]:
        return [self._draw.choice(_ISSUES) for _ in range(self._draw.randrange(3))]
