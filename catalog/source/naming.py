"""File names to keys, and back: the name alone carries the key, however folders are nested."""

from __future__ import annotations

import re
from typing import Final

from catalog.dataset import SEASONS, SENSORS
from catalog.model import PatchKey

_NUMBER: Final = r"0|[1-9][0-9]{0,5}"
_NAME: Final = re.compile(
    rf"(ROIs[0-9]{{4}})_([a-z]+)_({'|'.join(SENSORS)})_({_NUMBER})_p({_NUMBER})\.tif"
)


def parse_name(name: str) -> tuple[PatchKey, str] | None:
    """Key and sensor that a file name stands for, or None if it is no name of SEN12MS.

    Strict, so that it is the inverse of `format_name`: a name that merely resembles one (another
    prefix for the season, a leading zero) could be any patch.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    roi, season, sensor, scene, patch = match.groups()
    if season not in SEASONS or SEASONS[season].roi != roi:
        return None
    return PatchKey(season, int(scene), int(patch)), sensor


def format_name(key: PatchKey, sensor: str) -> str:
    """File name of one sensor of a patch: `ROIs1158_spring_s2_1_p30.tif`."""
    return f"{SEASONS[key.season].roi}_{key.season}_{sensor}_{key.scene}_p{key.patch}.tif"


def format_path(key: PatchKey, sensor: str) -> str:
    """Path below the dataset's root: `ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif`."""
    roi = SEASONS[key.season].roi
    return f"{roi}_{key.season}/{sensor}_{key.scene}/{format_name(key, sensor)}"
