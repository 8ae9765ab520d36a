"""The files that the page reads: columns, boundaries, and what belongs to each patch."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely

from catalog import Catalog, index
from catalog.cli.demo import SCENES
from catalog.datasets import SEN12MS, SEN12MS_CR
from catalog.source.synthetic import write_scene
from catalog.viewer import boundaries, page
from catalog.viewer.columns import packed
from catalog.viewer.search_table import UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def unpacked(content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The columns of a file, read as its description says."""
    body = gzip.decompress(content)
    length = int.from_bytes(body[:4], "little")
    start = -(-(4 + length) // 8) * 8
    return {
        name: np.frombuffer(body, f"<{told['type']}", told["length"], start + told["offset"])
        for name, told in json.loads(body[4 : 4 + length]).items()
    }


def test_columns_of_any_length_are_read_back() -> None:
    columns = {
        f"{kind}{size}": np.arange(size).astype(kind)
        for kind in ("u1", "u2", "u4", "f8")
        for size in (0, 1, 3, 1000)
    }
    found = unpacked(packed(columns))
    assert found.keys() == columns.keys()
    for name, values in columns.items():
        np.testing.assert_array_equal(found[name], values)
    assert packed(columns) == packed(columns)


def test_boundaries_are_those_of_the_tables(tmp_path: Path) -> None:
    boundaries.build(tmp_path)
    for path in tmp_path.iterdir():
        # Another zlib may pack the same content into other bytes.
        shipped = (boundaries.FOLDER / path.name).read_bytes()
        assert gzip.decompress(path.read_bytes()) == gzip.decompress(shipped), path.name
    assert len(list(tmp_path.iterdir())) == 3


def test_the_search_table_holds_what_the_catalog_holds(cat: Catalog, catalog_folder: Path) -> None:
    data = catalog_folder / "map"
    about = json.loads((data / "about.json").read_text())
    columns = unpacked((data / "patches.columns.gz").read_bytes())
    frame = cat.select().to_geodataframe()
    names = about["names"]
    for name in ("local_season", "split", "country", "dominant_cover"):
        decoded = [None if code == 0xFFFF else names[name][code] for code in columns[name]]
        assert decoded == [None if pd.isna(value) else value for value in frame[name]], name
    ids = [
        f"{names['scene_id'][scene]}_p{patch}"
        for scene, patch in zip(columns["scene_id"], columns["patch"], strict=True)
    ]
    assert ids == cat.select().ids
    for i, shape in enumerate(frame.geometry):
        parts = range(columns["polygons"][i], columns["polygons"][i + 1])
        rings = [slice(columns["corners"][part], columns["corners"][part + 1]) for part in parts]
        polygons = [
            shapely.Polygon(np.column_stack([columns["x"][ring], columns["y"][ring]]))
            for ring in rings
        ]
        assert polygons == list(getattr(shape, "geoms", [shape]))


@pytest.mark.parametrize("scheme", ["igbp", "lccs_lc", "lccs_lu", "lccs_sh"])
def test_counts_of_classes_are_exact(cat: Catalog, catalog_folder: Path, scheme: str) -> None:
    columns = unpacked((catalog_folder / "map" / f"{scheme}.columns.gz").read_bytes())
    assert tuple(columns) == cat.dataset.legends[scheme].names
    for name, counts in columns.items():
        rows = cat.sql(
            f"SELECT {scheme}.{name} * 65536 FROM patches ORDER BY season, scene, patch"
        ).fetchall()
        assert [UNKNOWN if count is None else count for (count,) in rows] == counts.tolist()


def test_borrowed_land_cover_is_on_the_page_and_unknown_where_it_is_null(
    borrowing_folder: Path,
) -> None:
    data = borrowing_folder / "map"
    about = json.loads((data / "about.json").read_text())
    assert about["id"] == SEN12MS_CR.id
    assert list(about["sensors"]) == list(SEN12MS_CR.sensors)
    assert about["cover"] == dict(SEN12MS.cover_colors)
    columns = unpacked((data / "patches.columns.gz").read_bytes())
    with Catalog.open(borrowing_folder) as cat:
        covers = cat.select().relation().select("dominant_cover").fetchall()
        for scheme, legend in SEN12MS.legends.items():
            counts = unpacked((data / f"{scheme}.columns.gz").read_bytes())
            assert tuple(counts) == legend.names
            name = legend.names[0]
            rows = cat.select().relation().select(f"{scheme}_{name}").fetchall()
            expected = [UNKNOWN if share is None else round(share * 65_536) for (share,) in rows]
            assert counts[name].tolist() == expected
            assert 0 < expected.count(UNKNOWN) < len(expected)
    names = about["names"]["dominant_cover"]
    decoded = [None if code == 0xFFFF else names[code] for code in columns["dominant_cover"]]
    assert decoded == [cover for (cover,) in covers]


def test_pictures_of_a_static_catalog_lie_where_the_page_looks(tmp_path: Path) -> None:
    scene = replace(SCENES[0], patches=SCENES[0].patches[:2])
    list(write_scene(tmp_path / "SEN12MS", scene))
    index(tmp_path / "SEN12MS", into=tmp_path / "out", previews=True)
    about = json.loads((tmp_path / "out" / "map" / "about.json").read_text())
    with Catalog.open(tmp_path / "out") as cat:
        rows = cat.sql("SELECT id, season, scene_id FROM patches").fetchall()
    assert len(rows) == 2
    for patch, season, scene_id in rows:
        values = {"collection": about["id"], "season": season, "scene_id": scene_id, "id": patch}
        assert (tmp_path / "out" / about["item"].format(**values)).is_file()
        for picture in about["previews"]:
            path = tmp_path / "out" / about["picture"].format(**values, picture=picture)
            assert path.read_bytes().startswith(b"\x89PNG")


def test_a_read_only_package_makes_no_read_only_catalog(
    catalog_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, out = tmp_path / "page", tmp_path / "out"
    shutil.copytree(page.PAGE, shipped)
    out.mkdir(mode=0o2775)
    out.chmod(0o2775)
    for folder in (shipped, shipped / "map"):
        folder.chmod(0o555)
    monkeypatch.setattr(page, "PAGE", shipped)
    for name in ("catalog.duckdb", "items.parquet"):
        shutil.copy(catalog_folder / name, out)
    page.write_page(out, SEN12MS, items=True, previews=False)
    assert out.stat().st_mode & 0o7777 == 0o2775
    assert (out / "map").stat().st_mode & 0o200
