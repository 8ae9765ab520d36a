"""What is indexed: the definitions of the datasets, each in a folder of its own."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from catalog.datasets.definition import Dataset
from catalog.datasets.load import load_dataset

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFINITIONS: Final = files("catalog") / "datasets"
"""The folder that holds the folders of the definitions."""

SEN12MS: Final = load_dataset(DEFINITIONS / "sen12ms")
"""Schmitt, Hughes, Qiu, Zhu (2019), doi:10.5194/isprs-annals-IV-2-W7-153-2019."""

SEN12MS_CR: Final = load_dataset(DEFINITIONS / "sen12ms_cr")
"""Ebel, Meraner, Schmitt, Zhu (2020), doi:10.1109/TGRS.2020.3024744."""

DATASETS: Final = {dataset.id: dataset for dataset in (SEN12MS, SEN12MS_CR)}
"""All datasets that can be indexed, by the id of their collection."""


def dataset_of_table(collection: str, columns: Iterable[str]) -> Dataset:
    """The dataset of a table, with the land cover that it may have of another.

    Parameters
    ----------
    collection : str
        Id of the dataset.
    columns : iterable of str
        Names of the columns.

    Raises
    ------
    KeyError
        If no dataset has this id.
    """
    dataset, names = DATASETS[collection], set(columns)
    for other in DATASETS.values():
        counts = {f"sen12ms:{scheme}" for scheme in other.legends}
        if not dataset.legends and counts and counts <= names:
            return dataset.with_land_cover_of(other)
    return dataset


__all__ = [
    "DATASETS",
    "DEFINITIONS",
    "SEN12MS",
    "SEN12MS_CR",
    "Dataset",
    "dataset_of_table",
    "load_dataset",
]
