"""`index --statistics` reads pixels, and reports what is wrong with them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from extension_schemas import problems

from catalog import Catalog, OutputError, index
from catalog.datasets.quality import Measure
from catalog.source.pixel_audit import measured
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Packed
    from numpy.typing import NDArray

SCENE = SyntheticScene(
    "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (180, 181, 182, 183, 184)
)


def change(root: Path, name: str, edit: Callable[[NDArray[np.float32]], None]) -> None:
    """Edit the pixels of a file in place."""
    (path,) = root.rglob(name)
    with rasterio.open(path, "r+") as file:
        pixels = file.read()
        edit(pixels)
        file.write(pixels)


def set_to(value: float, rows: int, bands: int | None = None) -> Callable[[NDArray], None]:
    """Fill the first rows of the first bands, or of all."""

    def edit(pixels: NDArray) -> None:
        pixels[:bands, :rows] = value

    return edit


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five patches: with one NaN, with empty rows, with saturated ones, with too few, with none."""
    folder = tmp_path_factory.mktemp("pixels") / "SEN12MS"
    assert list(write_scene(folder, SCENE))
    change(folder, "*_s1_142_p180.tif", lambda pixels: pixels.__setitem__((1, 7, 9), np.nan))
    change(folder, "*_s2_142_p181.tif", set_to(0, 3))
    change(folder, "*_s2_142_p182.tif", set_to(65535, 3, 1))
    change(folder, "*_s2_142_p183.tif", set_to(0, 2))
    return folder


def test_issues_tell_what_is_wrong_with_the_pixels(root: Path, tmp_path: Path) -> None:
    index(root, into=tmp_path / "out", workers=1, statistics=True)
    with Catalog.open(tmp_path / "out") as cat:
        rows = cat.sql("SELECT patch, issues FROM patches ORDER BY patch").fetchall()
        assert rows == [
            (180, ["not_finite"]), (181, ["empty"]), (182, ["saturated"]), (183, []), (184, []),
        ]  # fmt: skip
        found = cat.select(where="list_contains(issues, 'not_finite')")
        assert found.ids == ["ROIs1868_summer_142_p180"]


def test_pixels_are_read_only_if_asked_for(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for statistics in (False, True, True, False):
        index(root, into=out, workers=1, statistics=statistics)
        with Catalog.open(out) as cat:
            assert len(cat.select(where="len(issues) > 0")) == (3 if statistics else 0)


def test_file_that_cannot_be_read_is_rejected_as_ever(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "SEN12MS"
    for path in root.rglob("*.tif"):
        target = copy / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    (broken,) = copy.rglob("*_s2_142_p184.tif")
    broken.unlink()
    broken.write_bytes(b"II*\0")
    report = index(copy, into=tmp_path / "out", workers=1, statistics=True)
    assert [entry.path for entry in report.rejected] == [str(broken)]
    with Catalog.open(tmp_path / "out") as cat:
        assert len(cat.select(where="len(issues) > 0")) == 3


def test_archives_are_refused(packed: Packed, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="statistics need files: extract them"):
        index(*packed.archives, into=tmp_path / "out", statistics=True)


def share(bad: NDArray) -> float:
    return np.count_nonzero(bad) / bad.size


def test_quality_is_what_numpy_finds_in_the_pixels(root: Path, tmp_path: Path) -> None:
    index(root, into=tmp_path / "out", workers=1, statistics=True)
    with Catalog.open(tmp_path / "out") as cat:
        rows = cat.sql("SELECT s1, s2, quality FROM patches").fetchall()
        assert len(rows) == 5
        for s1, s2, quality in rows:
            with rasterio.open(s1) as radar, rasterio.open(s2) as optical:
                vv, vh = radar.read()
                reflectance = optical.read()
            assert quality == {
                "s1_not_finite": sum(np.count_nonzero(~np.isfinite(band)) for band in (vv, vh)),
                "s1_empty": share((vv == 0) & (vh == 0)),
                "s1_vv_mean": vv[np.isfinite(vv)].mean(dtype=np.float64),
                "s1_vh_mean": vh[np.isfinite(vh)].mean(dtype=np.float64),
                "s2_empty": share(reflectance.max(axis=0) == 0),
                "s2_saturated": share(reflectance.max(axis=0) == 65535),
            }


def test_the_patch_with_nan_is_found(tmp_path: Path) -> None:
    """As in the dataset: Sentinel-1 of summer 146, patch 202."""
    scene = SyntheticScene("summer", 146, 32632, (617663.8, 4971972.6), 29, (201, 202))
    assert list(write_scene(tmp_path / "SEN12MS", scene))
    change(tmp_path / "SEN12MS", "*_s1_146_p202.tif", set_to(np.nan, 256))
    index(tmp_path / "SEN12MS", into=tmp_path / "out", workers=1, statistics=True)
    with Catalog.open(tmp_path / "out") as cat:
        found = cat.select(where="quality.s1_not_finite > 0")
        assert found.ids == ["ROIs1868_summer_146_p202"]
        assert cat.select(filter="quality.s1_not_finite > 0").ids == found.ids
        assert cat.select(filter="quality.s2_empty >= 0.5").ids == []
        (item,) = found.items()
        assert item.properties["sen12ms:quality"] == {
            "s1_not_finite": 2 * 256 * 256,
            "s1_empty": 0,
            "s1_vv_mean": None,
            "s1_vh_mean": None,
            "s2_empty": 0,
            "s2_saturated": 0,
        }
        assert problems(item.to_dict(include_self_link=False)) == []
        (row,) = found.to_pandas().to_dict("records")
        assert row["quality_s1_not_finite"] == 131072


def test_quality_is_null_without_pixels_and_without_the_file(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "SEN12MS")
    next(copy.rglob("*_s2_142_p184.tif")).unlink()
    for statistics in (False, True):
        index(copy, into=tmp_path / "out", workers=1, statistics=statistics)
        with Catalog.open(tmp_path / "out") as cat:
            answer = cat.sql("SELECT quality FROM patches WHERE patch = 184").fetchall()
            ((quality,),) = answer
        if statistics:
            assert [name for name, value in quality.items() if value is None] == [
                "s2_empty", "s2_saturated",
            ]  # fmt: skip
        else:
            assert quality is None


@pytest.mark.parametrize(
    ("pixels", "kind", "value"),
    [
        (np.full((2, 10, 10), np.inf, np.float32), "not_finite", 200),
        (np.zeros((2, 10, 10), np.uint16), "not_finite", 0),
        (np.zeros((2, 10, 10), np.uint16), "empty", 1),
        (np.full((2, 10, 10), 65535, np.uint16), "saturated", 1),
        (np.full((2, 10, 10), 65535, np.float32), "saturated", 0),
    ],
)
def test_measures_of_one_image(pixels: NDArray, kind: Any, value: float) -> None:
    assert measured(pixels, Measure("", "", kind, 0, "")) == value
