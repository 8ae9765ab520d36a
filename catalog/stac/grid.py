"""Audit of patches against the grid of their scene; it changes no footprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.datasets import Dataset

TOLERANCE_M: Final = 0.01
"""How far from its place on the scene's grid a patch may lie."""


def off_grid(
    dataset: Dataset, patches: NDArray[np.int64], corners: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which patches of a scene do not lie where their number says.

    The number of a patch is its row-major index in the scene's grid. A scene's origin and width are
    those that most of its patches agree on; where there is no such majority, or fewer than three
    patches, nothing can be said and nothing is.

    Parameters
    ----------
    dataset : Dataset
        Its stride, and the widths that the grid of a scene may have.
    patches : int array of shape (n,)
        Patch numbers.
    corners : float array of shape (n, 2)
        Upper-left corners, metres, in the scene's UTM zone.

    Returns
    -------
    bool array of shape (n,)
        True for the patches that break the rule.
    """
    if patches.size < 3:
        return np.zeros(patches.shape, dtype=bool)
    best: NDArray[np.bool_] = np.zeros(patches.shape, dtype=bool)
    stride_m = dataset.stride_pixels * dataset.resolution_m
    for columns in dataset.scene_columns:
        row, column = np.divmod(patches, columns)
        origins = corners + np.stack([-column, row], axis=1) * stride_m
        near = (
            np.abs(origins - np.nanmedian(np.where(np.isfinite(origins), origins, np.nan), axis=0))
            <= TOLERANCE_M
        )
        agreed = np.logical_and.reduce(near, axis=1)
        if agreed.sum() > best.sum():
            best = agreed
    known = best.sum() * 2 > patches.size
    return ~best if known else np.zeros(patches.shape, dtype=bool)
