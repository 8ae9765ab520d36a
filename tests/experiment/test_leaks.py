"""The audit: what is known to leak is found, and nothing else."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from real_files import DATA

from catalog.datasets import SEN12MS
from catalog.errors import FilterError, ManifestError
from catalog.experiment import leakage
from catalog.experiment.leaks import Leakage
from catalog.experiment.outlines import (
    PatchOutlines,
    checked_buffer_m,
    outlines_from_footprints,
)
from catalog.experiment.overlaps import find_pairs
from catalog.model import Grid, Grids
from catalog.stac.footprint import footprints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog import Catalog
    from tests.conftest import Golden

OVERLAP = [
    "fall_126/winter_123",
    "summer_125/fall_140",
    "fall_149/winter_63",
    "fall_22/fall_105",
    "fall_64/winter_81",
]
"""Pairs of scenes that share ground, on origins that are known exactly."""
NEAR = [
    "fall_82/spring_71",
    "fall_135/spring_141",
    "fall_116/spring_132",
    "winter_144/spring_123",
    "winter_116/summer_132",
]
"""Pairs whose centres lie within 30 km, on origins that are partly derived."""


@pytest.fixture(scope="session")
def real_outlines() -> Callable[[set[str]], PatchOutlines]:
    """True patches of some scenes of the dataset."""
    with (DATA / "scenes.csv").open(encoding="utf-8") as file:
        scenes = {f"{row['roi_season']}_{row['scene']}": row for row in csv.DictReader(file)}
    numbers: dict[str, list[int]] = {}
    with gzip.open(DATA / "patches.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            scene = f"{row['roi_season']}_{row['scene']}"
            numbers.setdefault(scene, []).append(int(row["patch"]))

    def build(wanted: set[str]) -> PatchOutlines:
        ids, names, grids = [], [], []
        for scene in sorted(wanted):
            row = scenes[scene]
            for patch in sorted(numbers[scene]):
                down, right = divmod(patch, int(row["ncols"]))
                x = float(row["origin_x"]) + 1280 * right
                y = float(row["origin_y"]) - 1280 * down
                grids.append(Grid(f"EPSG:{row['epsg']}", (256, 256), (10, 0, x, 0, -10, y)))
                ids.append(f"{scene}_p{patch}")
                names.append(scene)
        return outlines_from_footprints({"id": ids, "scene_id": names}, footprints(Grids.of(grids)))

    build.scenes = set(scenes)  # type: ignore[attr-defined]
    return build


def scene_ids(pairs: list[str]) -> set[str]:
    roi = {
        "spring": "ROIs1158", "summer": "ROIs1868", "fall": "ROIs1970", "winter": "ROIs2017",
    }  # fmt: skip
    return {f"{roi[one.split('_')[0]]}_{one}" for pair in pairs for one in pair.split("/")}


def audited(a: PatchOutlines, b: PatchOutlines, buffer_km: float) -> Leakage:
    return Leakage(a, b, buffer_km, find_pairs(a, b, checked_buffer_m(buffer_km)))


def told(found: Leakage) -> str:
    lines = [f"{found.same} same, {found.overlapping} overlapping, {found.near} near"]
    lines += [
        f"{row.a} {row.b}: {row.overlapping} overlapping, {row.near} near, {row.distance_m:.1f} m"
        for row in found.scenes()
        if row.a < row.b
    ]
    return "\n".join(lines) + "\n"


def test_scenes_that_are_known_to_overlap_are_found(
    real_outlines: Callable[[set[str]], PatchOutlines], golden: Golden
) -> None:
    outlines = real_outlines(scene_ids(OVERLAP + NEAR))
    found = audited(outlines, outlines, 30)
    golden.check("experiment/known_overlaps.txt", told(found))
    pairs = {frozenset((row.a, row.b)) for row in found.scenes() if row.a != row.b}
    assert pairs == {frozenset(scene_ids([pair])) for pair in OVERLAP + NEAR}
    overlapping = {frozenset((row.a, row.b)) for row in found.scenes() if row.overlapping}
    assert overlapping >= {frozenset(scene_ids([pair])) for pair in OVERLAP}


def test_patches_of_one_scene_leak_into_each_other_by_half(
    real_outlines: Callable[[set[str]], PatchOutlines],
) -> None:
    outlines = real_outlines({"ROIs1970_fall_126"})
    found = audited(outlines, outlines, 0)
    shares = {round(pair.overlap_m2 / 2560**2, 2) for pair in found.pairs()}
    assert shares == {1.0, 0.5, 0.25}
    most = np.bincount(found.found.b)
    assert most.max() == 9, "itself, and eight neighbours"


@pytest.mark.slow
def test_official_split_leaks_nothing_but_lies_near(
    real_outlines: Callable[[set[str]], PatchOutlines], golden: Golden
) -> None:
    scenes: set[str] = real_outlines.scenes  # type: ignore[attr-defined]
    train, test = (
        real_outlines(scenes - SEN12MS.scene_splits.keys()),
        real_outlines(set(SEN12MS.scene_splits)),
    )
    assert len(test) == 18_106
    assert not audited(train, test, 7)
    found = audited(train, test, 30)
    lines = [f"{row.a} {row.b}: {row.near} near, {row.distance_m:.0f} m" for row in found.scenes()]
    golden.check("experiment/official_split.txt", "\n".join(lines) + "\n")


def test_scenes_of_two_seasons_leak(cat: Catalog) -> None:
    fall, winter = cat.select(season="fall"), cat.select(season="winter")
    found = leakage(fall, winter)
    assert found
    (scenes,) = found.scenes()
    assert (scenes.a, scenes.b) == ("ROIs1970_fall_126", "ROIs2017_winter_123")
    assert found.same == scenes.same == 0
    assert found.overlapping == scenes.overlapping > 0
    for pair in found.pairs():
        assert pair.a.startswith("ROIs1970_fall_126_p")
        assert pair.b.startswith("ROIs2017_winter_123_p")
        assert 0 < pair.overlap_m2 < 2560**2
        assert pair.distance_m == 0


def test_lists_of_names_are_audited_as_selections_are(cat: Catalog, tmp_path: Path) -> None:
    fall, winter = cat.select(season="fall"), cat.select(season="winter")
    expected = leakage(fall, winter, buffer_km=2)
    fall.save(tmp_path / "fall.txt")
    for a, b in [
        (fall.ids, winter.paths("s1")),
        (tmp_path / "fall.txt", winter),
        (str(tmp_path / "fall.txt"), [path.rsplit("/", 1)[1] for path in winter.paths("lc")]),
    ]:
        found = leakage(a, b, buffer_km=2, catalog=cat)
        assert list(found.pairs()) == list(expected.pairs())
        assert (found.near, found.overlapping) == (expected.near, expected.overlapping)


def test_patches_in_both_lists_are_counted_once(cat: Catalog) -> None:
    winter = cat.select(season="winter")
    one = winter.ids[:2]
    found = leakage(one, winter.ids[1:5], catalog=cat)
    assert found.same == 1
    pairs = [pair for pair in found.pairs() if pair.a == pair.b]
    assert [pair.a for pair in pairs] == [one[1]]
    assert found.same + found.overlapping + found.near <= 4


def test_lists_that_share_nothing_are_false(cat: Catalog) -> None:
    found = leakage(cat.select(season="spring"), cat.select(season="summer"), buffer_km=500)
    assert not found
    assert (list(found.pairs()), found.scenes(), found.hints()) == ([], [], [])


def test_list_that_was_made_from_parts_of_names_is_hinted_at(official_cat: Catalog) -> None:
    names = official_cat.select(season="spring").paths("s1")
    wanted = "ROIs1158_spring_s1_1"
    test = [name for name in names if wanted in name]  # takes s1_11, s1_117 … too
    train = [name for name in names if f"{wanted}_" not in name]
    found = leakage(train, test, catalog=official_cat)
    assert found.same == len(test) - 3
    (hint,) = found.hints()
    assert hint == (
        "ROIs1158_spring_11, ROIs1158_spring_117, ROIs1158_spring_15, ROIs1158_spring_17 are in "
        "both lists, and the name starts with ROIs1158_spring_1, which is in one: compare whole "
        "names, not parts of them"
    )


def test_lists_by_whole_names_give_no_hint(official_cat: Catalog) -> None:
    names = official_cat.select(season="spring").paths("s1")
    test = [name for name in names if "ROIs1158_spring_s1_1_" in name]
    found = leakage([name for name in names if name not in test], test, catalog=official_cat)
    assert (found.same, found.hints()) == (0, [])


def test_names_need_a_catalog(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="a list of names has no footprints: give the catalog"):
        leakage(["ROIs1158_spring_1_p30"], ["ROIs1158_spring_1_p31"])
    with pytest.raises(ManifestError, match="line 1: 'spring' is not a patch"):
        leakage(["spring"], cat.select())


@pytest.mark.parametrize(
    ("a", "b", "which"), [("false", "true", "first"), ("true", "false", "second")]
)
def test_empty_list_is_refused(cat: Catalog, a: str, b: str, which: str) -> None:
    with pytest.raises(
        FilterError, match=f"the {which} list is empty: there is nothing to compare"
    ):
        leakage(cat.select(where=a), cat.select(where=b))


def test_what_is_no_list_is_refused(cat: Catalog) -> None:
    with pytest.raises(ManifestError, match=r"<Catalog .+> is not a list of patches"):
        leakage(cat, cat.select())


def test_leakage_is_printed_in_one_line(cat: Catalog) -> None:
    found = leakage(cat.select(season="fall"), cat.select(season="fall"))
    assert repr(found) == "<Leakage same=9, overlapping=0, near=0, of 9 patches>"


def test_scene_pairs_add_up(cat: Catalog) -> None:
    found = leakage(cat.select(), cat.select())
    assert found.same == 54
    assert (found.overlapping, found.near) == (0, 0), "all of b is in a already"
    rows = {(row.a, row.b): row for row in found.scenes()}
    assert {row.same for key, row in rows.items() if key[0] == key[1]} == {9}
    assert rows["ROIs1970_fall_126", "ROIs2017_winter_123"].overlapping > 0
    assert len(rows) == 8
