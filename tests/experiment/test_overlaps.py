"""Which patches overlap or lie near, and what that ties together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import FilterError
from catalog.experiment.ground import distances_m
from catalog.experiment.outlines import PatchOutlines, checked_buffer_m
from catalog.experiment.overlaps import components, connect, find_pairs

if TYPE_CHECKING:
    from .conftest import Squares

# A few scenes' worth of patches in a box of some 60 km, so that all kinds of nearness occur.
offsets = st.floats(-0.3, 0.3, allow_nan=False)
patches = st.lists(
    st.tuples(offsets, offsets, st.sampled_from(["s_1", "s_2", "s_11", "t_1"])),
    min_size=2,
    max_size=14,
)
corners = st.sampled_from([(0.0, 0.0), (180.0, 10.0), (-180.0, 68.0), (12.0, -55.0), (30.0, 84.0)])
buffers = st.sampled_from([0.0, 1.0, 8.0])


def around(
    squares: Squares, corner: tuple[float, float], found: list[tuple[float, float, str]]
) -> PatchOutlines:
    stretch = 1 / np.cos(np.radians(corner[1]))
    points = [((corner[0] + x * stretch + 180) % 360 - 180, corner[1] + y) for x, y, _ in found]
    return squares(points, [scene for *_, scene in found])


def brute_distances(outlines: PatchOutlines) -> np.ndarray:
    """Metres between all patches."""
    one, two = np.indices((len(outlines), len(outlines))).reshape(2, -1)
    return distances_m(outlines.rings[one], outlines.rings[two]).reshape(len(outlines), -1)


@settings(max_examples=40, deadline=None)
@given(corners, patches, buffers)
def test_components_are_those_of_all_distances(
    squares: Squares,
    corner: tuple[float, float],
    found: list[tuple[float, float, str]],
    buffer_km: float,
) -> None:
    outlines = around(squares, corner, found)
    buffer_m = checked_buffer_m(buffer_km)
    labels = connect(outlines, np.arange(len(outlines)), buffer_m)
    apart = brute_distances(outlines)
    # What lies at the very edge of the buffer may count as near.
    sure = np.nonzero(apart <= buffer_m)
    perhaps = np.nonzero(apart <= buffer_m * 1.0001)
    assert (labels[sure[0]] == labels[sure[1]]).all()
    loosest = components(len(outlines), *perhaps)
    assert (loosest[labels] == loosest).all()


@settings(max_examples=40, deadline=None)
@given(corners, patches, buffers)
def test_pairs_are_all_that_overlap_and_the_nearest_of_each_scene(
    squares: Squares,
    corner: tuple[float, float],
    found: list[tuple[float, float, str]],
    buffer_km: float,
) -> None:
    outlines = around(squares, corner, found)
    buffer_m = checked_buffer_m(buffer_km)
    pairs = find_pairs(outlines, outlines, buffer_m)
    apart = brute_distances(outlines)
    assert pairs.distance_m == pytest.approx(apart[pairs.a, pairs.b], rel=1e-4, abs=0.1)
    assert (pairs.distance_m <= buffer_m).all()
    assert not ((pairs.area_m2 > 0) & (pairs.distance_m > 0)).any()
    scenes = np.array(outlines.columns["scene_id"])
    for patch in range(len(outlines)):
        for scene in set(scenes):
            least = apart[scenes == scene, patch].min()
            listed = pairs.distance_m[(pairs.b == patch) & (scenes[pairs.a] == scene)]
            if listed.size:
                assert listed.min() == pytest.approx(least, rel=1e-3, abs=0.1)
            else:
                assert least > buffer_m * 0.9999


@given(st.data())
def test_components_are_those_of_a_search(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    node = st.integers(0, size - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=40))
    neighbours: dict[int, set[int]] = {n: {n} for n in range(size)}
    for one, two in edges:
        neighbours[one].add(two)
        neighbours[two].add(one)
    expected = []
    for start in range(size):
        seen, waiting = {start}, [start]
        while waiting:
            for other in neighbours[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        expected.append(min(seen))
    left, right = np.array(edges, np.intp).reshape(-1, 2).T
    assert components(size, left, right).tolist() == expected


def test_patches_that_only_touch_are_tied_together(squares: Squares) -> None:
    outlines = squares([(127.0, 0.0), (127.0 + 2 * 1280 / 111_319.49, 0.0), (127.1, 0.0)], "aaa")
    assert connect(outlines, np.arange(3), checked_buffer_m(0)).tolist() == [0, 0, 2]


def test_patch_across_the_antimeridian_hides_no_overlap_of_others(squares: Squares) -> None:
    one = squares([(10.0, 45.0), (10.02, 45.0)], ["a", "a"])
    two = squares([(10.01, 45.0), (180.0, 10.0)], ["b", "c"])
    assert two.rings.shape[1] > 4
    pairs = find_pairs(one, two, checked_buffer_m(0))
    alone = find_pairs(one, squares([(10.01, 45.0)], ["b"]), checked_buffer_m(0))
    assert (pairs.a.tolist(), pairs.b.tolist()) == ([0, 1], [0, 0])
    assert pairs.area_m2 == pytest.approx(alone.area_m2, rel=1e-6)
    assert (pairs.area_m2 > 4e6).all()


def test_patch_without_a_footprint_is_alone(squares: Squares) -> None:
    outlines = squares([(127.0, 0.0), (127.0, 0.0)], ["a", "b"])
    lost = PatchOutlines(
        outlines.columns, outlines.footprints, np.full_like(outlines.rings, np.nan)
    )
    assert connect(lost, np.arange(2), checked_buffer_m(100)).tolist() == [0, 1]
    assert find_pairs(lost, outlines, checked_buffer_m(0)).a.size == 0


def test_nothing_at_all_has_no_pairs(squares: Squares) -> None:
    nothing = squares([], [])
    assert find_pairs(nothing, nothing, checked_buffer_m(5)).b.size == 0
    assert connect(nothing, np.zeros(0, np.intp), checked_buffer_m(5)).size == 0


@pytest.mark.parametrize("buffer_km", [-1, 1001, float("nan"), float("inf"), "5", None, True])
def test_buffer_that_is_no_distance_is_refused(buffer_km: Any) -> None:
    with pytest.raises(FilterError, match="give kilometres from 0 to 1000"):
        checked_buffer_m(buffer_km)
