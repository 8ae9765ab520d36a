"""What a study needs: splits without leakage, audits, samples, manifests, training.

>>> from catalog.experiment import PatchDataset, leakage, sample, split
>>> parts = split(subset, {"train": 0.8, "val": 0.2}, buffer_km=5)   # doctest: +SKIP
>>> assert not leakage(parts["train"], parts["val"], buffer_km=5)    # doctest: +SKIP
>>> parts["train"].save("train.parquet")                             # doctest: +SKIP
>>> dataset = PatchDataset(parts["train"], bands=("B4", "B3", "B2"))  # doctest: +SKIP

The names are imported when they are asked for: `PatchDataset` imports PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.experiment.labels import Target
    from catalog.experiment.leaks import Leakage, LeakyPair, LeakyScenes, leakage
    from catalog.experiment.lists import patch_ids, read_list
    from catalog.experiment.manifests import Difference, diff, load, verify
    from catalog.experiment.sampling import Sample, Stratum, sample
    from catalog.experiment.splits import PartReport, Split, k_fold, official, split
    from catalog.experiment.statistics import Statistics
    from catalog.experiment.torch_dataset import PatchDataset
    from catalog.store.manifest_file import Entry, File, Manifest

_HOMES = {
    "Difference": "experiment.manifests",
    "Entry": "store.manifest_file",
    "File": "store.manifest_file",
    "Leakage": "experiment.leaks",
    "LeakyPair": "experiment.leaks",
    "LeakyScenes": "experiment.leaks",
    "Manifest": "store.manifest_file",
    "PartReport": "experiment.splits",
    "PatchDataset": "experiment.torch_dataset",
    "Sample": "experiment.sampling",
    "Split": "experiment.splits",
    "Statistics": "experiment.statistics",
    "Stratum": "experiment.sampling",
    "Target": "experiment.labels",
    "diff": "experiment.manifests",
    "k_fold": "experiment.splits",
    "leakage": "experiment.leaks",
    "load": "experiment.manifests",
    "official": "experiment.splits",
    "patch_ids": "experiment.lists",
    "read_list": "experiment.lists",
    "sample": "experiment.sampling",
    "split": "experiment.splits",
    "verify": "experiment.manifests",
}

__all__ = [
    "Difference",
    "Entry",
    "File",
    "Leakage",
    "LeakyPair",
    "LeakyScenes",
    "Manifest",
    "PartReport",
    "PatchDataset",
    "Sample",
    "Split",
    "Statistics",
    "Stratum",
    "Target",
    "diff",
    "k_fold",
    "leakage",
    "load",
    "official",
    "patch_ids",
    "read_list",
    "sample",
    "split",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"catalog.{_HOMES[name]}"), name)
