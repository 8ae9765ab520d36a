"""`PatchDataset` compared with TorchGeo's own class, in an environment that has TorchGeo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog import Catalog, index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog import Selection

pytest.importorskip("torch", reason="PyTorch is an optional extra")

from catalog.experiment.torch_dataset import PatchDataset

pytestmark = pytest.mark.slow

TORCHGEO = ("torchgeo==0.8.1", "torch==2.13.0", "requests")
SECONDS = float(os.environ.get("SEN12MS_TORCHGEO_SECONDS", "300"))
"""Longest time to install it."""
SCENES = (
    SyntheticScene("spring", 1, 32737, (374_132.3, 8_118_022.8), 29, (30,)),
    SyntheticScene("summer", 142, 32632, (617_663.9, 4_971_972.7), 29, (180, 181)),
    SyntheticScene("fall", 126, 32652, (299_050.0, 4_217_339.2), 29, (159,)),
    SyntheticScene("winter", 123, 32652, (317_003.3, 4_211_684.0), 29, (30,)),
)
PARTS = {"train": {"region": ["Italy", "South Korea"]}, "test": {"region": "Africa"}}
BANDS = {
    "all": None,
    "s1": ("VV", "VH"),
    "s2-all": ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"),
    "s2-reduced": ("B2", "B3", "B4", "B8", "B10", "B11"),
}
"""Sets of bands by their name in TorchGeo, as names of ours; None for all."""
SAMPLES = """
import sys
import numpy as np
from torchgeo.datasets import SEN12MS

root, target = sys.argv[1:]
found = {}
for part in ("train", "test"):
    for name, bands in SEN12MS.BAND_SETS.items():
        dataset = SEN12MS(root, split=part, bands=bands)
        found[f"{part} ids"] = np.array(dataset.ids)
        for number in range(len(dataset)):
            sample = dataset[number]
            found[f"{part} {name} {number} image"] = sample["image"].numpy()
            found[f"{part} {name} {number} mask"] = sample["mask"].numpy()
np.savez(target, **found)
"""


@pytest.fixture(scope="module")
def torchgeo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that can import TorchGeo."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    python = folder / "bin" / "python"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv:
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", str(python), *TORCHGEO]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        install = [str(python), "-m", "pip", "install", "--quiet", *TORCHGEO]
    subprocess.run(make, check=True)
    try:
        done = subprocess.run(install, timeout=SECONDS, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"TorchGeo is not installed after {SECONDS:g} s")
    if done.returncode:
        pytest.skip(f"TorchGeo cannot be installed: {done.stderr.strip()[-300:]}")
    return python


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as the dataset nests them, and its catalog beside it."""
    root = tmp_path_factory.mktemp("tree") / "SEN12MS"
    for scene in SCENES:
        assert list(write_scene(root, scene))
    index(root, into=root.with_name("catalog"))
    return root


@pytest.fixture(scope="module")
def parts(root: Path) -> Iterator[dict[str, Selection]]:
    """Selections, saved as the lists that TorchGeo reads."""
    with Catalog.open(root.with_name("catalog")) as cat:
        chosen = {name: cat.select(**filters) for name, filters in PARTS.items()}
        for name, selection in chosen.items():
            selection.save(root / f"{name}_list.txt")
        yield chosen


@pytest.fixture(scope="module")
def theirs(torchgeo: Path, root: Path, parts: dict[str, Selection]) -> dict[str, np.ndarray]:
    """Samples of TorchGeo's class."""
    target = root.with_name("samples.npz")
    command = [str(torchgeo), "-W", "ignore", "-c", SAMPLES, str(root), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(parts) == 2
    with np.load(target) as found:
        return dict(found)


def test_lists_are_those_of_torchgeo(
    theirs: dict[str, np.ndarray], parts: dict[str, Selection]
) -> None:
    assert [len(selection) for selection in parts.values()] == [4, 1]
    for name, selection in parts.items():
        files = [os.path.basename(path) for path in selection.paths("s2")]
        assert theirs[f"{name} ids"].tolist() == files


@pytest.mark.parametrize("bands", BANDS)
def test_images_and_masks_are_those_of_torchgeo(
    theirs: dict[str, np.ndarray], parts: dict[str, Selection], bands: str
) -> None:
    compared = 0
    for name, selection in parts.items():
        ours = PatchDataset(selection, bands=BANDS[bands])
        for number in range(len(ours)):
            for key in ("image", "mask"):
                expected = theirs[f"{name} {bands} {number} {key}"]
                found = ours[number][key].numpy()
                assert found.dtype == expected.dtype
                assert np.array_equal(found, expected)
                compared += 1
    assert compared == 10
