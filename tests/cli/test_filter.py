"""`--filter`: CQL2 on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog import Catalog
    from tests.cli.conftest import Run
    from tests.conftest import Small

SEOUL = "season = 'winter' AND S_INTERSECTS(geometry, BBOX(120, 30, 130, 40))"


def test_a_filter_selects_as_it_does_in_python(run: Run, small: Small, expected: Catalog) -> None:
    result = run("select", small.out, "--filter", SEOUL, "--format", "csv")
    assert result.code == 0, result.err
    names = [line.partition(",")[0] for line in result.out.splitlines()[1:]]
    assert names == expected.select(filter=SEOUL).ids != []


def test_a_filter_that_is_not_cql2_is_one_sentence(run: Run, small: Small) -> None:
    result = run("select", small.out, "--filter", "season = 'winter")
    assert result.code == 1
    assert "is not CQL2: the parser stops at character 10" in result.err
