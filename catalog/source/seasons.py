"""`seasons.csv`, which tells the season that a scene really was in."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Final

from catalog.datasets.legacy import SEASONS
from catalog.model import SceneKey

if TYPE_CHECKING:
    from pathlib import Path

_SCENE: Final = re.compile(rf"ROIs\d+_({'|'.join(SEASONS)})_(\d+)")


def read_seasons(path: Path) -> dict[SceneKey, str]:
    """True season by scene.

    Rows whose scene or season has no meaning are passed over: the file varies between copies.

    Raises
    ------
    ValueError
        If the file is no CSV table with the columns `scene` and `true_season`.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        missing = {"scene", "true_season"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"has no column {' or '.join(sorted(missing))}")
        seasons = {}
        try:
            for row in rows:
                match = _SCENE.fullmatch((row["scene"] or "").strip())
                season = (row["true_season"] or "").strip().lower()
                if match and season in SEASONS:
                    seasons[SceneKey(match[1], int(match[2]))] = season
        except csv.Error as error:
            raise ValueError(f"breaks off: {error}") from error
        return seasons
