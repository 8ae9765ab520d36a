"""A selection as a dataset of PyTorch, which is imported when the first sample is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from catalog.datasets.legacy import SENSORS, SHAPE
from catalog.errors import FilterError, MissingExtraError
from catalog.experiment.labels import (
    IGBP_CODES,
    SIMPLIFIED_CODES,
    cover_shares,
    multi_labels,
    single_labels,
)
from catalog.query.conditions import names_of
from catalog.source.pixels import PixelReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from catalog.reading.selection import Selection

    Sample = dict[str, Any]

TARGETS: Final = ("igbp", "simplified", "single_label", "multi_label")
IMAGES: Final = tuple(sensor for sensor in SENSORS if sensor != "lc")

_MASKS: Final = {"igbp": IGBP_CODES, "simplified": SIMPLIFIED_CODES}
_SENSOR_OF: Final = {band.name: sensor for sensor in IMAGES for band in SENSORS[sensor].bands}
_NUMBER_OF: Final = {
    band.name: number for sensor in IMAGES for number, band in enumerate(SENSORS[sensor].bands)
}


class _Channels(NamedTuple):
    """What of one sensor's file becomes channels of the image."""

    sensor: str
    bands: slice | list[int]
    channels: slice | list[int]


@dataclass(frozen=True)
class Target:
    """What a model should tell of a patch."""

    name: str = "igbp"
    """`igbp` or `simplified`: a mask; `single_label` or `multi_label`: of the whole patch, by the
    shares in the catalog, of the simplified classes."""
    threshold: float = 0.1
    """Least share of a class in `multi_label`."""


class PatchDataset:
    """A map-style dataset: `len(dataset)`, `dataset[i]`, and ready for `DataLoader`.

    A sample is a dict with the keys of TorchGeo's `SEN12MS`: `image`, float32 tensor of shape
    (bands, rows, columns), the pixels as in the files: s1 in dB, s2 as reflectance × 10,000;
    `mask`, int64 tensor (rows, columns), or `label`; and `id`. The classes of a simplified target
    are numbered as `catalog.datasets.definition.COVERS`; pixels outside of the legend are 255.

    It can be pickled and forked: it holds paths, but no open file, connection or catalog.

    Parameters
    ----------
    selection : Selection
        The patches, in its order.
    sensors : sequence of {'s1', 's2', 'lc'}
        Which files to use; without `lc` there is no target.
    bands : sequence of str, optional
        Names of bands (`VV`, `B4` …) in the order of the channels; default: all, s1 before s2.
    target : {'igbp', 'simplified', 'single_label', 'multi_label'} or Target
        What the land cover becomes.
    transform : callable, optional
        Called with each sample; what it returns takes its place.

    Raises
    ------
    FilterError
        If a name does not exist, or a patch lacks a file.
    MissingExtraError
        If PyTorch is not installed.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        sensors: Sequence[str] = tuple(SENSORS),
        bands: Sequence[str] | None = None,
        target: str | Target = "igbp",
        transform: Callable[[Sample], Any] | None = None,
    ) -> None:
        if find_spec("torch") is None:
            raise MissingExtraError(
                "PatchDataset needs PyTorch: pip install 'sen12ms-catalog[torch]'"
            )
        used = names_of("sensor", sensors, SENSORS) or []
        self.target = Target(target) if isinstance(target, str) else target
        names_of("target", self.target.name, TARGETS)
        self.bands = _checked_bands(bands, used)
        """Names of the channels of an image."""
        self.transform = transform
        self._channels = _channels(self.bands)
        self._mask = _MASKS.get(self.target.name) if "lc" in used else None
        self._labels = self._labels_of(selection) if "lc" in used and self._mask is None else None
        read = [entry.sensor for entry in self._channels] + ["lc"] * (self._mask is not None)
        self._ids, self._paths = _files(selection, read)
        self._reader = PixelReader()

    def _labels_of(self, selection: Selection) -> NDArray[Any]:
        shares = cover_shares(selection)
        if self.target.name == "single_label":
            return single_labels(shares)
        return multi_labels(shares, self.target.threshold)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> Any:
        """Read one sample.

        Raises
        ------
        FileError
            If a file is missing or broken; the message names it.
        """
        import torch

        sample: Sample = {"id": self._ids[index].decode()}
        if self.bands:
            image = np.empty((len(self.bands), *SHAPE), np.float32)
            for sensor, bands, channels in self._channels:
                image[channels] = self._read(sensor, index)[bands]
            sample["image"] = torch.from_numpy(image)
        if self._mask is not None:
            sample["mask"] = torch.from_numpy(self._mask[self._read("lc", index)[0]])
        if self._labels is not None:
            sample["label"] = torch.as_tensor(self._labels[index])
        return sample if self.transform is None else self.transform(sample)

    def _read(self, sensor: str, index: int) -> NDArray[Any]:
        return self._reader.read(os.fsdecode(self._paths[sensor][index])).pixels

    def __repr__(self) -> str:
        return f"PatchDataset({len(self):,} patches, bands={self.bands}, target={self.target.name})"


def _checked_bands(bands: Sequence[str] | None, sensors: Sequence[str]) -> tuple[str, ...]:
    known = [name for sensor in IMAGES if sensor in sensors for name in _names(sensor)]
    if bands is None:
        return tuple(known)
    names = names_of("band of these sensors", bands, known) or []
    if len(set(names)) < len(names):
        raise FilterError(f"bands={names} names a band twice")
    return tuple(names)


def _names(sensor: str) -> list[str]:
    return [band.name for band in SENSORS[sensor].bands]


def _channels(bands: Sequence[str]) -> tuple[_Channels, ...]:
    """What to read: only the sensors of which there is a band."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(bands):
        places.setdefault(_SENSOR_OF[name], []).append(place)
    return tuple(
        _Channels(sensor, _run([_NUMBER_OF[bands[place]] for place in found]), _run(found))
        for sensor, found in places.items()
    )


def _run(numbers: list[int]) -> slice | list[int]:
    """Consecutive numbers as a slice, which numpy takes without a copy."""
    first, end = numbers[0], numbers[0] + len(numbers)
    return slice(first, end) if numbers == list(range(first, end)) else numbers


def _files(
    selection: Selection, sensors: Sequence[str]
) -> tuple[NDArray[np.bytes_], dict[str, NDArray[np.bytes_]]]:
    """Ids and paths as arrays of bytes: forked workers share them, where they would copy a list."""
    entries = selection.manifest().entries
    for sensor in sensors:
        for entry in entries:
            if getattr(entry, sensor) is None:
                raise FilterError(f"{entry.id} has no {sensor}: select with complete=True")
    paths = {
        sensor: np.array([os.fsencode(getattr(entry, sensor)) for entry in entries], np.bytes_)
        for sensor in sensors
    }
    return np.array([entry.id.encode() for entry in entries], np.bytes_), paths
