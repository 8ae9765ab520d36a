"""Pixels straight from the bytes are those that rasterio reads, for every layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from catalog.errors import FileError
from catalog.source.pixels import PixelReader
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

SCENE = SyntheticScene("spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, (30,))

LAYOUTS = {
    "strips": {},
    "band by band": {"interleave": "band"},
    "deflate": {"compress": "deflate"},
    "tiles": {"tiled": True, "blockxsize": 64, "blockysize": 64},
    "big-endian": {"ENDIANNESS": "BIG"},
    "BigTIFF": {"BIGTIFF": "YES"},
}


def write(path: Path, pixels: np.ndarray, options: dict[str, object]) -> None:
    bands, rows, columns = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=bands,
        dtype=pixels.dtype,
        crs=CRS.from_epsg(32737),
        transform=rasterio.Affine(10, 0, 374132.34, 0, -10, 8118022.84),
        **options,
    ) as file:
        file.write(pixels)


@pytest.mark.parametrize("dtype", ["float32", "uint16", "uint8"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bands", [1, 3])
def test_pixels_are_those_of_rasterio(tmp_path: Path, layout: str, dtype: str, bands: int) -> None:
    path = tmp_path / "image.tif"
    expected = np.random.default_rng(0).integers(0, 250, (bands, 96, 128)).astype(dtype)
    write(path, expected, LAYOUTS[layout])
    raster = PixelReader().read(str(path))
    assert raster.pixels.dtype == expected.dtype
    assert np.array_equal(raster.pixels, expected)
    assert raster.grid.crs == "EPSG:32737"
    assert raster.grid.shape == (96, 128)


def test_files_of_the_dataset_are_read_like_rasterio_does(tmp_path: Path) -> None:
    reader = PixelReader()
    for path in write_scene(tmp_path, SCENE):
        with rasterio.open(path) as source:
            expected = source.read()
            grid = source.transform
        raster = reader.read(str(path))
        assert np.array_equal(raster.pixels, expected)
        assert raster.grid.transform == tuple(grid)[:6]


def test_real_files_are_read_like_rasterio_does(real: Path) -> None:
    reader = PixelReader()
    for path in sorted(real.rglob("*.tif")):
        with rasterio.open(path) as source:
            assert np.array_equal(reader.read(str(path)).pixels, source.read(), equal_nan=True)


def test_gdal_names_are_read_too(tmp_path: Path) -> None:
    path = next(write_scene(tmp_path, SCENE, sensors=["lc"]))
    assert np.array_equal(
        PixelReader().read(f"/vsisubfile/0_,{path}").pixels, PixelReader().read(str(path)).pixels
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [(100_000, "is truncated: 100,000 of at least 262,788 bytes"), (0, r"is empty \(0 bytes\)")],
)
def test_broken_file_is_named(tmp_path: Path, size: int, message: str) -> None:
    path = next(write_scene(tmp_path, SCENE, sensors=["lc"]))
    with path.open("rb+") as file:
        file.truncate(size)
    with pytest.raises(FileError, match=f"p30.tif {message}"):
        PixelReader().read(str(path))


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    with path.open("wb") as file:
        file.truncate((1 << 29) + 1)
    with pytest.raises(FileError, match=r"huge.tif is not a patch: it has 536,870,913 bytes"):
        PixelReader().read(str(path))


def test_raster_of_huge_extent_is_not_read(tmp_path: Path) -> None:
    options = {"width": 100_000, "height": 100_000, "count": 1, "dtype": "uint8"}
    where = {"crs": "EPSG:32737", "transform": rasterio.Affine(10, 0, 0, 0, -10, 0)}
    path = tmp_path / "huge.tif"
    with rasterio.open(path, "w", driver="GTiff", SPARSE_OK=True, **options, **where):
        pass
    with pytest.raises(FileError, match="is not a patch: it has 1 bands of 100000 × 100000"):
        PixelReader().read(f"/vsisubfile/0_,{path}")


@pytest.mark.parametrize("name", ["gone.tif", "/vsitar/gone.tar/gone.tif"])
def test_missing_file_is_named(name: str) -> None:
    with pytest.raises(FileError, match=r"gone\.tif (cannot be read|is not a GeoTIFF)"):
        PixelReader().read(name)
