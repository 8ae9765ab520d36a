"""Pictures of a patch: every colour means the same in all of them, so that patches compare.

Sentinel-2 is true colour, B4, B3 and B2 from 0 to 0.3. Sentinel-1 is red for VV from -20 to 0 dB,
green for VH from -26 to -6 dB, blue for their ratio VV / VH from 0 to 15 dB. Land cover has the
colours of the IGBP legend, and grey for other codes.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from catalog.datasets.legacy import PREVIEWS, SENSORS, SHAPE, classes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    """Rows, columns and red, green, blue."""
    Pixels = NDArray[np.float32]
    """Bands, rows, columns."""

_WHITE_REFLECTANCE: Final = 3000  # × 10,000
_VV_DB: Final = (-20.0, 0.0)
_VH_DB: Final = (-26.0, -6.0)
_RATIO_DB: Final = (0.0, 15.0)
_GAP: Final = 4  # pixels between panels

_WORDS: Final = {
    "missing": (
        "#   #  ##    #### # #    ####",
        "##  # #  #   #    # #    #   ",
        "# # # #  #   ###  # #    ### ",
        "#  ## #  #   #    # #    #   ",
        "#   #  ##    #    # #### ####",
    ),
    "broken": (
        "###  ###   ##  #  # #### #   #",
        "#  # #  # #  # # #  #    ##  #",
        "###  ###  #  # ##   ###  # # #",
        "#  # # #  #  # # #  #    #  ##",
        "###  #  #  ##  #  # #### #   #",
    ),
}


class Preview(NamedTuple):
    """A picture of a patch."""

    png: bytes
    """The file."""
    complete: bool
    """False if a placeholder stands for a file that is missing or broken."""


def draw_preview(name: str, members: Mapping[str, str]) -> Preview:
    """Draw one of `PREVIEWS`.

    Parameters
    ----------
    name : str
        Key of its asset.
    members : mapping
        Path, or GDAL `/vsi` name, of the file of each sensor that is there.

    Returns
    -------
    Preview
        Panels side by side; where a file is missing, or GDAL cannot read it, its panel says so.
    """
    step = PREVIEWS[name].reduction
    panels = [_panel(sensor, members.get(sensor)) for sensor in PREVIEWS[name].sensors]
    pictures = [_PLACEHOLDERS[panel] if isinstance(panel, str) else panel for panel in panels]
    gap = np.full((SHAPE[0] // step, _GAP, 3), 255, np.uint8)
    row = [part for picture in pictures for part in (gap, picture[::step, ::step])][1:]
    complete = not any(isinstance(panel, str) for panel in panels)
    return Preview(encode_png(np.concatenate(row, axis=1)), complete)


def encode_png(picture: Picture) -> bytes:
    """An RGB picture as PNG: three chunks, each row as the difference to the one above."""
    rows, columns, _ = picture.shape
    lines = np.full((rows, 1 + 3 * columns), _UP, np.uint8)
    lines[:, 1:] = picture.reshape(rows, -1)
    lines[1:, 1:] -= picture.reshape(rows, -1)[:-1]
    header = struct.pack(">IIBBBBB", columns, rows, 8, _RGB, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 4)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


_UP, _RGB = 2, 2  # a filter type, and a colour type, of the PNG specification


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _panel(sensor: str, path: str | None) -> Picture | str:
    """What a sensor saw, or the placeholder that stands for it."""
    if path is None:
        return "missing"
    bands, draw = _DRAWN[sensor]
    numbers = [[band.name for band in SENSORS[sensor].bands].index(name) + 1 for name in bands]
    try:
        with rasterio.open(path) as source:
            pixels = source.read(numbers, out_shape=(len(numbers), *SHAPE))
    except (RasterioError, OSError, IndexError):
        return "broken"
    return draw(np.nan_to_num(pixels.astype(np.float32), nan=-np.inf))


def _true_color(pixels: Pixels) -> Picture:
    return _stretched(pixels, [(0, _WHITE_REFLECTANCE)] * 3)


def _backscatter(pixels: Pixels) -> Picture:
    vv, vh = np.maximum(pixels, -99)
    return _stretched(np.stack([vv, vh, vv - vh]), [_VV_DB, _VH_DB, _RATIO_DB])


def _land_cover(pixels: Pixels) -> Picture:
    picture: Picture = _LEGEND[pixels[0].clip(0, 255).astype(np.uint8)]
    return picture


_DRAWN: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Pixels], Picture]]]] = {
    "s1": (("VV", "VH"), _backscatter),
    "s2": (("B4", "B3", "B2"), _true_color),
    "lc": (("igbp",), _land_cover),
}
"""By sensor: the bands to read, and how they become colours."""


def _stretched(pixels: Pixels, limits: list[tuple[float, float]]) -> Picture:
    low, high = np.array(limits, np.float32).T[:, :, None, None]
    picture: Picture = ((pixels - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    return np.moveaxis(picture, 0, -1)


def _legend() -> Picture:
    colors = np.full((256, 3), 128, np.uint8)
    for entry in classes_of("igbp"):
        colors[entry.code] = tuple(bytes.fromhex(entry.color.removeprefix("#")))
    return colors


def _placeholder(word: str) -> Picture:
    """Grey stripes, and a word in the middle."""
    rows, columns = np.indices(SHAPE)
    gray = np.where((rows + columns) // 16 % 2, 236, 224).astype(np.uint8)
    letters = np.array([[letter == "#" for letter in line] for line in _WORDS[word]])
    letters = np.pad(letters, 1).repeat(7, axis=0).repeat(7, axis=1)
    top, left = (np.array(SHAPE) - letters.shape) // 2
    middle = gray[top : top + letters.shape[0], left : left + letters.shape[1]]
    middle[:] = np.where(letters, 96, 244)
    return gray[:, :, None].repeat(3, axis=2)


_LEGEND: Final = _legend()
_PLACEHOLDERS: Final = {word: _placeholder(word) for word in _WORDS}
