"""Targets of learning from land cover: masks of classes, and labels of whole patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.datasets.legacy import COVERS, classes_of
from catalog.errors import FilterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.reading.selection import Selection

IGNORED: Final = 255
"""In a simplified mask, pixels whose code is in no legend: the `ignore_index` of a loss."""

IGBP_CODES: Final = np.arange(256, dtype=np.int64)
"""Class of each pixel value in an IGBP mask: the code itself, 1 to 17."""


def _simplified_codes() -> NDArray[np.int64]:
    codes = np.full(256, IGNORED, np.int64)
    for entry in classes_of("igbp"):
        if entry.cover is not None:
            codes[entry.code] = COVERS.index(entry.cover)
    return codes


SIMPLIFIED_CODES: Final = _simplified_codes()
"""Class of each pixel value in a simplified mask: its index in `COVERS`, 0 to 9, or `IGNORED`."""


def cover_shares(selection: Selection) -> NDArray[np.float64]:
    """Shares of the simplified classes, from the catalog: no pixel is read.

    Returns
    -------
    float64 array of shape (n, 10)
        By patch, in order of the selection, and by class, in order of `COVERS`; 0 to 1.

    Raises
    ------
    FilterError
        If a patch has no land-cover file.
    """
    table = selection.summary().select("id", *COVERS).to_arrow_table()
    columns = [table.column(cover).to_numpy() for cover in COVERS]
    shares = np.stack(columns, axis=1) if len(table) else np.zeros((0, len(COVERS)))
    (unknown,) = np.nonzero(np.isnan(shares).any(axis=1))
    if unknown.size:
        name = table.column("id")[int(unknown[0])].as_py()
        raise FilterError(f"{name} has no lc, and so no label: select with sensor='lc'")
    return shares


def single_labels(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class with the largest share of each patch; of equals the first of the legend."""
    labels: NDArray[np.int64] = shares.argmax(axis=1)
    return labels


def multi_labels(shares: NDArray[np.float64], threshold: float) -> NDArray[np.float32]:
    """1 for each class with at least this share of a patch, else 0.

    Raises
    ------
    FilterError
        If the threshold is no share.
    """
    if not 0 < threshold <= 1:
        raise FilterError(f"threshold={threshold:g} is no share: give a number from 0 to 1")
    return (shares >= threshold).astype(np.float32)
