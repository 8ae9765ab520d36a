"""A selection is a collection of ids, which is combined, narrowed, sampled, pickled and shown."""

from __future__ import annotations

import operator
import pickle
import re
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from catalog import Catalog, FilterError, OutputError, index
from catalog.datasets import SEN12MS
from catalog.experiment import leakage, sample, split
from catalog.source.preview import draw_preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Small
    from numpy.typing import NDArray

    from catalog import Selection

CHOICES: dict[str, dict[str, Any]] = {
    "all": {},
    "none": {"where": "false"},
    "season": {"season": ["fall", "winter"]},
    "region": {"region": ["Italy", "South Korea"]},
    "box": {"region": "126.9,37.99,126.95,38.1", "predicate": "within"},
    "left out": {"not_region": "Asia"},
    "where": {"where": "patch % 2 = 0"},
    "cover": {"cover": ["forest>=0.2"], "complete": True},
}
OPERATORS = {"|": operator.or_, "&": operator.and_, "-": operator.sub}


@pytest.fixture(scope="module")
def cat(small: Small) -> Iterator[Catalog]:
    with Catalog.open(small.out) as catalog:
        yield catalog


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("second", CHOICES)
@pytest.mark.parametrize("first", CHOICES)
def test_combination_is_that_of_the_sets_in_sql_and_in_its_filter(
    cat: Catalog, sign: str, first: str, second: str
) -> None:
    one, other = cat.select(**CHOICES[first]), cat.select(**CHOICES[second])
    combined = OPERATORS[sign](one, other)
    assert set(combined.ids) == OPERATORS[sign](set(one.ids), set(other.ids))
    assert combined.ids == [patch for patch in cat.select().ids if patch in combined]
    assert [row[0] for row in cat.sql(combined.to_sql()).fetchall()] == combined.ids
    assert cat.select(**combined.question.given) == combined


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(OPERATORS)), st.sampled_from(sorted(CHOICES)),
                       st.sampled_from(["whole", "listed"])), min_size=1, max_size=4)
)  # fmt: skip
def test_chains_of_combinations_are_those_of_sets(
    cat: Catalog, chain: list[tuple[str, str, str]]
) -> None:
    selection, ids = cat.select(), set(cat.select().ids)
    for sign, name, form in chain:
        other = cat.select(**CHOICES[name])
        if form == "listed":
            other = other[::2]
        selection = OPERATORS[sign](selection, other)
        ids = OPERATORS[sign](ids, set(other.ids))
    assert set(selection) == ids
    assert len(selection) == len(ids)


def test_selections_of_two_catalogs_are_not_combined(cat: Catalog, small: Small) -> None:
    with Catalog.open(small.out / "items.parquet") as other, Catalog.open(small.out) as same:
        assert cat.select(season="fall") | same.select() == cat.select()
        if other.items != cat.items:
            with pytest.raises(FilterError, match="two catalogs"):
                _ = cat.select() & other.select()
    with pytest.raises(TypeError):
        _ = cat.select() | ["ROIs1158_spring_1_p30"]  # type: ignore[operator]


@pytest.mark.parametrize("name", CHOICES)
def test_is_a_collection_of_its_ids(cat: Catalog, name: str) -> None:
    selection = cat.select(**CHOICES[name])
    ids = selection.ids
    assert list(selection) == ids
    assert all(patch in selection for patch in ids)
    assert ("ROIs1158_spring_1_p9999" in selection, None in selection) == (False, False)
    for cut in (slice(3), slice(2, -1), slice(None, None, 3), slice(1000, None)):
        assert selection[cut].ids == ids[cut]
    assert [selection[number] for number in range(len(ids))] == ids
    with pytest.raises(IndexError):
        _ = selection[len(ids)]


def test_equal_selections_have_the_same_patches(cat: Catalog) -> None:
    assert cat.select(season="fall") == cat.select(where="season = 'fall'")
    assert cat.select(season="fall") != cat.select(season="winter")
    assert cat.select() != cat.select().ids
    assert len({cat.select(season="fall"), cat.select(where="season = 'fall'")}) == 1


@pytest.mark.parametrize("name", CHOICES)
def test_selecting_further_narrows(cat: Catalog, name: str) -> None:
    selection, listed = cat.select(**CHOICES[name]), cat.select(**CHOICES[name])[::2]
    assert selection.select(season="fall") == selection & cat.select(season="fall")
    assert listed.select(season="fall") == listed & cat.select(season="fall")
    assert selection.select(region="Asia", cover={"water": 0.1}) == selection & cat.select(
        region="Asia", cover={"water": 0.1}
    )


def test_selecting_further_by_something_else_is_an_error(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="did you mean season"):
        cat.select().select(seasn="fall")  # type: ignore[call-arg]


@pytest.mark.parametrize("seed", [0, 7])
def test_sample_is_that_of_a_study(cat: Catalog, seed: int) -> None:
    selection = cat.select(season=["fall", "winter"])
    drawn = selection.sample(5, seed=seed)
    assert drawn == sample(selection, 5, seed=seed).selection
    assert len(drawn) == 5
    assert selection.sample(1000) == selection
    assert drawn != selection.sample(5, seed=seed + 1)
    with pytest.raises(FilterError, match=r"n=0\.5"):
        selection.sample(0.5)  # type: ignore[arg-type]


def test_steps_say_what_was_done(cat: Catalog) -> None:
    fall = cat.select(season="fall")
    made = (fall[:4] | cat.select(season="winter").sample(2)).manifest().made
    assert [step["step"] for step in made["steps"]] == ["slice", "union"]
    assert made["steps"][1]["other"]["filter"] == {"season": ["winter"]}
    assert [step["step"] for step in made["steps"][1]["other"]["steps"]] == ["sample"]


@pytest.mark.parametrize("table", [False, True], ids=["folder", "table"])
def test_is_pickled_with_its_catalog(small: Small, table: bool) -> None:
    with Catalog.open(small.out / "items.parquet" if table else small.out) as cat:
        selection = (cat.select(region="Asia") - cat.select(season="fall"))[:5]
        again = pickle.loads(pickle.dumps(selection))
        assert again == selection
        assert again.paths() == selection.paths()
        assert again.steps == selection.steps
        again.session.close()


def test_pickled_selection_remembers_where_the_data_is(small: Small, tmp_path: Path) -> None:
    with Catalog.open(small.out, root=tmp_path) as cat:
        paths = cat.select(season="fall").paths("s2")
        pickled = pickle.dumps(cat.select(season="fall"))
    program = "import pickle, sys; print(*pickle.load(sys.stdin.buffer).paths('s2'), sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", program], input=pickled, stdout=subprocess.PIPE, check=True
    )
    assert told.stdout.decode().split() == paths


def test_tables_have_the_same_flat_columns(cat: Catalog, tmp_path: Path) -> None:
    selection = cat.select(season="fall")
    columns = selection.relation().columns
    assert selection.to_arrow().column_names == columns
    assert list(selection.to_geodataframe().columns) == columns
    assert list(selection.head(2).columns) == columns
    assert list(selection.to_pandas().columns) == [name for name in columns if name != "geometry"]
    for name in ("a.gpkg", "b.fgb", "c.parquet"):
        selection.to_file(tmp_path / name)
        read = geopandas.read_parquet if name == "c.parquet" else geopandas.read_file
        assert set(read(tmp_path / name).columns) == set(columns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gpkg", "b.fgb", "c.parquet"]


def test_flat_columns_are_those_of_patches(cat: Catalog) -> None:
    selection = cat.select(season="winter")
    nested = cat.sql("FROM patches WHERE season = 'winter' ORDER BY scene, patch").to_arrow_table()
    expected = {name.replace(".", "_") for name in nested.flatten().column_names}
    flat = selection.to_arrow()
    assert set(flat.column_names) == expected
    for name, column in zip(nested.flatten().column_names, nested.flatten().columns, strict=True):
        if name != "geometry":
            assert flat[name.replace(".", "_")].to_pylist() == column.to_pylist(), name


def test_an_arrow_table_of_some_columns_is_part_of_the_whole(cat: Catalog) -> None:
    selection = cat.select(season="winter")
    names = ["cover_forest", "id", "geometry"]
    assert selection.to_arrow(*names) == selection.to_arrow().select(names)
    with pytest.raises(FilterError, match="did you mean cover_forest"):
        selection.to_arrow("id", "cover.forest")
    for nonsense in (5, None, ["id", "lon"], "x" * 4000, "\udcff"):
        with pytest.raises(FilterError, match="there is no column"):
            selection.to_arrow(nonsense)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.gpkg", "b.fgb", "c.parquet"])
def test_files_hold_the_same_values(cat: Catalog, tmp_path: Path, name: str) -> None:
    frame = cat.select(region="Asia").to_geodataframe()
    cat.select(region="Asia").to_file(tmp_path / name)
    read = geopandas.read_parquet if name == "c.parquet" else geopandas.read_file
    found = read(tmp_path / name).set_index("id").loc[frame["id"]].reset_index()
    assert found.geometry.geom_equals_exact(frame.geometry, 0).all()
    assert found.crs.to_epsg() in (None, 4326)
    assert np.array_equal(found["cover_forest"], frame["cover_forest"])
    assert found["s2"].tolist() == frame["s2"].tolist()


def test_files_of_other_kinds_are_refused(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.gpkg, \.fgb, \.parquet"):
        cat.select().to_file(tmp_path / "a.shp")
    with pytest.raises(OutputError, match="cannot be written"):
        cat.select().to_file(tmp_path / "nowhere" / "a.gpkg")


def test_head_has_the_first_rows(cat: Catalog) -> None:
    selection = cat.select(season="winter")
    assert selection.head()["id"].tolist() == selection.ids[:5]
    assert selection.head(2).crs == "OGC:CRS84"
    assert len(selection.head(0)) == 0


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (lambda cat: cat.select(), "<Selection 54 patches>"),
        (lambda cat: cat.select(region="Europe"), "<Selection 18 patches: region=Europe>"),
        (
            lambda cat: cat.select(season="fall", cover={"water": 0.5})[:1],
            "<Selection 1 patch: season=fall, cover.water >= 0.5; slice>",
        ),
        (
            lambda cat: cat.select(
                split=["train", "test"], sensor=["s1", "s2"], cover={"water": 0.5, "forest": (0, 1)}
            ),
            (
                "<Selection 24 patches: cover.water >= 0.5 & cover.forest >= 0.0 & "
                "cover.forest <= 1.0, split=train|test, sensor=s1 & s2>"
            ),
        ),
        (
            lambda cat: cat.select(region="Europe") - cat.select(season="fall"),
            "<Selection 18 patches: region=Europe, not (season=fall)>",
        ),
        (
            lambda cat: (cat.select() | cat.select(split="test")).select(season="fall"),
            "<Selection 9 patches: (all) or (split=test), season=fall>",
        ),
        (
            lambda cat: cat.select(region="Asia") & cat.select(region="South Korea"),
            "<Selection 18 patches: region=Asia, region=South Korea>",
        ),
        (
            lambda cat: split(cat.select(), {"a": 0.5, "b": 0.5})["a"],
            "<Selection 18 patches: split; part a>",
        ),
    ],
)
def test_shows_itself_in_one_line(
    cat: Catalog, made: Callable[[Catalog], Selection], shown: str
) -> None:
    assert repr(made(cat)) == shown


def test_all_objects_show_themselves_in_one_short_line(cat: Catalog) -> None:
    parts = split(cat.select(), {"train": 0.5, "val": 0.5})
    shown = [
        cat,
        cat.select(region=[f"{west},0,{west + 1},80" for west in range(100)]),
        parts,
        leakage(parts["train"], parts["val"]),
        sample(cat.select(), 10),
        cat.select().manifest(),
    ]
    for each in shown:
        assert "\n" not in repr(each)
        assert len(repr(each)) < 300, repr(each)[:400]
        assert "patches" in repr(each)
        html = each._repr_html_()  # type: ignore[attr-defined]
        assert html.count("<table>") == html.count("</table>")


def test_notebook_shows_count_filter_map_and_table(cat: Catalog) -> None:
    html = cat.select(region="Asia", where="1 < 2")._repr_html_()
    assert "18 patches" in html
    assert "region=Asia, where=1 &lt; 2" in html
    assert html.count("<circle") == 2, "a dot a scene"
    assert html.count("<tr>") == 1 + 5
    assert html.count("<img") == 4
    assert len(html) < 60_000, "light enough for a notebook with many of them"
    assert "54 patches" in cat._repr_html_()
    assert "<table" not in cat.select(where="false")._repr_html_()


def pictures_of(selection: Selection) -> dict[str, NDArray[np.float64]]:
    """The pictures of its HTML, by id."""
    found = re.findall(r'image/jpeg;base64,([^"]+)" alt="([^"]+)"', selection._repr_html_())
    return {name: decoded(b64decode(data), "jpeg") for data, name in found}


def decoded(picture: bytes, kind: str) -> NDArray[np.float64]:
    """Its pixels from 0 to 1, read by matplotlib; (rows, columns, 3)."""
    pixels = np.asarray(imread(BytesIO(picture), kind), float)[..., :3]
    return pixels / 255 if kind == "jpeg" else pixels


def looks_like(picture: NDArray[np.float64], png: bytes) -> bool:
    """Whether a picture is that of the PNG but for what JPEG loses."""
    whole = decoded(png, "png")
    return picture.shape == whole.shape and float(np.abs(picture - whole).mean()) < 0.1


def test_notebook_shows_what_some_patches_look_like(cat: Catalog, table_cat: Catalog) -> None:
    for each in (cat, table_cat):
        found = pictures_of(each.select(region="Asia"))
        assert len(found) == 4
        for name, picture in found.items():
            picked = each.pick([name])
            paths = {sensor: picked.paths(sensor)[0] for sensor in ("s1", "s2", "lc")}
            assert looks_like(picture, draw_preview(SEN12MS, "thumbnail", paths).png)


def test_notebook_shows_no_picture_of_files_that_are_not_there(
    small: Small, tmp_path: Path
) -> None:
    (tmp_path / "SEN12MS").mkdir()
    with Catalog.open(small.out, root=tmp_path / "SEN12MS") as moved:
        html = moved.select()._repr_html_()
    assert "54 patches" in html
    assert "<img" not in html


def test_notebook_shows_the_pictures_that_the_catalog_has(small: Small, tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    index(small.root, into=out, previews=True)
    (tmp_path / "SEN12MS").mkdir()
    with Catalog.open(out, root=tmp_path / "SEN12MS") as moved:
        found = pictures_of(moved.select())
        stored = {name: next(out.rglob(f"{name}_thumbnail.png")) for name in found}
    assert len(found) == 4
    for name, picture in found.items():
        assert looks_like(picture, stored[name].read_bytes())


def test_interactive_map_is_folium(cat: Catalog) -> None:
    folium = pytest.importorskip("folium", reason="folium is an optional extra")
    pytest.importorskip("mapclassify", reason="mapclassify is an optional extra")
    shown = cat.select(region="Asia").explore(tiles=None)
    assert isinstance(shown, folium.Map)
    assert "ROIs1970_fall_126_p159" in shown.get_root().render()
