"""Order groups, then cut the cumulative patch count at the target fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import FilterError
from catalog.experiment.outlines import PatchOutlines, checked_buffer_m
from catalog.experiment.overlaps import connect
from catalog.reading.arguments import checked_fraction
from catalog.reading.deterministic_rank import ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]

Fractions = Mapping[str, float] | Sequence[float]
"""`{"train": 0.8, "val": 0.2}`; two or three bare numbers are train, val and test."""

BY: Final = ("scene", "region", "patch")
"""Units that stay whole: a scene, a country, a patch."""

_UNITS: Final = {"scene": "scene_id", "region": "country", "patch": "id"}
_PARTS: Final = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Groups:
    """Patches that must stay together."""

    units: list[str]
    """The unit of each patch, which stays whole: its scene, its country or itself."""
    numbers: Indices
    """The group of each patch: units that touch or lie within the buffer."""

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(np.unique(self.numbers).size)

    @property
    def largest(self) -> int:
        """Patches in the largest."""
        return int(np.bincount(self.numbers).max(initial=0))

    def only(self, members: Indices) -> Groups:
        """Some of the patches, in their groups."""
        return Groups([self.units[member] for member in members.tolist()], self.numbers[members])


def grouped(patches: PatchOutlines, by: str, buffer_km: float) -> Groups:
    """What must stay together.

    Parameters
    ----------
    patches : PatchOutlines
        The patches.
    by : {'scene', 'region', 'patch'}
        The unit that stays whole; a region is a country, or the scene outside of one.
    buffer_km : float
        Kilometres that must lie between two groups.

    Raises
    ------
    FilterError
        If the buffer is not a distance.
    """
    buffer_m = checked_buffer_m(buffer_km)
    scenes = patches.columns["scene_id"]
    units = [unit or scene for unit, scene in zip(patches.columns[_UNITS[by]], scenes, strict=True)]
    numbers = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    first = np.array([numbers[unit] for unit in units], np.intp)
    return Groups(units, connect(patches, first, buffer_m))


def checked_fractions(fractions: Fractions) -> dict[str, float]:
    """Fractions by part.

    Raises
    ------
    FilterError
        If they are not positive, do not sum to 1, or have no names.
    """
    if not isinstance(fractions, Mapping):
        bare = list(fractions) if isinstance(fractions, Iterable) else [fractions]
        if not 2 <= len(bare) <= len(_PARTS):
            raise FilterError(
                f"fractions={fractions!r} has no names for its parts: write "
                "{'train': 0.8, 'val': 0.2}"
            )
        fractions = dict(zip(_PARTS, bare, strict=False))
    shares = {str(name): checked_fraction(str(name), share) for name, share in fractions.items()}
    total = sum(shares.values())
    if not isclose(total, 1, abs_tol=1e-6):
        raise FilterError(f"the fractions sum to {total:g}: they must sum to 1")
    return shares


def assign(groups: Groups, strata: Sequence[str], shares: Sequence[float], seed: int) -> Indices:
    """The part of each patch, by number.

    Within a stratum, groups are ordered by hash rank. The strata are merged into one sequence by
    the share of the stratum that precedes a group, so that any stretch of it holds all strata in
    the same shares. It is cut at the end of the group that is nearest to each target.

    Parameters
    ----------
    groups : Groups
        What must stay together; the rank of a group is the lowest of its units.
    strata : sequence of str
        The stratum of each patch; that of a group is the most frequent of its patches.
    shares : sequence of float
        Fraction of each part.
    seed : int
        Random seed.
    """
    known, members = np.unique(groups.numbers, return_inverse=True)
    sizes = np.bincount(members, minlength=known.size)
    lowest = np.full(known.size, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, members, ranks(groups.units, seed))
    kinds = np.array(_majority(members, strata), dtype=object)
    position = np.zeros(known.size)
    for kind in dict.fromkeys(kinds.tolist()):
        (own,) = np.nonzero(kinds == kind)
        own = own[np.argsort(lowest[own], kind="stable")]
        position[own] = (np.cumsum(sizes[own]) - sizes[own] / 2) / sizes[own].sum()
    order = np.lexsort((lowest, position))
    ends = np.cumsum(sizes[order])
    targets = np.cumsum(shares)[:-1] * len(members)
    cuts = np.abs(np.append(0, ends)[:, None] - targets).argmin(axis=0)
    parts = np.empty(known.size, np.intp)
    parts[order] = np.searchsorted(cuts, np.arange(known.size), side="right")
    return parts[members]


def _majority(members: Indices, strata: Sequence[str]) -> list[str]:
    """The most frequent stratum of each group; ties go to the first name."""
    counts: dict[int, Counter[str]] = {}
    for group, stratum in zip(members.tolist(), strata, strict=True):
        counts.setdefault(group, Counter())[stratum] += 1
    return [
        min(counts[group], key=lambda name: (-counts[group][name], name))
        for group in sorted(counts)
    ]
