"""Statistics of pixels, band by band: streamed, in one pass, and kept beside the catalog."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from catalog.errors import FilterError, OutputError
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PERCENTILES: Final = (1, 2, 25, 50, 75, 98, 99)
_BINS: Final = 1 << 16
_LOWEST_DB, _HIGHEST_DB = -100.0, 100.0


@dataclass(frozen=True)
class Statistics:
    """What the pixels of each band are like; all values in the unit of the image."""

    bands: tuple[str, ...]
    """Names of the bands, in the order of all that follows."""
    mean: tuple[float, ...]
    """Means."""
    std: tuple[float, ...]
    """Standard deviations, of the population."""
    minimum: tuple[float, ...]
    """Least values."""
    maximum: tuple[float, ...]
    """Greatest values."""
    percentiles: dict[str, tuple[float, ...]]
    """Values by percentage, `"50"` for the median: exact for whole numbers, else within 0.002."""
    pixels: int
    """Pixels of each band."""
    not_finite: tuple[int, ...]
    """How many of them are NaN or infinite; these are in no other number."""


def statistics_of(images: Iterable[NDArray[Any]], bands: Sequence[str]) -> Statistics:
    """Stream images through counters.

    Parameters
    ----------
    images : iterable of arrays
        Each (bands, rows, columns).
    bands : sequence of str
        Names of the bands.

    Raises
    ------
    FilterError
        If there are no images.
    """
    counters = [_Counter() for _ in bands]
    pixels = 0
    for image in images:
        pixels += image[0].size
        for counter, band in zip(counters, image, strict=True):
            counter.add(band.ravel())
    if not pixels:
        raise FilterError("there are no pixels: the selection is empty, or no band is used")
    return Statistics(
        tuple(bands),
        tuple(each.mean for each in counters),
        tuple((each.squares / max(each.count, 1)) ** 0.5 for each in counters),
        tuple(each.low for each in counters),
        tuple(each.high for each in counters),
        {str(p): tuple(each.percentile(p) for each in counters) for p in PERCENTILES},
        pixels,
        tuple(pixels - each.count for each in counters),
    )


class _Counter:
    """Moments and a histogram of one band."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = self.squares = 0.0
        self.low, self.high = np.inf, -np.inf
        self._is_whole = True
        self._whole = np.zeros(_BINS, np.int64)
        self._fine = np.zeros(_BINS, np.int64)

    def add(self, values: NDArray[Any]) -> None:
        values = values[np.isfinite(values)].astype(np.float64)
        if not values.size:
            return
        mean, count = float(values.mean()), values.size
        squares = float(np.square(values - mean).sum())
        # Chan, Golub and LeVeque (1979): the moments of two samples together.
        together, apart = self.count + count, mean - self.mean
        self.squares += squares + apart**2 * self.count * count / together
        self.mean += apart * count / together
        self.count = together
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        self._is_whole &= bool((values == np.floor(values)).all())
        whole = np.clip(values, 0, _BINS - 1).astype(np.int64)
        self._whole += np.bincount(whole, minlength=_BINS)
        scaled = (values - _LOWEST_DB) / (_HIGHEST_DB - _LOWEST_DB) * _BINS
        fine = np.clip(scaled, 0, _BINS - 1).astype(np.int64)
        self._fine += np.bincount(fine, minlength=_BINS)

    def percentile(self, percent: float) -> float:
        """The least value that so many of all values do not exceed."""
        if not self.count:
            return float("nan")
        rank = percent / 100 * self.count
        if self._is_whole and self.low >= 0 and self.high < _BINS:
            return float(np.searchsorted(self._whole.cumsum(), rank))
        number = float(np.searchsorted(self._fine.cumsum(), rank))
        value = _LOWEST_DB + (number + 0.5) * (_HIGHEST_DB - _LOWEST_DB) / _BINS
        return min(max(value, self.low), self.high)


class StatisticsFile:
    """Where statistics are kept: a file for each set of patches and bands, beside the catalog.

    Parameters
    ----------
    folder : Path or None
        The catalog; None keeps nothing.
    content : sequence of str
        What the statistics depend on.
    """

    def __init__(self, folder: Path | None, *content: str) -> None:
        key = hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]
        beside = folder and folder.absolute().with_name(f"{folder.absolute().name}.statistics")
        self._path = beside and beside / f"{key}.json"

    def read(self) -> Statistics | None:
        """What is kept; None if there is nothing that can be read."""
        if self._path is None:
            return None
        try:
            values: dict[str, Any] = orjson.loads(self._path.read_bytes())
            kept: dict[str, Any] = {
                name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
            }
            kept["percentiles"] = {name: tuple(v) for name, v in kept["percentiles"].items()}
            return Statistics(**kept)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, statistics: Statistics) -> None:
        """Keep them, if the place can be written."""
        if self._path is None:
            return
        with suppress(OSError, OutputError):
            self._path.parent.mkdir(exist_ok=True)
            with whole_file(self._path) as partial:
                partial.write_bytes(orjson.dumps(asdict(statistics), option=orjson.OPT_INDENT_2))
