"""The counts of each class are numpy's, however the pixels are stored."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catalog.datasets import SEN12MS
from catalog.source.header import HeaderReader, UnreadableError
from catalog.source.landcover import (
    CODES,
    CodeCounter,
    counts_from_rasterio,
    is_countable,
    read_counts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BANDS = 4
GEO = {"crs": "EPSG:32737", "transform": rasterio.Affine(10, 0, 375_412.3, 0, -10, 8_116_742.8)}
SIZES = st.integers(1, 300)
NOISY = SIZES.flatmap(lambda size: arrays(np.uint8, (size, BANDS)))
FEW_CODES = SIZES.flatmap(lambda size: arrays(np.uint8, (size, BANDS), elements=st.integers(0, 2)))
PIXELS = st.tuples(*[st.integers(0, 255)] * BANDS)
RUNS = st.lists(st.tuples(PIXELS, st.integers(1, 200)), min_size=1, max_size=20).map(
    lambda runs: np.repeat(
        np.array([pixel for pixel, _ in runs], np.uint8), [length for _, length in runs], axis=0
    )
)


def counted(pixels: NDArray[Any]) -> NDArray[np.int64]:
    """The oracle: pixels of shape (n, bands) counted band by band."""
    return np.stack([np.bincount(band, minlength=CODES) for band in pixels.T])


def count_codes(*images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Images of shape (n, bands) counted by us."""
    counter = CodeCounter(*images[0].shape)
    for image in images:
        counter.add(image)
    return counter.counts()


def cover(seed: int = 0) -> NDArray[np.uint8]:
    """Land cover in blocks, of shape (4, 256, 256), with codes outside every legend."""
    cells = np.random.default_rng(seed).integers(0, 256, (BANDS, 6, 6), np.uint8)
    return np.repeat(np.repeat(cells, 48, axis=1), 48, axis=2)[
        :, : SEN12MS.shape[0], : SEN12MS.shape[1]
    ]


def write_cover(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    bands, height, width = pixels.shape
    profile = {"count": bands, "height": height, "width": width, "dtype": pixels.dtype.name}
    with rasterio.open(path, "w", "GTiff", **profile | GEO | options) as dataset:
        dataset.write(pixels)
    return path


@settings(deadline=None)
@given(st.one_of(NOISY, FEW_CODES, RUNS))
def test_codes_are_counted_as_numpy_counts_them(pixels: NDArray[np.uint8]) -> None:
    (counts,) = count_codes(pixels)
    np.testing.assert_array_equal(counts, counted(pixels))
    assert counts.dtype == np.int32
    assert counts.sum(axis=1).tolist() == [len(pixels)] * BANDS


@settings(deadline=None)
@given(st.one_of(NOISY, RUNS), st.randoms(use_true_random=False))
def test_the_order_of_pixels_does_not_matter(pixels: NDArray[np.uint8], random: Any) -> None:
    order = list(range(len(pixels)))
    random.shuffle(order)
    np.testing.assert_array_equal(count_codes(pixels[order]), count_codes(pixels))


def test_pixels_are_not_changed_by_counting() -> None:
    pixels = np.moveaxis(cover(), 0, -1).reshape(-1, BANDS).copy()
    pixels.flags.writeable = False
    np.testing.assert_array_equal(count_codes(pixels)[0], counted(pixels))


@pytest.mark.parametrize("images", [0, 1, 31, 32, 33, 70])
def test_images_are_counted_one_by_one_however_many_there_are(images: int) -> None:
    random = np.random.default_rng(images)
    drawn = [random.integers(0, 1 + image % 3, (50, BANDS), np.uint8) for image in range(images)]
    counter = CodeCounter(50, BANDS)
    for image in drawn:
        counter.add(image)
    found = counter.counts()
    assert found.shape == (images, BANDS, CODES)
    for counts, image in zip(found, drawn, strict=True):
        np.testing.assert_array_equal(counts, counted(image))


def test_pixels_are_counted_from_the_bytes_of_a_plain_file(tmp_path: Path) -> None:
    pixels = cover()
    data = write_cover(tmp_path / "lc.tif", pixels, interleave="pixel").read_bytes()
    header = HeaderReader().read(data)
    assert is_countable(header)
    np.testing.assert_array_equal(read_counts(data, header), counted(pixels.reshape(BANDS, -1).T))


NOT_PLAIN = {
    "compressed": (np.uint8, {"compress": "deflate"}),
    "tiled": (np.uint8, {"tiled": True, "blockxsize": 128, "blockysize": 128}),
    "in planes": (np.uint8, {"interleave": "band"}),
    "big-endian": (np.uint8, {"ENDIANNESS": "BIG"}),
    "in 16 bits": (np.uint16, {}),
    "signed": (np.int8, {}),
    "of another CRS": (np.uint8, {"crs": "EPSG:3857"}),
}


@pytest.mark.parametrize(("dtype", "options"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_the_pixels_of_another_layout_are_counted_by_gdal(
    tmp_path: Path, dtype: type, options: dict[str, Any]
) -> None:
    options = {"interleave": "pixel"} | options
    pixels = (cover() % 100).astype(dtype)
    data = write_cover(tmp_path / "lc.tif", pixels, **options).read_bytes()
    header = HeaderReader().read(data)
    assert not is_countable(header)
    np.testing.assert_array_equal(read_counts(data, header), counted(pixels.reshape(BANDS, -1).T))


@pytest.mark.parametrize("bands", range(1, 10))
def test_any_number_of_bands_is_counted(tmp_path: Path, bands: int) -> None:
    pixels = np.concatenate([cover(0), cover(1), cover(2)])[:bands]
    path = write_cover(tmp_path / "lc.tif", pixels, interleave="pixel")
    expected = counted(pixels.reshape(bands, -1).T)
    np.testing.assert_array_equal(counts_from_rasterio(str(path)), expected)
    header = HeaderReader().read(path.read_bytes())
    assert is_countable(header) == (bands in {1, 2, 4, 8})
    np.testing.assert_array_equal(read_counts(path.read_bytes(), header), expected)


STORED = {
    "plain": {"interleave": "pixel"},
    "in planes": {"interleave": "band"},
    "compressed": {"compress": "deflate", "predictor": 2, "interleave": "pixel"},
    "tiled": {"tiled": True, "blockxsize": 64, "blockysize": 32},
    "big-endian": {"ENDIANNESS": "BIG"},
    "as colours with alpha": {"photometric": "RGB", "alpha": "YES", "interleave": "pixel"},
    "with nodata": {"nodata": 0},
    "without a place": {"crs": None, "transform": None},
}
WIDER = ["uint8", "uint16", "int16", "uint32", "int32", "int64"]


@pytest.mark.parametrize("options", STORED.values(), ids=STORED)
def test_gdal_counts_the_same_if_the_pixels_are_stored(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with warnings.catch_warnings(action="ignore"):
        path = write_cover(tmp_path / "lc.tif", cover(), **options)
    counts = counts_from_rasterio(str(path))
    np.testing.assert_array_equal(counts, counted(cover().reshape(BANDS, -1).T))


@pytest.mark.parametrize("dtype", WIDER)
def test_codes_of_any_integer_type_are_counted(tmp_path: Path, dtype: str) -> None:
    path = write_cover(tmp_path / "lc.tif", cover().astype(dtype))
    counts = counts_from_rasterio(str(path))
    np.testing.assert_array_equal(counts, counted(cover().reshape(BANDS, -1).T))


@pytest.mark.parametrize(
    ("dtype", "codes"),
    [
        ("uint16", [256, 65_535]),
        ("int16", [-1, 300, -32_768]),
        ("int8", [-128, -1]),
        ("uint32", [2**32 - 1, 256]),
        ("int64", [2**32 + 17, -(2**63)]),
        ("uint64", [2**63, 2**64 - 1, 256]),
    ],
    ids=["uint16", "int16", "int8", "uint32", "int64", "uint64"],
)
def test_values_that_no_code_has_count_as_the_last_code(
    tmp_path: Path, dtype: str, codes: list[int]
) -> None:
    pixels = np.full((BANDS, *SEN12MS.shape), 17, dtype)
    pixels[0, 0, : len(codes)] = codes
    counts = counts_from_rasterio(str(write_cover(tmp_path / "lc.tif", pixels)))
    assert counts[0, CODES - 1] == len(codes)
    assert counts[0, 17] == 65_536 - len(codes)
    assert counts[1:, 17].tolist() == [65_536] * 3


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_pixels_that_are_no_integers_are_refused(tmp_path: Path, dtype: str) -> None:
    path = write_cover(tmp_path / "lc.tif", np.ones((BANDS, *SEN12MS.shape), dtype))
    with pytest.raises(UnreadableError, match=f"holds {dtype} pixels"):
        counts_from_rasterio(str(path))


def test_pixels_that_are_damaged_are_refused(tmp_path: Path) -> None:
    path = write_cover(tmp_path / "lc.tif", cover(), compress="deflate")
    content = bytearray(path.read_bytes())
    content[-2000:] = b"\xff" * 2000
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="has pixels that GDAL cannot read"):
        counts_from_rasterio(str(path))


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"is not a GeoTIFF .*: .*No such file"):
        counts_from_rasterio(str(tmp_path / "gone.tif"))


def test_a_real_file_is_counted_in_both_ways(real: Path) -> None:
    (path,) = real.rglob("*_lc_*.tif")
    with rasterio.open(path) as dataset:
        expected = counted(dataset.read().reshape(BANDS, -1).T)
    data = path.read_bytes()
    np.testing.assert_array_equal(read_counts(data, HeaderReader().read(data)), expected)
    np.testing.assert_array_equal(counts_from_rasterio(str(path)), expected)
    assert expected.sum() == BANDS * 256 * 256
