"""What the package knows of SEN12MS is what was published with it."""

from __future__ import annotations

import csv
import gzip

from real_files import DATA

from catalog.datasets import SEN12MS
from catalog.model import PatchKey, SceneKey


def test_every_patch_is_in_its_official_split() -> None:
    with gzip.open(DATA / "patches.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 180_662
    for row in rows:
        season = row["roi_season"].partition("_")[2]
        key = PatchKey(season, int(row["scene"]), int(row["patch"]))
        excluded = key in SEN12MS.excluded
        assert row["split"] == (
            "excluded_nan_s1" if excluded else SEN12MS.scene_split(key.of_scene)
        )


def test_every_scene_has_a_season_and_a_width_of_the_dataset() -> None:
    with (DATA / "scenes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 252
    for row in rows:
        season = row["roi_season"].partition("_")[2]
        key = SceneKey(season, int(row["scene"]))
        assert SEN12MS.scene_id(key) == f"{row['roi_season']}_{row['scene']}"
        assert int(row["ncols"]) in SEN12MS.scene_columns


def test_legends_have_the_published_codes_and_titles() -> None:
    with (DATA / "landcover_classes.csv").open(encoding="utf-8") as file:
        published = [
            (int(row["band"]), int(row["code"]), row["name"]) for row in csv.DictReader(file)
        ]
    known = [
        (band, entry.code, entry.title)
        for band, legend in enumerate(SEN12MS.legends.values(), start=1)
        for entry in legend.classes
    ]
    assert known == published
