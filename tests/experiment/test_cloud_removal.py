"""Experiments on SEN12MS-CR, alone and beside SEN12MS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from catalog import Catalog, FilterError, index
from catalog.cli import sen12ms
from catalog.datasets import SEN12MS, SEN12MS_CR
from catalog.experiment import leakage, official, sample, split
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
