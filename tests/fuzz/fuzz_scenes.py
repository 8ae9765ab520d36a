"""Scenes with damaged files among good ones; each file must be as it is alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from internals import PatchKey, SyntheticScene, format_path, read_file, read_scene, write_scene
from mutations import mutate
from outcome import Outcome

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from numpy.typing import NDArray

    from catalog.model import FileRecord, Scene

SCENE = SyntheticScene("spring", 1, 32737, (374132.25, 8118022.5), 29, (30, 31, 59, 60))
_SENSORS = ("s1", "s2", "lc")
_MOST_BAD = 3


class Scenes:
    """Good files stay with their true grid and counts; a mutant is as a reader alone has it."""

    name = "scenes"
    what = "scenes with damaged files among good ones; oracles: each file alone, the true grid"
    share = 3

    def __init__(self, folder: Path) -> None:
        self.good, self.root = folder / "good", folder / "mutant"
        for _ in write_scene(self.good, SCENE, sparse=("s1", "s2")):
            pass
        self.bytes = {
            (patch, sensor): (self.good / _path(patch, sensor)).read_bytes()
            for patch in SCENE.patches
            for sensor in _SENSORS
        }
        self.counts = {
            patch: _true_counts(self.good / _path(patch, "lc")) for patch in SCENE.patches
        }
        shutil.copytree(self.good, self.root)
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """At most one file of a patch is bad, so that the other two outvote it."""
        bad = {
            patch: draw.choice(_SENSORS)
            for patch in draw.sample(SCENE.patches, draw.randint(1, _MOST_BAD))
        }
        self.evidence = repr(bad).encode()
        others = [self.bytes[SCENE.patches[0], sensor] for sensor in _SENSORS]
        for patch, sensor in bad.items():
            head = draw.choice((2_600, None))
            mutant = mutate(self.bytes[patch, sensor], draw, others, within=head).data
            (self.root / _path(patch, sensor)).write_bytes(mutant)
        try:
            return self._checked(bad)
        finally:
            for patch, sensor in bad.items():
                (self.root / _path(patch, sensor)).write_bytes(self.bytes[patch, sensor])

    def _checked(self, bad: dict[int, str]) -> Outcome:
        scene = read_scene(self.root)
        rejected = {entry.path for entry in scene.rejected}
        accepted = 0
        for patch in SCENE.patches:
            for sensor in _SENSORS:
                path = self.root / _path(patch, sensor)
                is_bad = bad.get(patch) == sensor
                problem = _lost(scene, patch, sensor, path, rejected)
                if is_bad:
                    alone = read_file(path)
                    problem = _otherwise(scene, alone, path, rejected)
                    accepted += str(path) not in rejected
                if problem:
                    return Outcome(len(bad), accepted, f"{path.name}: {problem}")
            if bad.get(patch) != "lc" and not (_counts(scene, patch) == self.counts[patch]).all():
                return Outcome(len(bad), accepted, f"p{patch}: land cover is counted wrong")
        return Outcome(len(bad), accepted)


def _lost(scene: Scene, patch: int, sensor: str, path: Path, rejected: set[str]) -> str:
    """What is wrong with a good file."""
    if str(path) in rejected or patch not in scene.numbers:
        return "a good file is rejected"
    row = int(np.searchsorted(scene.numbers, patch))
    if scene.assets[sensor].hrefs[row] != str(path):
        return "a good file is not in its row"
    corner = tuple(scene.grids.transform[row][[2, 5]].tolist())
    return "" if corner == SCENE.upper_left(patch) else f"its corner is at {corner}"


def _otherwise(scene: Scene, alone: FileRecord, path: Path, rejected: set[str]) -> str:
    """What is otherwise among its neighbours than alone."""
    if alone.reason is not None:
        return "" if str(path) in rejected else f"alone it is rejected: {alone.reason}"
    if str(path) in rejected:
        reasons = [entry.reason for entry in scene.rejected if entry.path == str(path)]
        voted = all(reason.startswith("lies on another grid") for reason in reasons)
        return "" if voted else f"rejected among others only: {reasons}"
    if alone.counts is None:
        return ""
    same = (_counts(scene, alone.key.patch) == alone.counts).all()
    return "" if same else "its land cover is counted otherwise than alone"


def _counts(scene: Scene, patch: int) -> NDArray[np.int32]:
    """Counts of a patch: those of the patches that have land cover come one after the other."""
    has = [href is not None for href in scene.assets["lc"].hrefs]
    row = int(np.searchsorted(scene.numbers, patch))
    return scene.counts[sum(has[:row])]


def _true_counts(path: Path) -> NDArray[np.int64]:
    with rasterio.open(path) as source:
        return np.stack([np.bincount(band.ravel(), minlength=256) for band in source.read()])


def _path(patch: int, sensor: str) -> str:
    return format_path(PatchKey(SCENE.season, SCENE.scene, patch), sensor)
