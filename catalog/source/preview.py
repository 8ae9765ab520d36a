"""Pictures of a patch: every colour means the same in all of them, so that patches compare.

Reflectance is true colour, its three bands from 0 to 0.3. Backscatter is red for VV from -20 to
0 dB, green for VH from -26 to -6 dB, blue for their ratio VV / VH from 0 to 15 dB. Classes have the
colours of their legend, and grey for other codes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from rasterio import Affine
from rasterio.io import MemoryFile

from catalog.source.header import UnreadableError, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from catalog.datasets import Dataset

    Rgb = NDArray[np.uint8]
    """Rows, columns and red, green, blue."""
    Pixels = NDArray[np.float32]
    """Bands, rows, columns."""

_WHITE_REFLECTANCE: Final = 3000  # × 10,000
_VV_DB: Final = (-20.0, 0.0)
_VH_DB: Final = (-26.0, -6.0)
_RATIO_DB: Final = (0.0, 15.0)
_GAP: Final = 4  # pixels between panels
_NO_CLASS: Final = 128
_NO_FILE: Final = 224
_LIGHT: Final = 65
"""Quality of a JPEG, of 100: the edges of classes are still sharp."""
_FAST: Final = {"ZLEVEL": 1}
"""Of the PNG driver: as small as its default for these pictures, in a quarter of the time."""


class PreviewImage(NamedTuple):
    """A picture of a patch."""

    png: bytes
    """The file."""
    complete: bool
    """False if a grey panel stands for a file that is missing or broken."""


def draw_preview(dataset: Dataset, name: str, members: Mapping[str, str]) -> PreviewImage:
    """Draw one of the previews of a dataset.

    Parameters
    ----------
    dataset : Dataset
        What the patch is of.
    name : str
        Key of its asset.
    members : mapping
        Path, or GDAL `/vsi` name, of the file of each sensor that is there.

    Returns
    -------
    PreviewImage
        Panels side by side; grey where a file is missing, or GDAL cannot read it.
    """
    preview = dataset.previews[name]
    step = preview.reduction
    panels = [_panel(dataset, sensor, members.get(sensor)) for sensor in preview.sensors]
    grey = np.full((*dataset.shape, 3), _NO_FILE, np.uint8)
    gap = np.full((-(-dataset.shape[0] // step), _GAP, 3), 255, np.uint8)
    row: list[Rgb] = []
    for panel in panels:
        row += [gap, (grey if panel is None else panel)[::step, ::step]]
    png = encode_png(np.concatenate(row[1:], axis=1))
    return PreviewImage(png, all(panel is not None for panel in panels))


def encode_png(picture: Rgb) -> bytes:
    """An RGB picture, (rows, columns, 3), as PNG."""
    return _encoded(picture, "PNG", **_FAST)


def _encoded(picture: Rgb, driver: str, **options: int) -> bytes:
    """An RGB picture as GDAL's driver writes it."""
    rows, columns, bands = picture.shape
    profile = {"width": columns, "height": rows, "count": bands, "dtype": picture.dtype}
    # Without a place, rasterio warns; a thread cannot silence that without silencing the others.
    profile["transform"] = Affine(1, 0, 0, 0, -1, rows)
    with MemoryFile() as memory:
        with memory.open(driver=driver, **profile, **options) as file:
            file.write(np.moveaxis(picture, -1, 0))
        return bytes(memory.read())


def jpeg_from_png(png: bytes) -> bytes:
    """A picture as JPEG: a tenth of its bytes, for pages that hold it.

    Raises
    ------
    UnreadableError
        If it is not a PNG.
    """
    with opened(png, "PNG") as source:
        return _encoded(np.moveaxis(source.read(), 0, -1), "JPEG", QUALITY=_LIGHT)


def _panel(dataset: Dataset, sensor: str, path: str | None) -> Rgb | None:
    """The image of a sensor in colours; None if its file is missing or broken."""
    if path is None:
        return None
    picture = dataset.sensors[sensor].picture
    names = [band.name for band in dataset.sensors[sensor].bands]
    numbers = [names.index(name) + 1 for name in picture.bands]
    try:
        with opened(path) as source:
            pixels = source.read(numbers, out_shape=(len(numbers), *dataset.shape))
    except (UnreadableError, OSError, IndexError):
        return None
    pixels = np.nan_to_num(pixels.astype(np.float32), nan=-np.inf)
    if picture.style == "classes":
        colors = _class_colors(dataset, picture.bands[0])
        painted: Rgb = colors[pixels[0].clip(0, len(colors) - 1).astype(np.intp)]
        return painted
    return _STYLES[picture.style](pixels)


def _true_color(pixels: Pixels) -> Rgb:
    return _stretched(pixels, [(0, _WHITE_REFLECTANCE)] * len(pixels))


def _backscatter(pixels: Pixels) -> Rgb:
    vv, vh = np.maximum(pixels, -99)
    return _stretched(np.stack([vv, vh, vv - vh]), [_VV_DB, _VH_DB, _RATIO_DB])


_STYLES: Final[Mapping[str, Callable[[Pixels], Rgb]]] = {
    "reflectance": _true_color,
    "backscatter": _backscatter,
}
"""How pixels become colours."""


def _stretched(pixels: Pixels, limits: list[tuple[float, float]]) -> Rgb:
    low, high = np.array(limits, np.float32).T[:, :, None, None]
    picture: Rgb = ((pixels - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    return np.moveaxis(picture, 0, -1)


@cache
def _class_colors(dataset: Dataset, legend: str) -> Rgb:
    """Colours of the codes of a legend, (codes, 3); the last one stands for all beyond."""
    classes = dataset.legends[legend].classes
    colors = np.full((max(entry.code for entry in classes) + 2, 3), _NO_CLASS, np.uint8)
    for entry in classes:
        colors[entry.code] = tuple(bytes.fromhex(entry.color.removeprefix("#")))
    return colors
