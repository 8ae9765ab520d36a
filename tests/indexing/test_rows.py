"""A catalog of real files says what rasterio, PROJ and numpy say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely
from trees import rows_of

from catalog import index
from catalog.datasets import SEN12MS

Row = dict[str, Any]

REAL_PATCHES = {
    "ROIs1158_spring_1_p30": {"s1", "lc"},
    "ROIs1970_fall_139_p839": {"s1", "s2"},
    "ROIs2017_winter_112_p797": {"s1", "s2"},
}


@pytest.fixture(scope="module")
def real_out(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the real files."""
    out = tmp_path_factory.mktemp("real") / "catalog"
    report = index(real, into=out)
    assert report.rejected == ()
    return out


@pytest.fixture(scope="module")
def real_rows(real_out: Path) -> dict[str, Row]:
    return rows_of(real_out)


def test_three_patches_have_the_files_that_are_there(real_rows: dict[str, Row]) -> None:
    sensors = {
        patch: {name for name, asset in row["assets"].items() if asset}
        for patch, row in real_rows.items()
    }
    assert sensors == REAL_PATCHES


@pytest.mark.parametrize("patch", REAL_PATCHES)
def test_corners_are_those_of_rasterio_and_proj(real_rows: dict[str, Row], patch: str) -> None:
    ring = shapely.get_coordinates(shapely.from_wkb(real_rows[patch]["geometry"]))
    assert ring.shape == (5, 2)
    assert shapely.LinearRing(ring).is_ccw
    for asset in filter(None, real_rows[patch]["assets"].values()):
        with rasterio.open(asset["href"]) as source:
            rows, columns = [0, source.height] * 2, [0, 0, source.width, source.width]
            x, y = source.xy(rows, columns, offset="ul")
            corners = np.transpose(rasterio.warp.transform(source.crs, "OGC:CRS84", x, y))
        distances = np.abs(ring[:4, None] - corners).max(axis=2)
        assert distances.min(axis=0).max() < 1e-7
        assert distances.min(axis=1).max() < 1e-7


@pytest.mark.parametrize("patch", REAL_PATCHES)
def test_sizes_are_those_on_disk(real_rows: dict[str, Row], patch: str) -> None:
    for asset in filter(None, real_rows[patch]["assets"].values()):
        assert asset["file:size"] == Path(asset["href"]).stat().st_size


def test_counts_of_land_cover_are_those_of_numpy(real_rows: dict[str, Row]) -> None:
    row = real_rows["ROIs1158_spring_1_p30"]
    with rasterio.open(row["assets"]["lc"]["href"]) as source:
        bands = source.read()
    for scheme, band in zip(SEN12MS.schemes, bands, strict=True):
        codes = {entry.code: entry.name for entry in SEN12MS.legends[scheme].classes}
        expected = dict.fromkeys([*codes.values(), "unknown"], 0)
        for code, count in zip(*np.unique(band, return_counts=True), strict=True):
            expected[codes.get(int(code), "unknown")] += int(count)
        assert row[f"sen12ms:{scheme}"] == expected
        assert sum(expected.values()) == 65_536


def test_a_patch_without_land_cover_has_no_counts(real_rows: dict[str, Row]) -> None:
    for patch in ("ROIs1970_fall_139_p839", "ROIs2017_winter_112_p797"):
        assert {real_rows[patch][f"sen12ms:{scheme}"] for scheme in SEN12MS.schemes} == {None}


def test_the_scene_in_mozambique_is_found_there(real_rows: dict[str, Row]) -> None:
    row = real_rows["ROIs1158_spring_1_p30"]
    assert (row["sen12ms:country"], row["sen12ms:continent"]) == ("MOZ", "Africa")
    assert row["sen12ms:local_season"] == "fall"
