"""The PyTorch dataset: TorchGeo's samples, from the same files."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.errors import FileError, FilterError
from catalog.experiment import Target
from catalog.experiment.labels import cover_shares, multi_labels, single_labels
from catalog.experiment.statistics import statistics_of
from catalog.source.synthetic import write_scene

from .conftest import PIXEL_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Small

BANDS = [band.name for sensor in ("s1", "s2") for band in SEN12MS.sensors[sensor].bands]

torch = pytest.importorskip("torch", reason="PyTorch is an optional extra")

from catalog.experiment.torch_dataset import PatchDataset, _known_bands  # noqa: E402 - as above


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as source:
        pixels: np.ndarray = source.read()
    return pixels


def test_sample_is_that_of_torchgeo(pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    dataset = PatchDataset(subset)
    assert len(dataset) == 6
    assert list(dataset.bands) == BANDS
    for number, (s1, s2, lc) in enumerate(zip(*map(subset.paths, ("s1", "s2", "lc")), strict=True)):
        sample = dataset[number]
        image = np.concatenate([read(s1), read(s2).astype(np.int32).astype(np.float32)])
        assert sample["image"].dtype == torch.float32
        assert sample["image"].is_contiguous()
        assert np.array_equal(sample["image"].numpy(), image)
        assert sample["mask"].dtype == torch.int64
        assert np.array_equal(sample["mask"].numpy(), read(lc)[0])
        assert sample["id"] == subset.ids[number]


@pytest.mark.parametrize(
    "bands",
    [("B4", "B3", "B2"), ("VH",), ("B12", "VV", "B1"), ("B2", "B3", "B4"), tuple(reversed(BANDS))],
)
def test_channels_are_the_bands_in_their_order(pixels_cat: Catalog, bands: tuple[str, ...]) -> None:
    whole = PatchDataset(pixels_cat.select())[0]["image"]
    sample = PatchDataset(pixels_cat.select(), bands=bands)[0]
    assert torch.equal(sample["image"], whole[[BANDS.index(band) for band in bands]])


def test_sensors_decide_what_is_read(pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    assert PatchDataset(subset, sensors=("s1",))[0].keys() == {"id", "image"}
    assert PatchDataset(subset, sensors=("lc",))[0].keys() == {"id", "mask"}
    assert PatchDataset(subset, sensors=("s2", "lc"))[0]["image"].shape == (13, 256, 256)


def test_simplified_mask_has_the_classes_of_the_legend(pixels_cat: Catalog) -> None:
    covers = list(SEN12MS.cover_colors)
    cover = {entry.code: covers.index(entry.cover) for entry in SEN12MS.legends["igbp"].classes}
    for number in range(6):
        igbp = PatchDataset(pixels_cat.select())[number]["mask"].numpy()
        mask = PatchDataset(pixels_cat.select(), target="simplified")[number]["mask"].numpy()
        assert np.array_equal(mask, np.vectorize(cover.get)(igbp))


@pytest.mark.parametrize("position", range(4))
def test_every_legend_is_a_mask(pixels_cat: Catalog, position: int) -> None:
    subset = pixels_cat.select()
    dataset = PatchDataset(subset, sensors=("lc",), target=list(SEN12MS.legends)[position])
    for number, path in enumerate(subset.paths("lc")):
        assert np.array_equal(dataset[number]["mask"].numpy(), read(path)[position])


def test_labels_are_those_of_the_pixels(pixels_cat: Catalog) -> None:
    subset = pixels_cat.select()
    masks = PatchDataset(subset, target="simplified")
    single = PatchDataset(subset, target="single_label")
    multi = PatchDataset(subset, target=Target("multi_label", threshold=0.2))
    for number in range(6):
        shares = np.bincount(masks[number]["mask"].numpy().ravel(), minlength=10) / 65536
        assert single[number]["label"] == shares.argmax()
        assert multi[number]["label"].tolist() == (shares >= 0.2).astype(float).tolist()
        assert single[number]["label"].dtype == torch.int64
        assert multi[number]["label"].dtype == torch.float32


def test_labels_need_no_pixels(small: Small) -> None:
    with Catalog.open(small.out) as cat:
        subset = cat.select(where="s2 IS NOT NULL")
        dataset = PatchDataset(subset, bands=("VV",), target="single_label")
        shares = cover_shares(subset)
        assert shares.sum(axis=1) == pytest.approx(1)
        assert [dataset[k]["label"].item() for k in range(54)] == single_labels(shares).tolist()
        assert (multi_labels(shares, 0.1).sum(axis=1) >= 1).all()


def test_transform_has_the_last_word(pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), transform=lambda sample: sample["image"].mean())
    assert dataset[0].ndim == 0


def test_index_works_as_that_of_a_list(pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), sensors=("lc",))
    assert dataset[-1]["id"] == dataset[5]["id"]
    assert [sample["id"] for sample in iterate(dataset)] == pixels_cat.select().ids
    with pytest.raises(IndexError):
        dataset[6]


def iterate(dataset: PatchDataset) -> Iterator[Any]:
    return (dataset[index] for index in range(len(dataset)))


def test_dataset_can_be_pickled(pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select(), bands=("VV", "B4"), target="simplified")
    before = dataset[3]
    copy = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(copy[3]["image"], before["image"])
    assert torch.equal(copy[3]["mask"], before["mask"])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_workers_read_what_the_main_process_does(pixels_cat: Catalog) -> None:
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


def test_broken_file_is_named(pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select())
    dataset._paths["s2"] = np.char.add(dataset._paths["s2"], b".gone")
    with pytest.raises(FileError, match=r"_s2_1_p30\.tif\.gone cannot be read: No such file"):
        dataset[0]


def own_catalog(tmp_path: Path) -> tuple[Catalog, list[Path]]:
    """One patch, whose files a test may change."""
    scene = replace(PIXEL_SCENES[1], patches=(30,))
    paths = list(write_scene(tmp_path / "SEN12MS", scene))
    index(tmp_path / "SEN12MS", into=tmp_path / "catalog", workers=1)
    return Catalog.open(tmp_path / "catalog"), paths


def test_file_of_another_shape_is_named(tmp_path: Path) -> None:
    cat, (s1, s2, _) = own_catalog(tmp_path)
    with cat:
        dataset = PatchDataset(cat.select())
    shutil.copyfile(s1, s2)
    message = (
        r"_s2_1_p30.tif has the shape \(2, 256, 256\), where files of s2 have \(13, 256, 256\)"
    )
    with pytest.raises(FileError, match=message):
        dataset[0]


def test_class_codes_of_another_type_are_named(tmp_path: Path) -> None:
    cat, (*_, lc) = own_catalog(tmp_path)
    with cat:
        dataset = PatchDataset(cat.select(), sensors=("lc",))
    with rasterio.open(lc) as source:
        pixels, profile = source.read(), source.profile
    with rasterio.open(lc, "w", **profile | {"dtype": "float32"}) as target:
        target.write(pixels.astype("float32"))
    with pytest.raises(FileError, match=r"_lc_1_p30.tif has pixels of type float32, where class"):
        dataset[0]


def test_patch_without_a_file_is_refused(tmp_path: Path) -> None:
    _, (_, s2, _) = own_catalog(tmp_path)
    s2.unlink()
    index(tmp_path / "SEN12MS", into=tmp_path / "catalog", workers=1)
    with Catalog.open(tmp_path / "catalog") as cat:
        with pytest.raises(FilterError, match="spring_1_p30 has no s2: select with complete=True"):
            PatchDataset(cat.select())
        assert PatchDataset(cat.select(), sensors=("s1", "lc"))[0]["image"].shape[0] == 2


def test_it_is_a_dataset_of_pytorch(pixels_cat: Catalog) -> None:
    one, two = (PatchDataset(pixels_cat.select(season=name)) for name in ("spring", "summer"))
    assert isinstance(one, torch.utils.data.Dataset)
    assert [sample["id"] for sample in iterate(one + two)] == pixels_cat.select().ids
    subset = torch.utils.data.Subset(two, range(1, 3))
    assert [subset[k]["id"] for k in range(2)] == pixels_cat.select(season="summer").ids[1:3]


@pytest.mark.parametrize("index", [slice(0, 2), "0", None, 1.0])
def test_index_is_a_number(pixels_cat: Catalog, index: Any) -> None:
    dataset = PatchDataset(pixels_cat.select())
    with pytest.raises(FilterError, match=r"is not an index: give one number, or use torch"):
        dataset[index]


def test_band_that_two_sensors_have_is_named_with_its_sensor() -> None:
    cloudy = replace(SEN12MS, sensors={**SEN12MS.sensors, "s2_cloudy": SEN12MS.sensors["s2"]})
    known = _known_bands(cloudy, ["s1", "s2", "s2_cloudy"])["image"]
    assert known["VV"] == ("s1", 0)
    assert "B4" not in known
    assert (known["s2.B4"], known["s2_cloudy.B4"]) == (("s2", 3), ("s2_cloudy", 3))
    assert list(_known_bands(cloudy, ["s2_cloudy"])["image"]) == BANDS[2:]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sensors": ("s3",)}, "there is no sensor 's3'"),
        ({"bands": ("B04",)}, "no band of these sensors 'B04': did you mean B4"),
        ({"bands": ("VV",), "sensors": ("s2",)}, "no band of these sensors 'VV'"),
        ({"bands": ("B4", "B4")}, "names a band twice"),
        ({"target": "multilabel"}, "no target 'multilabel': did you mean multi_label"),
        ({"target": Target("multi_label", threshold=0)}, "threshold=0 is not a valid fraction"),
        ({"target": Target("multi_label", threshold=1.1)}, "a number above 0, up to 1"),
    ],
)
def test_nonsense_is_refused(cat: Catalog, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        PatchDataset(cat.select(), **arguments)


def test_what_is_no_selection_is_refused(pixels_out: Path) -> None:
    with pytest.raises(FilterError, match=r"is not a selection: give cat.select\(…\)"):
        PatchDataset(str(pixels_out))


# Statistics, weights and metadata


def test_statistics_are_those_of_numpy(pixels_cat: Catalog) -> None:
    dataset = PatchDataset(pixels_cat.select())
    images = np.stack([dataset[number]["image"].numpy() for number in range(len(dataset))])
    values = images.astype(np.float64).transpose(1, 0, 2, 3).reshape(len(BANDS), -1)
    found = dataset.statistics()
    assert found.bands == tuple(BANDS)
    assert found.pixels == values.shape[1]
    assert found.not_finite == (0,) * len(BANDS)
    np.testing.assert_allclose(found.mean, values.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.std, values.std(axis=1), rtol=1e-10)
    assert found.minimum == tuple(values.min(axis=1))
    assert found.maximum == tuple(values.max(axis=1))
    for percent, of_bands in found.percentiles.items():
        exact = np.percentile(values, int(percent), axis=1, method="inverted_cdf")
        np.testing.assert_allclose(of_bands, exact, atol=0.002)
        assert of_bands[2:] == tuple(exact[2:]), "of Sentinel-2, which is whole numbers"


def test_statistics_leave_out_what_is_not_a_number() -> None:
    image = np.array([[[1.0, np.nan], [3.0, np.inf]], [[0, 200], [400, 65535]]], np.float32)
    found = statistics_of([image, image], ["a", "b"])
    assert (found.mean[0], found.std[0], found.not_finite) == (2.0, 1.0, (4, 0))
    assert found.percentiles["50"][1] == 200
    with pytest.raises(FilterError, match="no pixels"):
        statistics_of([], ["a"])


def test_statistics_are_kept_beside_the_catalog(pixels_cat: Catalog, tmp_path: Path) -> None:
    assert pixels_cat.folder
    out = shutil.copytree(pixels_cat.folder, tmp_path / "catalog")
    with Catalog.open(out) as cat:
        first = PatchDataset(cat.select(), bands=("B4", "VV")).statistics()
        (kept,) = (tmp_path / "catalog.statistics").iterdir()
        gone = PatchDataset(cat.select(), bands=("B4", "VV"))
        gone._paths = {}  # nothing can be read
        assert gone.statistics() == first
        assert PatchDataset(cat.select()[:2], bands=("B4", "VV")).statistics() != first
        kept.write_text("{}")
        assert PatchDataset(cat.select(), bands=("B4", "VV")).statistics() == first
    with pytest.raises(FilterError, match="no band is used"):
        PatchDataset(pixels_cat.select(), sensors=("lc",)).statistics()


@pytest.mark.parametrize("target", ["igbp", "lccs_lu", "simplified", "single_label", "multi_label"])
def test_class_weights_make_classes_weigh_the_same(pixels_cat: Catalog, target: str) -> None:
    dataset = PatchDataset(pixels_cat.select(), target=target)
    weights = dataset.class_weights().numpy().astype(np.float64)
    samples = [dataset[number] for number in range(len(dataset))]
    if target == "multi_label":
        counts = np.sum([sample["label"].numpy() for sample in samples], axis=0)
    else:
        key = "label" if target == "single_label" else "mask"
        values = np.concatenate([np.ravel(sample[key].numpy()) for sample in samples])
        counts = np.bincount(values, minlength=len(weights))[: len(weights)]
    assert (weights[counts == 0] == 0).all()
    sums = (weights * counts)[counts > 0]
    np.testing.assert_allclose(sums, counts.sum() / len(sums), rtol=1e-6)
    with pytest.raises(FilterError, match="no classes"):
        PatchDataset(pixels_cat.select(), sensors=("s2",)).class_weights()


@pytest.mark.parametrize("choice", [{}, {"sensors": ("lc",), "target": "single_label"}])
def test_metadata_are_those_of_rasterio(pixels_cat: Catalog, choice: dict[str, Any]) -> None:
    subset = pixels_cat.select()
    dataset = PatchDataset(subset, return_metadata=True, **choice)
    frame = subset.to_geodataframe()
    for number, path in enumerate(subset.paths("lc")):
        sample = dataset[number]
        with rasterio.open(path) as source:
            assert tuple(sample["bounds"].tolist()) == tuple(source.bounds)
            assert sample["crs"] == str(source.crs)
        assert (sample["lon"], sample["lat"]) == (frame["lon"][number], frame["lat"][number])
    assert "crs" not in PatchDataset(subset, **choice)[0]
    batch = next(iter(torch.utils.data.DataLoader(dataset, batch_size=2)))
    assert batch["bounds"].shape == (2, 4)
