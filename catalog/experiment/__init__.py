"""What a study needs: splits without leakage, audits, samples, manifests, training.

>>> from catalog.experiment import PatchDataset, leakage, sample, split
>>> parts = split(subset, {"train": 0.8, "val": 0.2}, buffer_km=5)   # doctest: +SKIP
>>> assert not leakage(parts["train"], parts["val"], buffer_km=5)    # doctest: +SKIP
>>> parts["train"].save("train.parquet")                             # doctest: +SKIP
>>> dataset = PatchDataset(parts["train"], bands=("B4", "B3", "B2"))  # doctest: +SKIP
"""

from catalog.experiment.leaks import Leakage, LeakyPair, LeakyScenes, leakage
from catalog.experiment.lists import patch_ids, read_list
from catalog.experiment.manifests import Difference, diff, load, verify
from catalog.experiment.sampling import Sample, Stratum, sample
from catalog.experiment.splits import PartReport, Split, k_fold, official, split
from catalog.experiment.torch_dataset import PatchDataset, Target
from catalog.store.manifest_file import Entry, Manifest

__all__ = [
    "Difference",
    "Entry",
    "Leakage",
    "LeakyPair",
    "LeakyScenes",
    "Manifest",
    "PartReport",
    "PatchDataset",
    "Sample",
    "Split",
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
