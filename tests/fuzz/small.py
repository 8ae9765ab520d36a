"""A small catalog for targets that ask one, and what is known of it without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import shapely
from internals import SyntheticScene, write_scene

from catalog import index

if TYPE_CHECKING:
    from pathlib import Path

SCENES = (
    SyntheticScene("spring", 1, 32737, (374132.25, 8118022.5), 29, (30, 31, 59, 60)),
    SyntheticScene("summer", 142, 32632, (617663.75, 4971972.5), 29, (180, 181)),
    SyntheticScene("winter", 112, 32631, (676182.5, 5663401.5), 31, (381, 382)),
)


def write_small(folder: Path) -> tuple[Path, Path]:
    """A dataset of 8 patches and its catalog: its root, its folder."""
    root, out = folder / "SEN12MS", folder / "catalog"
    for scene in SCENES:
        for _ in write_scene(root, scene, sparse=("s1", "s2")):
            pass
    index(root, into=out)
    return root, out


def rows_of(out: Path) -> list[dict[str, Any]]:
    """The table, with outlines as shapely has them."""
    rows: list[dict[str, Any]] = pq.read_table(out / "items.parquet").to_pylist()
    return [{**row, "geometry": shapely.from_wkb(row["geometry"])} for row in rows]
