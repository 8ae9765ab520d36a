"""An invented scene must not be told from a real one by its bytes, nor look like noise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile
from real_files import HEADERS

from catalog.datasets import SEN12MS
from catalog.model import PatchKey
from catalog.source.synthetic import SyntheticScene, format_header, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIZES = {"s1": 525_172, "s2": 1_706_432, "lc": 262_788}
PROFILES = {"s1": ("float32", 2, 4), "s2": ("uint16", 13, 1), "lc": ("uint8", 4, 8)}
ZONES = [32601, 32609, 32610, 32660, 32701, 32737, 32760]

NORTHERN = SyntheticScene("summer", 89, 32631, (704_342.595787463, 5_631_401.982979552), 29, (0, 1))
SOUTHERN = SyntheticScene("spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, (30, 59))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two neighbours in a row of a northern scene, two in a column of a southern one."""
    root = tmp_path_factory.mktemp("SEN12MS")
    for scene in (NORTHERN, SOUTHERN):
        list(write_scene(root, scene))
    return root


def path_of(scene: SyntheticScene, patch: int, sensor: str) -> str:
    """Path below the root."""
    return SEN12MS.file_path(PatchKey(scene.season, scene.scene, patch), sensor)


def grid_at(x: float, y: float) -> rasterio.Affine:
    """Transform of a grid of 10 m from its upper-left corner."""
    return rasterio.Affine(10, 0, x, 0, -10, y)


def read(path: Path) -> NDArray[Any]:
    """Pixels as rasterio sees them: bands, rows, columns."""
    with rasterio.open(path) as dataset:
        pixels: NDArray[Any] = dataset.read()
    return pixels


def write_and_read(root: Path, scene: SyntheticScene, sensor: str, seed: int = 0) -> NDArray[Any]:
    """Pixels of the first patch of a scene."""
    return read(next(write_scene(root, scene, seed=seed, sensors=[sensor])))


def test_every_file_is_named_and_placed_as_in_the_dataset(tmp_path: Path) -> None:
    files = list(write_scene(tmp_path, SOUTHERN))
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        path_of(SOUTHERN, patch, sensor) for patch in SOUTHERN.patches for sensor in SEN12MS.sensors
    ]
    assert sorted(files) == sorted(tmp_path.rglob("*.tif"))


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
@pytest.mark.parametrize("scene", [NORTHERN, SOUTHERN], ids=["north", "south"])
def test_rasterio_reads_the_profile_of_the_real_files(
    root: Path, scene: SyntheticScene, sensor: str
) -> None:
    dtype, bands, rows_per_strip = PROFILES[sensor]
    for patch in scene.patches:
        path = root / path_of(scene, patch, sensor)
        assert path.stat().st_size == SIZES[sensor]
        with rasterio.open(path) as dataset:
            assert dataset.profile == {
                "driver": "GTiff",
                "dtype": dtype,
                "nodata": None,
                "width": 256,
                "height": 256,
                "count": bands,
                "crs": rasterio.CRS.from_epsg(scene.epsg),
                "transform": grid_at(*scene.upper_left(patch)),
                "blockxsize": 256,
                "blockysize": rows_per_strip,
                "tiled": False,
                "interleave": "pixel",
            }
            assert dataset.tags() == {"AREA_OR_POINT": "Area"}
            assert (dataset.colorinterp[-1] == ColorInterp.alpha) == (sensor == "lc")


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.stem)
def test_the_header_of_a_real_file_is_remade_byte_by_byte(header: Path, real: Path) -> None:
    (path,) = real.rglob(f"{header.stem}.tif")
    parsed = SEN12MS.parse_name(path.name)
    assert parsed is not None
    with rasterio.open(path) as dataset:
        epsg, transform = dataset.crs.to_epsg(), dataset.transform
    assert format_header(parsed[1], epsg, (transform.c, transform.f)) == header.read_bytes()
    assert path.stat().st_size == SIZES[parsed[1]]


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
@pytest.mark.parametrize("epsg", ZONES)
def test_a_header_is_as_long_as_that_of_gdal_with_strip_sizes_of_32_bits(
    sensor: str, epsg: int
) -> None:
    dtype, bands, rows_per_strip = PROFILES[sensor]
    profile = {"driver": "GTiff", "dtype": dtype, "count": bands, "width": 256, "height": 256}
    georeference = {"crs": f"EPSG:{epsg}", "transform": grid_at(500_000, 0)}
    colors = {"photometric": "RGB", "alpha": "YES"} if sensor == "lc" else {}
    with MemoryFile() as memory:
        memory.open(**profile, **georeference, **colors, interleave="pixel").close()
        length = len(memory.getbuffer()) - 256 * 256 * bands * np.dtype(dtype).itemsize
    assert len(format_header(sensor, epsg, (500_000, 0))) == length + 2 * 256 // rows_per_strip


@pytest.mark.parametrize("epsg", ZONES)
def test_rasterio_finds_the_zone_in_the_header(tmp_path: Path, epsg: int) -> None:
    (path,) = write_scene(
        tmp_path, replace(NORTHERN, epsg=epsg, patches=(0,)), sensors=["lc"], sparse=["lc"]
    )
    with rasterio.open(path) as dataset:
        assert dataset.crs.to_epsg() == epsg
        assert not dataset.read().any()


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_neighbours_show_the_same_ground_where_they_overlap(root: Path, sensor: str) -> None:
    west, east = (read(root / path_of(NORTHERN, patch, sensor)) for patch in NORTHERN.patches)
    north, south = (read(root / path_of(SOUTHERN, patch, sensor)) for patch in SOUTHERN.patches)
    np.testing.assert_array_equal(west[:, :, 128:], east[:, :, :128])
    np.testing.assert_array_equal(north[:, 128:], south[:, :128])


def test_land_cover_is_the_same_in_every_season_and_images_are_not(tmp_path: Path) -> None:
    scenes = [replace(NORTHERN, season=season, patches=(0,)) for season in SEN12MS.seasons]
    covers = [write_and_read(tmp_path, scene, "lc") for scene in scenes]
    images = [write_and_read(tmp_path, scene, "s2") for scene in scenes]
    for cover, image in zip(covers[1:], images[1:], strict=True):
        np.testing.assert_array_equal(cover, covers[0])
        assert (image != images[0]).mean() > 0.5


def test_land_cover_is_the_same_in_a_scene_that_starts_elsewhere(tmp_path: Path) -> None:
    x, y = NORTHERN.origin
    moved = replace(NORTHERN, scene=90, origin=(x + 370, y - 210))
    cover = write_and_read(tmp_path, NORTHERN, "lc")
    np.testing.assert_array_equal(
        cover[:, 21:, 37:], write_and_read(tmp_path, moved, "lc")[:, :-21, :-37]
    )


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_pixels_depend_on_place_and_seed_alone(root: Path, tmp_path: Path, sensor: str) -> None:
    last = replace(SOUTHERN, patches=SOUTHERN.patches[-1:])
    alone = write_and_read(tmp_path, last, sensor)
    beside_others = read(root / path_of(last, last.patches[0], sensor))
    np.testing.assert_array_equal(alone, beside_others)
    assert (write_and_read(tmp_path, last, sensor, seed=1) != alone).any()


def test_a_sparse_file_is_a_header_and_zeros(root: Path, tmp_path: Path) -> None:
    for patch in NORTHERN.patches:
        one = replace(NORTHERN, patches=(patch,))
        s1, s2, lc = write_scene(tmp_path, one, sparse=["s1", "s2"])
        for sensor, path in (("s1", s1), ("s2", s2)):
            header = format_header(sensor, one.epsg, one.upper_left(patch))
            assert path.read_bytes() == header.ljust(SIZES[sensor], b"\0")
        assert lc.read_bytes() == (root / path_of(one, patch, "lc")).read_bytes()


def test_land_cover_has_codes_of_the_legends_in_long_runs(root: Path) -> None:
    for scene in (NORTHERN, SOUTHERN):
        for patch in scene.patches:
            cover = read(root / path_of(scene, patch, "lc"))
            for legend, band in zip(SEN12MS.legends.values(), cover, strict=True):
                assert set(np.unique(band)) <= {entry.code for entry in legend.classes}
            ends = (np.diff(cover.astype(int), axis=2) != 0).any(axis=0).sum() + 256
            assert 256 * 256 / ends >= 10


def test_images_stay_within_what_the_sensors_measure(root: Path) -> None:
    for scene in (NORTHERN, SOUTHERN):
        for patch in scene.patches:
            backscatter = read(root / path_of(scene, patch, "s1"))
            reflectance = read(root / path_of(scene, patch, "s2"))
            assert np.isfinite(backscatter).all()
            assert backscatter.min() > -40
            assert backscatter.max() < 10
            assert backscatter[0].mean() > backscatter[1].mean()
            assert reflectance.min() > 0
            assert reflectance.max() < 10_000
