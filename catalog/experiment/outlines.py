"""Outlines of patches on the ellipsoid, and which scenes lie near which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import shapely

from catalog.errors import FilterError
from catalog.experiment.ground import TOUCH_M, plane_at, rings_from_footprints
from catalog.reading.arguments import is_number
from catalog.reading.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from catalog.experiment.ground import Floats

MAX_BUFFER_KM: Final = 1000.0


class Cluster(NamedTuple):
    """The patches of one scene."""

    scene: str
    """Its id."""
    members: NDArray[np.intp]
    """Which of the patches they are."""
    centre: Floats
    """Geocentric, metres."""
    radius: float
    """Metres from the centre to the farthest corner, straight through the Earth."""


@dataclass(frozen=True)
class PatchOutlines:
    """Patches, their outlines, and what a study stratifies them by."""

    columns: Mapping[str, list[Any]]
    """`id`, `scene_id` and further columns of `patches`, a value a patch."""
    footprints: NDArray[np.object_]
    """Shapely geometries in degrees (OGC:CRS84); None where they are unknown."""
    rings: Floats
    """Their corners, (n, k, 3), geocentric, metres; NaN where they are unknown."""

    @property
    def ids(self) -> list[str]:
        """Ids of the patches."""
        return self.columns["id"]

    def __len__(self) -> int:
        return len(self.rings)

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """The patches of known footprint by scene, in order of the scene's id."""
        scenes = np.array(self.columns["scene_id"], dtype=object)
        (placed,) = np.nonzero(np.isfinite(self.rings[:, 0, 0]))
        if not placed.size:
            return ()
        names, numbers = np.unique(scenes[placed].astype(str), return_inverse=True)
        order = np.argsort(numbers, kind="stable")
        parts = np.split(placed[order], np.flatnonzero(np.diff(numbers[order])) + 1)
        return tuple(
            _cluster(name, members, self.rings[members])
            for name, members in zip(names.tolist(), parts, strict=True)
        )


def _cluster(name: str, members: NDArray[np.intp], rings: Floats) -> Cluster:
    corners = rings.reshape(-1, 3)
    centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
    return Cluster(name, members, centre, float(np.linalg.norm(corners - centre, axis=1).max()))


def outlines_from_footprints(
    columns: Mapping[str, list[Any]], footprints: NDArray[np.object_]
) -> PatchOutlines:
    """Outlines from shapely geometries in degrees (OGC:CRS84), None where they are unknown."""
    known = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
    found = rings_from_footprints(footprints[known])
    rings = np.full((len(footprints), *found.shape[1:]), np.nan)
    rings[known] = found
    return PatchOutlines(columns, footprints, rings)


def columns_of(selection: Selection) -> dict[str, list[Any]]:
    """The columns of `Selection.outlines`, a value a patch, in the selection's order.

    Raises
    ------
    FilterError
        If it is not a selection.
    QueryError
        If DuckDB gives up.
    """
    if not isinstance(selection, Selection):
        raise FilterError(f"{selection!r} is not a selection: give cat.select(…)")
    table = selection.outlines()
    return {name: table.column(name).to_pylist() for name in table.column_names}


def outlines_of(selection: Selection) -> PatchOutlines:
    """Outlines of the patches of a selection, in its order.

    Raises
    ------
    FilterError
        If it is not a selection.
    """
    columns = columns_of(selection)
    wkb = np.array(columns.pop("geometry"), dtype=object)
    return outlines_from_footprints(columns, np.asarray(shapely.from_wkb(wkb), dtype=object))


def checked_buffer_m(buffer_km: float) -> float:
    """A buffer in metres; one of 0 still takes in outlines that touch.

    Raises
    ------
    FilterError
        If it is not a distance.
    """
    if not (is_number(buffer_km) and 0 <= buffer_km <= MAX_BUFFER_KM):
        raise FilterError(
            f"buffer_km={buffer_km!r} is not a valid distance: give kilometres from 0 to "
            f"{MAX_BUFFER_KM:g}"
        )
    return max(buffer_km * 1000.0, TOUCH_M)


def near_clusters(
    a: PatchOutlines, b: PatchOutlines, buffer_m: float
) -> Iterator[tuple[Cluster, Cluster]]:
    """Pairs of scenes, one of each, with patches that may lie within a buffer."""
    if not (a.clusters and b.clusters):
        return
    centres = np.array([cluster.centre for cluster in b.clusters])
    radii = np.array([cluster.radius for cluster in b.clusters])
    for cluster in a.clusters:
        apart = np.linalg.norm(centres - cluster.centre, axis=1)
        for number in np.flatnonzero(apart <= cluster.radius + radii + buffer_m).tolist():
            yield cluster, b.clusters[number]


def flattened(rings: Floats, middle: Floats) -> Floats:
    """Corners (n, k, 3) as metres (n, k, 2) in the plane that touches the ellipsoid at a point."""
    return plane_at(middle).project(rings)
