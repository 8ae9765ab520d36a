"""Leakage between two lists of patches: ground of the second that the first shows too."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from catalog.errors import FilterError
from catalog.experiment.lists import patch_ids, read_list
from catalog.experiment.outlines import checked_buffer_m, outlines_of
from catalog.experiment.overlaps import find_pairs
from catalog.pictures.canvas import save_figure
from catalog.pictures.cards import html_table
from catalog.pictures.land import land_from_pieces
from catalog.pictures.layers import A_COLOR, B_COLOR, LEAK_COLOR, Layer, draw_layers
from catalog.reading.catalog import Catalog
from catalog.reading.selection import Selection
from catalog.store.geoparquet import read_countries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from catalog.experiment.outlines import PatchOutlines
    from catalog.experiment.overlaps import Pairs

    Patches = Selection | Iterable[str] | str | os.PathLike[str]
    """A selection; ids, file names or paths; or the path of a manifest or list."""

_SCENE: Final = re.compile(r"(.+_)(\d+)")


class LeakyPair(NamedTuple):
    """A patch of each list that overlap or lie near each other."""

    a: str
    """Id in the first list."""
    b: str
    """Id in the second list: the same id if the patch is in both."""
    overlap_m2: float
    """Ground that both show, square metres."""
    distance_m: float
    """Metres between their outlines, along the ellipsoid; 0 if they overlap or touch."""


class LeakyScenes(NamedTuple):
    """A scene of each list that leak into each other."""

    a: str
    """Scene of the first list."""
    b: str
    """Scene of the second list."""
    same: int
    """Patches that are in both lists."""
    overlapping: int
    """Patches of the second scene that share ground with another one of the first."""
    near: int
    """Patches of the second scene that share none, but lie within the buffer."""
    distance_m: float
    """Least distance between two patches, metres."""


@dataclass(frozen=True)
class Leakage:
    """What a second list of patches shares with a first; false if they share nothing."""

    a: PatchOutlines
    """The first list, such as what a model is trained on."""
    b: PatchOutlines
    """The second list, such as what it is tested on."""
    buffer_km: float
    """Patches closer than this count as near, km."""
    found: Pairs
    """The pairs, by number in the lists; see `pairs`."""

    def __bool__(self) -> bool:
        return self.same + self.overlapping + self.near > 0

    def __repr__(self) -> str:
        counts = f"same={self.same}, overlapping={self.overlapping}, near={self.near}"
        return f"<Leakage {counts}, of {len(self.b):,} patches>"

    def _repr_html_(self) -> str:
        return f"<b>{escape(repr(self))}</b>" + html_table(LeakyScenes._fields, self.scenes())

    @property
    def same(self) -> int:
        """Patches that are in both lists."""
        return int(self._in_both.sum())

    @property
    def overlapping(self) -> int:
        """Further patches of `b` that share ground with one of `a`."""
        return int((self._overlaps & ~self._in_both).sum())

    @property
    def near(self) -> int:
        """Further patches of `b` that lie within the buffer of one of `a`, or touch it."""
        near = np.zeros(len(self.b), bool)
        near[self.found.b] = True
        return int((near & ~self._overlaps & ~self._in_both).sum())

    @property
    def unplaced(self) -> int:
        """Patches of either list without a footprint in the catalog, which cannot be compared."""
        return int(sum(np.isnan(patches.rings[:, 0, 0]).sum() for patches in (self.a, self.b)))

    @cached_property
    def _in_both(self) -> NDArray[np.bool_]:
        known = set(self.a.ids)
        return np.array([name in known for name in self.b.ids], bool)

    @cached_property
    def _overlaps(self) -> NDArray[np.bool_]:
        overlaps = np.zeros(len(self.b), bool)
        overlaps[self.found.b[self.found.area_m2 > 0]] = True
        return overlaps

    def pairs(self) -> Iterator[LeakyPair]:
        """The pairs, by patch of `b`, then of `a`.

        These are all pairs that overlap. Where a patch of `b` overlaps no patch of a scene of `a`
        but lies near some, only the nearest of that scene is listed.
        """
        columns = (column.tolist() for column in self.found)
        for a, b, area, distance in zip(*columns, strict=True):
            yield LeakyPair(self.a.ids[a], self.b.ids[b], round(area, 1), round(distance, 1))

    def scenes(self) -> list[LeakyScenes]:
        """The pairs of scenes, by name."""
        (a_names, a_scenes), (b_names, b_scenes) = (
            np.unique(np.array(patches.columns["scene_id"], str), return_inverse=True)
            for patches in (self.a, self.b)
        )
        a, b, area, distance = self.found
        codes, group = np.unique(a_scenes[a] * b_names.size + b_scenes[b], return_inverse=True)
        least = np.full(codes.size, np.inf)
        np.minimum.at(least, group, distance)
        same = np.array([self.a.ids[i] for i in a]) == np.array([self.b.ids[i] for i in b])
        overlapping = (area > 0) & ~same
        counts = []
        for kind in (same, overlapping, ~(same | overlapping)):
            patches = np.unique(group[kind] * len(self.b) + b[kind])
            counts.append(np.bincount(patches // max(len(self.b), 1), minlength=codes.size))
        rows, columns = np.divmod(codes, max(b_names.size, 1))
        return [
            LeakyScenes(
                str(a_names[rows[k]]),
                str(b_names[columns[k]]),
                same=int(counts[0][k]),
                overlapping=int(counts[1][k]),
                near=int(counts[2][k]),
                distance_m=round(float(least[k]), 1),
            )
            for k in range(codes.size)
        ]

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw both lists on a map, with the patches of `b` that leak on top.

        Parameters
        ----------
        path : path, optional
            A PNG, PDF or SVG to write, by its ending.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        OutputError
            If the path ends otherwise, or cannot be written.
        """
        leaky = np.zeros(len(self.b), bool)
        leaky[self.found.b] = True
        layers = (
            Layer(f"first list, {len(self.a):,} patches", A_COLOR, *_shown(self.a)),
            Layer(f"second list, {len(self.b):,} patches", B_COLOR, *_shown(self.b)),
            Layer(f"leakage, {leaky.sum():,} patches", LEAK_COLOR, *_shown(self.b, leaky)),
        )
        figure = draw_layers(layers, land_from_pieces(read_countries()))
        if path is not None:
            save_figure(figure, path)
        return figure

    def hints(self) -> list[str]:
        """Likely mistakes: lists that were made by comparing the starts of scene names."""
        in_both = {scenes.a for scenes in self.scenes() if scenes.same}
        alone = set(self.a.columns["scene_id"]) ^ set(self.b.columns["scene_id"])
        return [
            f"{', '.join(longer)} {'are' if len(longer) > 1 else 'is'} in both lists, and the name "
            f"starts with {scene}, which is in one: compare whole names, not parts of them"
            for scene in sorted(alone)
            if (longer := sorted(other for other in in_both if _is_part(scene, other)))
        ]


def _shown(
    patches: PatchOutlines, chosen: NDArray[np.bool_] | None = None
) -> tuple[list[str], NDArray[np.object_]]:
    """Scenes and footprints of some patches, or of all."""
    members = np.arange(len(patches)) if chosen is None else np.flatnonzero(chosen)
    scenes = patches.columns["scene_id"]
    return [scenes[member] for member in members.tolist()], patches.footprints[members]


def _is_part(scene: str, other: str) -> bool:
    """Whether `s1_1` is found in `s1_11`."""
    one, two = _SCENE.fullmatch(scene), _SCENE.fullmatch(other)
    if one is None or two is None or one[1] != two[1] or one[2] == two[2]:
        return False
    return two[2].startswith(one[2])


def leakage(
    a: Patches, b: Patches, *, buffer_km: float = 0.0, catalog: Catalog | None = None
) -> Leakage:
    """Find what a second list of patches shares with a first.

    Parameters
    ----------
    a, b : Selection, list of str, or path
        Selections; lists of ids, file names or paths; or the path of a file for `read_list`.
    buffer_km : float
        Patches closer than this count as near: kilometres between outlines, along the ellipsoid.
    catalog : Catalog, optional
        Where the footprints are; that of the other list if one is a selection.

    Raises
    ------
    ManifestError
        If a name on a list is not a patch.
    FilterError
        If a list is empty, the catalog does not have a patch, or there is no catalog.
    """
    buffer_m = checked_buffer_m(buffer_km)
    for given in (a, b):
        if catalog is None and isinstance(given, Selection):
            catalog = Catalog(given.session)
    one = _outlined(a, catalog)
    two = one if b is a else _outlined(b, catalog)
    for which, patches in (("first", one), ("second", two)):
        if not len(patches):
            raise FilterError(f"the {which} list is empty: there is nothing to compare")
    return Leakage(one, two, buffer_km, find_pairs(one, two, buffer_m))


def _outlined(given: Patches, catalog: Catalog | None) -> PatchOutlines:
    if isinstance(given, Selection):
        return outlines_of(given)
    if catalog is None:
        raise FilterError("a list of names has no footprints: give the catalog, catalog=cat")
    if isinstance(given, str | os.PathLike):
        ids = read_list(given, catalog.dataset).ids
    else:
        ids = patch_ids(given, catalog.dataset)
    return outlines_of(catalog.pick(ids))
