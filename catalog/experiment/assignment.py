"""Which group of patches goes to which part: groups stand in one line, which is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import FilterError
from catalog.experiment.deterministic_rank import chances
from catalog.experiment.overlaps import connect
from catalog.experiment.places import Places, checked_buffer_m
from catalog.query.conditions import names_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]

Fractions = Mapping[str, float] | Sequence[float]
"""`{"train": 0.8, "val": 0.2}`; two or three bare numbers are train, val and test."""

BY: Final = ("scene", "region", "patch")
"""The smallest thing that stays whole: a scene, a country, a patch."""

_UNITS: Final = {"scene": "scene_id", "region": "country", "patch": "id"}
_PARTS: Final = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Groups:
    """Patches that must stay together."""

    units: list[str]
    """The smallest thing that stays whole, for each patch: a scene, a country or the patch."""
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


def grouped(places: Places, by: str, buffer_km: float) -> Groups:
    """What must stay together.

    Parameters
    ----------
    places : Places
        The patches.
    by : {'scene', 'region', 'patch'}
        The smallest thing that stays whole; a region is a country, or the scene outside of one.
    buffer_km : float
        Kilometres that must lie between two groups.

    Raises
    ------
    FilterError
        If there is no such unit, or the buffer is no distance.
    """
    names_of("unit of a split", by, BY)
    buffer_m = checked_buffer_m(buffer_km)
    scenes = places.columns["scene_id"]
    units = [unit or scene for unit, scene in zip(places.columns[_UNITS[by]], scenes, strict=True)]
    numbers = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    first = np.array([numbers[unit] for unit in units], np.intp)
    return Groups(units, connect(places, first, buffer_m))


def checked_fractions(fractions: Fractions) -> dict[str, float]:
    """Fractions by part.

    Raises
    ------
    FilterError
        If they are not positive, do not sum to 1, or have no names.
    """
    if not isinstance(fractions, Mapping):
        if not 2 <= len(fractions) <= len(_PARTS):
            raise FilterError(
                f"{len(fractions)} fractions have no names: write {{'train': 0.8, 'val': 0.2}}"
            )
        fractions = dict(zip(_PARTS, fractions, strict=False))
    shares = {str(name): float(share) for name, share in fractions.items()}
    for name, share in shares.items():
        if not 0 < share < 1:
            raise FilterError(f"{name}={share:g} is no fraction: give one between 0 and 1")
    total = sum(shares.values())
    if not isclose(total, 1, abs_tol=1e-6):
        raise FilterError(f"the fractions sum to {total:g}: they must sum to 1")
    return shares


def assign(groups: Groups, strata: Sequence[str], shares: Sequence[float], seed: int) -> Indices:
    """The part of each patch, by number.

    All groups stand in one line. Within a stratum chance orders them; a group's place in the line
    is the share of its stratum that comes before it, so that each stretch of the line has all
    strata in the same shares. The line is cut once a part, where a group ends nearest to it.

    Parameters
    ----------
    groups : Groups
        What must stay together; the chance of a group is the least of its units'.
    strata : sequence of str
        The stratum of each patch; that of most of its patches is a group's.
    shares : sequence of float
        Fraction of each part.
    seed : int
        Another seed is another order.
    """
    known, members = np.unique(groups.numbers, return_inverse=True)
    sizes = np.bincount(members, minlength=known.size)
    luck = np.full(known.size, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(luck, members, chances(groups.units, seed))
    kinds = np.array(_majority(members, strata), dtype=object)
    line = np.zeros(known.size)
    for kind in dict.fromkeys(kinds.tolist()):
        (own,) = np.nonzero(kinds == kind)
        own = own[np.argsort(luck[own], kind="stable")]
        line[own] = (np.cumsum(sizes[own]) - sizes[own] / 2) / sizes[own].sum()
    order = np.lexsort((luck, line))
    ends = np.cumsum(sizes[order])
    targets = np.cumsum(shares)[:-1] * len(members)
    cuts = np.abs(np.append(0, ends)[:, None] - targets).argmin(axis=0)
    parts = np.empty(known.size, np.intp)
    parts[order] = np.searchsorted(cuts, np.arange(known.size), side="right")
    return parts[members]


def _majority(members: Indices, strata: Sequence[str]) -> list[str]:
    """The stratum of most patches of each group; of equals the first by name."""
    counts: dict[int, Counter[str]] = {}
    for group, stratum in zip(members.tolist(), strata, strict=True):
        counts.setdefault(group, Counter())[stratum] += 1
    return [
        min(counts[group], key=lambda name: (-counts[group][name], name))
        for group in sorted(counts)
    ]
