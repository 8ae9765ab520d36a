"""Which dataset a file is of, as far as its name tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from catalog.datasets import DATASETS

if TYPE_CHECKING:
    from catalog.datasets import Dataset

_DFC2020: Final = re.compile(r"ROIs0000_\w+_p\d+\.tiff?|ROIs\d{4}_[a-z]+_dfc_\d+_p\d+\.tiff?")
_NO_FOOTPRINT: Final = (
    "is a file of DFC2020 (IEEE GRSS Data Fusion Contest 2020), which has no georeference, and so "
    "no footprint: it cannot be in a catalog of places"
)


def dataset_of_name(name: str) -> Dataset | None:
    """The one dataset that has files of this name; None where several have, or none."""
    found = [dataset for dataset in DATASETS.values() if dataset.parse_name(name)]
    return found[0] if len(found) == 1 else None


def is_of_dfc2020(name: str) -> bool:
    """Whether a file is one of the Data Fusion Contest 2020, by its name."""
    return _DFC2020.fullmatch(name) is not None


def reason_against(name: str, dataset: Dataset) -> str:
    """Why a GeoTIFF whose name is not one of the dataset is rejected."""
    if is_of_dfc2020(name):
        return _NO_FOOTPRINT
    other = dataset_of_name(name)
    if other is not None:
        return (
            f"is a file of {other.about.title}, not of {dataset.about.title}: index it into "
            f"another catalog, with --dataset {other.id}"
        )
    return f"has no name of {dataset.about.title}, such as {dataset.example_file}"
