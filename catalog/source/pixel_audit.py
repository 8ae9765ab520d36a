"""What is wrong with the pixels of images: no numbers, nothing measured, too bright to measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from catalog.errors import FileError
from catalog.source.pixels import PixelReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.source.tree import SceneFiles

PIXEL_ISSUES: Final = ("not_finite", "empty", "saturated")
"""An image has pixels that are NaN or infinite; at least a hundredth of its pixels is 0 in all
bands; or has the greatest value of its type in one of them."""
_LEAST_SHARE: Final = 0.01


def audit_pixels(
    files: SceneFiles, dataset: Dataset, numbers: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Read the images of a scene, those of all sensors but land cover.

    Parameters
    ----------
    files : SceneFiles
        Its files on disk. One that cannot be read has no issue here: it is rejected elsewhere.
    dataset : Dataset
        What they are of.
    numbers : int array of shape (n,)
        Numbers of the patches, in order.

    Returns
    -------
    dict of bool arrays of shape (n,)
        By name in `PIXEL_ISSUES`, which patches have it.
    """
    found = {name: np.zeros(numbers.size, bool) for name in PIXEL_ISSUES}
    reader = PixelReader()
    for sensor in (name for name in dataset.sensors if name != dataset.classified):
        of_sensor = files.of_sensor(dataset, sensor)
        rows = np.searchsorted(numbers, of_sensor.numbers)
        for row, number, path in zip(rows, of_sensor.numbers, of_sensor.paths, strict=True):
            if row == numbers.size or numbers[row] != number:
                continue
            try:
                pixels = reader.read(path).pixels
            except FileError:
                continue
            for name in issues_of(pixels):
                found[name][row] = True
    return found


def issues_of(pixels: NDArray[Any]) -> list[str]:
    """What is wrong with one image (bands, rows, columns)."""
    least = _LEAST_SHARE * pixels[0].size
    found = {
        "not_finite": not np.isfinite(pixels).all(),
        "empty": np.count_nonzero((pixels == 0).all(axis=0)) >= least,
        "saturated": np.issubdtype(pixels.dtype, np.integer)
        and np.count_nonzero((pixels == np.iinfo(pixels.dtype).max).any(axis=0)) >= least,
    }
    return [name for name in PIXEL_ISSUES if found[name]]
