"""A selection as a dataset of PyTorch; importing this module imports PyTorch."""

from __future__ import annotations

import operator
import os
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from catalog.errors import FileError, FilterError, MissingExtraError
from catalog.experiment.labels import (
    class_counts,
    cover_shares,
    labelled,
    multi_labels,
    simplified_codes,
    single_labels,
)
from catalog.experiment.statistics import StatisticsFile, statistics_of
from catalog.query.conditions import names_of
from catalog.reading.selection import Selection
from catalog.source.pixels import PixelReader
from catalog.source.triplet import bounds_of

try:
    import torch
    from torch.utils.data import Dataset as TorchDataset
except ImportError as error:
    raise MissingExtraError(
        "PatchDataset needs PyTorch: pip install 'sen12ms-catalog[torch]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.experiment.labels import Target
    from catalog.experiment.statistics import Statistics
    from catalog.store.manifest_file import Manifest

    Tensors = dict[str, Any]
    """One sample."""


class _Channels(NamedTuple):
    """Which bands of one sensor's file become which channels of the image."""

    sensor: str
    bands: slice | list[int]
    channels: slice | list[int]


class PatchDataset(TorchDataset):  # type: ignore[misc]  # PyTorch is optional, and not typed here
    """A map-style dataset of PyTorch: `len(dataset)`, `dataset[i]`, ready for `DataLoader`.

    A sample is a dict with the keys of TorchGeo's `SEN12MS`: `image`, float32 tensor of shape
    (bands, rows, columns), the pixels as in the files: s1 in dB, s2 as reflectance × 10,000;
    `cloudy`, another such tensor, where the dataset has cloudy images beside (SEN12MS-CR); `mask`,
    int64 tensor (rows, columns), or `label`; and `id`. The classes of a simplified target
    are numbered as `dataset.covers` of the selection; pixels outside of the legend are 255.

    It can be pickled and forked: it holds paths, but no open file, connection or catalog.

    Parameters
    ----------
    selection : Selection
        The patches, in its order.
    sensors : sequence of str, optional
        Which files to use; default: all. Without land cover (`lc`) there is no target, unless it
        names another catalog.
    bands : sequence of str, optional
        Names of bands (`VV`, `B4` …) in the order of the channels; default: all, in the order of
        the files. A name that several sensors of an image have is written `SENSOR.BAND`. `cloudy`
        has those of them that cloudy images have.
    target : str or Target, optional
        What the land cover becomes: a mask by one of its legends (`igbp`, the default, …) or by the
        classes of `simplified`; `single_label` or `multi_label`. SEN12MS-CR has no files of land
        cover, and so no mask by itself: `Target("igbp", land_cover=Catalog.open(…))` names a
        catalog of SEN12MS, whose files the masks are read from. Counts that the catalog took over
        are enough for labels.
    transform : callable, optional
        Called with each sample; what it returns takes its place.
    return_metadata : bool
        Whether a sample also has `bounds`, float64 tensor (4): left, bottom, right, top in the unit
        of `crs`, such as `EPSG:32737`; and `lon`, `lat`, the centroid in degrees (WGS 84).

    Raises
    ------
    FilterError
        If a name does not exist, a patch lacks a file, or there is no land cover for a target.
    MissingExtraError
        If PyTorch is not installed, on import.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        sensors: Sequence[str] | None = None,
        bands: Sequence[str] | None = None,
        target: str | Target | None = None,
        transform: Callable[[Tensors], Any] | None = None,
        return_metadata: bool = False,
    ) -> None:
        if not isinstance(selection, Selection):
            raise FilterError(f"{selection!r} is not a selection: give cat.select(…)")
        dataset = selection.dataset
        used = names_of("sensor", sensors, dataset.sensors) or list(dataset.sensors)
        images = [name for name in dataset.sensors if name in used and name != dataset.classified]
        found = labelled(selection, target, used)
        self.target = found[0] if found else None
        """What is predicted; None where no land cover is used."""
        cover = found[1] if found else selection
        known = _known_bands(dataset, images)
        names = {tensor: tuple(own) for tensor, own in known.items()}
        if bands is not None:
            chosen = _checked_bands(
                bands, dict.fromkeys(name for own in known.values() for name in own)
            )
            names = {t: tuple(name for name in chosen if name in known[t]) for t in known}
        self.bands = names["image"]
        """Names of the channels of an image."""
        self.transform = transform
        self._channels = {
            tensor: _channels([known[tensor][name] for name in own])
            for tensor, own in names.items()
            if own
        }
        self._labels = self._labels_of(cover)
        read = [entry.sensor for parts in self._channels.values() for entry in parts]
        self._places: NDArray[np.float64] | None = None
        if return_metadata:
            read = read or used[:1]
            self._places = _centroids(selection)
        self._class_counts = class_counts(cover, self.target)
        self._read_sensors = tuple(read)
        self._shapes = _shapes(dataset, read)
        self._tensor_shapes = {name: (len(own), *dataset.shape) for name, own in names.items()}
        manifest = selection.manifest()
        self._ids, self._paths = _files(manifest, read)
        self._mask: _Mask | None = None
        if self.target and not self.target.is_label:
            self._mask = _mask(cover.dataset, self.target.name)
            self._shapes |= _shapes(cover.dataset, [self._mask.sensor])
            own = manifest if cover is selection else cover.manifest()
            self._paths |= _files(own, [self._mask.sensor])[1]
        self._kept = StatisticsFile(selection.session.folder, manifest.sha256, *self.bands)
        self._reader = PixelReader()

    def _labels_of(self, selection: Selection) -> NDArray[Any] | None:
        if self.target is None or not self.target.is_label:
            return None
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
            If a file is missing or broken, or has another shape; the message names it.
        FilterError
            If the index is not a number.
        """
        try:
            index = operator.index(index)
        except TypeError as error:
            raise FilterError(
                f"{index!r} is not an index: give one number, or use torch.utils.data.Subset"
            ) from error
        sample: Tensors = {"id": self._ids[index].decode()}
        for tensor in self._channels:
            sample[tensor] = torch.from_numpy(self._tensor(tensor, index))
        if self._mask is not None:
            sample["mask"] = torch.from_numpy(self._mask_of(index, self._mask))
        if self._labels is not None:
            sample["label"] = torch.as_tensor(self._labels[index])
        if self._places is not None:
            sample |= self._metadata(index, self._places[index])
        return sample if self.transform is None else self.transform(sample)

    def statistics(self) -> Statistics:
        """Mean, standard deviation, extremes and percentiles of each band, over all samples.

        The files are read once, one after the other, and the answer is kept beside the catalog, in
        `CATALOG.statistics/`, for the same patches and bands. `transform` does not matter.

        Raises
        ------
        FileError
            If a file is missing or broken; the message names it.
        FilterError
            If there are no samples, or no band is used.
        """
        kept = self._kept.read()
        if kept is None:
            kept = statistics_of(
                map(self._image, range(len(self) if self.bands else 0)), self.bands
            )
            self._kept.write(kept)
        return kept

    def class_weights(self) -> Any:
        """Weights of the classes for a loss, from the catalog: no pixel is read.

        Returns
        -------
        float32 tensor
            n / (k · nᵢ), for n pixels (samples, for a label) of k classes that occur, nᵢ of class
            i: each class weighs as much in all. A class that does not occur has weight 0. By the
            values of `mask` or `label`, or the positions of `multi_label`.

        Raises
        ------
        FilterError
            If there is no target.
        """
        if self._class_counts is None:
            raise FilterError("there are no classes: use the land cover, with a target")
        counts = torch.as_tensor(self._class_counts, dtype=torch.float64)
        occurring = counts > 0
        weights = counts.sum() / (occurring.sum() * counts.clamp(min=1e-300))
        return torch.where(occurring, weights, torch.zeros_like(weights)).to(torch.float32)

    def _image(self, index: int) -> NDArray[np.float32]:
        return self._tensor("image", index)

    def _tensor(self, name: str, index: int) -> NDArray[np.float32]:
        image = np.empty(self._tensor_shapes[name], np.float32)
        for sensor, bands, channels in self._channels[name]:
            image[channels] = self._read(sensor, index)[bands]
        return image

    def _metadata(self, index: int, place: NDArray[np.float64]) -> Tensors:
        grid = self._reader.read(self._path(self._read_sensors[0], index)).grid
        bounds = torch.tensor(bounds_of(grid), dtype=torch.float64)
        return {"bounds": bounds, "crs": grid.crs, "lon": float(place[0]), "lat": float(place[1])}

    def _mask_of(self, index: int, mask: _Mask) -> NDArray[np.int64]:
        pixels = self._read(mask.sensor, index)[mask.band]
        if pixels.dtype != mask.dtype:
            raise FileError(
                f"{self._path(mask.sensor, index)} has pixels of type {pixels.dtype}, where class "
                f"codes are {mask.dtype}"
            )
        found: NDArray[np.int64] = (
            pixels.astype(np.int64) if mask.codes is None else mask.codes[pixels]
        )
        return found

    def _read(self, sensor: str, index: int) -> NDArray[Any]:
        path = self._path(sensor, index)
        pixels = self._reader.read(path).pixels
        if pixels.shape != self._shapes[sensor]:
            raise FileError(
                f"{path} has the shape {pixels.shape}, where files of {sensor} have "
                f"{self._shapes[sensor]} (bands, rows, columns)"
            )
        return pixels

    def _path(self, sensor: str, index: int) -> str:
        return os.fsdecode(self._paths[sensor][index])

    def __repr__(self) -> str:
        target = self.target and self.target.name
        return f"PatchDataset({len(self):,} patches, bands={self.bands}, target={target})"


class _Mask(NamedTuple):
    """How class codes become a mask."""

    sensor: str
    band: int
    dtype: np.dtype[Any]
    codes: NDArray[np.int64] | None
    """The class of each code; None for the code itself."""


def _mask(dataset: Dataset, target: str) -> _Mask:
    sensor = str(dataset.classified)
    legend, codes, dtype = target, None, dataset.sensors[sensor].dtype
    if target == "simplified":
        legend = str(dataset.simplified)
        codes = simplified_codes(dataset.legends[legend], dataset.covers, dtype)
    names = [band.name for band in dataset.sensors[sensor].bands]
    return _Mask(sensor, names.index(legend), np.dtype(dtype), codes)


def _shapes(dataset: Dataset, sensors: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    """Bands, rows, columns of the files of each sensor."""
    return {name: (len(dataset.sensors[name].bands), *dataset.shape) for name in sensors}


def _known_bands(dataset: Dataset, sensors: Sequence[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """By tensor of a sample, the bands of the sensors that it is made of; `image` comes first."""
    tensors = dict.fromkeys(["image", *(dataset.sensors[name].sample for name in sensors)])
    return {
        tensor: _bands_by_name(dataset, [n for n in sensors if dataset.sensors[n].sample == tensor])
        for tensor in tensors
    }


def _bands_by_name(dataset: Dataset, sensors: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Sensor and position of each band by its name, or by `SENSOR.BAND` where several have it."""
    found = [
        (band.name, sensor, number)
        for sensor in sensors
        for number, band in enumerate(dataset.sensors[sensor].bands)
    ]
    uses = Counter(name for name, *_ in found)
    return {
        name if uses[name] == 1 else f"{sensor}.{name}": (sensor, number)
        for name, sensor, number in found
    }


def _checked_bands(bands: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    given = [bands] if isinstance(bands, str) else list(bands)
    names = names_of("band of these sensors", given, known) or []
    if len(names) < len(given):
        raise FilterError(f"bands={given} names a band twice")
    return tuple(names)


def _channels(bands: Sequence[tuple[str, int]]) -> tuple[_Channels, ...]:
    """What to read: only the sensors of which there is a band."""
    channels: dict[str, list[int]] = {}
    for channel, (sensor, _) in enumerate(bands):
        channels.setdefault(sensor, []).append(channel)
    return tuple(
        _Channels(sensor, _run([bands[channel][1] for channel in own]), _run(own))
        for sensor, own in channels.items()
    )


def _run(numbers: list[int]) -> slice | list[int]:
    """Consecutive numbers as a slice, which numpy takes without a copy."""
    first, end = numbers[0], numbers[0] + len(numbers)
    return slice(first, end) if numbers == list(range(first, end)) else numbers


def _centroids(selection: Selection) -> NDArray[np.float64]:
    """Longitude and latitude of each patch, degrees."""
    places = selection.to_arrow("lon", "lat")
    return np.stack([places[name].to_numpy() for name in places.column_names], axis=1)


def _files(
    manifest: Manifest, sensors: Sequence[str]
) -> tuple[NDArray[np.bytes_], dict[str, NDArray[np.bytes_]]]:
    """Ids and paths as arrays of bytes: forked workers share them, where they would copy a list."""
    entries = manifest.entries
    for sensor in sensors:
        for entry in entries:
            if sensor not in entry.files:
                raise FilterError(f"{entry.id} has no {sensor}: select with complete=True")
    paths = {
        sensor: np.array([os.fsencode(entry.files[sensor].path) for entry in entries], np.bytes_)
        for sensor in sensors
    }
    return np.array([entry.id.encode() for entry in entries], np.bytes_), paths
