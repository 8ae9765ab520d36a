"""A patch's number says where it lies in its scene: who lies elsewhere is found, nobody else."""

from __future__ import annotations

import csv
import gzip
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_files import DATA

from catalog.datasets import SEN12MS
from catalog.stac.grid import off_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORIGIN = (374_132.3389928384, 8_118_022.836060452)


def laid_out(
    patches: NDArray[np.int64], columns: int, origin: tuple[float, float] = ORIGIN
) -> NDArray[np.float64]:
    """Where the rule puts patches: 1,280 m further a column, 1,280 m down a row."""
    places = [divmod(int(patch), columns) for patch in patches]
    x, y = origin
    return np.array([(x + 1280.0 * column, y - 1280.0 * row) for row, column in places])


@st.composite
def blocks(draw: st.DrawFn) -> tuple[NDArray[np.int64], int]:
    """Some patches of at least three rows, in any order, and the width of the scene."""
    columns = draw(st.sampled_from([29, 31]))
    rows = draw(st.integers(3, 6))
    width = draw(st.integers(3, 6))
    first = draw(st.integers(0, 20)) * columns + draw(st.integers(0, 20))
    numbers = [first + row * columns + column for row in range(rows) for column in range(width)]
    return np.array(draw(st.permutations(numbers))), columns


@settings(deadline=None)
@given(blocks())
def test_patches_on_the_grid_are_not_doubted(block: tuple[NDArray[np.int64], int]) -> None:
    assert not off_grid(SEN12MS, block[0], laid_out(*block)).any()


@settings(deadline=None)
@given(st.lists(st.integers(0, 960), unique=True, max_size=40), st.sampled_from([29, 31]))
def test_no_selection_of_patches_is_doubted(numbers: list[int], columns: int) -> None:
    patches = np.array(numbers, dtype=np.int64)
    corners = laid_out(patches, columns).reshape(-1, 2)
    assert off_grid(SEN12MS, patches, corners).tolist() == [False] * len(numbers)


@settings(deadline=None)
@given(blocks(), st.data())
def test_the_patches_that_are_shifted_are_found(
    block: tuple[NDArray[np.int64], int], data: st.DataObject
) -> None:
    patches, columns = block
    corners = laid_out(patches, columns)
    wrong = np.zeros(len(patches), dtype=bool)
    wrong[: data.draw(st.integers(1, (len(patches) - 1) // 2))] = True
    shift = data.draw(st.sampled_from([(0.05, 0.0), (0.0, -0.05), (10.0, 10.0), (-640.0, 0.0)]))
    corners[wrong] += shift
    np.testing.assert_array_equal(off_grid(SEN12MS, patches, corners), wrong)


@settings(deadline=None)
@given(blocks())
def test_two_patches_with_each_others_number_are_found(
    block: tuple[NDArray[np.int64], int],
) -> None:
    patches, columns = block
    corners = laid_out(patches, columns)
    corners[[0, 1]] = corners[[1, 0]]
    assert np.flatnonzero(off_grid(SEN12MS, patches, corners)).tolist() == [0, 1]


@settings(deadline=None)
@given(blocks(), st.floats(-0.004, 0.004))
def test_millimetres_do_not_matter(block: tuple[NDArray[np.int64], int], noise: float) -> None:
    corners = laid_out(*block)
    corners[::2] += noise
    assert not off_grid(SEN12MS, block[0], corners).any()


@settings(deadline=None)
@given(blocks(), st.tuples(st.floats(1e5, 9e5), st.floats(0, 1e7)))
def test_the_origin_of_the_scene_does_not_matter(
    block: tuple[NDArray[np.int64], int], origin: tuple[float, float]
) -> None:
    corners = laid_out(*block, origin)
    corners[0] += 10
    assert np.flatnonzero(off_grid(SEN12MS, block[0], corners)).tolist() == [0]


TOO_FEW = {
    "no patch": ([], []),
    "one patch": ([30], [(0, 0)]),
    "two patches": ([30, 31], [(0, 0), (7, 7)]),
    "no majority": ([0, 1, 2, 3], [(0, 0), (1280, 0), (9, 9), (1287, 2)]),
    "half and half": ([0, 1, 2, 3], [(0, 0), (1280, 0), (2570, 0), (3850, 0)]),
    "just half": ([0, 1, 2, 3], [(0, 0), (1280, 0), (2550, 0), (3850, 0)]),
}


@pytest.mark.parametrize(("numbers", "corners"), TOO_FEW.values(), ids=TOO_FEW)
def test_nothing_is_said_where_nothing_is_known(
    numbers: list[int], corners: list[tuple[float, float]]
) -> None:
    found = off_grid(SEN12MS, np.array(numbers, np.int64), np.array(corners, float).reshape(-1, 2))
    assert found.tolist() == [False] * len(numbers)


def test_three_patches_are_enough() -> None:
    corners = laid_out(np.array([30, 31, 32]), 29)
    corners[1] += 10
    assert off_grid(SEN12MS, np.array([30, 31, 32]), corners).tolist() == [False, True, False]


def test_a_patch_that_lies_nowhere_does_not_hide_the_others() -> None:
    patches = np.arange(30, 40)
    corners = laid_out(patches, 29)
    corners[3] = np.nan
    corners[5] += 10
    assert np.flatnonzero(off_grid(SEN12MS, patches, corners)).tolist() == [3, 5]


def test_neither_numbers_nor_corners_are_changed() -> None:
    patches = np.arange(30, 40)
    corners = laid_out(patches, 29)
    patches.flags.writeable = corners.flags.writeable = False
    off_grid(SEN12MS, patches, corners)


def true_scenes() -> dict[tuple[str, str], tuple[int, tuple[float, float]]]:
    """Width and origin of the scenes whose patches were seen to obey the rule."""
    with (DATA / "scenes.csv").open(encoding="utf-8") as file:
        return {
            (row["roi_season"], row["scene"]): (
                int(row["ncols"]),
                (float(row["origin_x"]), float(row["origin_y"])),
            )
            for row in csv.DictReader(file)
            if row["exact"] == "True"
        }


def test_the_numbers_of_the_true_scenes_tell_their_width() -> None:
    scenes = true_scenes()
    with gzip.open(DATA / "patches.csv.gz", "rt", encoding="utf-8") as file:
        rows = [(row["roi_season"], row["scene"], row["patch"]) for row in csv.DictReader(file)]
    checked = 0
    for key, members in groupby(rows, key=lambda row: row[:2]):
        if key not in scenes:
            continue
        patches = np.array([int(patch) for _, _, patch in members])
        corners = laid_out(patches, *scenes[key])
        corners[0] += 10
        assert np.flatnonzero(off_grid(SEN12MS, patches, corners)).tolist() == [0]
        checked += 1
    assert checked == len(scenes) == 190
