"""A selection says the same in every form, from every kind of catalog, to every thread."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import pyarrow.parquet as pq
import pytest
import shapely
from trees import copied, files_of

from catalog import (
    Catalog,
    CatalogNotFoundError,
    FilterError,
    OutputError,
    QueryError,
    index,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Small

SELECTIONS: dict[str, dict[str, Any]] = {
    "all": {},
    "none": {"cover": {"forest": 1, "water": 1}},
    "season": {"season": "winter"},
    "two seasons": {"season": ["winter", "fall"]},
    "local season": {"local_season": "fall"},
    "country": {"region": "Italy"},
    "box": {"region": (126.0, 37.0, 127.2, 38.02)},
    "within a box": {"region": (126.0, 37.0, 127.2, 38.02), "predicate": "within"},
    "cover": {"cover": {"forest": 0.1}},
    "split": {"split": "train"},
    "where": {"where": "patch % 2 = 0"},
    "all at once": {"region": "Asia", "season": "fall", "where": "cover.water < 0.9"},
}
CHOICES = pytest.mark.parametrize("choice", SELECTIONS.values(), ids=SELECTIONS)

QUERIES = {
    "patches": "SELECT * EXCLUDE (geometry) FROM patches ORDER BY id",
    "geometries": "SELECT id, ST_AsText(geometry) FROM patches ORDER BY id",
    "scenes": "SELECT * EXCLUDE (geometry) FROM scenes ORDER BY scene_id",
    "classes": "FROM landcover_classes ORDER BY scheme, code",
    "regions": "SELECT kind, name, count(*), min(xmin) FROM regions GROUP BY ALL ORDER BY ALL",
    "shares": "SELECT dominant_cover, avg(cover.forest) FROM patches GROUP BY ALL ORDER BY ALL",
}
SPATIAL_QUERIES = {
    "area": "SELECT id, round(ST_Area(geometry), 9) FROM patches ORDER BY id",
    "box": "SELECT id FROM patches_in_box(126, 37, 127.2, 38.02) ORDER BY id",
    "region": "SELECT id FROM patches_in_region('Italy') ORDER BY id",
}

PLAIN = """
import json
import sys
import duckdb

database, extension, queries = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
connection = duckdb.connect(database, read_only=True)
if extension:
    connection.load_extension(extension)
answers = {name: connection.execute(query).fetchall() for name, query in queries.items()}
assert "catalog" not in sys.modules
print(json.dumps(answers, default=str))
"""


def in_order(ids: list[str]) -> list[str]:
    """Ids by season, scene and patch."""

    def key(patch: str) -> tuple[str, int, int]:
        _, season, scene, number = patch.split("_")
        return season, int(scene), int(number.removeprefix("p"))

    return sorted(ids, key=key)


def test_a_folder_and_its_table_are_opened(small: Small) -> None:
    for path in (small.out, str(small.out), small.out / "items.parquet"):
        with Catalog.open(path) as cat:
            assert len(cat.select()) == 54
            assert cat.items == str(small.out / "items.parquet")


def test_a_folder_without_the_database_is_opened(small: Small, tmp_path: Path) -> None:
    shutil.copytree(small.out, tmp_path / "catalog", ignore=shutil.ignore_patterns("*.duckdb"))
    with Catalog.open(tmp_path / "catalog") as cat, Catalog.open(small.out) as whole:
        assert cat.select(season="winter").ids == whole.select(season="winter").ids
        assert [item.id for item in cat.select(season="fall").items()] == cat.select(
            season="fall"
        ).ids


def test_a_table_of_another_name_is_opened(small: Small, tmp_path: Path) -> None:
    path = shutil.copy(small.out / "items.parquet", tmp_path / "Zoë's “table” [1].parquet")
    with Catalog.open(path) as cat:
        assert len(cat.select()) == 54


@pytest.mark.skipif(os.name == "nt", reason="it is a separator there")
def test_a_backslash_in_a_path_stays_in_the_items(small: Small, tmp_path: Path) -> None:
    root = shutil.copytree(small.root / "ROIs1158_spring", tmp_path / "a\\b")
    index(root, into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog") as cat:
        hrefs = {item.assets["s1"].href for item in cat.select().items()}
        assert hrefs == set(cat.select().paths("s1"))
    assert all(Path(href).is_file() for href in hrefs)


def test_a_table_below_a_folder_named_as_a_home_is_opened(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "~x").mkdir()
    shutil.copy(small.out / "items.parquet", tmp_path / "~x" / "items.parquet")
    monkeypatch.chdir(tmp_path)
    with Catalog.open("~x/items.parquet") as cat:
        assert len(cat.select()) == 54


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("nowhere", r"there is no catalog in .*/nowhere: make one", id="folder"),
        pytest.param("nowhere.parquet", r"there is no file .*/nowhere\.parquet", id="table"),
        pytest.param("", r"there is no catalog in ", id="another folder"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CatalogNotFoundError, match=message):
        Catalog.open(tmp_path / name)


def test_a_table_of_something_else_is_refused(small: Small, tmp_path: Path) -> None:
    pq.write_table(
        pq.read_table(small.out / "items.parquet", columns=["id"]), tmp_path / "a.parquet"
    )
    with pytest.raises(QueryError, match=r"a\.parquet"):
        Catalog.open(tmp_path / "a.parquet")


def test_a_database_that_is_garbage_is_refused(small: Small, tmp_path: Path) -> None:
    out = shutil.copytree(small.out, tmp_path / "catalog")
    (out / "catalog.duckdb").write_bytes(b"garbage")
    with pytest.raises(CatalogNotFoundError, match="does not belong to the other files"):
        Catalog.open(out)
    (out / "checksums.sha256").unlink()
    with pytest.raises(QueryError, match="cannot be opened"):
        Catalog.open(out)


@pytest.fixture(params=["cat", "table_cat"])
def either(request: pytest.FixtureRequest) -> Catalog:
    """The small catalog, from its folder and from its table."""
    cat: Catalog = request.getfixturevalue(request.param)
    return cat


@CHOICES
def test_all_forms_of_a_selection_agree(
    either: Catalog, small: Small, tmp_path: Path, choice: dict[str, Any]
) -> None:
    subset = either.select(**choice)
    ids = subset.ids
    assert len(subset) == len(ids) == len(set(ids))
    arrow, frame = subset.to_arrow(), subset.to_geodataframe()
    assert arrow["id"].to_pylist() == ids
    assert frame["id"].tolist() == ids
    assert [row[0] for row in subset.relation().project("id").fetchall()] == ids
    assert subset.to_pandas()["id"].tolist() == list(subset) == ids
    subset.to_stac_geoparquet(tmp_path / "stac.parquet")
    assert in_order(pq.read_table(tmp_path / "stac.parquet")["id"].to_pylist()) == ids
    subset.to_parquet(tmp_path / "flat.parquet")
    assert pq.read_table(tmp_path / "flat.parquet").to_pylist() == arrow.to_pylist()
    files = [files_of(small.out, patch) for patch in ids]
    assert subset.paths() == [path for each in files for path in each.values()]
    for sensor in ("s1", "s2", "lc"):
        assert subset.paths(sensor) == [each[sensor] for each in files]
        assert arrow[sensor].to_pylist() == frame[sensor].tolist() == subset.paths(sensor)


@CHOICES
def test_a_folder_and_its_table_answer_alike(
    cat: Catalog, table_cat: Catalog, choice: dict[str, Any]
) -> None:
    one, other = cat.select(**choice), table_cat.select(**choice)
    assert one.ids == other.ids
    assert one.paths() == other.paths()
    assert one.to_arrow().to_pylist() == other.to_arrow().to_pylist()


@CHOICES
def test_patches_are_ordered_by_season_scene_and_patch(
    either: Catalog, choice: dict[str, Any]
) -> None:
    ids = either.select(**choice).ids
    assert ids == in_order(ids)


def test_some_selections_choose_some_but_not_all(cat: Catalog) -> None:
    sizes = {name: len(cat.select(**choice)) for name, choice in SELECTIONS.items()}
    assert sizes.pop("all") == sizes.pop("split") == 54
    assert sizes.pop("none") == 0
    assert all(0 < size < 54 for size in sizes.values()), sizes


def test_the_paths_of_two_sensors_alternate_in_the_order_asked_for(cat: Catalog) -> None:
    subset = cat.select(season="spring")
    pairs = zip(subset.paths("lc"), subset.paths("s1"), strict=True)
    assert subset.paths("lc", "s1") == [path for pair in pairs for path in pair]


def test_a_sensor_that_does_not_exist_is_named(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="s3"):
        cat.select().paths("s3")


def test_a_file_that_is_missing_has_no_path(small: Small, tmp_path: Path) -> None:
    root = copied(small, tmp_path)
    gone = sorted(root.rglob("*_s2_1_p30.tif"))
    for path in gone:
        path.unlink()
    index(root, into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog") as cat:
        subset = cat.select(season="spring")
        assert (len(subset), len(subset.paths("s2")), len(subset.paths())) == (9, 8, 26)
        assert subset.to_arrow()["s2"].to_pylist().count(None) == 1
        assert len(cat.select(season="spring", sensor="s2")) == 8
        assert len(cat.select(season="spring", complete=False)) == 1


def test_a_frame_has_the_footprints_in_longitude_and_latitude(cat: Catalog, small: Small) -> None:
    frame = cat.select().to_geodataframe()
    assert frame.crs == "OGC:CRS84"
    written = geopandas.read_parquet(small.out / "items.parquet").set_index("id").geometry
    for patch, outline in zip(frame["id"], frame.geometry, strict=True):
        assert outline.equals_exact(written[patch], 0)
    wkb = cat.select().to_arrow()["geometry"].to_pylist()
    assert [shapely.from_wkb(value) for value in wkb] == frame.geometry.tolist()


def test_items_are_those_on_disk(cat: Catalog, small: Small) -> None:
    subset = cat.select(season="winter")
    items = list(subset.items())
    assert [item.id for item in items] == subset.ids
    for item in items:
        (path,) = small.out.rglob(f"{item.id}.json")
        written = json.loads(path.read_bytes())
        assert item.to_dict(include_self_link=False, transform_hrefs=False) == written


def test_a_bare_table_has_no_items(table_cat: Catalog) -> None:
    with pytest.raises(CatalogNotFoundError, match="open the folder of the catalog"):
        next(table_cat.select().items())


def test_a_subset_on_disk_is_a_catalog_of_its_own(cat: Catalog, tmp_path: Path) -> None:
    subset = cat.select(season=["winter", "fall"])
    subset.to_stac_geoparquet(tmp_path / "subset.parquet")
    with Catalog.open(tmp_path / "subset.parquet") as other:
        assert other.select().ids == subset.ids
        assert other.select().to_arrow().to_pylist() == subset.to_arrow().to_pylist()


def test_a_subset_that_cannot_be_written_is_an_error(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"subset\.parquet cannot be written"):
        cat.select(season="fall").to_stac_geoparquet(tmp_path / "nowhere" / "subset.parquet")
    with pytest.raises(OutputError, match=r"subset\.parquet cannot be written"):
        cat.select(season="fall").to_parquet(tmp_path / "nowhere" / "subset.parquet")


def test_a_bare_table_does_not_know_its_root(small: Small, tmp_path: Path) -> None:
    with pytest.raises(FilterError, match="root needs the catalog's folder"):
        Catalog.open(small.out / "items.parquet", root=tmp_path)


def test_eight_threads_that_select_at_once_get_what_one_gets(either: Catalog) -> None:
    choices = list(SELECTIONS.values()) * 2
    alone = [either.select(**choice).paths() for choice in SELECTIONS.values()] * 2
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda choice: either.select(**choice).paths(), choices))
    assert together == alone


def test_an_earlier_selection_is_not_changed_by_a_later_one(either: Catalog) -> None:
    first = either.select(season="winter")
    assert len(first) == 18
    second = either.select(season="fall")
    assert {patch.split("_")[1] for patch in second.ids} == {"fall"}
    assert {patch.split("_")[1] for patch in first.ids} == {"winter"}
    assert set(first.to_arrow()["season"].to_pylist()) == {"winter"}


def test_two_open_catalogs_do_not_disturb_each_other(small: Small) -> None:
    with Catalog.open(small.out) as one:
        with Catalog.open(small.out) as other, Catalog.open(small.out / "items.parquet") as table:
            sizes = [len(cat.select(season="fall")) for cat in (one, other, table)]
        assert sizes == [9, 9, 9]
        assert len(one.select(season="fall")) == 9


def test_a_question_in_sql_is_answered_from_folder_and_table_alike(
    cat: Catalog, table_cat: Catalog
) -> None:
    for query in (QUERIES | SPATIAL_QUERIES).values():
        assert cat.sql(query).fetchall() == table_cat.sql(query).fetchall()


def test_an_invalid_question_is_an_error(either: Catalog) -> None:
    with pytest.raises(QueryError, match="DuckDB refuses"):
        either.sql("SELECT nothing FROM nowhere")


def test_damage_within_the_database_is_an_error_or_does_not_matter(
    small: Small, tmp_path: Path
) -> None:
    """Every block in turn: DuckDB sees what it reads, and nobody sees an error of its own."""
    with Catalog.open(small.out) as cat:
        expected = cat.select().to_arrow(), cat.select().outlines()
    out = shutil.copytree(small.out, tmp_path / "catalog")
    database = out / "catalog.duckdb"
    content = database.read_bytes()
    refusals = set()
    for start in range(512 << 10, len(content) - (64 << 10), 256 << 10):
        database.write_bytes(content[:start] + b"damage" + content[start + 6 :])
        try:
            with Catalog.open(out) as cat:
                assert (cat.select().to_arrow(), cat.select().outlines()) == expected
        except (QueryError, CatalogNotFoundError) as error:
            refusals.add(str(error))
    assert refusals
    assert "\n" not in "".join(refusals)


@pytest.mark.parametrize(
    ("queries", "spatial"),
    [(QUERIES, False), (QUERIES | SPATIAL_QUERIES, True)],
    ids=["", "spatial"],
)
def test_any_duckdb_client_gets_the_same_answers(
    cat: Catalog, small: Small, queries: dict[str, str], *, spatial: bool
) -> None:
    extension = str(spatial_extension()) if spatial else ""
    database = str(small.out / "catalog.duckdb")
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, database, extension, json.dumps(queries)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    answers = {name: cat.sql(query).fetchall() for name, query in queries.items()}
    assert all(answers.values())
    assert json.loads(done.stdout) == json.loads(json.dumps(answers, default=str))


def spatial_extension() -> Path:
    """The file of DuckDB's extension `spatial`."""
    package = pytest.importorskip("duckdb_extension_spatial")
    (path,) = Path(package.__file__).parent.rglob("spatial.duckdb_extension")
    return path


def test_totals_and_groups_count_every_patch(either: Catalog) -> None:
    found = either.info()
    assert found.total["patches"] == 54
    assert list(found.by) == ["season", "split", "continent", "dominant_cover"]
    for rows in found.by.values():
        assert sum(row["patches"] for row in rows) == 54


def test_totals_show_themselves(small: Small, cat: Catalog) -> None:
    found = cat.info()
    words = "54 patches of 6 scenes in 6 countries, 54 complete"
    assert repr(found) == f"<CatalogInfo {small.out}: {words}>"
    html = found._repr_html_()
    assert words in html
    assert html.count("<table>") == html.count("</table>") == 4
    assert "<th>dominant_cover</th>" in html
    assert found.as_dict() == {"total": found.total, "by": found.by}
    with pytest.raises(AttributeError):
        found.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("show", [repr, str])
def test_a_catalog_shows_how_it_was_opened(
    small: Small, cat: Catalog, table_cat: Catalog, show: Callable[[object], str]
) -> None:
    assert show(cat) == f"<Catalog {small.out}: 54 patches>"
    assert show(table_cat) == f"<Catalog {small.out / 'items.parquet'}: 54 patches>"
