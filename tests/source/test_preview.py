"""Colours of a picture are a function of the pixels alone, and no file can spoil one."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from catalog.datasets import SEN12MS
from catalog.source.preview import draw_preview, encode_png
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCENE = SyntheticScene("summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (180,))


def decoded(png: bytes) -> NDArray[Any]:
    """Rows, columns and colours, as GDAL reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile(png) as file, file.open() as picture:
            return np.moveaxis(picture.read(), 0, -1)


def write(path: Path, pixels: NDArray[Any]) -> str:
    bands, rows, columns = pixels.shape
    profile = {"dtype": pixels.dtype, "count": bands, "height": rows, "width": columns}
    where = {"crs": "EPSG:32632", "transform": rasterio.Affine(10, 0, 5e5, 0, -10, 5e6)}
    with rasterio.open(path, "w", driver="GTiff", **profile, **where) as file:
        file.write(pixels)
    return str(path)


def filled(dtype: str, *values: float) -> NDArray[Any]:
    """Bands of one value each."""
    return np.stack([np.full((256, 256), value, dtype) for value in values])


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_gdal_reads_the_picture_that_was_written(picture: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(decoded(encode_png(picture)), picture)


@pytest.mark.parametrize(
    ("red", "green", "blue", "color"),
    [
        (0, 0, 0, (0, 0, 0)),
        (3000, 1500, 0, (255, 127, 0)),
        (65535, 3000, 3001, (255, 255, 255)),
    ],
    ids=["black", "middle", "bright"],
)
def test_reflectance_is_true_colour(
    tmp_path: Path, red: int, green: int, blue: int, color: tuple[int, ...]
) -> None:
    bands = [9999] * 13
    bands[1], bands[2], bands[3] = blue, green, red
    path = write(tmp_path / "s2.tif", filled("uint16", *bands))
    picture = decoded(draw_preview(SEN12MS, "overview", {"s2": path}).png)
    assert picture.shape == (256, 256, 3)
    assert (picture == color).all()


@pytest.mark.parametrize(
    ("vv", "vh", "color"),
    [
        (-20.0, -26.0, (0, 0, 102)),
        (0.0, -6.0, (255, 255, 102)),
        (-10.0, -16.0, (127, 127, 102)),
        (5.0, -40.0, (255, 0, 255)),
        (np.nan, np.nan, (0, 0, 0)),
    ],
    ids=["dark", "bright", "middle", "beyond", "not a number"],
)
def test_backscatter_is_vv_vh_and_their_ratio(
    tmp_path: Path, vv: float, vh: float, color: tuple[int, ...]
) -> None:
    path = write(tmp_path / "s1.tif", filled("float32", vv, vh))
    assert (decoded(draw_preview(SEN12MS, "overview_s1", {"s1": path}).png) == color).all()


def test_land_cover_has_the_colours_of_the_legend(tmp_path: Path) -> None:
    codes = np.zeros((4, 256, 256), np.uint8)
    codes[0] = np.arange(256, dtype=np.uint8)
    path = write(tmp_path / "lc.tif", codes)
    picture = decoded(draw_preview(SEN12MS, "overview_lc", {"lc": path}).png)
    legend = {
        entry.code: bytes.fromhex(entry.color[1:]) for entry in SEN12MS.legends["igbp"].classes
    }
    for code in range(256):
        assert bytes(picture[0, code]) == legend.get(code, b"\x80\x80\x80")


def test_a_thumbnail_shows_all_three_at_half_size(tmp_path: Path) -> None:
    s1, s2, lc = map(str, write_scene(tmp_path, SCENE))
    members = {"s1": s1, "s2": s2, "lc": lc}
    thumbnail = draw_preview(SEN12MS, "thumbnail", members)
    overviews = [draw_preview(SEN12MS, name, members) for name in list(SEN12MS.previews)[1:]]
    picture = decoded(thumbnail.png)
    assert picture.shape == (128, 3 * 128 + 2 * 4, 3)
    for number, overview in enumerate(overviews):
        panel = picture[:, number * 132 : number * 132 + 128]
        np.testing.assert_array_equal(panel, decoded(overview.png)[::2, ::2])
    assert thumbnail.complete


def test_a_missing_file_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    s1, s2, lc = map(str, write_scene(tmp_path, SCENE))
    whole, gap = (
        draw_preview(SEN12MS, "thumbnail", members)
        for members in ({"s1": s1, "s2": s2, "lc": lc}, {"s2": s2, "lc": lc})
    )
    assert (whole.complete, gap.complete) == (True, False)
    before, after = decoded(whole.png), decoded(gap.png)
    assert (after[:, 132:260] == 224).all()
    after[:, 132:260] = before[:, 132:260]
    np.testing.assert_array_equal(after, before)


def test_a_dataset_with_a_sensor_more_has_its_preview_too(tmp_path: Path) -> None:
    (path,) = map(str, write_scene(tmp_path, SCENE, sensors=["s2"]))
    preview = replace(SEN12MS.previews["overview"], sensors=("s2_cloudy", "s2"))
    cloudy = replace(
        SEN12MS,
        sensors={**SEN12MS.sensors, "s2_cloudy": SEN12MS.sensors["s2"]},
        previews={"both": preview},
    )
    drawn = draw_preview(cloudy, "both", {"s2": path, "s2_cloudy": path})
    one = decoded(draw_preview(SEN12MS, "overview", {"s2": path}).png)
    gap = np.full((256, 4, 3), 255)
    np.testing.assert_array_equal(decoded(drawn.png), np.concatenate([one, gap, one], axis=1))


def test_patches_of_another_shape_are_drawn_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "lc.tif", np.ones((4, 65, 33), np.uint8))
    small = replace(SEN12MS, shape=(65, 33))
    assert decoded(draw_preview(small, "overview_lc", {"lc": path}).png).shape == (65, 33, 3)
    assert decoded(draw_preview(small, "thumbnail", {"lc": path}).png).shape == (33, 59, 3)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    (path,) = write_scene(tmp_path, SCENE, sensors=["s2"])
    first, second = (draw_preview(SEN12MS, "overview", {"s2": str(path)}) for _ in range(2))
    assert first == second


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(b"II*\0" + bytes(range(256)) * 100)


def one_band(path: Path) -> None:
    write(path, filled("uint16", 1))


@pytest.mark.parametrize("damage", [cut, empty, noise, one_band])
def test_a_broken_file_is_a_grey_panel(tmp_path: Path, damage: Any) -> None:
    (path,) = write_scene(tmp_path, SCENE, sensors=["s2"])
    damage(path)
    broken = draw_preview(SEN12MS, "overview", {"s2": str(path)})
    missing = draw_preview(SEN12MS, "overview", {})
    assert not broken.complete
    assert not missing.complete
    assert broken == missing
    picture = decoded(broken.png)
    assert picture.shape == (256, 256, 3)
    assert (picture == 224).all()


def test_a_file_of_another_size_is_drawn_at_ours(tmp_path: Path) -> None:
    path = write(tmp_path / "lc.tif", np.ones((4, 512, 300), np.uint8))
    assert decoded(draw_preview(SEN12MS, "overview_lc", {"lc": path}).png).shape == (256, 256, 3)
