"""Splits without leakage: what touches or lies near stays together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from catalog.errors import FilterError
from catalog.experiment.assignment import assign, checked_fractions, grouped
from catalog.experiment.places import places_of
from catalog.experiment.strata import strata_of
from catalog.model import counted
from catalog.store.manifest_file import merged, write_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from catalog.experiment.assignment import Fractions, Groups
    from catalog.experiment.places import Places
    from catalog.reading.selection import Selection
    from catalog.store.manifest_file import Manifest

    Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PartReport:
    """How one part came out."""

    name: str
    """Its name."""
    wanted: float
    """Fraction of the patches that it was to have."""
    fraction: float
    """Fraction that it has."""
    patches: int
    """How many these are."""
    scenes: int
    """Of how many scenes."""
    classes: Mapping[str, int]
    """Patches by stratum, or by dominant cover where there are no strata."""


@dataclass(frozen=True)
class Split(Mapping[str, "Selection"]):
    """The parts of a split, by name."""

    parts: Mapping[str, Selection]
    """In the order of the fractions."""
    report: tuple[PartReport, ...]
    """How each part came out."""
    groups: int
    """Groups of patches that had to stay together."""
    largest: int
    """Patches in the largest group: a part misses its fraction by no more."""

    def __getitem__(self, name: str) -> Selection:
        return self.parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def save(self, path: str | os.PathLike[str]) -> Manifest:
        """Write one manifest of all parts; its column `split` tells them apart.

        Raises
        ------
        ManifestError, OutputError
            As `Selection.save`.
        """
        manifests = [selection.manifest() for selection in self.parts.values()]
        whole = merged(manifests, manifests[0].made)
        write_manifest(whole, path)
        return whole


def split(
    selection: Selection,
    fractions: Fractions,
    *,
    by: str = "scene",
    buffer_km: float = 0.0,
    stratify: str | None = None,
    seed: int = 0,
) -> Split:
    """Split a selection so that no part shares ground with another.

    Groups that touch, overlap or lie within the buffer stay together. They are put in an order that
    depends on their names and the seed alone, which spreads each stratum evenly, and cut where the
    fractions are met best. Patches that are added later move groups at the cuts only.

    Parameters
    ----------
    selection : Selection
        What to split.
    fractions : mapping or sequence of float
        Parts and their fractions, which sum to 1.
    by : {'scene', 'region', 'patch'}
        The smallest thing that stays whole; a region is a country, or the scene outside of one.
    buffer_km : float
        Kilometres that must lie between two parts, along the ellipsoid.
    stratify : str, optional
        A column of `STRATA` whose values each part should have in the same shares.
    seed : int
        Another seed is another split.

    Raises
    ------
    FilterError
        If an argument makes no sense, or a part would stay empty.
    """
    shares = checked_fractions(fractions)
    cut = _Cut(selection, _Choices(by, buffer_km, stratify, seed))
    parts = assign(cut.groups, cut.strata, list(shares.values()), seed)
    return cut.into(parts, shares, {"step": "split", "fractions": shares})


def k_fold(
    selection: Selection,
    k: int,
    *,
    by: str = "scene",
    buffer_km: float = 0.0,
    stratify: str | None = None,
    seed: int = 0,
) -> tuple[Split, ...]:
    """Split a selection k times: each patch is once in `val` and otherwise in `train`.

    Parameters
    ----------
    selection : Selection
        What to split.
    k : int
        How many folds, 2 at least.
    by, buffer_km, stratify, seed
        As in `split`.

    Raises
    ------
    FilterError
        If an argument makes no sense, or a fold would stay empty.
    """
    if k < 2:
        raise FilterError(f"k={k} is no number of folds: give 2 or more")
    cut = _Cut(selection, _Choices(by, buffer_km, stratify, seed))
    folds = assign(cut.groups, cut.strata, [1 / k] * k, seed)
    if np.unique(folds).size < k:
        raise FilterError(
            f"{k} folds are too many: the patches form {counted(cut.groups.count, 'group')}"
        )
    shares = {"train": 1 - 1 / k, "val": 1 / k}
    return tuple(
        cut.into((folds == fold).astype(np.intp), shares, {"step": "k_fold", "k": k, "fold": fold})
        for fold in range(k)
    )


def official(
    selection: Selection,
    *,
    validation: float = 0.1,
    by: str = "scene",
    buffer_km: float = 0.0,
    stratify: str | None = None,
    seed: int = 0,
) -> Split:
    """The official split, with the validation part that it lacks cut from `train`.

    Parameters
    ----------
    selection : Selection
        What to split; a patch that is in neither official part is left out.
    validation : float
        Fraction of the official `train` that becomes `val`.
    by, buffer_km, stratify, seed
        As in `split`.

    Raises
    ------
    FilterError
        If an argument makes no sense, a part would stay empty, or the official parts lie nearer to
        each other than the buffer.
    """
    if not 0 < validation < 1:
        raise FilterError(f"validation={validation:g} is no fraction: give one between 0 and 1")
    cut = _Cut(selection, _Choices(by, buffer_km, stratify, seed))
    labels = np.array(cut.places.columns["split"], dtype=object)
    _check_apart(cut.places, cut.groups, labels, buffer_km)
    (train,) = np.nonzero(labels == "train")
    parts = np.where(labels == "test", 2, -1)
    strata = [cut.strata[i] for i in train.tolist()]
    parts[train] = assign(cut.groups.only(train), strata, (1 - validation, validation), seed)
    trained = train.size / max(int((parts >= 0).sum()), 1)
    wanted = {
        "train": trained * (1 - validation),
        "val": trained * validation,
        "test": 1 - trained,
    }
    return cut.into(parts, wanted, {"step": "official", "validation": validation})


def _check_apart(places: Places, groups: Groups, labels: NDArray[np.object_], km: float) -> None:
    """Nothing may tie the official parts together."""
    torn = np.intersect1d(groups.numbers[labels == "test"], groups.numbers[labels == "train"])
    if torn.size:
        members = np.flatnonzero(groups.numbers == torn[0]).tolist()
        scenes = sorted({places.columns["scene_id"][member] for member in members})
        raise FilterError(
            f"official train and test lie within {km:g} km of each other, through "
            f"{', '.join(scenes)}: choose a smaller buffer_km"
        )


class _Choices(NamedTuple):
    """Arguments of every split."""

    by: str
    buffer_km: float
    stratify: str | None
    seed: int


class _Cut:
    """A selection that is about to be split."""

    def __init__(self, selection: Selection, choices: _Choices) -> None:
        self.selection = selection
        self.choices = choices
        self.places = places_of(selection)
        self.groups = grouped(self.places, choices.by, choices.buffer_km)
        self.strata = strata_of(self.places.columns, choices.stratify)

    def into(self, parts: Indices, shares: Mapping[str, float], step: Mapping[str, Any]) -> Split:
        """The parts, numbered as the shares are ordered; a patch of part -1 is left out."""
        chosen = {name: np.flatnonzero(parts == number) for number, name in enumerate(shares)}
        for name, members in chosen.items():
            if not members.size:
                raise FilterError(
                    f"{name!r} stays empty: {counted(len(parts), 'patch')} in "
                    f"{counted(self.groups.count, 'group')}; choose other fractions, "
                    "a smaller buffer_km or by='patch'"
                )
        step = {**step, **self.choices._asdict()}
        ids, whole = self.places.ids, int((parts >= 0).sum())
        selections = {
            name: self.selection.pick([ids[i] for i in members.tolist()], step=step, part=name)
            for name, members in chosen.items()
        }
        report = tuple(
            self._report(members, name, shares[name], whole) for name, members in chosen.items()
        )
        return Split(selections, report, self.groups.count, self.groups.largest)

    def _report(self, members: Indices, name: str, wanted: float, whole: int) -> PartReport:
        strata = strata_of(self.places.columns, self.choices.stratify or "dominant_cover")
        classes = Counter(strata[member] for member in members.tolist())
        scenes = {self.places.columns["scene_id"][member] for member in members.tolist()}
        fraction = members.size / whole
        ordered = dict(sorted(classes.items()))
        return PartReport(name, wanted, fraction, members.size, len(scenes), ordered)
