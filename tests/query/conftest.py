"""A dataset with everything that the small one lacks, and connections for many questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.model import PatchKey
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Small

RAGGED = (
    SyntheticScene("summer", 146, 32631, (500_000.0, 5_000_000.0), 29, (201, 202, 231)),
    SyntheticScene("winter", 64, 32633, (400_000.0, 5_100_000.0), 29, (0, 1, 2, 29, 30)),
    SyntheticScene("fall", 99, 32760, (815_000.0, 8_130_000.0), 29, (0, 1, 2, 3, 4, 5)),
)
"""The excluded patch in France, a hold-out scene in Austria, one in Fiji at the antimeridian."""

MISSING = (
    (PatchKey("summer", 146, 201), "s1"),
    (PatchKey("winter", 64, 0), "lc"),
    (PatchKey("winter", 64, 1), "s2"),
    (PatchKey("winter", 64, 2), "s1"),
    (PatchKey("winter", 64, 2), "s2"),
    (PatchKey("fall", 99, 5), "lc"),
)
_LC_HEADER_BYTES = 644


def _paint(path: Path, igbp: tuple[int, ...]) -> None:
    """Stripes of equal width of these classes."""
    pixels = np.memmap(path, dtype=np.uint8, offset=_LC_HEADER_BYTES, shape=(256, 256, 4))
    pixels[:, :, 0] = np.repeat(igbp, 256 // len(igbp))
    pixels.flush()


@pytest.fixture(scope="session")
def ragged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its catalog."""
    folder = tmp_path_factory.mktemp("ragged")
    root = folder / "SEN12MS"
    for scene in RAGGED:
        for _ in write_scene(root, scene, sparse=("s1", "s2")):
            pass
    for key, sensor in MISSING:
        (root / SEN12MS.file_path(key, sensor)).unlink()
    _paint(root / SEN12MS.file_path(PatchKey("winter", 64, 29), "lc"), (12, 10))
    _paint(root / SEN12MS.file_path(PatchKey("winter", 64, 30), "lc"), (99, 17))
    index(root, into=folder / "catalog")
    return folder / "catalog"


@pytest.fixture(scope="module")
def opened(small: Small, ragged: Path) -> Iterator[dict[str, tuple[Catalog, Catalog]]]:
    """By dataset: its catalog, and nothing but its table."""
    folders = {"small": small.out, "ragged": ragged}
    catalogs = {
        name: (Catalog.open(out), Catalog.open(out / "items.parquet"))
        for name, out in folders.items()
    }
    yield catalogs
    for pair in catalogs.values():
        for catalog in pair:
            catalog.close()
