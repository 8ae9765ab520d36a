"""`seasons.csv`, which tells the season that a scene really was in."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from catalog.model import is_url
from catalog.source.stores import open_binary

if TYPE_CHECKING:
    from catalog.datasets import Dataset
    from catalog.model import SceneKey


def read_seasons(path: str, dataset: Dataset) -> dict[SceneKey, str]:
    """True season by scene.

    Rows whose scene or season has no meaning are passed over: the file varies between copies.

    Raises
    ------
    ValueError
        If the file is not a CSV table with the columns `scene` and `true_season`.
    OSError
        If it cannot be read.
    """
    if not (is_url(path) or os.path.isfile(path)):
        raise ValueError("is not a regular file")
    seasons = {}
    with io.TextIOWrapper(open_binary(path), encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        try:
            missing = {"scene", "true_season"} - set(rows.fieldnames or ())
            if missing:
                raise ValueError(f"has no column {' or '.join(sorted(missing))}")
            for row in rows:
                key = dataset.parse_scene_id((row["scene"] or "").strip())
                season = (row["true_season"] or "").strip().lower()
                if key is not None and season in dataset.seasons:
                    seasons[key] = season
        except csv.Error as error:
            raise ValueError(f"breaks off: {error}") from error
    return seasons
