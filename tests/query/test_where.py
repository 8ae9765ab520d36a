"""One more SQL expression narrows a selection, and can do nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import pytest

from catalog import Catalog, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Golden, Small

    Opened = dict[str, tuple[Catalog, Catalog]]

WHERE: dict[str, Callable[[dict[str, Any]], bool] | None] = {
    "scene = 126": lambda row: row["sen12ms:scene"] == 126,
    "season = 'fall' OR season = 'spring'": lambda row: row["sen12ms:season"] in {"fall", "spring"},
    "cover.water > 0.5": lambda row: row["sen12ms:igbp"]["water"] > 32768,
    "dominant_cover = 'forest' AND len(issues) = 0": None,
    "ST_Area(geometry) > 0": lambda _row: True,
    "season = 'fall' -- and so on": lambda row: row["sen12ms:season"] == "fall",
    "patch IN (SELECT patch FROM patches WHERE season = 'fall')": None,
    "country IN (SELECT code FROM regions WHERE name = 'Italy')": lambda row: (
        row["sen12ms:scene"] == 142
    ),
    "NULL::BOOLEAN": lambda _row: False,
    "false": lambda _row: False,
}
"""What the oracle says of a row of the table; None where it is asked for itself only."""


@pytest.fixture(scope="module")
def rows(small: Small) -> list[dict[str, Any]]:
    frame = geopandas.read_parquet(small.out / "items.parquet")
    ordered = frame.sort_values(["sen12ms:season", "sen12ms:scene", "sen12ms:patch"])
    return ordered.to_dict("records")


def answered(cat: Catalog, query: str) -> list[str]:
    """Ids that a query in plain SQL finds, in its order."""
    return [row[0] for row in cat.sql(query).fetchall()]


@pytest.mark.parametrize("where", WHERE)
def test_where_narrows_the_selection(
    opened: Opened, rows: list[dict[str, Any]], where: str
) -> None:
    whole, table = opened["small"]
    found = whole.select(where=where).ids
    assert found == table.select(where=where).ids
    if (expected := WHERE[where]) is not None:
        assert found == [row["id"] for row in rows if expected(row)]
    other = set(whole.select(region="Asia", cover={"water": 0.1}).ids)
    both = whole.select(where=where, region="Asia", cover={"water": 0.1}).ids
    assert both == [key for key in found if key in other]


@pytest.mark.parametrize("where", WHERE)
def test_where_is_kept_in_the_selection_as_sql(opened: Opened, where: str) -> None:
    whole, _ = opened["small"]
    subset = whole.select(where=where, split="train")
    assert answered(whole, subset.to_sql()) == subset.ids


def test_exact_share_is_kept_in_the_selection_as_sql(opened: Opened) -> None:
    whole, _ = opened["small"]
    for (share,) in whole.sql("SELECT DISTINCT cover.water FROM patches ORDER BY ALL").fetchall():
        subset = whole.select(cover={"water": (share, share)})
        assert subset.ids
        assert answered(whole, subset.to_sql()) == subset.ids


REFUSED_WHERE = {
    "empty": "",
    "nul": "patch > 1\0",
    "not-utf-8": "country = '\udcff'",
    "unknown-column": "forest > 0.5",
    "unknown-function": "nonsense(patch)",
    "unclosed": "season = 'fall",
    "text": "'summer'",
    "number": "1",
    "column": "season",
    "struct": "cover",
    "null": "NULL",
    "aggregate": "count(*) > 1",
    "cast-error": "id::INTEGER > 1",
    "parameter": "patch = $patch",
    "question-mark": "patch = ?",
    "two-statements": "1=1; DROP TABLE patches",
    "two-statements-select": "true; SELECT 1",
    "closed-bracket": "1=1) UNION SELECT 1",
    "open-bracket": "(1=1",
    "union": "1=1 UNION SELECT * FROM patches",
    "other-clauses": "true ORDER BY 1; COPY patches TO 'stolen.csv'",
    "reads-a-file": "(SELECT count(*) FROM read_text('/etc/passwd')) > 0",
    "reads-a-csv": "EXISTS (FROM '/etc/passwd')",
    "unknown-table": "patch IN (SELECT patch FROM secrets)",
}


@pytest.mark.parametrize("case", REFUSED_WHERE)
def test_wrong_where_is_a_query_error_of_one_sentence_with_the_expression(
    opened: Opened, case: str
) -> None:
    where = REFUSED_WHERE[case]
    for cat in opened["small"]:
        with pytest.raises(QueryError) as caught:
            len(cat.select(where=where))
        assert isinstance(caught.value, ValueError)
        message = str(caught.value)
        assert repr(where) in message
        assert "\n" not in message
        assert "-- Which" not in message, "our own SQL is not the user's"


@pytest.mark.parametrize("where", ["x" * 4000, "'" * 3999, "\0" * 4000, "1 = " * 1000])
def test_four_kilobytes_of_nonsense_are_refused_in_a_short_sentence(
    opened: Opened, where: str
) -> None:
    cat, _ = opened["small"]
    with pytest.raises(QueryError) as caught:
        len(cat.select(where=where))
    assert len(str(caught.value)) < 1200


def test_messages_read_well(opened: Opened, golden: Golden) -> None:
    cat, _ = opened["small"]
    lines = []
    for where in REFUSED_WHERE.values():
        with pytest.raises(QueryError) as caught:
            len(cat.select(where=where))
        lines.append(f"{caught.value}")
    golden.check("query/refused_where.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
def test_hostile_where_leaves_the_catalog_as_it_was(
    small: Small, opened: Opened, bare: bool
) -> None:
    files = sorted(path for path in small.out.rglob("*") if path.is_file())
    before = [path.read_bytes() for path in files]
    cat = opened["small"][bare]
    for where in REFUSED_WHERE.values():
        with pytest.raises(QueryError):
            len(cat.select(where=where))
    assert len(cat.select()) == small.report.patches
    assert sorted(path for path in small.out.rglob("*") if path.is_file()) == files
    assert [path.read_bytes() for path in files] == before
