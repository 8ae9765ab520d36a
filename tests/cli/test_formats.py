"""Every format holds what the Python API answers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import geopandas
import pandas as pd
import pytest
import shapely

from catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import Golden, Small

KOREA = {
    "options": ["--region", "Korea", "--cover", "water>=0.2", "--season", "fall"],
    "filters": {"region": "Korea", "cover": ["water>=0.2"], "season": "fall"},
}
NOTHING = {"options": ["--incomplete"], "filters": {"complete": False}}


EMPTY = "No patch passes the filters"


def printed(run: Run, *arguments: object) -> str:
    """Standard output of a command that went well, and said nothing else, but of no patches."""
    result = run(*arguments)
    assert result.code == 0
    assert result.err == "" or result.err.startswith(EMPTY)
    return result.out


def from_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def plain(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value, default=str))


# select


@pytest.mark.parametrize("asked", [KOREA, NOTHING], ids=["some", "none"])
class TestSelect:
    def test_paths_are_those_of_python(
        self, run: Run, small: Small, expected: Catalog, asked: dict[str, Any]
    ) -> None:
        text = printed(run, "select", small.out, *asked["options"], "--format", "paths")
        assert text.splitlines() == expected.select(**asked["filters"]).paths()
        of_sensors = ["--sensor", "lc", "--sensor", "s1", "--format", "paths"]
        text = printed(run, "select", small.out, *asked["options"], *of_sensors)
        assert text.splitlines() == expected.select(**asked["filters"]).paths("lc", "s1")

    def test_csv_is_the_flat_table_of_python(
        self, run: Run, small: Small, expected: Catalog, asked: dict[str, Any]
    ) -> None:
        text = printed(run, "select", small.out, *asked["options"], "--format", "csv")
        frame = expected.select(**asked["filters"]).to_geodataframe()
        assert text.splitlines()[0].split(",") == list(frame.columns)
        frame = pd.DataFrame(frame).assign(
            geometry=[shapely.to_wkt(shape) for shape in frame.geometry]
        )
        frame["issues"] = [json.dumps(list(issues)) for issues in frame["issues"]]
        frame["complete"] = frame["complete"].map({True: "true", False: "false"})
        rows = [
            {name: "" if pd.isna(value) else str(value) for name, value in row.items()}
            for row in frame.to_dict("records")
        ]
        assert from_csv(text) == rows

    def test_json_is_the_rows_of_python(
        self, run: Run, small: Small, expected: Catalog, asked: dict[str, Any]
    ) -> None:
        text = printed(run, "select", small.out, *asked["options"], "--format", "json")
        table = expected.select(**asked["filters"]).to_arrow()
        rows = [
            plain(row | {"geometry": shapely.geometry.mapping(shapely.from_wkb(row["geometry"]))})
            for row in table.to_pylist()
        ]
        assert json.loads(text) == rows

    def test_geojson_is_the_geodataframe_of_python(
        self, run: Run, small: Small, expected: Catalog, asked: dict[str, Any]
    ) -> None:
        text = printed(run, "select", small.out, *asked["options"], "--format", "geojson")
        content = json.loads(text)
        frame = expected.select(**asked["filters"]).to_geodataframe()
        assert content["type"] == "FeatureCollection"
        assert [feature["id"] for feature in content["features"]] == list(frame["id"])
        for feature, shape in zip(content["features"], frame.geometry, strict=True):
            assert feature["type"] == "Feature"
            assert shapely.geometry.shape(feature["geometry"]).equals(shape)
            assert set(feature["properties"]) == set(frame.columns) - {"geometry"}

    def test_stac_geoparquet_is_a_catalog_of_the_same_patches(
        self, run: Run, small: Small, expected: Catalog, asked: dict[str, Any], tmp_path: Path
    ) -> None:
        path = tmp_path / "some.parquet"
        options = [*asked["options"], "--format", "stac-geoparquet", "-o", path]
        assert printed(run, "select", small.out, *options) == ""
        ids = expected.select(**asked["filters"]).ids
        with Catalog.open(path) as cat:
            assert cat.select().ids == ids
        assert sorted(geopandas.read_parquet(path)["id"]) == sorted(ids)


@pytest.mark.parametrize("format_", ["table", "paths", "csv", "json", "geojson"])
def test_file_holds_what_is_printed_otherwise(
    run: Run, small: Small, format_: str, tmp_path: Path
) -> None:
    options = [*KOREA["options"], "--format", format_]
    path = tmp_path / "sélection.txt"
    path.write_text("older")
    assert printed(run, "select", small.out, *options, "-o", path) == ""
    assert path.read_text(encoding="utf-8") == printed(run, "select", small.out, *options)
    assert list(tmp_path.iterdir()) == [path], "nothing else is left"


def test_pipe_is_written_to_and_stays_one(run: Run, small: Small, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor() as threads:
        text = threads.submit(path.read_text)
        assert printed(run, "select", small.out, *KOREA["options"], "-o", path) == ""
    assert text.result() == printed(run, "select", small.out, *KOREA["options"])
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path], "nothing else is left"


def test_standard_output_may_be_named_as_a_file(run: Run, small: Small, tmp_path: Path) -> None:
    link = tmp_path / "stdout"  # what /dev/stdout is, where nothing can break it
    link.symlink_to("/proc/self/fd/1")
    arguments = ["sql", str(small.out), "FROM scenes", "--format", "csv"]
    command = [sys.executable, "-c", "from catalog.cli import main; main()", *arguments]
    result = subprocess.run([*command, "-o", link], check=True, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == (printed(run, *arguments), "")
    assert link.is_symlink()


def test_geojson_is_read_by_gdal(run: Run, small: Small, tmp_path: Path) -> None:
    path = tmp_path / "patches.geojson"
    printed(run, "select", small.out, *KOREA["options"], "--format", "geojson", "-o", path)
    frame = geopandas.read_file(path)
    assert frame.crs == "EPSG:4326"
    assert len(frame) == 9


def test_table_for_people_reads_well(run: Run, small: Small, golden: Golden) -> None:
    lines = []
    for options in ([], KOREA["options"], NOTHING["options"], ["--where", "id LIKE '%_142_p180'"]):
        text = printed(run, "select", small.out, *options)
        lines += [line.rstrip() for line in text.splitlines()] + [""]
    golden.check("cli/select_table.txt", "\n".join(lines))


def test_paths_are_rebased(run: Run, small: Small) -> None:
    options = ["--season", "fall", "--sensor", "s2", "--format", "paths"]
    here = printed(run, "select", small.out, *options).splitlines()
    result = run("select", small.out, *options, "--root", "/mnt/data")
    assert "no folder /mnt/data on this machine" in result.err
    there = result.out.splitlines()
    assert there == [path.replace(str(small.root), "/mnt/data") for path in here]
    assert len(there) == 9


@pytest.mark.parametrize(
    ("options", "filters"),
    [
        (["--region", "Africa"], {"region": "Africa"}),
        (["--region", "-49,-2,-48,-1"], {"region": (-49, -2, -48, -1)}),
        (["--region", "10,44,11,45"], {"region": (10, 44, 11, 45)}),
        (["--region", "Italy", "--region", "kor"], {"region": ["Italy", "KOR"]}),
        (["--not-region", "Asia", "--not-region", "10,44,11,45"],
         {"not_region": ["Asia", (10, 44, 11, 45)]}),
        (["--region", "Italy", "--predicate", "within"],
         {"region": "Italy", "predicate": "within"}),
        (["--season", "fall", "--season", "spring"], {"season": ["fall", "spring"]}),
        (["--local-season", "fall"], {"local_season": "fall"}),
        (["--cover", "forest>=0.1", "--cover", "water<=0.5"],
         {"cover": {"forest": 0.1, "water": (0, 0.5)}}),
        (["--split", "test"], {"split": "test"}),
        (["--complete"], {"complete": True}),
        (["--where", "patch % 2 = 0"], {"where": "patch % 2 = 0"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_option_is_the_filter_of_python(
    run: Run, small: Small, expected: Catalog, options: list[str], filters: dict[str, Any]
) -> None:
    text = printed(run, "select", small.out, *options, "--format", "paths", "--sensor", "lc")
    assert text.splitlines() == expected.select(**filters).paths("lc")


# sql

MIXED = (
    "SELECT id, patch, lon, cover, issues, geometry, NULL AS nothing, true AS yes,"
    " DATE '2020-01-02' AS day, 1.50::DECIMAL(5, 2) AS money, sum(patch) OVER () AS total"
    " FROM patches WHERE scene = 126 ORDER BY id"
)


def test_sql_json_holds_every_type(run: Run, small: Small, expected: Catalog) -> None:
    rows = json.loads(printed(run, "sql", small.out, MIXED, "--format", "json"))
    (first, *_) = expected.sql(MIXED).fetchall()
    assert len(rows) == 9
    assert list(rows[0]) == expected.sql(MIXED).columns
    assert list(rows[0].values())[:5] == list(first[:5])
    assert shapely.geometry.shape(rows[0]["geometry"]).equals(shapely.from_wkb(first[5]))
    assert rows[0]["nothing"] is None
    assert rows[0]["yes"] is True
    assert rows[0]["day"] == "2020-01-02"
    assert float(rows[0]["money"]) == 1.5
    assert rows[0]["total"] == first[10]


def test_sql_csv_holds_geometry_as_wkt(run: Run, small: Small, expected: Catalog) -> None:
    rows = from_csv(printed(run, "sql", small.out, MIXED, "--format", "csv"))
    found = expected.sql(MIXED).fetchall()
    assert [(row["id"], int(row["patch"]), float(row["lon"])) for row in rows] == [
        row[:3] for row in found
    ]
    for row, values in zip(rows, found, strict=True):
        shape = shapely.from_wkt(row["geometry"])
        assert shapely.equals_exact(shape, shapely.from_wkb(values[5]), 1e-6)
        assert row["nothing"] == ""
        assert row["day"] == "2020-01-02"


def test_sql_csv_holds_nested_values_as_json(run: Run, small: Small) -> None:
    query = "SELECT {'a': 0.5, 'b': NULL} AS shares, ['x', 'y'] AS list, true AS yes"
    (row,) = from_csv(printed(run, "sql", small.out, query, "--format", "csv"))
    assert json.loads(row["shares"]) == {"a": 0.5, "b": None}
    assert json.loads(row["list"]) == ["x", "y"]
    assert row["yes"] == "true"


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_sql_keeps_columns_of_the_same_name(run: Run, small: Small, format_: str) -> None:
    query = "SELECT 11 AS a, 22 AS a, 33 AS b"
    text = printed(run, "sql", small.out, query, "--format", format_)
    assert all(value in text for value in ("11", "22", "33"))


def test_sql_json_numbers_columns_of_the_same_name(run: Run, small: Small) -> None:
    query = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS b, 5 AS a"
    (row,) = json.loads(printed(run, "sql", small.out, query, "--format", "json"))
    assert sorted(row.values()) == [1, 2, 3, 4, 5]
    assert list(row)[:2] == ["a", "a_1"]


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_sql_prints_bytes_that_are_no_geometry(run: Run, small: Small, format_: str) -> None:
    query = r"SELECT '\x00abc'::BLOB AS raw, 1 AS one"
    assert "one" in printed(run, "sql", small.out, query, "--format", format_)


@pytest.mark.parametrize(
    ("format_", "text"), [("table", "id\n"), ("csv", "id\n"), ("json", "[\n\n]\n")]
)
def test_sql_without_rows_prints_no_rows(run: Run, small: Small, format_: str, text: str) -> None:
    query = "SELECT id FROM patches WHERE false"
    found = printed(run, "sql", small.out, query, "--format", format_)
    assert "\n".join(line.rstrip() for line in found.split("\n")) == text


def test_sql_table_reads_well(run: Run, small: Small, golden: Golden) -> None:
    queries = (
        "SELECT dominant_cover, count(*) AS patches FROM patches GROUP BY ALL ORDER BY ALL",
        "SELECT id, lon, lat, geometry, issues FROM patches WHERE patch = 30 ORDER BY id",
        "SELECT '[bold]no markup[/bold]' AS markup, NULL AS nothing, 1e-9 AS small, 12345678 AS n",
    )
    lines = []
    for query in queries:
        text = printed(run, "sql", small.out, query)
        lines += [query, *(line.rstrip() for line in text.splitlines()), ""]
    golden.check("cli/sql_table.txt", "\n".join(lines))


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
def test_sql_file_holds_what_is_printed_otherwise(
    run: Run, small: Small, format_: str, tmp_path: Path
) -> None:
    query, path = "FROM scenes SELECT scene_id, country ORDER BY ALL", tmp_path / "scenes"
    assert printed(run, "sql", small.out, query, "--format", format_, "-o", path) == ""
    assert path.read_text() == printed(run, "sql", small.out, query, "--format", format_)


# info


def test_info_json_is_the_info_of_python(run: Run, small: Small, expected: Catalog) -> None:
    content = json.loads(printed(run, "info", small.out, "--json"))
    assert content == json.loads(json.dumps(expected.info().as_dict())) | {"rejected": 0}


def test_info_reads_well(run: Run, small: Small, golden: Golden) -> None:
    text = printed(run, "info", small.out).replace(str(small.out), "OUT")
    golden.check("cli/info.txt", "\n".join(line.rstrip() for line in text.splitlines()) + "\n")
