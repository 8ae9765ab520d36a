"""What the examples answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog.query.statements import sql_folder, statement

if TYPE_CHECKING:
    from catalog import Catalog
    from tests.conftest import Golden
    from tests.sql.conftest import Answers

EXAMPLES = sorted(path.stem for path in (Path(str(sql_folder())) / "examples").iterdir())


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_answers_so(
    cat: Catalog, table_cat: Catalog, answers: Answers, golden: Golden, name: str
) -> None:
    query = statement(f"examples/{name}")
    text = answers.text(cat.sql(query))
    golden.check(f"sql/examples/{name}.csv", text)
    assert answers.text(table_cat.sql(query)) == text


def test_there_are_examples() -> None:
    assert "forest_by_country" in EXAMPLES
