"""Studies at full size: the leakage audit, splits, and what a training loop gets to eat."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import rasterio
from replica import write_tables

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.experiment import leakage, official, sample, split
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.store.manifest_file import Entry, Manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench

    from catalog.experiment import PatchDataset

pytestmark = pytest.mark.bench

SCENE = SyntheticScene(
    "spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, tuple(range(30, 58))
)
AUDIT_S = 10.0
"""Seconds that the audit of everything against itself may take."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`items.parquet` and `catalog.duckdb` of the whole dataset, without any other file."""
    folder = tmp_path_factory.mktemp("full")
    write_tables(folder)
    return folder


def test_everything_against_itself(full: Path, bench: Bench) -> None:
    with Catalog.open(full) as cat:
        everything = cat.select()
        frame = geopandas.read_parquet(full / "items.parquet", columns=["id", "geometry"])

        def audited() -> None:
            found = leakage(everything, everything)
            assert found.same == len(everything) == 180_662

        medians = bench.compare(
            "All 180,662 patches against themselves",
            {
                "leakage: pairs, areas, distances": audited,
                "geopandas sjoin: pairs alone": lambda: geopandas.sjoin(frame, frame),
            },
        )
    seconds = next(iter(medians.values()))
    limit = f"at most {AUDIT_S:g}"
    bench.bar("seconds of the audit of everything", seconds, limit, held=seconds <= AUDIT_S)


def test_parts_of_everything(full: Path, bench: Bench) -> None:
    with Catalog.open(full) as cat:
        everything = cat.select()
        questions: dict[str, Callable[[], object]] = {
            "split by scene, 5 km apart": lambda: split(everything, (0.8, 0.2), buffer_km=5),
            "split by patch, touching": lambda: split(everything, (0.8, 0.2), by="patch"),
            "official, with validation": lambda: official(everything),
            "balanced sample of 10,000": lambda: sample(
                everything, 10_000, stratify="dominant_cover", balance="equal", max_per_scene=100
            ),
            "leakage of train and test, 40 km": lambda: leakage(
                cat.select(split="train"), cat.select(split="test"), buffer_km=40
            ),
        }
        rows = []
        for name, question in questions.items():
            start = time.perf_counter()
            question()
            rows.append([name, f"{time.perf_counter() - start:.1f}"])
    bench.table("Studies of the whole dataset", ["what", "seconds"], rows)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 patches with all their pixels, and the lists that TorchGeo wants to see."""
    root = tmp_path_factory.mktemp("patches") / "SEN12MS"
    for _ in write_scene(root, SCENE):
        pass
    for name, season in SEN12MS.seasons.items():
        (root / f"{season.roi}_{name}").mkdir(exist_ok=True)
    ids = [Entry(f"ROIs1158_spring_1_p{patch}") for patch in SCENE.patches]
    for part in ("train", "test"):
        write_manifest(Manifest(tuple(ids)), root / f"{part}_list.txt")
    return root


def torchgeo_dataset(root: Path) -> Any:
    """TorchGeo's own class, or None where TorchGeo cannot be imported.

    A torchvision without its compiled operators, such as one beside a PyTorch it was not built for,
    cannot be imported, since it registers shapes for them: they are declared here, never called.
    """
    import torch  # noqa: PLC0415

    try:
        if not hasattr(torch.ops.torchvision, "nms"):
            for name in ("nms", "qnms"):
                torch.library.define(f"torchvision::{name}", "(Tensor a) -> Tensor")
        from torchgeo.datasets import SEN12MS  # noqa: PLC0415
    except ImportError:
        return None
    return SEN12MS(str(root))


class RasterioDataset:
    """What TorchGeo 0.8's SEN12MS does for a sample, step by step."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.ids = (root / "train_list.txt").read_text().split()

    def __getitem__(self, number: int) -> dict[str, Any]:
        import torch  # noqa: PLC0415

        name = self.ids[number]
        mask = self._load(name, "lc").long()
        image = torch.cat([self._load(name, "s1"), self._load(name, "s2")], dim=0)
        chosen = torch.index_select(image, dim=0, index=torch.arange(15))
        return {"image": chosen, "mask": mask[0]}

    def _load(self, name: str, sensor: str) -> Any:
        import torch  # noqa: PLC0415

        roi, season, _, scene, patch = name.split("_")
        file = f"{roi}_{season}_{sensor}_{scene}_{patch}"
        path = os.path.join(self.root, f"{roi}_{season}", f"{sensor}_{scene}", file)
        with rasterio.open(path) as source:
            pixels = source.read()
        return torch.from_numpy(pixels.astype(np.int32) if sensor == "s2" else pixels)


def assert_same_samples(ours: PatchDataset, peer: Any) -> None:
    for number in range(len(SCENE.patches)):
        for key in ("image", "mask"):
            assert np.array_equal(ours[number][key].numpy(), peer[number][key].numpy())


def reading(dataset: Any) -> Callable[[], None]:
    def read() -> None:
        for number in range(len(SCENE.patches)):
            dataset[number]

    return read


def test_samples_for_training(patches: Path, tmp_path: Path, bench: Bench) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional extra")
    from catalog.experiment import PatchDataset  # noqa: PLC0415 - which needs PyTorch

    torch.set_num_threads(1)
    index(patches, into=tmp_path / "catalog", workers=1)
    with Catalog.open(tmp_path / "catalog") as cat:
        ours = PatchDataset(cat.select())
        colours = PatchDataset(cat.select(), bands=("B4", "B3", "B2"))
    same_steps = RasterioDataset(patches)
    torchgeo = torchgeo_dataset(patches)
    peers = {"rasterio, with TorchGeo's steps": same_steps}
    if torchgeo is not None:
        peers["TorchGeo's SEN12MS"] = torchgeo
    for peer in peers.values():
        assert_same_samples(ours, peer)
    contestants = {
        "PatchDataset": reading(ours),
        **{name: reading(peer) for name, peer in peers.items()},
        "PatchDataset, three bands": reading(colours),
    }
    title = "Samples for training: s1, s2 and lc of a patch"
    medians = bench.compare(title, contestants, units=len(ours), unit="sample", rounds=7)
    for name in peers:
        ratio = medians[name] / medians["PatchDataset"]
        bench.bar(f"samples a second, ratio to {name}", ratio, "at least 3", held=ratio >= 3)
    if torchgeo is None:
        bench.lines.append("\nTorchGeo cannot be imported here: its steps stand in for it.")
