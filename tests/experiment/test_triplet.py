"""The three images of a patch: what the dataset's own loader gave, and what it lacked."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.errors import FileError, FilterError
from catalog.model import PatchKey
from catalog.source.synthetic import write_scene
from catalog.source.triplet import read_triplet

from .conftest import PIXEL_SCENES

if TYPE_CHECKING:
    from pathlib import Path


def test_triplet_is_what_rasterio_reads(pixels_cat: Catalog) -> None:
    triplet = pixels_cat.triplet("summer", 142, 181)
    assert triplet.id == "ROIs1868_summer_142_p181"
    for sensor, path in zip(("s1", "s2", "lc"), paths_of(pixels_cat, triplet.id), strict=True):
        with rasterio.open(path) as source:
            pixels = getattr(triplet, sensor)
            assert np.array_equal(pixels, source.read())
            assert pixels.flags.c_contiguous
            assert triplet.bounds == pytest.approx(tuple(source.bounds))
            assert triplet.crs == str(source.crs)
            lon, lat = source.lnglat()
    assert (triplet.lon, triplet.lat) == pytest.approx((lon, lat), abs=1e-4)


def test_a_sensor_more_is_read_too(pixels_cat: Catalog) -> None:
    s1, s2, _ = paths_of(pixels_cat, "ROIs1868_summer_142_p181")
    patch = read_triplet("a", {"s1": s1, "s2": s2, "s2_cloudy": s2}, (9.0, 45.0))
    assert list(patch.images) == ["s1", "s2", "s2_cloudy"]
    assert np.array_equal(patch.s2_cloudy, patch.s2)
    with pytest.raises(AttributeError, match="'Triplet' object has no attribute 'lc'"):
        _ = patch.lc
    with pytest.raises(FileError, match="a has no s3"):
        read_triplet("a", {"s1": s1, "s3": None}, (9.0, 45.0))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_triplet_can_be_copied(pixels_cat: Catalog, copied: Any) -> None:
    triplet = pixels_cat.triplet("summer", 142, 181)
    other = copied(triplet)
    other = pickle.loads(other) if isinstance(other, bytes) else other
    assert other.bounds == triplet.bounds
    assert np.array_equal(other.lc, triplet.lc)


def test_file_on_another_grid_is_named(pixels_cat: Catalog) -> None:
    one, two = (paths_of(pixels_cat, f"ROIs1868_summer_142_p{k}") for k in (180, 181))
    with pytest.raises(FileError, match=r"_s2_142_p181.tif lies on another grid than the s1 of"):
        read_triplet("a", {"s1": one[0], "s2": two[1]}, (9.0, 45.0))


def paths_of(cat: Catalog, patch: str) -> list[str]:
    return cat.pick([patch]).paths()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (("sumer", 142, 181), "there is no season 'sumer': did you mean summer"),
        (("summer", 142, 9), "there is no patch 'ROIs1868_summer_142_p9' in .*catalog"),
        (("winter", 142, 181), "there is no patch 'ROIs2017_winter_142_p181'"),
    ],
)
def test_patch_that_is_not_there_is_named(
    pixels_cat: Catalog, key: tuple[str, int, int], message: str
) -> None:
    with pytest.raises(FilterError, match=message):
        pixels_cat.triplet(*key)


@pytest.mark.parametrize("season", [None, "", "sprng"])
def test_season_that_is_none_is_refused(pixels_cat: Catalog, season: Any) -> None:
    with pytest.raises(FilterError, match="season"):
        pixels_cat.triplet(season, 1, 30)


def test_missing_member_is_named(tmp_path: Path) -> None:
    root, out = tmp_path / "SEN12MS", tmp_path / "catalog"
    for path in write_scene(root, PIXEL_SCENES[1]):
        if "_s1_" in path.name and "_p59" in path.name:
            path.unlink()
    index(root, into=out, workers=1)
    with Catalog.open(out) as cat:
        with pytest.raises(FileError, match="ROIs1158_spring_1_p59 has no s1"):
            cat.triplet("spring", 1, 59)
        (root / SEN12MS.file_path(PatchKey("spring", 1, 30), "s2")).unlink()
        with pytest.raises(FileError, match=r"ROIs1158_spring_s2_1_p30\.tif cannot be read"):
            cat.triplet("spring", 1, 30)
