"""Patches one by one, as tests like to make and to look at them; a `Scene` has them as columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catalog.datasets import SEN12MS, Dataset
from catalog.model import Assets, Grid, Grids, PatchKey, Scene, SceneKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


class Asset(NamedTuple):
    """One file of a patch."""

    href: str
    size: int


@dataclass(frozen=True)
class Patch:
    """The files of one patch, which agree on the grid."""

    key: PatchKey
    grid: Grid
    assets: Mapping[str, Asset]
    counts: NDArray[np.int32] | None = field(compare=False)


def scene_of(key: SceneKey, patches: Iterable[Patch], dataset: Dataset = SEN12MS) -> Scene:
    """The scene of some patches, in their order."""
    patches = list(patches)
    assets = {}
    for sensor in dataset.sensors:
        files = [patch.assets.get(sensor) for patch in patches]
        sizes = np.array([file.size if file else 0 for file in files])
        assets[sensor] = Assets([file and file.href for file in files], sizes)
    counted = [patch.counts for patch in patches if patch.counts is not None]
    return Scene(
        key,
        np.array([patch.key.patch for patch in patches]),
        Grids.of([patch.grid for patch in patches]),
        assets,
        np.array(counted, np.int32).reshape(-1, len(dataset.legends), 256),
        (),
    )


def patches_of(scene: Scene) -> list[Patch]:
    """The inverse of `scene_of`."""
    grids, patches, counts = scene.grids, [], iter(scene.counts)
    columns = zip(grids.crs, grids.shape.tolist(), grids.transform.tolist(), strict=True)
    for position, (crs, shape, transform) in enumerate(columns):
        assets = {}
        for sensor, files in scene.assets.items():
            href = files.hrefs[position]
            if href is not None:
                assets[sensor] = Asset(href, int(files.sizes[position]))
        key = PatchKey(*scene.key, int(scene.numbers[position]))
        grid = Grid(crs, tuple(shape), tuple(transform))
        patches.append(Patch(key, grid, assets, next(counts) if "lc" in assets else None))
    assert next(counts, None) is None
    return patches
