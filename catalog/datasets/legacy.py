"""Constants of SEN12MS, for code that does not take a `Dataset` yet."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from catalog.datasets import SEN12MS
from catalog.datasets.definition import LandCoverClass
from catalog.model import PatchKey

DATA: Final = files("catalog") / "regions"
SHAPE: Final = SEN12MS.shape
RESOLUTION_M: Final = SEN12MS.resolution_m
STRIDE_PIXELS: Final = SEN12MS.stride_pixels
SCENE_COLUMNS: Final = SEN12MS.scene_columns
SEASONS: Final = SEN12MS.seasons
SENSORS: Final = SEN12MS.sensors
PREVIEWS: Final = SEN12MS.previews
SCHEMES: Final = SEN12MS.schemes
EXCLUDED: Final = SEN12MS.excluded
CLASSES: Final = tuple(entry for legend in SEN12MS.legends.values() for entry in legend.classes)
COVERS: Final = SEN12MS.covers
COVER_COLORS: Final = SEN12MS.cover_colors
HOLDOUT_SCENES: Final = SEN12MS.holdout_scenes


def classes_of(scheme: str) -> tuple[LandCoverClass, ...]:
    """Classes of a legend."""
    return SEN12MS.legends[scheme].classes if scheme in SEN12MS.legends else ()


def official_split(key: PatchKey) -> str | None:
    """Part of the official split."""
    return None if key in EXCLUDED else SEN12MS.scene_split(key.of_scene)


scene_id = SEN12MS.scene_id
patch_id = SEN12MS.patch_id
patch_ids = SEN12MS.patch_ids
scene_split = SEN12MS.scene_split
parse_name = SEN12MS.parse_name
format_name = SEN12MS.file_name
format_path = SEN12MS.file_path
