"""Experiments on SEN12MS-CR, alone and beside SEN12MS."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from catalog import Catalog, FilterError, ManifestError, index
from catalog.cli import sen12ms
from catalog.datasets import SEN12MS, SEN12MS_CR
from catalog.experiment import (
    Target,
    diff,
    leakage,
    load,
    official,
    read_list,
    sample,
    split,
    verify,
)
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.datasets import Dataset

torch = pytest.importorskip("torch")
PatchDataset = pytest.importorskip("catalog.experiment.torch_dataset").PatchDataset
PLACES = {
    ("fall", 139): (32650, (374_132.25, 4_118_022.75)),  # test
    ("spring", 17): (32721, (183_800.5, 8_429_043.75)),  # val
    ("spring", 1): (32737, (374_132.25, 8_118_022.75)),  # train
    ("spring", 5): (32633, (300_000.25, 5_118_022.75)),  # not in the lists
}


def indexed(folder: Path, dataset: Dataset, patches: tuple[int, ...]) -> Path:
    """A catalog of these patches of the four scenes, with all their pixels."""
    for (season, number), place in PLACES.items():
        scene = SyntheticScene(season, number, *place, 29, patches)
        assert [*write_scene(folder / "data", scene, dataset)]
    index(folder / "data", into=folder / "catalog")
    return folder / "catalog"


@pytest.fixture(scope="module")
def outs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A catalog of SEN12MS, and one of SEN12MS-CR with other patches of the same scenes."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    return indexed(one, SEN12MS, (30, 31)), indexed(other, SEN12MS_CR, (31, 32))


@pytest.fixture(scope="module")
def cloudy(outs: tuple[Path, Path]) -> Iterator[Catalog]:
    with Catalog.open(outs[1]) as cat:
        yield cat


def test_a_sample_has_the_clear_and_the_cloudy_image(cloudy: Catalog) -> None:
    selection = cloudy.select(season="fall")
    dataset = PatchDataset(selection)
    first = dataset[0]
    assert first.keys() == {"id", "image", "cloudy"}
    assert (first["image"].shape, first["cloudy"].shape) == ((15, 256, 256), (13, 256, 256))
    for tensor, sensors in (("image", ("s1", "s2")), ("cloudy", ("s2_cloudy",))):
        files = [rasterio.open(selection.paths(sensor)[0]) for sensor in sensors]
        pixels = np.concatenate([file.read() for file in files]).astype(np.float32)
        assert np.array_equal(first[tensor].numpy(), pixels)
    assert dataset.target is None
    assert not torch.equal(first["image"][2:], first["cloudy"])


def test_bands_are_taken_of_both_images(cloudy: Catalog) -> None:
    selection = cloudy.select(season="fall")
    first = PatchDataset(selection, bands=("B4", "VV", "B2"))[0]
    with rasterio.open(selection.paths("s2_cloudy")[0]) as file:
        assert np.array_equal(first["cloudy"].numpy(), file.read([4, 2]).astype(np.float32))
    with rasterio.open(selection.paths("s2")[0]) as file:
        assert np.array_equal(first["image"][[0, 2]].numpy(), file.read([4, 2]))
    alone = PatchDataset(selection, sensors=("s2_cloudy",), bands=("B8",))
    assert alone[0].keys() == {"id", "cloudy"}
    with pytest.raises(FilterError, match="B99"):
        PatchDataset(selection, bands=("B99",))


def test_the_official_split_is_that_of_the_authors(cloudy: Catalog) -> None:
    counts = {name: len(cloudy.select(split=name)) for name in ("train", "val", "test")}
    assert counts == {"train": 2, "val": 2, "test": 2}
    parts = official(cloudy.select())
    assert {name: {patch.split("_")[2] for patch in part.ids} for name, part in parts.items()} == {
        "train": {"1"},
        "val": {"17"},
        "test": {"139"},
    }
    assert len(cloudy.select(where="split IS NULL")) == 2


def test_a_split_and_a_sample_need_no_land_cover(cloudy: Catalog) -> None:
    parts = split(cloudy.select(), {"train": 0.5, "val": 0.5})
    assert sum(map(len, parts.values())) == 8
    assert len(sample(cloudy.select(), 4, stratify="season").selection) == 4


def test_leakage_is_found_between_the_two_datasets(
    outs: tuple[Path, Path], cloudy: Catalog
) -> None:
    with Catalog.open(outs[0]) as clear:
        found = leakage(clear.select(season="fall"), cloudy.select())
        assert (found.same, found.overlapping) == (1, 1)  # 31 is in both; 32 overlaps it
        assert not leakage(clear.select(season="fall"), cloudy.select(season="spring"))


def test_the_command_compares_lists_of_two_catalogs(
    outs: tuple[Path, Path], tmp_path: Path
) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("ROIs1970_fall_lc_139_p30.tif\n")
    other.write_text("ROIs1970_fall_s2_cloudy_139_p31.tif\n")
    command = ["leakage", outs[0], one, other, "--b-from", outs[1], "--format", "csv", "-o", "-"]
    done = CliRunner().invoke(sen12ms, [*map(str, command)])
    assert done.exit_code == 1
    row = done.stdout.splitlines()[1].split(",")
    assert row[:2] == ["ROIs1970_fall_139_p30", "ROIs1970_fall_139_p31"]
    assert float(row[2]) == pytest.approx(2560 * 1280, rel=0.001)


@pytest.fixture(scope="module")
def borrowing(
    outs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """SEN12MS-CR with the class counts of SEN12MS: of patch 31, but not of 32."""
    out = tmp_path_factory.mktemp("borrowing") / "catalog"
    index(outs[1].parent / "data", into=out, land_cover_from=outs[0])
    with Catalog.open(out) as cat:
        yield cat


@pytest.fixture(scope="module")
def clear(outs: tuple[Path, Path]) -> Iterator[Catalog]:
    with Catalog.open(outs[0]) as cat:
        yield cat


def test_borrowed_counts_give_labels_but_no_mask(borrowing: Catalog, clear: Catalog) -> None:
    known = borrowing.select(where="dominant_cover IS NOT NULL")
    assert {name.rpartition("_")[2] for name in known.ids} == {"p31"}
    assert PatchDataset(known)[0].keys() == {"id", "image", "cloudy"}
    with pytest.raises(FilterError, match="SEN12MS-CR has no files of land cover to make a mask"):
        PatchDataset(known, target="igbp")
    labels = PatchDataset(known, target="single_label")
    expected = PatchDataset(clear.select(ids=known.ids), target="single_label")
    assert len(labels) == len(expected) == 4
    for one, other in zip(labels, expected, strict=True):
        assert (one["id"], one["label"]) == (other["id"], other["label"])
        assert "mask" not in one
    assert torch.equal(labels.class_weights(), expected.class_weights())
    with pytest.raises(FilterError, match="_p32 has no land cover, and so no label"):
        PatchDataset(borrowing.select(), target="single_label")


@pytest.mark.parametrize("target", ["igbp", "lccs_lu", "simplified"])
def test_masks_are_read_from_the_files_of_a_catalog_that_is_named(
    cloudy: Catalog, borrowing: Catalog, clear: Catalog, target: str
) -> None:
    ids = clear.select(where="patch = 31").ids
    expected = PatchDataset(clear.select(ids=ids), target=target)
    for cat in (cloudy, borrowing):  # whether it took counts over or not
        dataset = PatchDataset(cat.select(ids=ids), target=Target(target, land_cover=clear))
        for one, other in zip(dataset, expected, strict=True):
            assert one.keys() == {"id", "image", "cloudy", "mask"}
            assert one["id"] == other["id"]
            assert torch.equal(one["mask"], other["mask"])
        assert torch.equal(dataset.class_weights(), expected.class_weights())
        copy = pickle.loads(pickle.dumps(dataset))
        assert torch.equal(copy[0]["mask"], dataset[0]["mask"])
    codes = expected[0]["mask"]
    if target == "igbp":
        with rasterio.open(clear.select(ids=ids[:1]).paths("lc")[0]) as file:
            assert np.array_equal(codes.numpy(), file.read(1))


def test_land_cover_that_is_elsewhere_or_nowhere_is_refused(
    cloudy: Catalog, clear: Catalog, tmp_path: Path
) -> None:
    fall = cloudy.select(season="fall")
    with pytest.raises(FilterError, match="there is no patch 'ROIs1970_fall_139_p32' in"):
        PatchDataset(fall, target=Target("igbp", land_cover=clear))
    with pytest.raises(FilterError, match="SEN12MS-CR has no files of land cover: name a catalog"):
        PatchDataset(fall, target=Target("igbp", land_cover=cloudy))
    with pytest.raises(FilterError, match="SEN12MS-CR has no land cover: leave out target='igbp'"):
        PatchDataset(fall, target="igbp")
    epsg, (east, north) = PLACES["fall", 139]
    moved = SyntheticScene("fall", 139, epsg, (east + 10, north), 29, (31, 32))
    assert [*write_scene(tmp_path / "MS", moved, sparse=("s1", "s2", "lc"))]
    index(tmp_path / "MS", into=tmp_path / "catalog")
    with (
        Catalog.open(tmp_path / "catalog") as elsewhere,
        pytest.raises(FilterError, match="ROIs1970_fall_139_p31 lies on another grid in"),
    ):
        PatchDataset(fall, target=Target("igbp", land_cover=elsewhere))
    for path in (tmp_path / "MS").rglob("*_lc_139_p32.tif"):
        path.unlink()
    index(tmp_path / "MS", into=tmp_path / "catalog")
    with (
        Catalog.open(tmp_path / "catalog") as lacking,
        pytest.raises(FilterError, match="ROIs1970_fall_139_p32 has no lc"),
    ):
        PatchDataset(lacking.select(), target=Target("igbp", land_cover=lacking))


@pytest.mark.parametrize("ending", ["parquet", "csv", "json"])
def test_a_manifest_tells_its_dataset(
    borrowing: Catalog, clear: Catalog, tmp_path: Path, ending: str
) -> None:
    path, copy = tmp_path / f"m.{ending}", tmp_path / f"n.{ending}"
    chosen = borrowing.select(season=["fall", "spring"])
    chosen.save(path)
    manifest = read_list(path)
    assert manifest.dataset is SEN12MS_CR
    assert manifest.ids == chosen.ids
    assert manifest.entries[0].files.keys() == SEN12MS_CR.sensors.keys()
    covers = chosen.relation().select("dominant_cover").fetchall()
    expected = Counter(name or "unknown" for (name,) in covers)
    assert manifest.counts["dominant_cover"] == dict(expected)
    assert load(path, borrowing).ids == chosen.ids
    data = chosen.paths("s1")[0].partition("/ROIs")[0]
    assert verify(path, borrowing) == verify(path, data) == []
    borrowing.select(season="fall").save(copy)
    assert diff(path, copy).removed == tuple(borrowing.select(season="spring").ids)
    clear.select(season="fall").save(path)
    assert read_list(path).dataset is SEN12MS


def test_a_list_of_cloudy_files_tells_its_dataset(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("ROIs1970_fall_s1_139_p30.tif\nROIs1970_fall_s2_cloudy_139_p31.tif\n")
    found = read_list(path)
    assert found.dataset is SEN12MS_CR
    assert found.ids == ["ROIs1970_fall_139_p30", "ROIs1970_fall_139_p31"]
    path.write_text("ROIs1970_fall_s3_139_p30.tif\n")
    with pytest.raises(ManifestError, match=r"line 1: .* is not a patch"):
        read_list(path)


def test_the_commands_of_manifests_take_those_of_either_dataset(
    borrowing: Catalog, tmp_path: Path
) -> None:
    path, out = tmp_path / "m.csv", borrowing.folder
    chosen = borrowing.select(season="fall")
    data = chosen.paths("s1")[0].partition("/ROIs")[0]
    for words in (
        ("save", out, "--season", "fall", "-o", path),
        ("show", path),
        ("verify", path, out),
        ("verify", path, data),
        ("diff", path, path),
        ("load", path, out),
    ):
        done = CliRunner().invoke(sen12ms, ["manifest", *map(str, words)])
        assert done.exit_code == 0, (words, done.output)
