"""Targets of learning from land cover: masks of classes, and labels of whole patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from catalog.errors import FilterError
from catalog.reading.arguments import checked_fraction, checked_name
from catalog.reading.check import TOLERANCE_DEGREES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.datasets.definition import Legend
    from catalog.reading.catalog import Catalog
    from catalog.reading.selection import Selection

IGNORED: Final = 255
"""In a simplified mask, pixels whose code is in no legend: the `ignore_index` of a loss."""
_OF_SHARES: Final = ("single_label", "multi_label")


@dataclass(frozen=True)
class Target:
    """What a model should predict for a patch."""

    name: str
    """A legend of the dataset, such as `igbp`, or `simplified`: a mask of class codes;
    `single_label` or `multi_label`: a label of the whole patch, by its shares of the simplified
    classes in the catalog."""
    threshold: float = 0.1
    """Least share of a class in `multi_label`."""
    land_cover: Catalog | None = None
    """Another catalog, whose land cover it is made of: that of the patches of the same ids, which
    must lie on the same grids. None for the catalog of the patches."""

    @property
    def is_label(self) -> bool:
        """Whether it is a label of the whole patch."""
        return self.name in _OF_SHARES


def labelled(
    selection: Selection, target: str | Target | None, sensors: Collection[str]
) -> tuple[Target, Selection] | None:
    """A target, and the patches whose land cover it is made of, in the order of the selection.

    Parameters
    ----------
    selection : Selection
        The patches of which something is predicted.
    target : str or Target, optional
        Default: a mask by the first legend, if there are files of land cover.
    sensors : collection of str
        Which files of the patches are used.

    Returns
    -------
    tuple or None
        None where no land cover is used.

    Raises
    ------
    FilterError
        If there is no such target, or no land cover that it can be made of.
    """
    dataset = selection.dataset
    given = Target(target) if isinstance(target, str) else target
    if given is not None and given.land_cover is not None:
        other = _same_ground(selection, given.land_cover)
        return checked_target(given, other.dataset), other
    if dataset.classified is not None:
        is_used = dataset.classified in sensors
        found = checked_target(given or dataset.schemes[0], dataset)
        return (found, selection) if is_used else None
    if given is None:
        return None
    found = checked_target(given, dataset)
    if not found.is_label:
        raise FilterError(
            f"{dataset.about.title} has no files of land cover to make a mask of: name a catalog "
            f"that has them, as target=Target({found.name!r}, land_cover=…), or take a label"
        )
    return found, selection


def _same_ground(selection: Selection, land_cover: Catalog) -> Selection:
    """The same patches in another catalog, each with a file of land cover."""
    found = land_cover.pick(selection.ids)
    sensor = found.dataset.classified
    if sensor is None:
        raise FilterError(
            f"{found.dataset.about.title} has no files of land cover: name a catalog of a dataset "
            "that has them"
        )
    ours, others = (each.to_arrow("crs", "geometry") for each in (selection, found))
    here, there = (shapely.from_wkb(table["geometry"].to_numpy()) for table in (ours, others))
    same = shapely.equals_exact(here, there, TOLERANCE_DEGREES)
    same &= ours["crs"].to_numpy() == others["crs"].to_numpy()
    for place in np.flatnonzero(~same)[:1]:
        raise FilterError(
            f"{selection.ids[place]} lies on another grid in {land_cover.session.name}: "
            "leave it out"
        )
    return found


def checked_target(target: str | Target, dataset: Dataset) -> Target:
    """A target of a dataset.

    Raises
    ------
    FilterError
        If there is no such target, or the threshold is not a share.
    """
    known = [*dataset.schemes, *(("simplified", *_OF_SHARES) if dataset.simplified else ())]
    found = Target(target) if isinstance(target, str) else target
    if not known:
        raise FilterError(
            f"{dataset.about.title} has no land cover: leave out target={found.name!r}"
        )
    threshold = checked_fraction("threshold", found.threshold, whole=True)
    return Target(checked_name("target", found.name, known), threshold)


def simplified_codes(legend: Legend, covers: Sequence[str], dtype: str) -> NDArray[np.int64]:
    """Class of each pixel value in a simplified mask: its index in `covers`, or `IGNORED`."""
    codes = np.full(np.iinfo(dtype).max + 1, IGNORED, np.int64)
    for entry in legend.classes:
        if entry.cover is not None:
            codes[entry.code] = covers.index(entry.cover)
    return codes


def cover_shares(selection: Selection) -> NDArray[np.float64]:
    """Shares of the simplified classes, from the catalog: no pixel is read.

    Returns
    -------
    float64 array of shape (n, classes)
        By patch, in order of the selection, and by class, in order of `covers`; 0 to 1.

    Raises
    ------
    FilterError
        If the land cover of a patch is not known.
    """
    covers = selection.dataset.covers
    names = [f"cover_{cover}" for cover in covers]
    table = selection.to_arrow("id", *names)
    columns = [table.column(name).to_numpy() for name in names]
    shares = np.stack(columns, axis=1) if len(table) else np.zeros((0, len(covers)))
    (unknown,) = np.nonzero(np.isnan(shares).any(axis=1))
    if unknown.size:
        name = table.column("id")[int(unknown[0])].as_py()
        raise FilterError(
            f"{name} has no land cover, and so no label: "
            "select with where='dominant_cover IS NOT NULL'"
        )
    return shares


def single_labels(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class with the largest share of each patch; ties go to the first of the legend."""
    labels: NDArray[np.int64] = shares.argmax(axis=1)
    return labels


def multi_labels(shares: NDArray[np.float64], threshold: float) -> NDArray[np.float32]:
    """1 for each class with at least this share of a patch, else 0."""
    return (shares >= threshold).astype(np.float32)


def class_counts(selection: Selection, target: Target | None) -> NDArray[np.float64] | None:
    """How often each value of a target occurs, from the catalog: pixels, or patches for a label.

    Returns
    -------
    float64 array of shape (values,), or None
        By value of the mask or label; by class for `multi_label`. None without a target.
    """
    if target is None:
        return None
    dataset = selection.dataset
    if target.is_label:
        shares = cover_shares(selection)
        if target.name == "multi_label":
            return np.asarray(multi_labels(shares, target.threshold).sum(axis=0), np.float64)
        return np.bincount(single_labels(shares), minlength=len(dataset.covers)).astype(np.float64)
    if target.name == "simplified":
        return np.asarray(cover_shares(selection).sum(axis=0) * dataset.patch_pixels)
    classes = dataset.legends[target.name].classes
    names = [f"{target.name}_{entry.name}" for entry in classes]
    columns = selection.to_arrow(*names)
    counts = np.zeros(max(entry.code for entry in classes) + 1)
    for entry, name in zip(classes, names, strict=True):
        counts[entry.code] = np.nansum(columns[name].to_numpy()) * dataset.patch_pixels
    return counts
