"""What is indexed: the definitions of the datasets, each in a folder of its own."""

from importlib.resources import files
from typing import Final

from catalog.datasets.definition import Dataset
from catalog.datasets.load import load_dataset

DEFINITIONS: Final = files("catalog") / "datasets"
"""The folder that holds the folders of the definitions."""

SEN12MS: Final = load_dataset(DEFINITIONS / "sen12ms")
"""Schmitt, Hughes, Qiu, Zhu (2019), doi:10.5194/isprs-annals-IV-2-W7-153-2019."""

SEN12MS_CR: Final = load_dataset(DEFINITIONS / "sen12ms_cr")
"""Ebel, Meraner, Schmitt, Zhu (2020), doi:10.1109/TGRS.2020.3024744."""

DATASETS: Final = {dataset.id: dataset for dataset in (SEN12MS, SEN12MS_CR)}
"""All datasets that can be indexed, by the id of their collection."""

__all__ = ["DATASETS", "DEFINITIONS", "SEN12MS", "SEN12MS_CR", "Dataset", "load_dataset"]
