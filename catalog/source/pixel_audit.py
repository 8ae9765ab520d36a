"""The quality of images in numbers: values that are not finite, empty and saturated pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.datasets.quality import measures
from catalog.errors import FileError
from catalog.source.pixels import PixelReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.datasets.quality import Measure
    from catalog.source.tree import SceneFiles


def audit_pixels(
    files: SceneFiles, dataset: Dataset, numbers: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Measure the images of a scene, those of all sensors but land cover.

    Parameters
    ----------
    files : SceneFiles
        Its files on disk. One that cannot be read is not measured: it is rejected elsewhere.
    dataset : Dataset
        What they are of.
    numbers : int array of shape (n,)
        Numbers of the patches, in order.

    Returns
    -------
    dict of float64 arrays of shape (n,)
        By name of the measure, one number per patch; NaN where the file is missing.
    """
    found = {measure.name: np.full(numbers.size, np.nan) for measure in measures(dataset)}
    reader = PixelReader()
    for sensor in dict.fromkeys(measure.sensor for measure in measures(dataset)):
        of_sensor = files.of_sensor(dataset, sensor)
        rows = np.searchsorted(numbers, of_sensor.numbers)
        for row, number, path in zip(rows, of_sensor.numbers, of_sensor.paths, strict=True):
            if row == numbers.size or numbers[row] != number:
                continue
            try:
                pixels = reader.read(path).pixels
            except FileError:
                continue
            for measure in measures(dataset):
                if measure.sensor == sensor:
                    found[measure.name][row] = measured(pixels, measure)
    return found


def measured(pixels: NDArray[Any], measure: Measure) -> float:
    """One number of one image (bands, rows, columns); NaN if it has no value or band to measure."""
    if measure.kind == "not_finite":
        return float(np.count_nonzero(~np.isfinite(pixels)))
    if measure.kind == "empty":
        return float((pixels == 0).all(axis=0).mean())
    if measure.kind == "saturated":
        whole = np.issubdtype(pixels.dtype, np.integer)
        return float((pixels == np.iinfo(pixels.dtype).max).any(axis=0).mean()) if whole else 0.0
    values = pixels[measure.band : measure.band + 1]
    values = values[np.isfinite(values)]
    return float(values.mean(dtype=np.float64)) if values.size else np.nan
