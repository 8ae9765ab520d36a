"""Cloud cover of SEN12MS-CR comes from the user's table; what it does not say stays unknown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pystac
import pytest
from click.testing import CliRunner

from catalog import Catalog, Report, index
from catalog.cli import sen12ms
from catalog.datasets import SEN12MS_CR
from catalog.errors import FileError, FilterError
from catalog.query.extensions import load_extension
from catalog.reading.check import check
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

SCENE = SyntheticScene("fall", 139, 32650, (374_132.25, 4_118_022.75), 29, (30, 31, 32, 59, 60))
IDS = [f"ROIs1970_fall_139_p{patch}" for patch in SCENE.patches]
TABLE = pd.DataFrame(
    {
        "id": [*IDS[:4], "ROIs1868_summer_9_p9"],
        "cloud_cover": [0.1, 30.0, 30.000000000000004, None, 12.0],
    }
)
CONDITIONS = ["<=30", "<30%", ">30", "=30", "0..30", "> 0.1", ">=0"]


def counts_of(report: Report) -> tuple[int, ...]:
    """How many ids of the table were taken, are not in the catalog, and have no value."""
    assert report.cloud_cover is not None
    names = ("taken", "not_in_catalog", "without_value")
    return tuple(report.cloud_cover[name] for name in names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clouds")
    assert [*write_scene(folder / "CR", SCENE, SEN12MS_CR, sparse=("s1", "s2", "s2_cloudy"))]
    TABLE.to_csv(folder / "clouds.csv", index=False)
    TABLE.rename(columns={"cloud_cover": "eo:cloud_cover"}).to_parquet(folder / "clouds.parquet")
    report = index(folder / "CR", into=folder / "catalog", cloud_cover=folder / "clouds.csv")
    assert report.cloud_cover is not None
    assert report.cloud_cover["source"] == str(folder / "clouds.csv")
    assert counts_of(report) == (3, 1, 1)
    return folder


def expected(condition: str) -> list[str]:
    """What pandas finds in the table."""
    text = condition.replace("%", "")
    here = TABLE[TABLE["id"].isin(IDS)]
    if ".." in text:
        low, high = map(float, text.split(".."))
        return list(here[here["cloud_cover"].between(low, high)]["id"])
    return list(here.query(f"cloud_cover {re.sub('^=', '==', text)}")["id"])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_way_to_ask_finds_what_pandas_finds(folder: Path, condition: str) -> None:
    catalog = folder / "catalog"
    with Catalog.open(catalog) as cat:
        found = cat.select(cloud_cover=condition)
        assert found.ids == expected(condition)
        with duckdb.connect(str(catalog / "catalog.duckdb"), read_only=True) as plain:
            load_extension(plain, "spatial")
            assert [row[0] for row in plain.execute(found.to_sql()).fetchall()] == found.ids
    done = CliRunner().invoke(
        sen12ms, ["select", str(catalog), "--cloud-cover", condition, "--format", "csv"]
    )
    assert done.exit_code == 0, done.output
    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == expected(condition)


def test_numbers_are_bounds(folder: Path) -> None:
    with Catalog.open(folder / "catalog") as cat:
        assert cat.select(cloud_cover=30).ids == expected("<=30")
        assert cat.select(cloud_cover=(1, 30)).ids == expected("1..30")
        for name in ("cloud_cover", '"eo:cloud_cover"'):
            assert cat.select(filter=f"{name} > 0.1").ids == expected(">0.1")
        assert cat.select(filter="cloud_cover IS NULL").ids == IDS[3:]


def test_items_that_have_it_name_its_extension(folder: Path) -> None:
    known = TABLE.set_index("id")["cloud_cover"].dropna()
    scene = folder / "catalog" / "sen12ms-cr" / "fall" / "ROIs1970_fall_139"
    for name in IDS:
        item = pystac.Item.from_file(str(scene / f"{name}.json"))
        assert item.properties.get("eo:cloud_cover") == known.get(name)
        named = any("/eo/" in extension for extension in item.stac_extensions)
        assert named == ("eo:cloud_cover" in item.properties)


def test_parquet_tells_the_same_and_no_table_nothing(folder: Path, tmp_path: Path) -> None:
    index(folder / "CR", into=tmp_path / "parquet", cloud_cover=folder / "clouds.parquet")
    tables = [
        pd.read_parquet(place / "items.parquet", columns=["id", "eo:cloud_cover"])
        for place in (folder / "catalog", tmp_path / "parquet")
    ]
    pd.testing.assert_frame_equal(*tables)
    index(folder / "CR", into=tmp_path / "parquet")
    done = CliRunner().invoke(sen12ms, ["select", str(tmp_path / "parquet"), "--cloud-cover", "<9"])
    assert "The cloud cover of no patch is known: name a table" in done.stderr
    without = pd.read_parquet(tmp_path / "parquet" / "items.parquet")
    assert without["eo:cloud_cover"].isna().all()
    assert not any("/eo/" in name for name in without["stac_extensions"].iloc[0])


def test_a_changed_table_is_noticed_and_adding_keeps_it(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "clouds.csv"
    for value in (5, 7):
        table.write_text(f"id,cloud_cover\n{IDS[0]},{value}\n")
        index(folder / "CR", into=tmp_path / "catalog", cloud_cover=table)
        with Catalog.open(tmp_path / "catalog") as cat:
            assert cat.select(cloud_cover=f"={value}").ids == IDS[:1]
    index(folder / "CR", into=tmp_path / "catalog", add=True)
    assert json.loads((tmp_path / "catalog" / "report.json").read_bytes())["cloud_cover"]["taken"]


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([f"{IDS[0]},", f"{IDS[1]},", "ROIs1868_summer_9_p9,", ","], (0, 0, 3)),
        ([f"{IDS[0]},", f"{IDS[0]},5", f"{IDS[0]},", f"{IDS[1]},"], (1, 0, 1)),
        ([f"{IDS[0]},0", "ROIs1868_summer_9_p9,4", "ROIs1868_summer_9_p10,"], (1, 1, 1)),
    ],
)
def test_every_id_of_a_table_is_counted_once(
    folder: Path, tmp_path: Path, rows: list[str], counts: tuple[int, ...]
) -> None:
    table = tmp_path / "clouds.csv"
    table.write_text("\n".join(["id,cloud_cover", *rows]))
    report = index(folder / "CR", into=tmp_path / "catalog", cloud_cover=table)
    assert counts_of(report) == counts
    kept = json.loads((tmp_path / "catalog" / "report.json").read_bytes())
    assert kept["cloud_cover"] == report.cloud_cover


def test_the_collection_says_its_range_where_it_is_known(folder: Path, tmp_path: Path) -> None:
    path = folder / "catalog" / "sen12ms-cr" / "collection.json"
    collection = json.loads(path.read_bytes())
    known = TABLE[TABLE["id"].isin(IDS)]["cloud_cover"]
    expected = {"minimum": known.min(), "maximum": known.max()}
    assert collection["summaries"]["eo:cloud_cover"] == expected
    assert any("/eo/" in extension for extension in collection["stac_extensions"])
    assert pystac.Collection.from_file(str(path)).summaries.get_range("eo:cloud_cover")
    assert check(folder / "catalog").findings == ()
    for text in ("", f"{IDS[0]},"):
        (tmp_path / "clouds.csv").write_text(f"id,cloud_cover\n{text}\n")
        index(folder / "CR", into=tmp_path / "out", cloud_cover=tmp_path / "clouds.csv")
        told = json.loads((tmp_path / "out" / "sen12ms-cr" / "collection.json").read_bytes())
        assert "eo:cloud_cover" not in told["summaries"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,cloud\na,1\n", "has the columns id, cloud: name them id and cloud_cover"),
        (f"id,cloud_cover\n{IDS[0]},101\n", "is 101, not 0 to 100 percent"),
        (f"id,cloud_cover\n{IDS[0]},nan\n", "is nan, not 0 to 100 percent"),
        (f"id,cloud_cover\n{IDS[0]},-1\n", "is -1, not 0 to 100 percent"),
        (f"id,cloud_cover\n{IDS[0]},1\n{IDS[0]},2\n", f"has two values for {IDS[0]}: 1 and 2"),
        ("id,cloud_cover\n,5\n", "'' is not an id of a patch: write ROIs1158_spring_1_p30"),
        ("id,cloud_cover\nROIs,\n", "'ROIs' is not an id of a patch"),
        (f"id,cloud_cover\n{IDS[0]},much\n", "is not a table of cloud cover"),
        ("id,cloud_cover\nROIs,1\n", "'ROIs' is not an id of a patch"),
        ("", "is not a table of cloud cover"),
        ("id,id,cloud_cover\na,b,1\n", "table.csv has the columns id, id, cloud_cover: name them"),
        (
            "id,cloud_cover,eo:cloud_cover\n",
            "has the columns id, cloud_cover, eo:cloud_cover: name",
        ),
        ("id,cloud_cover\n\udce3,1\n", "is not a table of cloud cover"),
    ],
)
def test_what_is_not_a_table_of_cloud_cover_is_refused(
    folder: Path, tmp_path: Path, text: str, told: str
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, errors="surrogateescape")
    with pytest.raises(FileError, match=re.escape(told)):
        index(folder / "CR", into=tmp_path / "catalog", cloud_cover=table)
    assert not (tmp_path / "catalog").exists()


def test_a_file_that_is_not_there_and_a_dataset_without_clouds_are_told(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileError, match=r"nowhere\.csv cannot be read: No such file"):
        index(folder / "CR", into=tmp_path / "catalog", cloud_cover="nowhere.csv")
    assert [*write_scene(tmp_path / "MS", SCENE, sparse=("s1", "s2", "lc"))]
    with pytest.raises(FileError, match=r"SEN12MS has no cloudy images: leave out .*clouds\.csv"):
        index(tmp_path / "MS", into=tmp_path / "ms", cloud_cover=folder / "clouds.csv")
    index(tmp_path / "MS", into=tmp_path / "ms")
    with (
        Catalog.open(tmp_path / "ms") as cat,
        pytest.raises(FilterError, match="SEN12MS has no cloudy images: leave out cloud_cover"),
    ):
        cat.select(cloud_cover=30)


@pytest.mark.parametrize(
    "condition",
    ["<=130", "30..10", "many", "", "<=-1", None, True, "forest<=30", "x y <= 3", "forest=1..2"],
)
def test_what_is_not_a_condition_is_refused(folder: Path, condition: object) -> None:
    with Catalog.open(folder / "catalog") as cat, pytest.raises(FilterError, match="cover"):
        cat.select(cloud_cover=[condition])


def test_no_condition_at_all_is_refused(folder: Path) -> None:
    with (
        Catalog.open(folder / "catalog") as cat,
        pytest.raises(FilterError, match=r"list of .* is empty"),
    ):
        cat.select(cloud_cover=[])


def test_the_command_says_what_it_took(folder: Path, tmp_path: Path) -> None:
    command = ["index", str(folder / "CR"), "-o", str(tmp_path / "catalog")]
    done = subprocess.run(
        [sys.executable, "-m", "catalog", *command, "--cloud-cover", str(folder / "clouds.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Cloud cover of 3 from " in done.stderr
    assert "1 of its ids are not in the catalog, 1 have no value." in done.stderr


def test_summaries_show_it(folder: Path) -> None:
    known = TABLE[TABLE["id"].isin(IDS)]["cloud_cover"].dropna()
    values = [known.count(), known.min(), known.median(), known.max()]
    with Catalog.open(folder / "catalog") as cat:
        total = cat.info().total
        card = cat.select()._repr_html_()
    names = ("with", "least", "median", "most")
    assert [total[f"{name}_cloud_cover"] for name in names] == values
    told = CliRunner().invoke(sen12ms, ["info", str(folder / "catalog")]).stdout
    assert "\ncloud cover: known of 3 patches, 0.1 to 30 %, median 30 %\n" in told
    table = CliRunner().invoke(sen12ms, ["select", str(folder / "catalog")]).stdout
    heading, first, *_ = (line.split() for line in table.splitlines())
    assert heading[-4:] == ["cloud_cover", "split", "lon", "lat"]
    assert "0.1" in first
    assert "cloud_cover" in card
