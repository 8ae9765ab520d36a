"""The graph of patches that share ground or lie near each other: its pairs, and its components."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from catalog.experiment.ground import TOUCH_M, distances_m, polygons, shared_areas_m2
from catalog.experiment.outlines import Cluster, PatchOutlines, flattened, near_clusters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.experiment.ground import Floats

    Indices = NDArray[np.intp]


class Pairs(NamedTuple):
    """Pairs of patches, one of each list."""

    a: Indices
    """Which patch of the first list."""
    b: Indices
    """Which patch of the second list."""
    area_m2: Floats
    """Ground that both show, square metres; 0 for patches that do not overlap."""
    distance_m: Floats
    """Metres between their outlines; 0 for patches that touch or overlap."""


def find_pairs(a: PatchOutlines, b: PatchOutlines, buffer_m: float) -> Pairs:
    """Pairs of patches that overlap, or lie near each other.

    Parameters
    ----------
    a, b : PatchOutlines
        Two lists of patches.
    buffer_m : float
        Metres between outlines that still are near.

    Returns
    -------
    Pairs
        All pairs that overlap. Where a patch of `b` overlaps none of a scene of `a` but lies near
        some, only the nearest of that scene. By patch of `b`, then of `a`.
    """
    found = [_pairs_between(a, b, one, two, buffer_m) for one, two in near_clusters(a, b, buffer_m)]
    if not found:
        none = np.zeros(0, np.intp)
        return Pairs(none, none, np.zeros(0), np.zeros(0))
    in_a, in_b, areas, distances = map(np.concatenate, zip(*found, strict=True))
    order = np.lexsort((in_a, in_b))
    return Pairs(in_a[order], in_b[order], areas[order], distances[order])


def _pairs_between(
    a: PatchOutlines, b: PatchOutlines, one: Cluster, two: Cluster, buffer_m: float
) -> Pairs:
    a_rings, b_rings = a.rings[one.members], b.rings[two.members]
    middle = (one.centre + two.centre) / 2
    a_flat, b_flat = flattened(a_rings, middle), flattened(b_rings, middle)
    tree, outlines = shapely.STRtree(polygons(a_flat)), polygons(b_flat)
    in_b, in_a = tree.query(outlines)
    if one is two:
        in_a, in_b, areas = _twice(a_flat, in_a, in_b)
    else:
        areas = shared_areas_m2(a_flat[in_a], b_flat[in_b])
    overlap = areas > 0
    in_a, in_b, areas = in_a[overlap], in_b[overlap], areas[overlap]
    alone = np.setdiff1d(np.arange(len(b_rings)), in_b)
    number, near_a = tree.query_nearest(outlines[alone], max_distance=buffer_m, all_matches=False)
    near_b = alone[number]
    distances = distances_m(a_rings[near_a], b_rings[near_b])
    distances[distances <= TOUCH_M] = 0
    near = distances <= buffer_m
    return Pairs(
        one.members[np.concatenate([in_a, near_a[near]])],
        two.members[np.concatenate([in_b, near_b[near]])],
        np.concatenate([areas, np.zeros(near.sum())]),
        np.concatenate([np.zeros(in_a.size), distances[near]]),
    )


def _twice(flat: Floats, in_a: Indices, in_b: Indices) -> tuple[Indices, Indices, Floats]:
    """Pairs within one scene and the areas they share: each is measured once and listed twice."""
    once = in_a <= in_b
    left, right = in_a[once], in_b[once]
    areas = shared_areas_m2(flat[left], flat[right])
    others = left != right
    return (
        np.concatenate([left, right[others]]),
        np.concatenate([right, left[others]]),
        np.concatenate([areas, areas[others]]),
    )


def connect(patches: PatchOutlines, groups: Indices, buffer_m: float) -> Indices:
    """Groups that must stay together: those with patches that touch or lie within a buffer.

    Parameters
    ----------
    patches : PatchOutlines
        The patches.
    groups : int array of shape (n,)
        The group of each patch, from 0.
    buffer_m : float
        Metres between outlines that still are near.

    Returns
    -------
    int array of shape (n,)
        The component of each patch: the smallest number of a group in it.
    """
    groups = _joined(groups, [_touching(patches, groups, cluster) for cluster in patches.clusters])
    near = [
        _near(patches, groups, pair, buffer_m)
        for pair in near_clusters(patches, patches, buffer_m)
        if pair[0].scene <= pair[1].scene
    ]
    return _joined(groups, near)


def _joined(groups: Indices, edges: list[Indices]) -> Indices:
    """Each group as the smallest of those that edges (2, m) connect it with."""
    left, right = np.concatenate([np.zeros((2, 0), np.intp), *edges], axis=1)
    return components(int(groups.max(initial=-1)) + 1, left, right)[groups]


def _touching(patches: PatchOutlines, groups: Indices, cluster: Cluster) -> Indices:
    """Pairs of groups (2, m) with patches of one scene that touch or overlap."""
    own = groups[cluster.members]
    if own.min() == own.max():
        return np.zeros((2, 0), np.intp)
    outlines = polygons(flattened(patches.rings[cluster.members], cluster.centre))
    pairs = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=TOUCH_M)
    return np.unique(own[pairs], axis=1)


def _near(
    patches: PatchOutlines, groups: Indices, pair: tuple[Cluster, Cluster], buffer_m: float
) -> Indices:
    """Pairs of groups (2, m) with patches of two scenes that lie within a buffer.

    The plane foreshortens, if anything: a pair at the very edge of the buffer counts as near.
    """
    middle = (pair[0].centre + pair[1].centre) / 2
    names, shapes = [], []
    for cluster in pair:
        known, numbers = np.unique(groups[cluster.members], return_inverse=True)
        order = np.argsort(numbers, kind="stable")
        outlines = polygons(flattened(patches.rings[cluster.members[order]], middle))
        names.append(known)
        shapes.append(np.asarray(shapely.multipolygons(outlines, indices=numbers[order])))
    if names[0].size == names[1].size == 1 and names[0] == names[1]:
        return np.zeros((2, 0), np.intp)
    in_b, in_a = shapely.STRtree(shapes[0]).query(shapes[1], predicate="dwithin", distance=buffer_m)
    return np.stack([names[0][in_a], names[1][in_b]])


def components(size: int, left: Indices, right: Indices) -> Indices:
    """Connected components of a graph.

    Parameters
    ----------
    size : int
        Number of nodes.
    left, right : int arrays of shape (m,)
        The ends of the edges.

    Returns
    -------
    int array of shape (size,)
        The smallest node of the component of each node.
    """
    roots = np.arange(size)
    while True:
        low, high = np.minimum(roots[left], roots[right]), np.maximum(roots[left], roots[right])
        apart = low != high
        if not apart.any():
            return roots
        left, right = left[apart], right[apart]
        np.minimum.at(roots, high[apart], low[apart])
        while (roots[roots] != roots).any():
            roots = roots[roots]
