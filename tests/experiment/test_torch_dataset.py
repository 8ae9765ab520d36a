"""The PyTorch dataset: TorchGeo's samples, from the same files."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from catalog import Catalog
from catalog.datasets.legacy import COVERS, SENSORS, classes_of
from catalog.errors import FileError, FilterError, MissingExtraError
from catalog.experiment import PatchDataset, Target
from catalog.experiment.labels import cover_shares, multi_labels, single_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Small

BANDS = [band.name for sensor in ("s1", "s2") for band in SENSORS[sensor].bands]


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is an optional extra")


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as source:
        pixels: np.ndarray = source.read()
    return pixels


def test_sample_is_that_of_torchgeo(torch: Any, pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    dataset = PatchDataset(subset)
    assert len(dataset) == 6
    assert list(dataset.bands) == BANDS
    for index, (s1, s2, lc) in enumerate(zip(*map(subset.paths, ("s1", "s2", "lc")), strict=True)):
        sample = dataset[index]
        image = np.concatenate([read(s1), read(s2).astype(np.int32).astype(np.float32)])
        assert sample["image"].dtype == torch.float32
        assert sample["image"].is_contiguous()
        assert np.array_equal(sample["image"].numpy(), image)
        assert sample["mask"].dtype == torch.int64
        assert np.array_equal(sample["mask"].numpy(), read(lc)[0])
        assert sample["id"] == subset.ids[index]


@pytest.mark.parametrize(
    "bands",
    [("B4", "B3", "B2"), ("VH",), ("B12", "VV", "B1"), ("B2", "B3", "B4"), tuple(reversed(BANDS))],
)
def test_channels_are_the_bands_in_their_order(
    torch: Any, pixels_cat: Catalog, bands: tuple[str, ...]
) -> None:
    whole = PatchDataset(pixels_cat.select())[0]["image"]
    sample = PatchDataset(pixels_cat.select(), bands=bands)[0]
    assert torch.equal(sample["image"], whole[[BANDS.index(band) for band in bands]])


def test_sensors_decide_what_is_read(torch: Any, pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    assert PatchDataset(subset, sensors=("s1",))[0].keys() == {"id", "image"}
    assert PatchDataset(subset, sensors=("lc",))[0].keys() == {"id", "mask"}
    assert PatchDataset(subset, sensors=("s2", "lc"))[0]["image"].shape == (13, 256, 256)


def test_simplified_mask_has_the_classes_of_the_legend(torch: Any, pixels_cat: Catalog) -> None:
    cover = {entry.code: COVERS.index(entry.cover) for entry in classes_of("igbp")}
    for index in range(6):
        igbp = PatchDataset(pixels_cat.select())[index]["mask"].numpy()
        mask = PatchDataset(pixels_cat.select(), target="simplified")[index]["mask"].numpy()
        assert np.array_equal(mask, np.vectorize(cover.get)(igbp))


def test_labels_are_those_of_the_pixels(torch: Any, pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    masks = PatchDataset(subset, target="simplified")
    single = PatchDataset(subset, target="single_label")
    multi = PatchDataset(subset, target=Target("multi_label", threshold=0.2))
    for index in range(6):
        shares = np.bincount(masks[index]["mask"].numpy().ravel(), minlength=10) / 65536
        assert single[index]["label"] == shares.argmax()
        assert multi[index]["label"].tolist() == (shares >= 0.2).astype(float).tolist()
        assert single[index]["label"].dtype == torch.int64
        assert multi[index]["label"].dtype == torch.float32


def test_labels_need_no_pixels(small: Small, torch: Any) -> None:
    with Catalog.open(small.out) as cat:
        subset = cat.select(where="s2 IS NOT NULL")
        dataset = PatchDataset(subset, bands=("VV",), target="single_label")
        shares = cover_shares(subset)
        assert shares.sum(axis=1) == pytest.approx(1)
        assert [dataset[k]["label"].item() for k in range(54)] == single_labels(shares).tolist()
        assert (multi_labels(shares, 0.1).sum(axis=1) >= 1).all()


def test_transform_has_the_last_word(torch: Any, pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), transform=lambda sample: sample["image"].mean())
    assert dataset[0].ndim == 0


def test_index_works_as_that_of_a_list(torch: Any, pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), sensors=("lc",))
    assert dataset[-1]["id"] == dataset[5]["id"]
    assert [sample["id"] for sample in iterate(dataset)] == pixels_cat.select().ids
    with pytest.raises(IndexError):
        dataset[6]


def iterate(dataset: PatchDataset) -> Iterator[Any]:
    return (dataset[index] for index in range(len(dataset)))


def test_dataset_can_be_pickled(torch: Any, pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), bands=("VV", "B4"), target="simplified")
    before = dataset[3]
    copy = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(copy[3]["image"], before["image"])
    assert torch.equal(copy[3]["mask"], before["mask"])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_workers_read_what_the_main_process_does(torch: Any, pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), bands=("VV", "B4"))
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=4, num_workers=2, multiprocessing_context="fork"
    )
    batches = list(loader)
    assert [len(batch["id"]) for batch in batches] == [4, 2]
    images = torch.cat([batch["image"] for batch in batches])
    assert torch.equal(images, torch.stack([dataset[k]["image"] for k in range(6)]))
    assert batches[0]["mask"].shape == (4, 256, 256)


def test_broken_file_is_named(torch: Any, pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select())
    dataset._paths["s2"] = np.char.add(dataset._paths["s2"], b".gone")
    with pytest.raises(FileError, match=r"_s2_1_p30\.tif\.gone cannot be read: No such file"):
        dataset[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sensors": ("s3",)}, "there is no sensor 's3'"),
        ({"bands": ("B04",)}, "no band of these sensors 'B04': did you mean B4"),
        ({"bands": ("VV",), "sensors": ("s2",)}, "no band of these sensors 'VV'"),
        ({"bands": ("B4", "B4")}, "names a band twice"),
        ({"target": "multilabel"}, "no target 'multilabel': did you mean multi_label"),
        ({"target": Target("multi_label", threshold=0)}, "threshold=0 is no share"),
    ],
)
def test_nonsense_is_refused(
    torch: Any, cat: Catalog, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(FilterError, match=message):
        PatchDataset(cat.select(), **arguments)


def test_patch_without_a_file_is_refused(torch: Any, cat: Catalog) -> None:
    subset = cat.select()
    manifest = subset.manifest()
    entry = manifest.entries[0]._replace(s2=None)
    broken = type("Broken", (), {"manifest": lambda _: type(manifest)((entry,))})()
    with pytest.raises(FilterError, match=f"{entry.id} has no s2: select with complete=True"):
        PatchDataset(broken)
    PatchDataset(broken, sensors=("s1", "lc"))


def test_without_torch_the_remedy_is_told(cat: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.experiment.torch_dataset.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sen12ms-catalog\[torch\]'"):
        PatchDataset(cat.select())


def test_optional_packages_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, catalog, catalog.experiment, catalog.cli\n"
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert result.stdout == "[]\n"
