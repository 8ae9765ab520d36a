"""What the statements behind Python and the command line answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import shapely

from catalog.query.conditions import filter_parameters
from catalog.query.statements import sql_folder, statement

if TYPE_CHECKING:
    from catalog import Catalog
    from tests.conftest import Golden
    from tests.sql.conftest import Answers

NOWHERE = dict.fromkeys(("west", "south", "east", "north"))
KOREA = {"west": 126.9, "south": 37.9, "east": 126.95, "north": 38.1}
PIECES = [shapely.to_wkb(shapely.box(10.55, 44.6, 10.62, 45))]
MOVED = {"old": "/", "new": "s3://bucket/"}

SAMPLES: dict[str, dict[str, Any]] = {
    "candidates": {},
    "chosen_centroid": {"pieces": PIECES},
    "chosen_except": {},
    "chosen_files": MOVED,
    "chosen_ids": {"ids": ["ROIs2017_winter_123_p30", "ROIs1158_spring_1_p30", "nonsense"]},
    "chosen_in_box": KOREA | {"most": 3},
    "chosen_intersects": {"pieces": PIECES},
    "chosen_members": {"sensors": ["s2", "lc"]} | MOVED,
    "chosen_places": {},
    "chosen_rows": {"old": None, "new": None},
    "chosen_samples": {"count": 3, "old": None, "new": None},
    "chosen_scenes": {},
    "chosen_summary": MOVED,
    "chosen_within": {"pieces": PIECES},
    "countries": {"degrees": 5.0},
    "ids": {},
    "info_continent": {},
    "info_dominant_cover": {},
    "info_season": {},
    "info_split": {},
    "info_total": {},
    "named_regions": {"name": "Georgia"},
    "patches_hash": {},
    "patch_files": {"id": "ROIs1868_summer_142_p180", "old": None, "new": None},
    "region_names": {},
    "region_pieces": {"kind": "country", "name": "Belgium"},
    "select": filter_parameters(season="winter", cover={"water": (0, 0.9)}) | KOREA,
    "select_as_sql": {
        "season": ["summer", "fall"],
        "local_season": None,
        "split": ["train"],
        "complete": True,
        "sensors": ["s2"],
        "bounds": ["cover_forest_low", "igbp_water_high"],
        "shares": [0.25, 0.5],
        "kinds": ["country", "state"],
        "names": ["Côte d'Ivoire", "Texas"],
        "shape": None,
        "not_kinds": ["continent"],
        "not_names": ["Asia"],
        "not_shape": "POINT (1 2)",
        "predicate": "within",
        "expression": "patch > 30",
        "ids": None,
    },
}
"""Parameters by file. `chosen` and `included` are all but spring, `excluded` is winter."""

WITHOUT_ORDER = {"candidates": "id", "region_pieces": "piece"}
"""What the answers are ordered by here, since nothing else orders them."""
WITH_PATHS = {"patches_hash"}
"""What is another number for every place where the dataset lies."""


def asked(cat: Catalog, name: str, parameters: dict[str, Any]) -> duckdb.DuckDBPyRelation:
    """The answer of a statement, with the views that Python makes for it."""
    cursor = cat.cursor()
    cursor.register("candidates", cursor.sql(statement("queries/candidates")))
    seasons = filter_parameters(season=["summer", "fall", "winter"]) | NOWHERE
    cursor.register("chosen", cursor.sql(statement("queries/select"), params=seasons))
    cursor.register("included", cursor.sql(statement("queries/select"), params=seasons))
    winter = filter_parameters(season="winter") | NOWHERE
    cursor.register("excluded", cursor.sql(statement("queries/select"), params=winter))
    text = statement(f"queries/{name}")
    return cursor.sql(text, params=parameters) if parameters else cursor.sql(text)


def test_every_query_has_a_sample() -> None:
    files = (Path(str(sql_folder())) / "queries").iterdir()
    assert {path.stem for path in files} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_gives_exactly_the_parameters(name: str) -> None:
    (parsed,) = duckdb.extract_statements(statement(f"queries/{name}"))
    assert set(SAMPLES[name]) == parsed.named_parameters


@pytest.mark.parametrize("name", SAMPLES)
def test_query_answers_so(
    cat: Catalog, table_cat: Catalog, answers: Answers, golden: Golden, name: str
) -> None:
    text, other = (answers.text(ordered(each, name)) for each in (cat, table_cat))
    if name not in WITH_PATHS:
        golden.check(f"sql/queries/{name}.csv", text)
    assert other == text


def ordered(cat: Catalog, name: str) -> duckdb.DuckDBPyRelation:
    answer = asked(cat, name, SAMPLES[name])
    return answer.order(WITHOUT_ORDER[name]) if name in WITHOUT_ORDER else answer


def test_no_bound_is_no_filter(cat: Catalog) -> None:
    everything = filter_parameters() | NOWHERE
    assert len(asked(cat, "select", everything)) == 54


@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
def test_region_of_several_pieces_gives_a_patch_once(cat: Catalog, predicate: str) -> None:
    halves = [shapely.box(0, 0, 10.6, 80), shapely.box(10.6, 0, 180, 80)]
    pieces = {"pieces": [shapely.to_wkb(half) for half in halves]}
    found = asked(cat, f"chosen_{predicate}", pieces).project("id").fetchall()
    assert len(found) == len(set(found)) == 36
