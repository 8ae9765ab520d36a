"""A bad file is named with its reason, and harms no other."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import rasterio
import rasterio.warp

from catalog import Catalog, Report
from catalog.source.synthetic import format_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Small

from trees import SPRING, Tree, put, rows_of

Row = dict[str, Any]


def tiff(path: Path, **profile: Any) -> None:
    """Write a GeoTIFF in place of another, on its grid."""
    with rasterio.open(path) as source:
        shape = {"driver": "GTiff", "width": 256, "height": 256, "count": source.count}
        grid = {"crs": source.crs, "transform": source.transform, "dtype": source.dtypes[0]}
        pixels = source.read()
    path.unlink()
    with rasterio.open(path, "w", **shape | grid | profile) as target:
        shown = pixels[: target.count, : target.height, : target.width]
        target.write(shown.astype(target.dtypes[0]))


def move_grid(path: Path, sensor: str) -> None:
    """Move a file of the scene in spring by a pixel."""
    with rasterio.open(path) as source:
        x, y = source.transform.c + 10, source.transform.f
    header = format_header(sensor, 32737, (x, y))
    put(path, header + path.read_bytes()[len(header) :])


def damage_pixels(path: Path) -> None:
    """Compress a file, and lose a piece in the midst."""
    tiff(path, compress="deflate", interleave="band")
    content = path.read_bytes()
    middle = len(content) // 2
    put(path, content[:middle] + bytes(200) + content[middle + 200 :])


class Damage(NamedTuple):
    """One way in which a file can be bad."""

    sensor: str
    patch: int
    harm: Callable[[Path], object]
    reason: str


DAMAGES = {
    "empty": Damage("s1", 30, lambda path: put(path, b""), r"is empty \(0 bytes\)"),
    "truncated": Damage(
        "s2",
        31,
        lambda path: put(path, path.read_bytes()[:-1]),
        r"is truncated: 1,706,431 of at least 1,706,432 bytes",
    ),
    "truncated in the header": Damage(
        "s1",
        32,
        lambda path: put(path, path.read_bytes()[:100]),
        "is not a GeoTIFF that GDAL can",
    ),
    "no raster": Damage(
        "lc",
        59,
        lambda path: put(path, b"<html>404</html>"),
        "is not a GeoTIFF that GDAL can",
    ),
    "other bands": Damage(
        "s1",
        60,
        lambda path: tiff(path, count=1),
        r"has 256 × 256 pixels with 1 bands where 256 × 256 pixels with 2 bands are expected",
    ),
    "other size": Damage(
        "s2", 61, lambda path: tiff(path, width=255), r"has 256 × 255 pixels with 13 bands where"
    ),
    "classes as decimals": Damage(
        "lc", 88, lambda path: tiff(path, dtype="float32"), r"holds float32 pixels where"
    ),
    "pixels lost": Damage("lc", 89, damage_pixels, r"has pixels that GDAL cannot read"),
    "another grid": Damage(
        "s1",
        90,
        lambda path: move_grid(path, "s1"),
        r"lies on another grid than the .* of its patch",
    ),
}


@pytest.fixture(scope="module")
def damaged(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A dataset where every patch of a scene has another damage, and its catalog."""
    damaged = Tree(tmp_path_factory.mktemp("damaged"))
    shutil.copytree(small.root, damaged.root, copy_function=os.link)
    for damage in DAMAGES.values():
        damage.harm(damaged.file(damage.sensor, damage.patch))
    folder = damaged.root / "ROIs1158_spring"
    put(folder / "copies" / "ROIs1158_spring_s2_1_p30.tif", damaged.file("s2", 30).read_bytes())
    put(folder / "ROIs1158_winter_s2_1_p30.tif", b"")
    (folder / "ROIs1158_spring_s2_1_p99.tif").mkdir()
    (folder / "s2_1" / "ROIs1158_spring_s2_1_p98.tif").symlink_to("nowhere")
    put(folder / "s2_1" / "ROIs1158_spring_s2_1_p30.tif.aux.xml", b"<PAMDataset/>")
    put(damaged.root / "seasons.csv", b"scene;true_season\n")
    other = damaged.root / "ROIs2017_winter"
    put(other / "lc_112" / "ROIs2017_winter_lc_112_p381.tif", b"")
    moved = other / "s1_112" / "ROIs2017_winter_s1_112_p381.tif"
    header = format_header("s1", 32631, (600_000, 5_600_000))
    put(moved, header + moved.read_bytes()[len(header) :])
    return damaged


@pytest.fixture(scope="module")
def report(damaged: Tree) -> Report:
    return damaged.index()


@pytest.fixture(scope="module")
def reasons(damaged: Tree, report: Report) -> dict[str, str]:
    return {
        Path(entry.path).relative_to(damaged.root).as_posix(): entry.reason
        for entry in report.rejected
    }


@pytest.fixture(scope="module")
def rows(damaged: Tree, report: Report) -> dict[str, Row]:
    rows = rows_of(damaged.out)
    assert len(rows) == report.patches
    return rows


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_bad_file_is_named_with_its_reason(
    damaged: Tree, reasons: dict[str, str], damage: Damage
) -> None:
    path = damaged.file(damage.sensor, damage.patch).relative_to(damaged.root).as_posix()
    assert re.match(damage.reason, reasons[path])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_the_other_files_of_its_patch_stay(rows: dict[str, Row], damage: Damage) -> None:
    assets = rows[f"{SPRING}_1_p{damage.patch}"]["assets"]
    there = {name for name in ("s1", "s2", "lc") if assets[name]}
    assert there == {"s1", "s2", "lc"} - {damage.sensor}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param(
            "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif",
            r"is a second file of the same patch and sensor: the catalog has .*/copies/.*_p30\.tif",
            id="second file",
        ),
        pytest.param(
            "ROIs1158_spring/ROIs1158_winter_s2_1_p30.tif",
            r"has no name of SEN12MS, such as ROIs1158_spring_s1_1_p30\.tif",
            id="strange name",
        ),
        pytest.param(
            "ROIs1158_spring/ROIs1158_spring_s2_1_p99.tif", r"is not a regular file", id="folder"
        ),
        pytest.param(
            "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p98.tif",
            r"is not a regular file",
            id="link to nowhere",
        ),
        pytest.param(
            "seasons.csv",
            r"is not a table of seasons: .*has no column scene or true_season",
            id="seasons",
        ),
        pytest.param(
            "ROIs2017_winter/s1_112/ROIs2017_winter_s1_112_p381.tif",
            r"lies on another grid than the s2 of its patch",
            id="one of two grids",
        ),
        pytest.param(
            "ROIs2017_winter/s2_112/ROIs2017_winter_s2_112_p381.tif",
            r"lies on another grid than the s1 of its patch",
            id="the other of two grids",
        ),
    ],
)
def test_what_else_is_wrong_is_named_too(reasons: dict[str, str], path: str, reason: str) -> None:
    assert re.match(reason, reasons[path])


def test_nothing_else_is_rejected(report: Report, reasons: dict[str, str]) -> None:
    assert len(reasons) == len(DAMAGES) + 7 + 1  # and the empty file beside two grids
    assert [entry.path for entry in report.rejected] == sorted(
        entry.path for entry in report.rejected
    )


def test_a_patch_without_one_good_file_is_left_out(small: Small, rows: dict[str, Row]) -> None:
    assert rows_of(small.out).keys() - rows.keys() == {"ROIs2017_winter_112_p381"}
    assert rows.keys() <= rows_of(small.out).keys()


def test_patches_without_damage_are_as_ever(
    damaged: Tree, small: Small, rows: dict[str, Row]
) -> None:
    for patch, row in rows_of(small.out).items():
        if patch.startswith((SPRING, "ROIs2017_winter_112")):
            continue
        text = json.dumps(rows[patch]["assets"]).replace(str(damaged.root), str(small.root))
        assert json.loads(text) == row["assets"]
        assert rows[patch] | {"assets": None} == row | {"assets": None}


def test_the_report_counts_what_is_in_the_catalog(report: Report, rows: dict[str, Row]) -> None:
    missing = {
        sensor: sum(row["assets"][sensor] is None for row in rows.values())
        for sensor in ("s1", "s2", "lc")
    }
    assert (report.patches, report.scenes) == (len(rows), 6)
    assert dict(report.missing) == missing
    assert report.files == 162 + 1  # and the second file


def test_the_report_on_disk_says_the_same(damaged: Tree, report: Report) -> None:
    assert json.loads((damaged.out / "report.json").read_bytes()) == json.loads(
        json.dumps(asdict(report))
    )


def test_a_catalog_names_its_rejected_files(damaged: Tree, report: Report) -> None:
    with Catalog.open(damaged.out) as cat:
        assert tuple(cat.rejected()) == report.rejected


def test_a_later_run_over_the_same_files_reports_the_same(damaged: Tree, report: Report) -> None:
    assert damaged.index() == report


def test_a_clean_dataset_is_reported(small: Small) -> None:
    report = small.report
    assert report.package == version("sen12ms-catalog")
    assert re.fullmatch("[0-9a-f]{64}", report.inputs)
    assert (report.roots, report.href_base) == ((str(small.root),), None)
    assert (report.files, report.scenes, report.patches) == (162, 6, 54)
    assert dict(report.missing) == {"s1": 0, "s2": 0, "lc": 0}
    assert report.rejected == ()


def test_a_dataset_of_nothing_but_bad_files_is_reported(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    put(tree.file("s1", 30), b"")
    report = tree.index()
    assert (report.files, report.scenes, report.patches) == (1, 0, 0)
    assert [entry.reason for entry in report.rejected] == ["is empty (0 bytes)"]
    with Catalog.open(tree.out) as cat:
        assert len(cat.select()) == 0


def test_a_table_of_seasons_that_no_reader_takes_is_rejected(tree: Tree) -> None:
    put(tree.root / "seasons.csv", b'scene,true_season\n"' + b"x" * 200_000)
    report = tree.index()
    assert [entry.path for entry in report.rejected] == [str(tree.root / "seasons.csv")]
    assert report.patches == 18


@pytest.mark.parametrize("length", [300, 883])
def test_a_file_that_ends_in_its_header_is_rejected_even_alone(tree: Tree, length: int) -> None:
    path = tree.file("s1", 30)
    put(path, path.read_bytes()[:length])
    tree.file("s2", 30).unlink()
    tree.file("lc", 30).unlink()
    report = tree.index()
    assert [entry.path for entry in report.rejected] == [str(path)]
    assert report.patches == 17
