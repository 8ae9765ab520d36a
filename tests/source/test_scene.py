"""A bad file is rejected alone, with a reason; the rest is read as numpy and rasterio read it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from patches import Asset, Patch, patches_of

from catalog.datasets import SEN12MS
from catalog.model import Grid, PatchKey, Rejected, Scene, SceneKey
from catalog.source.hrefs import Hrefs
from catalog.source.scene import SceneReader
from catalog.source.synthetic import SyntheticScene, format_header, write_scene
from catalog.source.tree import list_trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = SceneKey("spring", 1)
INVENTED = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, (30, 31, 60))
SIZES = {"s1": 525_172, "s2": 1_706_432, "lc": 262_788}


def path_of(root: Path, sensor: str, patch: int = 31) -> Path:
    return root / SEN12MS.file_path(PatchKey("spring", 1, patch), sensor)


def read(*roots: Path, before: Callable[[], object] = lambda: None) -> Scene:
    """List the files of the scene, do something, then read them."""
    files = list_trees(roots, SEN12MS).scenes[KEY]
    before()
    return SceneReader(SEN12MS).read(files, Hrefs(tuple(map(str, roots))))


def sensors(scene: Scene) -> dict[int, set[str]]:
    return {patch.key.patch: set(patch.assets) for patch in patches_of(scene)}


ALL = set(SEN12MS.sensors)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three patches of three files, with a hole for pixels."""
    root = tmp_path / "SEN12MS"
    list(write_scene(root, INVENTED, sparse=tuple(SEN12MS.sensors)))
    return root


def write_image(path: Path, pixels: Any, **options: Any) -> None:
    """A file in place of another, of any layout, where that one was."""
    with rasterio.open(path) as dataset:
        options = {"crs": dataset.crs, "transform": dataset.transform} | options
    path.unlink()
    bands, height, width = pixels.shape
    profile = {"count": bands, "height": height, "width": width, "dtype": pixels.dtype.name}
    with rasterio.open(path, "w", "GTiff", **profile | options) as dataset:
        dataset.write(pixels)


def move_grid(path: Path, sensor: str, upper_left: tuple[float, float]) -> None:
    with path.open("r+b") as file:
        file.write(format_header(sensor, 32737, upper_left))


def test_a_whole_scene_is_read(root: Path) -> None:
    scene = read(root)
    assert scene.key == KEY
    assert scene.rejected == ()
    assert [patch.key for patch in patches_of(scene)] == [
        PatchKey("spring", 1, patch) for patch in INVENTED.patches
    ]
    for patch in patches_of(scene):
        x, y = INVENTED.upper_left(patch.key.patch)
        assert patch.grid == Grid("EPSG:32737", (256, 256), (10, 0, x, 0, -10, y))
        assert patch.assets == {
            sensor: Asset(str(path_of(root, sensor, patch.key.patch)), SIZES[sensor])
            for sensor in SEN12MS.sensors
        }
        assert list(patch.assets) == list(SEN12MS.sensors)


def test_hrefs_are_what_the_catalog_says(root: Path) -> None:
    files = list_trees([root], SEN12MS).scenes[KEY]
    scene = SceneReader(SEN12MS).read(files, Hrefs((str(root),), "s3://bucket"))
    assert patches_of(scene)[0].assets["lc"].href == (
        "s3://bucket/ROIs1158_spring/lc_1/ROIs1158_spring_lc_1_p30.tif"
    )


def test_one_reader_reads_many_scenes(root: Path) -> None:
    files = list_trees([root], SEN12MS).scenes[KEY]
    reader, hrefs = SceneReader(SEN12MS), Hrefs((str(root),))
    first, second = (reader.read(files, hrefs) for _ in range(2))
    for patch, again in zip(patches_of(first), patches_of(second), strict=True):
        assert (patch.key, patch.grid, patch.assets) == (again.key, again.grid, again.assets)
        np.testing.assert_array_equal(patch.counts, again.counts)


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def cut_in_header(path: Path) -> None:
    os.truncate(path, 300)


def cut_in_pixels(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def a_web_page(path: Path) -> None:
    path.write_text("<html>404 Not Found</html>", encoding="utf-8")


def another_shape(path: Path) -> None:
    with rasterio.open(path) as dataset:
        bands, dtype = dataset.count, dataset.dtypes[0]
    write_image(path, np.zeros((bands, 128, 255), dtype))


def another_number_of_bands(path: Path) -> None:
    with rasterio.open(path) as dataset:
        dtype = dataset.dtypes[0]
    write_image(path, np.zeros((5, *SEN12MS.shape), dtype))


BAD = {
    zero_bytes: r"^is empty \(0 bytes\)$",
    cut_in_header: r"truncated|GDAL can(not)? read",
    cut_in_pixels: r"^is truncated: [\d,]+ of at least [\d,]+ bytes$",
    a_web_page: r"^is not a GeoTIFF that GDAL can read",
    another_shape: r"^has 128 × 255 pixels with \d+ bands where 256 × 256 pixels",
    another_number_of_bands: r"^has 256 × 256 pixels with 5 bands where 256 × 256 pixels with",
}


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
@pytest.mark.parametrize(("damage", "reason"), BAD.items(), ids=[bad.__name__ for bad in BAD])
def test_a_bad_file_is_rejected_and_its_neighbours_stay(
    root: Path, damage: Callable[[Path], None], reason: str, sensor: str
) -> None:
    path = path_of(root, sensor)
    damage(path)
    scene = read(root)
    assert sensors(scene) == {30: ALL, 31: ALL - {sensor}, 60: ALL}
    (rejected,) = scene.rejected
    assert rejected.path == str(path)
    assert re.search(reason, rejected.reason)


@pytest.mark.parametrize("length", [0, 200, 300, 512, 1000, 100_000])
def test_a_file_cut_off_takes_no_other_file_with_it(root: Path, length: int) -> None:
    path_of(root, "s2").unlink()
    os.truncate(path_of(root, "s1"), length)
    scene = read(root)
    assert sensors(scene) == {30: ALL, 31: {"lc"}, 60: ALL}
    assert [entry.path for entry in scene.rejected] == [str(path_of(root, "s1"))]


def test_land_cover_of_floats_is_rejected(root: Path) -> None:
    write_image(path_of(root, "lc"), np.ones((4, *SEN12MS.shape), np.float32))
    scene = read(root)
    assert [entry.reason for entry in scene.rejected] == [
        "holds float32 pixels where class codes are expected"
    ]
    assert patches_of(scene)[1].counts is None


def test_land_cover_with_damaged_pixels_is_rejected(root: Path) -> None:
    path = path_of(root, "lc")
    noise = np.random.default_rng(0).integers(0, 256, (4, *SEN12MS.shape), np.uint8)
    write_image(path, noise, compress="deflate")
    content = bytearray(path.read_bytes())
    content[-3000:] = bytes(3000)
    path.write_bytes(content)
    scene = read(root)
    assert sensors(scene)[31] == {"s1", "s2"}
    assert "pixels that GDAL cannot read" in scene.rejected[0].reason


def test_a_patch_without_a_good_file_is_left_out(root: Path) -> None:
    for sensor in SEN12MS.sensors:
        zero_bytes(path_of(root, sensor))
    scene = read(root)
    assert set(sensors(scene)) == {30, 60}
    assert len(scene.rejected) == 3


def test_a_scene_without_a_good_file_has_no_patches(root: Path) -> None:
    for path in root.rglob("*.tif"):
        zero_bytes(path)
    scene = read(root)
    assert patches_of(scene) == []
    assert len(scene.rejected) == 9


@pytest.mark.parametrize(
    "present",
    [{"s1"}, {"s2"}, {"lc"}, {"s1", "lc"}, {"s1", "s2"}],
    ids=lambda names: "+".join(sorted(names)),
)
def test_a_patch_is_what_is_there_of_it(root: Path, present: set[str]) -> None:
    for sensor in ALL - present:
        path_of(root, sensor).unlink()
    scene = read(root)
    assert sensors(scene) == {30: ALL, 31: present, 60: ALL}
    assert scene.rejected == ()
    assert (patches_of(scene)[1].counts is None) == ("lc" not in present)


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_two_against_one_decide_on_the_grid(root: Path, sensor: str) -> None:
    path = path_of(root, sensor)
    move_grid(path, sensor, (374_132.25, 8_118_022.75))
    scene = read(root)
    assert sensors(scene) == {30: ALL, 31: ALL - {sensor}, 60: ALL}
    others = ", ".join(sorted(ALL - {sensor}))
    assert scene.rejected == (
        Rejected(str(path), f"lies on another grid than the {others} of its patch"),
    )
    assert patches_of(scene)[1].grid.transform[2] == INVENTED.upper_left(31)[0]
    assert (patches_of(scene)[1].counts is None) == (sensor == "lc")


def test_one_against_one_decides_nothing(root: Path) -> None:
    path_of(root, "lc").unlink()
    move_grid(path_of(root, "s1"), "s1", (374_132.25, 8_118_022.75))
    scene = read(root)
    assert sensors(scene) == {30: ALL, 60: ALL}
    assert [(entry.path, entry.reason) for entry in scene.rejected] == [
        (str(path_of(root, "s1")), "lies on another grid than the s2 of its patch"),
        (str(path_of(root, "s2")), "lies on another grid than the s1 of its patch"),
    ]


def test_three_grids_decide_nothing(root: Path) -> None:
    for shift, sensor in enumerate(SEN12MS.sensors):
        move_grid(path_of(root, sensor), sensor, (374_132.25 + 10 * shift, 8_118_022.75))
    scene = read(root)
    assert sensors(scene) == {30: ALL, 60: ALL}
    assert len(scene.rejected) == 3


def test_another_zone_is_another_grid(root: Path) -> None:
    path = path_of(root, "s2")
    with path.open("r+b") as file:
        file.write(format_header("s2", 32736, INVENTED.upper_left(31)))
    scene = read(root)
    assert [entry.path for entry in scene.rejected] == [str(path)]
    assert patches_of(scene)[1].grid.crs == "EPSG:32737"


def test_the_second_file_of_a_sensor_is_rejected(root: Path) -> None:
    first = path_of(root, "s1")
    second = root / "copy" / first.name
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    scene = read(root)
    assert sensors(scene) == {30: ALL, 31: ALL, 60: ALL}
    assert patches_of(scene)[1].assets["s1"].href == str(first)
    assert scene.rejected == (Rejected.second(str(second), str(first)),)


def test_which_file_is_the_second_does_not_depend_on_the_order_of_roots(root: Path) -> None:
    other = root.parent / "a copy"
    list(write_scene(other, INVENTED, sparse=tuple(SEN12MS.sensors)))
    one, two = read(root, other), read(other, root)
    assert one.rejected == two.rejected
    assert len(one.rejected) == 9
    for patch, same in zip(patches_of(one), patches_of(two), strict=True):
        assert patch.assets == same.assets


def test_a_second_file_stands_in_for_a_bad_first_one(root: Path) -> None:
    first = path_of(root, "s1")
    second = root / "copy" / first.name
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    zero_bytes(first)
    scene = read(root)
    assert patches_of(scene)[1].assets["s1"].href == str(second)
    assert [entry.path for entry in scene.rejected] == [str(first)]


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_a_file_that_vanishes_after_it_was_listed_is_rejected(root: Path, sensor: str) -> None:
    path = path_of(root, sensor)
    scene = read(root, before=path.unlink)
    assert sensors(scene) == {30: ALL, 31: ALL - {sensor}, 60: ALL}
    assert scene.rejected == (Rejected(str(path), "cannot be read: No such file or directory"),)


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_a_file_that_shrinks_after_it_was_listed_is_rejected(root: Path, sensor: str) -> None:
    path = path_of(root, sensor)
    scene = read(root, before=lambda: os.truncate(path, 100_000))
    assert sensors(scene) == {30: ALL, 31: ALL - {sensor}, 60: ALL}
    (rejected,) = scene.rejected
    assert rejected.reason.startswith("is truncated: 100,000 of at least")


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
def test_a_file_that_was_still_growing_when_it_was_listed_is_read(root: Path, sensor: str) -> None:
    path = path_of(root, sensor)
    content = path.read_bytes()
    os.truncate(path, 1000)
    scene = read(root, before=lambda: path.write_bytes(content))
    assert scene.rejected == ()
    assert patches_of(scene)[1].assets[sensor].size == SIZES[sensor]
    assert patches_of(scene)[1].counts is not None
    assert patches_of(scene)[1].counts[:, 0].tolist() == [65_536] * 4


def test_a_folder_in_place_of_a_listed_file_is_rejected(root: Path) -> None:
    path = path_of(root, "s1")

    def replace() -> None:
        path.unlink()
        path.mkdir()

    scene = read(root, before=replace)
    assert [entry.path for entry in scene.rejected] == [str(path)]


def test_rejections_are_in_order_of_the_path(root: Path) -> None:
    for path in root.rglob("*.tif"):
        zero_bytes(path)
    paths = [entry.path for entry in read(root).rejected]
    assert paths == sorted(paths)


COVER = np.random.default_rng(1).integers(0, 60, (4, 8, 8), np.uint8)
COVER = np.repeat(np.repeat(COVER, 32, axis=1), 32, axis=2)
EXPECTED = np.stack([np.bincount(band.ravel(), minlength=256) for band in COVER])
LAYOUTS: dict[str, tuple[type, dict[str, Any]]] = {
    "as published": (np.uint8, {"interleave": "pixel", "photometric": "RGB", "alpha": "YES"}),
    "compressed": (np.uint8, {"compress": "lzw"}),
    "tiled and compressed": (np.uint8, {"tiled": True, "compress": "deflate"}),
    "in planes": (np.uint8, {"interleave": "band"}),
    "in 16 bits, as described": (np.uint16, {"interleave": "pixel"}),
    "in 16 bits, compressed": (np.uint16, {"compress": "deflate", "predictor": 2}),
    "big-endian": (np.uint8, {"ENDIANNESS": "BIG"}),
    "BigTIFF": (np.uint8, {"BIGTIFF": "YES"}),
}


@pytest.mark.parametrize(("dtype", "options"), LAYOUTS.values(), ids=LAYOUTS)
def test_land_cover_is_counted_as_numpy_counts_it(
    root: Path, dtype: type, options: dict[str, Any]
) -> None:
    write_image(path_of(root, "lc"), COVER.astype(dtype), **options)
    scene = read(root)
    assert scene.rejected == ()
    np.testing.assert_array_equal(patches_of(scene)[1].counts, EXPECTED)
    np.testing.assert_array_equal(patches_of(scene)[0].counts[:, 0], [65_536] * 4)


def test_images_of_another_type_are_taken(root: Path) -> None:
    write_image(path_of(root, "s1"), np.zeros((2, *SEN12MS.shape), np.float64), compress="deflate")
    write_image(path_of(root, "s2"), np.zeros((13, *SEN12MS.shape), np.int16), tiled=True)
    scene = read(root)
    assert scene.rejected == ()
    assert sensors(scene)[31] == ALL


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning:rasterio")
def test_files_without_a_place_are_a_patch_without_a_crs(root: Path) -> None:
    for sensor, bands in (("s1", 2), ("s2", 13), ("lc", 4)):
        path = path_of(root, sensor)
        write_image(path, np.zeros((bands, *SEN12MS.shape), np.uint8), crs=None, transform=None)
    scene = read(root)
    assert scene.rejected == ()
    assert patches_of(scene)[1].grid.crs is None


def test_a_real_patch_is_read(real: Path) -> None:
    listing = list_trees([real], SEN12MS)
    files = listing.scenes[KEY]
    scene = SceneReader(SEN12MS).read(files, Hrefs((str(real),)))
    assert scene.rejected == ()
    (patch,) = patches_of(scene)
    assert isinstance(patch, Patch)
    for sensor, asset in patch.assets.items():
        with rasterio.open(asset.href) as dataset:
            assert patch.grid.crs == f"EPSG:{dataset.crs.to_epsg()}"
            assert patch.grid.shape == dataset.shape
            assert patch.grid.transform == tuple(dataset.transform)[:6]
            assert asset.size == os.stat(asset.href).st_size == SIZES[sensor]
            if sensor == "lc":
                counts = [np.bincount(band.ravel(), minlength=256) for band in dataset.read()]
                np.testing.assert_array_equal(patch.counts, counts)
