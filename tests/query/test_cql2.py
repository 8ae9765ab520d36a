"""CQL2 selects what the same condition does in plain Python and shapely, or is refused at once."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import cql2
import pytest
import shapely
from cql2_in_python import ALLEN, NOISE, SETS, SPATIAL, Row, Tree, holds, moment
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from catalog import Catalog
from catalog.datasets import SEN12MS
from catalog.errors import CatalogError, FilterError
from catalog.query import cql2 as language
from catalog.query.queryables import known_names, queryables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Small


# Random filters.

prop = lambda *names: st.sampled_from(names).map(lambda name: {"property": name})  # noqa: E731
operation = lambda names, *args: st.builds(  # noqa: E731
    lambda op, found: {"op": op, "args": list(found)}, st.sampled_from(names), st.tuples(*args)
)
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
words = st.sampled_from(
    ["winter", "spring", "train", "test", "KOR", "ITA", "kor", "Asia", "Europe", "forest", "é", ""]
)
text_names = prop(
    *("sen12ms:season", "season", "local_season", "split", "country", "continent", "id"),
    *("dominant_cover", "dominant_igbp", "proj:code", "scene_id"),
)
texts = text_names | operation(("casei", "accenti"), text_names | words)
number_names = prop(
    *("scene", "patch", "lon", "lat", "cover.forest", "cover.water", "cover.cropland"),
    *("igbp.savanna", "igbp.urban", "lccs_lu.urban", "lccs_sh.tundra", "sen12ms:scene"),
)
constants = st.sampled_from([0.0, 1.0, -1.0, 0.1, 0.25, 0.5, 3.0, 123.0, 45.123456789012345, 1e20])
numbers = st.recursive(
    number_names | constants | st.floats(-1e6, 1e6),
    lambda inner: operation(("+", "-", "*", "/", "%", "div", "^"), inner, inner),
    max_leaves=4,
)
centres = [(38.2, -17.3), (-48.6, -1.2), (10.5, 44.8), (126.8, 38.0), (5.7, 51.0), (179.99, -16.8)]


@st.composite
def shapes(draw: st.DrawFn) -> Tree:
    west, south = draw(st.sampled_from(centres))
    west, south = min(west + draw(st.floats(-0.3, 0.3)), 179.9), south + draw(st.floats(-0.3, 0.3))
    size = draw(st.sampled_from([0.01, 0.1, 1.0, 10.0]))
    east, north = min(west + size, 180.0), min(south + size, 90.0)
    triangle = shapely.Polygon([(west, south), (east, south), (east, north)])
    drawn = [
        *(box(west, south, east, north), triangle, shapely.Point(west, south)),
        shapely.LineString([(west, south), (east, north)]),
        shapely.MultiPolygon([triangle, box(0, 0, 1, 1)]),
    ]
    return json.loads(json.dumps(mapping(draw(st.sampled_from(drawn)))))


days = st.sampled_from(["2016-12-01", "2017-03-01", "2017-05-30", "2017-06-15", "2017-12-31", ".."])
intervals = (
    st.tuples(days, days)
    .filter(lambda ends: moment(ends[0]) <= moment(ends[1], last=True))
    .map(lambda ends: {"interval": list(ends)})
)
dates = days.filter(lambda text: text != "..").map(lambda text: {"date": text})
times = prop("datetime", "start_datetime", "end_datetime")
issues = st.lists(st.sampled_from(["excluded", "no_footprint", "unknown_class", "x"]), max_size=2)
ovals = prop("geometry")
simple = st.one_of(
    operation(COMPARISONS, texts, texts | words),
    operation(COMPARISONS, numbers, numbers),
    operation(("between",), numbers, numbers, numbers),
    operation(("in",), texts, st.lists(words, min_size=1, max_size=3)),
    operation(("in",), numbers, st.lists(numbers, min_size=1, max_size=3)),
    operation(("like",), texts, st.sampled_from(["K%", "%r", "_inter", "%", "s%_g", "IT_", ""])),
    operation(("isNull",), texts | numbers | ovals),
    operation(tuple(SPATIAL), ovals, shapes()),
    operation(tuple(SPATIAL), shapes(), ovals),
    operation((*ALLEN, "t_intersects", "t_disjoint"), times, intervals | dates | times),
    operation(COMPARISONS, times, dates),
    operation(tuple(SETS), prop("issues"), issues),
    prop("complete"),
    st.booleans(),
)
filters = st.recursive(
    simple,
    lambda inner: st.one_of(
        operation(("and", "or"), inner, inner),
        operation(("and", "or"), inner, inner, inner),
        operation(("not",), inner),
    ),
    max_leaves=6,
)


class Known:
    """A catalog, and the rows of its patches; hypothesis would print those of a dataclass."""

    def __init__(self, catalog: Catalog, rows: list[Row]) -> None:
        self.catalog, self.rows = catalog, rows


@pytest.fixture(scope="module")
def known(small: Small, ragged: Path) -> Iterator[list[Known]]:
    """Two catalogs with their rows: null land cover, splits and countries among them."""
    found = [known_of(Catalog.open(folder)) for folder in (small.out, ragged)]
    yield found
    for each in found:
        each.catalog.close()


@pytest.fixture(scope="module")
def many(thousands: Path) -> Iterator[Known]:
    with Catalog.open(thousands) as catalog:
        known = known_of(catalog)
        assert len(known.rows) == 2016
        yield known


def known_of(catalog: Catalog) -> Known:
    table = catalog.sql("FROM patches ORDER BY season, scene, patch").to_arrow_table()
    rows = [row | {"geometry": outline(row["geometry"])} for row in table.to_pylist()]
    return Known(catalog, rows)


def outline(wkb: bytes | None) -> Any:
    return wkb and shapely.from_wkb(wkb)


@pytest.mark.slow
@settings(max_examples=400)
@given(tree=filters)
def test_a_random_filter_selects_what_the_same_condition_does_in_python(
    known: list[Known], tree: Any
) -> None:
    given_filter = (
        tree if isinstance(tree, dict) and "op" in tree else {"op": "and", "args": [tree]}
    )
    for each in known:
        catalog, rows = each.catalog, each.rows
        expected = [row["id"] for row in rows if holds(row, given_filter) is True]
        assert catalog.select(filter=given_filter).ids == expected
        refuted = [row["id"] for row in rows if holds(row, given_filter) is False]
        assert catalog.select(filter={"op": "not", "args": [given_filter]}).ids == refuted


@pytest.mark.slow
@settings(max_examples=100)
@given(tree=filters)
def test_a_random_filter_selects_the_same_of_2000_patches_all_over_the_world(
    many: Known, tree: Any
) -> None:
    given_filter = (
        tree if isinstance(tree, dict) and "op" in tree else {"op": "and", "args": [tree]}
    )
    expected = [row["id"] for row in many.rows if holds(row, given_filter) is True]
    assert many.catalog.select(filter=given_filter).ids == expected


@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
@pytest.mark.parametrize("op", ["+", "*", "/", "%", "div", "^"])
def test_arithmetic_nested_fifty_deep_is_answered(known: list[Known], op: str, left: bool) -> None:
    number: Tree = {"property": "patch"}
    for _ in range(50):
        sides = [number, {"property": "lon"}]
        number = {"op": op, "args": sides if left else sides[::-1]}
    tree = {"op": "<", "args": [number, 3]}
    for each in known:
        expected = [row["id"] for row in each.rows if holds(row, tree) is True]
        assert each.catalog.select(filter=tree).ids == expected


TEXTS: dict[str, str] = {
    "season = 'winter' AND cover.forest > 0.5": "season = 'winter' AND cover.forest > 0.5",
    "sen12ms:scene BETWEEN 1 AND 120 OR lat < 0": "scene BETWEEN 1 AND 120 OR lat < 0",
    "country NOT IN ('KOR', 'ITA')": "country NOT IN ('KOR', 'ITA')",
    "CASEI(country) LIKE CASEI('k%')": "country = 'KOR'",
    "NOT split IS NULL": "split IS NOT NULL",
    "S_INTERSECTS(geometry, BBOX(10, 44, 11, 45))": "scene = 142",
    "S_INTERSECTS(geometry, POLYGON((10 44, 11 44, 11 45, 10 45, 10 44)))": "scene = 142",
    "T_INTERSECTS(datetime, INTERVAL('..', '2017-02-28'))": "season = 'winter'",
    "T_AFTER(datetime, DATE('2017-08-31'))": "season = 'fall'",
    "datetime >= TIMESTAMP('2017-06-01T00:00:00Z')": "season IN ('summer', 'fall')",
    "end_datetime < '2017-06-01'": "season IN ('winter', 'spring')",
    "A_OVERLAPS(issues, ('excluded', 'off_grid'))": "len(issues) > 0 AND false",
    "lon + 2 * lat > 100": "lon + 2 * lat > 100",
    "properties.season = 'fall'": "season = 'fall'",
    "country LIKE '%\\%%'": "false",
    "country = 'x'' OR 1=1 --'": "false",
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_json_select_what_sql_does(cat: Catalog, table_cat: Catalog, text: str) -> None:
    expected = cat.select(where=TEXTS[text]).ids
    assert cat.select(filter=text).ids == expected
    assert table_cat.select(filter=text).ids == expected
    tree = cql2.parse_text(text).to_json()
    assert cat.select(filter=tree).to_sql() == cat.select(filter=text).to_sql()
    assert cat.select(filter=json.dumps(tree)).to_sql() == cat.select(filter=text).to_sql()


def test_a_filter_narrows_other_filters_and_is_kept_in_manifests(cat: Catalog) -> None:
    text = "scene = 126 AND patch > 160"
    selection = cat.select(season="fall", filter=text)
    assert selection.ids == cat.select(where=["season = 'fall'", text]).ids
    assert selection.manifest().made["filter"] == {"season": ["fall"], "filter": text}


def test_every_name_that_is_published_has_a_value_or_a_kind_that_is_refused(cat: Catalog) -> None:
    for name, queryable in queryables(SEN12MS).items():
        found = cat.select(filter=f'"{name}" IS NULL OR NOT "{name}" IS NULL')
        assert len(found) == 54, name
        assert queryable.schema["title"]
    assert set(queryables(SEN12MS)) < set(known_names(SEN12MS))


def test_choices_in_the_schemas_are_those_of_the_catalog(cat: Catalog) -> None:
    for name, queryable in queryables(SEN12MS).items():
        if "enum" in queryable.schema and name != "collection":
            found = {
                row[0]
                for row in cat.sql(f"SELECT DISTINCT {queryable.sql} FROM patches").fetchall()
            }
            assert found - {None} <= set(queryable.schema["enum"]), name


POLYGON = "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"
REFUSED: dict[str, str] = {
    "lcover = 1": "there is no name 'lcover' to filter by",
    "seson = 'winter'": "did you mean season",
    "read_text('/etc/passwd') = 'x'": "there is no operator or function 'read_text'",
    "season > 1": "> does not compare a text with a number",
    "lon": "the filter is a number, not a condition",
    "season = NULL": "write IS NULL",
    "geometry = geometry": "write S_EQUALS",
    "issues = issues": "write A_EQUALS",
    "lon AND lat": "and takes a condition, not a number",
    "NOT lon": "not takes a condition",
    "casei(lon) = 'x'": "casei takes a text, not a number",
    "lon + 'x' = 1": "+ takes a number, not a text",
    "country LIKE country": "like takes a pattern in quotes",
    "country LIKE 'a\\'": "escapes what follows it",
    f"S_INTERSECTS(geometry, {POLYGON})": "is not valid: Self-intersection",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1-1, 1 1, 0 0)))": "Missing closing parenthesis",
    "S_INTERSECTS(geometry, 'x')": "s_intersects takes a geometry, not a text",
    "S_INTERSECTS(geometry, BBOX(0, 50, 1, 40))": "has its south above its north",
    "S_INTERSECTS(geometry, POINT(500 0))": "give longitude and latitude in degrees",
    "A_CONTAINS(issues, (1, 2))": "cannot hold a number",
    "A_CONTAINS(season, ('a', 'b'))": "a_contains takes an array, not a text",
    "T_AFTER(datetime, 5)": "t_after takes a time, not a number",
    "T_AFTER(datetime, DATE('2017-13-01'))": "is not a time",
    "T_AFTER(datetime, TIMESTAMP('yesterday'))": "'yesterday' is not a time",
    "T_DURING(datetime, INTERVAL('2018-01-01', '2017-01-01'))": "ends before it starts",
    "T_DURING(datetime, INTERVAL(lon, '..'))": "an interval takes a time, not a number",
    "season = 'winter": "the parser stops at character",
    "season = 'winter' AND": "write season = 'winter' AND cover.forest > 0.5",
    "": "is not CQL2",
    "lon = 1e400": "give a finite one",
    "(" * 5000: "nests more than 10 parentheses",
    "((lon = 1)": "parentheses that do not match",
    "NOT " * 4000 + "lon = 1": "more than 60 operators in a row",
    "-" * 19000 + "lon = 1": "more than 60 operators in a row",
    "lon = 1 OR " * 4000: "the filter has 44,000 characters, more than 20,000",
    "lon IN (" + ",".join(["1"] * 9000) + ")": "longer than 5,000 parts",
    '{"op": "=", "args": [{"property": "lon"}]}': "= takes 2 arguments",
    '{"op": "in", "args": [{"property": "lon"}, []]}': "at least one value",
    '{"op": "and", "args": []}': "and takes conditions, and has none",
    '{"op": "sql", "args": ["DROP TABLE patches"]}': "there is no operator or function 'sql'",
    '{"op": "=", "args": [{"bbox": [1, 2]}, 1]}': "is not a box",
    '{"op": "not", "args": [' * 100 + "true" + "]}" * 100: "recursion limit exceeded",
    '{"property": "complete"': "is not CQL2",
    '{"property": 5}': "is not CQL2",
    '{"op": "=", "args": ["\\u0000", {"property": "id"}]}': "holds a NUL character",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_is_refused_says_why_in_one_sentence(cat: Catalog, text: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(REFUSED[text])) as error:
        cat.select(filter=text)
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("value", [1, ["lon = 1"], {"op": {1, 2}}, b"lon = 1"], ids=str)
def test_what_is_neither_text_nor_json_is_refused(cat: Catalog, value: Any) -> None:
    with pytest.raises(FilterError, match=r"is not (CQL2|JSON)"):
        cat.select(filter=value)


@settings(max_examples=300)
@given(
    pieces=st.lists(st.sampled_from(NOISE), min_size=1, max_size=60),
    repeats=st.sampled_from([1, 1, 1, 10, 300]),
)
def test_noise_is_answered_or_refused_within_a_tenth_of_a_second(
    pieces: list[str], repeats: int
) -> None:
    text = "".join(pieces) * repeats
    start = time.thread_time()
    try:
        sql = language.condition(text, SEN12MS)
    except CatalogError:
        sql = ""
    assert time.thread_time() - start < 0.1
    assert ";" not in re.sub(r"'(?:[^']|'')*'", "", sql)
