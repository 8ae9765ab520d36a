"""The numbers that `index --statistics` measures on the images of a patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from catalog.datasets.definition import Dataset


class Measure(NamedTuple):
    """One number that is measured on the image of one sensor."""

    name: str
    """`s1_not_finite`, `s2_empty` or `s1_vv_mean`."""
    sensor: str
    """Whose image it is of."""
    kind: Literal["not_finite", "empty", "saturated", "mean"]
    """A count of values, a share of pixels (0 to 1), another, or a mean in the unit of the file."""
    band: int
    """Of a mean: the position of the band; else 0."""
    meaning: str
    """For the documentation."""


def measures(dataset: Dataset) -> tuple[Measure, ...]:
    """What is measured on a patch, sensor by sensor; land cover is not an image.

    Parameters
    ----------
    dataset : Dataset
        Its sensors that hold floats can have values that are not finite, those that hold integers
        can be saturated, and those that measure backscatter have a mean of each band.
    """
    found: list[Measure] = []
    for name, sensor in dataset.sensors.items():
        if name == dataset.classified:
            continue
        empty = Measure(
            f"{name}_empty",
            name,
            "empty",
            0,
            f"share of pixels of {name} that are 0 in all bands",
        )
        if sensor.dtype.startswith("float"):
            meaning = f"values of {name} that are NaN or infinite"
            found += [Measure(f"{name}_not_finite", name, "not_finite", 0, meaning), empty]
        else:
            meaning = f"share of pixels of {name} with the greatest {sensor.dtype} in a band"
            found += [empty, Measure(f"{name}_saturated", name, "saturated", 0, meaning)]
        if sensor.picture.style == "backscatter":
            found += [
                Measure(
                    f"{name}_{band.name.lower()}_mean",
                    name,
                    "mean",
                    position,
                    f"mean of the finite values of {band.name}, dB",
                )
                for position, band in enumerate(sensor.bands)
            ]
    return tuple(found)
