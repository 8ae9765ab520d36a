"""What the views answer, and that their shares are those of the pixels."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.datasets import DEFINITIONS
from catalog.query.statements import sql_folder, statement

if TYPE_CHECKING:
    from tests.conftest import Golden, Small
    from tests.sql.conftest import Answers

PIXELS = 65536
SCHEMES = ("igbp", "lccs_lc", "lccs_lu", "lccs_sh")
SIMPLIFIED = {
    "forest": range(1, 6),
    "shrubland": range(6, 8),
    "savanna": range(8, 10),
    "grassland": [10],
    "wetland": [11],
    "cropland": [12, 14],
    "urban": [13],
    "snow_ice": [15],
    "barren": [16],
    "water": [17],
}
"""IGBP codes of the simplified classes, Schmitt et al. 2020; in the order of the legend."""

SAMPLES = {
    "10_items": {
        "items": 'SELECT id, "proj:code", "sen12ms:igbp", bbox, assets FROM items'
        """ WHERE "sen12ms:patch" = 30 ORDER BY id"""
    },
    "20_patches": {
        "patches": "FROM patches SELECT * EXCLUDE (igbp, lccs_lc, lccs_lu, lccs_sh, cover)"
        " REPLACE (ST_AsWKB(geometry) AS geometry) ORDER BY id",
        "patches_shares": "SELECT id, igbp, lccs_lc, lccs_lu, lccs_sh, cover FROM patches"
        " WHERE patch IN (30, 60, 209, 240) ORDER BY id",
    },
    "30_scenes": {
        "scenes": "FROM scenes SELECT * REPLACE (ST_AsWKB(geometry) AS geometry) ORDER BY scene_id"
    },
    "40_landcover_classes": {"landcover_classes": "FROM landcover_classes ORDER BY band, code"},
    "50_regions": {
        "regions": "FROM regions SELECT * EXCLUDE (geometry, xmin, ymin, xmax, ymax),"
        " count(*) AS pieces, min(xmin) AS xmin, max(ymax) AS ymax"
        " WHERE name IN ('Belgium', 'Georgia', 'Africa', 'Caribbean') GROUP BY ALL ORDER BY ALL"
    },
    "60_region_names": {
        "region_names": "FROM region_names WHERE name IN ('South Korea', 'Georgia') ORDER BY ALL"
    },
    "70_members": {"members": "FROM members"},
    "80_file_sizes": {"file_sizes": "FROM file_sizes ORDER BY id"},
}
"""By file: questions by the name of the golden file."""


def test_every_view_has_a_sample() -> None:
    files = (Path(str(sql_folder())) / "views").iterdir()
    assert {path.stem for path in files} == set(SAMPLES)


@pytest.mark.parametrize(
    ("name", "query"), [entry for entries in SAMPLES.values() for entry in entries.items()]
)
def test_view_answers_so(
    cat: Catalog,
    table_cat: Catalog,
    answers: Answers,
    golden: Golden,
    name: str,
    query: str,
) -> None:
    text = answers.text(table_cat.sql(query))
    golden.check(f"sql/views/{name}.csv", text)
    if name not in {"items", "file_sizes"}:
        assert answers.text(cat.sql(query)) == text


# Classes


def legend(scheme: str) -> list[str]:
    """Class names in the order of their codes, from the legend alone."""
    with (DEFINITIONS / "sen12ms" / "landcover_classes.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["scheme"] == scheme]
    return [row["class"] for row in sorted(rows, key=lambda row: int(row["code"]))]


def fields(cat: Catalog, column: str) -> list[str]:
    """Names in a struct of `patches`."""
    (kind,) = cat.sql(f"FROM patches SELECT {column}").types
    return [name for name, _ in kind.children]


@pytest.mark.parametrize(
    ("scheme", "size"), [("igbp", 17), ("lccs_lc", 16), ("lccs_lu", 11), ("lccs_sh", 10)]
)
def test_struct_has_the_classes_of_the_legend_in_its_order(
    cat: Catalog, scheme: str, size: int
) -> None:
    assert fields(cat, scheme) == legend(scheme)
    assert len(legend(scheme)) == size


def test_cover_has_the_ten_simplified_classes_in_their_order(cat: Catalog) -> None:
    assert fields(cat, "cover") == list(SIMPLIFIED)


def test_legend_says_which_simplified_class_an_igbp_class_belongs_to(cat: Catalog) -> None:
    asked = "SELECT code, cover FROM landcover_classes WHERE scheme = 'igbp'"
    assert dict(cat.sql(asked).fetchall()) == {
        code: name for name, codes in SIMPLIFIED.items() for code in codes
    }
    others = "SELECT DISTINCT cover FROM landcover_classes WHERE scheme != 'igbp'"
    assert cat.sql(others).fetchall() == [(None,)]


def test_view_text_names_every_class_of_the_legends_and_no_other() -> None:
    text = statement("views/20_patches")
    for scheme in SCHEMES:
        named = re.findall(rf'"sen12ms:{scheme}"\.(\w+)', text)
        assert set(named) == set(legend(scheme))
        assert len(named) == len(legend(scheme)) * (2 if scheme == "igbp" else 1)


# Shares

Counts = dict[str, Any]


@pytest.fixture(scope="module")
def painted(small: Small, tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, list[Counts]]:
    """The small table with counts of our own: ties, unknown codes, no land cover, noise."""
    table = pq.read_table(small.out / "items.parquet")
    generator = np.random.default_rng(7)
    special: list[dict[int, int] | None] = [
        None,
        {18: PIXELS},
        {10: PIXELS // 2, 12: PIXELS // 2},
        {17: PIXELS // 2, 1: PIXELS // 4, 2: PIXELS // 4},
        {9: PIXELS // 2, 12: PIXELS // 4, 14: PIXELS // 4},
        {17: 1, 18: PIXELS - 1},
        {3: PIXELS},
    ]
    counts: list[Counts] = []
    for index, key in enumerate(table["id"].to_pylist()):
        by_code = dict(enumerate(generator.multinomial(PIXELS, [1 / 18] * 18).tolist(), start=1))
        if index < len(special):
            given = special[index]
            by_code = None if given is None else dict.fromkeys(range(1, 19), 0) | given
        counts.append({"id": key, "igbp": by_code})
    column = table.schema.field("sen12ms:igbp")
    names = [field.name for field in column.type]
    values = [row["igbp"] and dict(zip(names, row["igbp"].values(), strict=True)) for row in counts]
    position = table.schema.get_field_index("sen12ms:igbp")
    table = table.set_column(position, column, pa.array(values, column.type))
    path = tmp_path_factory.mktemp("painted") / "items.parquet"
    metadata = pq.read_metadata(small.out / "items.parquet").metadata
    pq.write_table(table.replace_schema_metadata({b"geo": metadata[b"geo"]}), path)
    return Catalog.open(path), counts


def test_shares_are_counts_of_the_65_536_pixels(painted: tuple[Catalog, list[Counts]]) -> None:
    cat, counts = painted
    found = dict(cat.sql("SELECT id, igbp FROM patches").fetchall())
    for row in counts:
        codes = row["igbp"] or dict.fromkeys(range(1, 18))
        expected = [None if n is None else n / PIXELS for n in list(codes.values())[:17]]
        assert list(found[row["id"]].values()) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shares_of_indexed_patches_are_their_counts(
    small: Small, cat: Catalog, scheme: str
) -> None:
    table = pq.read_table(small.out / "items.parquet", columns=["id", f"sen12ms:{scheme}"])
    found = dict(cat.sql(f"SELECT id, {scheme} FROM patches").fetchall())
    for key, counts in zip(*(column.to_pylist() for column in table.columns), strict=True):
        assert counts.pop("unknown") + sum(counts.values()) == PIXELS
        assert found[key] == {name: count / PIXELS for name, count in counts.items()}


def test_cover_is_the_sum_over_the_igbp_classes(painted: tuple[Catalog, list[Counts]]) -> None:
    cat, counts = painted
    found = dict(cat.sql("SELECT id, cover FROM patches").fetchall())
    for row in counts:
        for name, codes in SIMPLIFIED.items():
            expected = row["igbp"] and sum(row["igbp"][code] for code in codes) / PIXELS
            assert found[row["id"]][name] == expected


def test_dominant_class_has_the_largest_share_and_is_the_first_of_equals(
    painted: tuple[Catalog, list[Counts]],
) -> None:
    cat, counts = painted
    names = dict(enumerate(legend("igbp"), start=1))
    asked = "SELECT id, dominant_igbp, dominant_cover FROM patches"
    found = {key: dominant for key, *dominant in cat.sql(asked).fetchall()}
    for row in counts:
        igbp = {names[code]: n for code, n in (row["igbp"] or {}).items() if code in names}
        cover = {
            name: sum(row["igbp"][code] for code in codes) if row["igbp"] else 0
            for name, codes in SIMPLIFIED.items()
        }
        expected = [max(n, key=n.get) if any(n.values()) else None for n in (igbp, cover)]
        assert found[row["id"]] == expected


def test_painted_patches_show_every_rule(painted: tuple[Catalog, list[Counts]]) -> None:
    cat, counts = painted
    asked = "SELECT id, dominant_igbp, dominant_cover FROM patches"
    found = {key: tuple(dominant) for key, *dominant in cat.sql(asked).fetchall()}
    assert [found[row["id"]] for row in counts[:7]] == [
        (None, None),
        (None, None),
        ("grassland", "grassland"),
        ("water", "forest"),
        ("savanna", "savanna"),
        ("water", "water"),
        ("deciduous_needleleaf_forest", "forest"),
    ]


def test_scene_is_what_its_patches_are(cat: Catalog) -> None:
    """The view `scenes`, once more in plain SQL for each scene."""
    scenes = cat.sql(
        "SELECT scene_id, patches, complete, xmin, ymin, xmax, ymax, split FROM scenes ORDER BY 1"
    ).fetchall()
    assert len(scenes) == 6
    for scene, *expected in scenes:
        rows = cat.sql(
            "SELECT complete, xmin, ymin, xmax, ymax, split"
            f" FROM patches WHERE id LIKE '{scene}\\_p%' ESCAPE '\\'"
        ).fetchall()
        complete, west, south, east, north, split = zip(*rows, strict=True)
        bounds = (min(west), min(south), max(east), max(north))
        assert expected == [len(rows), sum(complete), *bounds, *set(split)]
