"""What the statements behind Python and the command line answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog.query.conditions import one_of
from catalog.query.literals import filled
from catalog.query.question import Question
from catalog.query.statements import sql_folder, statement

if TYPE_CHECKING:
    import duckdb

    from catalog import Catalog
    from tests.conftest import Golden
    from tests.sql.conftest import Answers

SENSORS = ["s1", "s2", "lc"]
CHOSEN = Question((one_of("season", ["summer", "fall", "winter"]),))

SAMPLES: dict[str, dict[str, Any]] = {
    "chosen_archives": {"sensors": ["s2", "lc"], "sizes": ["s2_bytes", "lc_bytes"]},
    "chosen_count": {},
    "chosen_files": {"sensors": SENSORS},
    "chosen_members": {"sensors": ["s2", "lc"], "sizes": ["s2_bytes", "lc_bytes"]},
    "chosen_outlines": {},
    "chosen_samples": {"sensors": SENSORS, "count": 3},
    "chosen_scenes": {},
    "collection": {},
    "countries": {"degrees": 5.0},
    "country_names": {},
    "ids": {},
    "info_groups": {},
    "info_total": {},
    "items": {"ids": ["ROIs1868_summer_142_p180"], "scenes": [142]},
    "items_of_scene": {"season": "summer", "scene": 142},
    "named_regions": {"name": "Georgia"},
    "patch_files": {"id": "ROIs1868_summer_142_p180", "sensors": SENSORS},
    "patches_hash": {},
    "region_bounds": {"kind": "country", "name": "Belgium"},
    "region_names": {},
    "region_pieces": {},
    "region_spellings": {},
    "scene_centres": {},
    "table_metadata": {},
}
"""Parameters by file; those that start with `chosen` are asked of all but spring."""

WITH_PATHS = {"items", "patches_hash"}
"""What is another number for every place where the dataset lies."""


def asked(cat: Catalog, name: str) -> duckdb.DuckDBPyRelation:
    """The answer of a statement."""
    of_table = name in {"collection", "table_metadata"}
    values = SAMPLES[name] | ({"items": cat.items} if of_table else {})
    if "sizes" in SAMPLES[name] or name in {"chosen_files", "items", "items_of_scene"}:
        cat.session.define_files()
    if name.startswith("chosen"):
        return cat.session.relation(CHOSEN.about(name, **values))
    return cat.session.relation(filled(statement(f"queries/{name}"), **values))


def test_every_query_has_a_sample() -> None:
    files = (Path(str(sql_folder())) / "queries").iterdir()
    assert {path.stem for path in files} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_query_answers_so(
    cat: Catalog, table_cat: Catalog, answers: Answers, golden: Golden, name: str
) -> None:
    text, other = (answers.text(asked(each, name)) for each in (cat, table_cat))
    if name not in WITH_PATHS:
        golden.check(f"sql/queries/{name}.csv", text)
    assert other == text


@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
def test_region_of_several_pieces_gives_a_patch_once(cat: Catalog, predicate: str) -> None:
    halves = [(0, 0, 10.6, 80), (10.6, 0, 180, 80)]
    found = cat.select(region=halves, predicate=predicate, season=["summer", "fall", "winter"]).ids
    assert len(found) == len(set(found)) == 36
