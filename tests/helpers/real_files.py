"""Files with the header bytes of real ones and made pixels, and where the true tables lie."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA: Final = Path(__file__).parents[1] / "data"
"""Tables of the true scenes, patches and classes, and header bytes; see its README."""
HEADERS: Final = tuple(sorted((DATA / "headers").glob("*.header")))

_CELL: Final = 8
"""Pixels along an edge of one cell of land cover."""
_EVERGREEN_BROADLEAF: Final = 2
"""What at least half of the cells are in the IGBP band."""


def write_real_files(root: Path) -> None:
    """The real files below a root, in the dataset's own layout: `SEASON/SENSOR_SCENE/NAME.tif`."""
    for seed, header in enumerate(HEADERS):
        roi, season, sensor, scene, _ = header.stem.split("_")
        path = root / f"{roi}_{season}" / f"{sensor}_{scene}" / f"{header.stem}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header.read_bytes() + _pixels(sensor, seed).tobytes())


def _pixels(sensor: str, seed: int) -> NDArray[Any]:
    """Rows, columns, bands: decibels, reflectance × 10,000, or codes of the four legends."""
    random = np.random.default_rng(seed)
    if sensor == "s1":
        return random.normal(-12, 4, (256, 256, 2)).astype("<f4")
    if sensor == "s2":
        return random.integers(1, 10_000, (256, 256, 13)).astype("<u2")
    cells = [random.choice(codes, (256 // _CELL,) * 2) for codes in _legends()]
    cells[0][::2] = _EVERGREEN_BROADLEAF
    return np.kron(np.stack(cells, axis=-1), np.ones((_CELL, _CELL, 1), int)).astype(np.uint8)


def _legends() -> list[list[int]]:
    """Codes of each band of land cover."""
    with (DATA / "landcover_classes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [[int(row["code"]) for row in rows if row["band"] == band] for band in "1234"]
