"""Splits without leakage: patches that touch or lie near each other stay together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from catalog.datasets.definition import SPLITS
from catalog.errors import FilterError, ManifestError
from catalog.experiment.assignment import BY, assign, checked_fractions, grouped
from catalog.experiment.outlines import outlines_of
from catalog.experiment.strata import checked_column, strata_of
from catalog.model import counted
from catalog.pictures.cards import html_table
from catalog.reading.arguments import checked_fraction, checked_integer, checked_name
from catalog.store.manifest_file import LISTS, checked_format, merged, write_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from catalog.experiment.assignment import Fractions
    from catalog.reading.selection import Selection
    from catalog.store.manifest_file import Manifest

    Indices = NDArray[np.intp]


_NAMED: Final = 8
"""Scenes or countries that a message names."""


@dataclass(frozen=True, slots=True)
class PartReport:
    """What one part holds."""

    name: str
    """Its name."""
    wanted: float
    """Fraction of the patches that was asked for."""
    fraction: float
    """Fraction that it has."""
    patches: int
    """How many these are."""
    scenes: int
    """How many scenes these are of."""
    classes: Mapping[str, int]
    """Patches by stratum, or by dominant cover where there are no strata."""


@dataclass(frozen=True)
class Split(Mapping[str, "Selection"]):
    """The parts of a split, by name."""

    parts: Mapping[str, Selection]
    """In the order of the fractions."""
    report: tuple[PartReport, ...]
    """What each part holds."""
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

    def __repr__(self) -> str:
        parts = (f"{part.name}={part.patches:,}" for part in self.report)
        return f"<Split {', '.join(parts)} patches>"

    def _repr_html_(self) -> str:
        columns = ("part", "patches", "scenes", "wanted", "got")
        rows = [
            (each.name, each.patches, each.scenes, f"{each.wanted:.1%}", f"{each.fraction:.1%}")
            for each in self.report
        ]
        return html_table(columns, rows) + "".join(
            part.html(f"Part {name}") for name, part in self.items()
        )

    def save(self, path: str | os.PathLike[str]) -> Manifest:
        """Write one manifest of all parts, which its column `split` tells apart.

        Raises
        ------
        ManifestError
            If the path does not end as a manifest; official lists, `.txt` and `.pkl`, have no
            parts: save each part on its own.
        OutputError
            If the file cannot be written.
        """
        if checked_format(Path(path)) in LISTS:
            raise ManifestError(
                f"{path} would not tell the parts apart: end it in .parquet, .csv or .json, or "
                "write one list for each part"
            )
        whole = merged([selection.manifest() for selection in self.parts.values()])
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
    depends on their ids and the seed alone and spreads each stratum evenly, and cut where the
    fractions are met best. Patches that are added later move groups at the cuts only.

    Parameters
    ----------
    selection : Selection
        What to split.
    fractions : mapping or sequence of float
        Parts and their fractions, which sum to 1.
    by : {'scene', 'region', 'patch'}
        The unit that stays whole; a region is a country, or the scene outside of one.
    buffer_km : float
        Kilometres that must lie between two parts, along the ellipsoid.
    stratify : str, optional
        A column of `STRATA` whose values each part should have in the same shares.
    seed : int
        Random seed.

    Raises
    ------
    FilterError
        If an argument is not valid, or a part would stay empty.
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
        If an argument is not valid, or a fold would stay empty.
    """
    k = checked_integer("k", k, 2)
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
    """The official split; where it lacks a validation part, with one cut from `train`.

    Parameters
    ----------
    selection : Selection
        What to split; a patch that is in none of the official parts is left out.
    validation : float
        Fraction of the official `train` that becomes `val` where there is no official `val`.
    by, buffer_km, stratify, seed
        As in `split`.

    Raises
    ------
    FilterError
        If an argument is not valid, a part would stay empty, or the official parts lie nearer to
        each other than the buffer.
    """
    validation = checked_fraction("validation", validation)
    cut = _Cut(selection, _Choices(by, buffer_km, stratify, seed))
    labels = np.array(cut.patches.columns["split"], dtype=object)
    _check_apart(cut, labels)
    (train,) = np.nonzero(labels == "train")
    parts = np.select([labels == name for name in SPLITS], [0, 1, 2], -1)
    if "val" in selection.dataset.splits:
        wanted = {name: float((labels == name).mean()) for name in SPLITS}
        return cut.into(parts, wanted, {"step": "official"})
    strata = [cut.strata[i] for i in train.tolist()]
    parts[train] = assign(cut.groups.only(train), strata, (1 - validation, validation), seed)
    trained = train.size / max(int((parts >= 0).sum()), 1)
    wanted = {
        "train": trained * (1 - validation),
        "val": trained * validation,
        "test": 1 - trained,
    }
    return cut.into(parts, wanted, {"step": "official", "validation": validation})


def _check_apart(cut: _Cut, labels: NDArray[np.object_]) -> None:
    """No unit may hold patches of both official parts, and no group of units either."""
    groups, by = cut.groups, cut.choices.by
    units = np.array(groups.units, dtype=object)
    shared = sorted({*units[labels == "test"]} & {*units[labels == "train"]})
    if shared:
        raise FilterError(
            f"groups by {by} cannot keep the official parts: train and test share {_some(shared)}; "
            "group by scene or by patch"
        )
    torn = np.intersect1d(groups.numbers[labels == "test"], groups.numbers[labels == "train"])
    if torn.size:
        members = np.flatnonzero(groups.numbers == torn[0]).tolist()
        scenes = sorted({cut.patches.columns["scene_id"][member] for member in members})
        raise FilterError(
            f"official train and test lie within {cut.choices.buffer_km:g} km of each other, "
            f"through {_some(scenes)}: choose a smaller buffer_km"
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} others" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


class _Choices(NamedTuple):
    """Arguments of every split."""

    by: str
    buffer_km: float
    stratify: str | None
    seed: int


class _Cut:
    """A selection that is about to be split."""

    def __init__(self, selection: Selection, choices: _Choices) -> None:
        self.patches = outlines_of(selection)
        self.selection = selection
        self.choices = choices._replace(
            by=checked_name("unit of a split", choices.by, BY),
            stratify=checked_column(choices.stratify, selection.dataset),
        )
        self.groups = grouped(self.patches, self.choices.by, choices.buffer_km)
        self.strata = strata_of(self.patches.columns, self.choices.stratify)

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
        ids, whole = self.patches.ids, int((parts >= 0).sum())
        selections = {
            name: self.selection.pick([ids[i] for i in members.tolist()], step=step, part=name)
            for name, members in chosen.items()
        }
        report = tuple(
            self._report(members, name, shares[name], whole) for name, members in chosen.items()
        )
        return Split(selections, report, self.groups.count, self.groups.largest)

    def _report(self, members: Indices, name: str, wanted: float, whole: int) -> PartReport:
        covers = "dominant_cover" if self.selection.dataset.covers else None
        strata = strata_of(self.patches.columns, self.choices.stratify or covers)
        classes = Counter(strata[member] for member in members.tolist())
        scenes = {self.patches.columns["scene_id"][member] for member in members.tolist()}
        fraction = members.size / whole
        ordered = dict(sorted(classes.items()))
        return PartReport(name, wanted, fraction, members.size, len(scenes), ordered)
