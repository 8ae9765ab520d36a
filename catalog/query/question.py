"""The question: which patches, as one SQL text, which is run, shown and passed on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from textwrap import indent
from typing import TYPE_CHECKING, Any, Final

from catalog.query.conditions import in_box, in_list
from catalog.query.describing import described
from catalog.query.literals import filled, literal
from catalog.query.regions import bounds_of
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from catalog.query.literals import Value
    from catalog.query.regions import Regions

ORDER: Final = "ORDER BY season, scene, patch"
_FOOTPRINTS: Final = {
    "intersects": "{}geometry",
    "within": "{}geometry",
    "centroid": "centre({}geometry)",
}
"""What of a patch is compared, with the table that it is in."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where patches lie, or do not."""

    regions: Regions
    """What together is one region."""
    predicate: str = "intersects"
    """How a footprint lies in it: `intersects`, `within` or `centroid`."""
    inside: bool = True
    """Whether patches lie there; otherwise they do not."""

    @property
    def is_joined(self) -> bool:
        """Whether it takes a join: a drawn region that is not subdivided is one literal."""
        region, *others = self.regions
        whole = self.predicate == "within" or len(region.pieces) == 1
        return bool(others or region.named or not whole)

    def comparison(self) -> str:
        """The condition on a patch, for a region that is one literal."""
        relate = "ST_Within" if self.predicate == "within" else "ST_Intersects"
        footprint = _FOOTPRINTS[self.predicate].format("")
        condition = f"{relate}({footprint}, ST_GeomFromText({literal(self.regions[0].wkt)}))"
        # A patch without a footprint lies nowhere.
        return condition if self.inside else f"({condition}) IS NOT TRUE"

    def membership(self, name: str) -> str:
        """The condition on a candidate, with the region in a table of that name."""
        footprint = _FOOTPRINTS[self.predicate].format("candidates.")
        if self.predicate == "within":
            union = f"(SELECT ST_Union_Agg({name}.geometry) FROM {name})"
            condition = f"ST_Within({footprint}, {union})"
            return condition if self.inside else f"({condition}) IS NOT TRUE"
        return (
            f"id {'' if self.inside else 'NOT '}IN (\n"
            "        SELECT candidates.id\n"
            "        FROM candidates\n"
            f"        INNER JOIN {name} ON ST_Intersects({footprint}, {name}.geometry)\n"
            "    )"
        )

    def table(self) -> str:
        """The polygons of the region, as a query."""
        named = sorted({region.named for region in self.regions if region.named})
        whole = self.predicate == "within"
        drawn = dict.fromkeys(
            text
            for region in self.regions
            if not region.named
            for text in ([region.wkt] if whole else region.pieces)
        )
        parts = []
        if named:
            pairs = ", ".join(f"({literal(kind)}, {literal(name)})" for kind, name in named)
            parts.append(f"SELECT geometry\nFROM regions\nWHERE (kind, name) IN ({pairs})")
        if drawn:
            parts.append(f"SELECT ST_GeomFromText(unnest({literal(drawn)})) AS geometry")
        return "\nUNION ALL\n".join(parts)


@dataclass(frozen=True, slots=True)
class Question:
    """Which patches: all that meet every condition and lie in every location."""

    conditions: tuple[str, ...] = ()
    """SQL expressions over `patches`."""
    locations: tuple[Location, ...] = ()
    """Where they lie."""
    where: str | None = None
    """The user's own expression among the conditions: what to blame when DuckDB refuses."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `Catalog.select` that ask the same, ready for JSON."""
    combined: str = ""
    """What was combined, in words; empty for what `given` says."""

    @property
    def words(self) -> str:
        """What is asked, in a few words; empty for all patches."""
        return self.combined or described(self.given)

    def sql(self, columns: Sequence[str] = ("*",), *, ordered: bool = True) -> str:
        """The question over `patches`, with these columns; ordered by season, scene and patch.

        Where regions are joined, the other conditions, bounding boxes among them, come first and
        are materialized: DuckDB would otherwise join every patch.
        """
        joined = [location for location in self.locations if location.is_joined]
        conditions = [*self.conditions, *self._boxes()]
        conditions += [each.comparison() for each in self.locations if not each.is_joined]
        if not joined:
            lines = _select(columns, "patches", conditions)
        else:
            tables = {f"region_{number}": each for number, each in enumerate(joined, 1)}
            members = [each.membership(name) for name, each in tables.items()]
            lines = [
                "WITH candidates AS MATERIALIZED (",
                indent("\n".join(_select(["*"], "patches", conditions)), "    "),
                ")" + "".join(_common_table(name, each) for name, each in tables.items()),
                "",
                *_select(columns, "candidates", members),
            ]
        return "\n".join([*lines, ORDER] if ordered else lines)

    def page(self, columns: Sequence[str], order: Sequence[str], most: int) -> str:
        """At most so many patches, in this order."""
        return f"{self.sql(columns, ordered=False)}\nORDER BY {', '.join(order)}\nLIMIT {most}"

    def about(self, name: str, **values: Value) -> str:
        """A statement of `sql/queries` over `chosen`, which is this question."""
        body = filled(statement(f"queries/{name}"), **values)
        return f"WITH chosen AS (\n{indent(self.sql(ordered=False), '    ')}\n)\n\n{body}"

    def types(self, columns: Sequence[str]) -> str:
        """What tells the types of columns, a row each, without an answer to the question."""
        return f"DESCRIBE {self.sql(columns, ordered=False)}"

    def membership(self) -> str:
        """The condition that a patch is in the answer."""
        return f"id IN (\n{indent(self.sql(('id',), ordered=False), '        ')}\n    )"

    def __and__(self, other: Question) -> Question:
        """Patches that answer both."""
        both = Question(
            (*self.conditions, *other.conditions),
            (*self.locations, *other.locations),
            " AND ".join(filter(None, (self.where, other.where))) or None,
            combined=", ".join(filter(None, (self.words, other.words))),
        )
        shared = self.given.keys() & other.given.keys()
        if all(self.given[name] == other.given[name] for name in shared):
            return replace(both, given={**self.given, **other.given})
        return replace(both, given={"where": [self.membership(), other.membership()]})

    def __or__(self, other: Question) -> Question:
        """Patches that answer one of them, or both."""
        words = f"({self.words or 'all'}) or ({other.words or 'all'})"
        return _where(f"({self.membership()}\n    OR {other.membership()})", words)

    def __sub__(self, other: Question) -> Question:
        """Patches that answer this one, and not the other."""
        return self & _where(f"NOT {other.membership()}", f"not ({other.words or 'all'})")

    def _boxes(self) -> Iterator[str]:
        for location in self.locations:
            if location.inside:
                yield from in_box(*bounds_of(location.regions))


def picked(ids: Iterable[str]) -> Question:
    """The patches on a list."""
    return Question((in_list(ids),))


def _where(condition: str, words: str) -> Question:
    return Question((condition,), given={"where": condition}, combined=words)


def _common_table(name: str, location: Location) -> str:
    return f",\n\n{name} AS (\n{indent(location.table(), '    ')}\n)"


def _select(columns: Iterable[str], table: str, conditions: Sequence[str]) -> list[str]:
    lines = [f"SELECT {', '.join(columns)}", f"FROM {table}"]
    if conditions:
        lines += ["WHERE", "    " + "\n    AND ".join(conditions)]
    return lines
