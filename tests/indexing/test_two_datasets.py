"""SEN12MS-CR beside SEN12MS: which of the two a folder or an archive is of, and its catalog."""

from __future__ import annotations

import json
import shutil
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from core_schemas import errors
from pyproj import Transformer
from real_files import write_real_files
from trees import rows_of

from catalog import Catalog, CatalogNotFoundError, index
from catalog.datasets import DATASETS, SEN12MS, SEN12MS_CR
from catalog.reading.check import check
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.datasets import Dataset

SCENE = SyntheticScene("fall", 139, 32650, (374_132.25, 4_118_022.75), 29, (30, 31, 32, 59, 60))
SPARSE = ("s1", "s2", "s2_cloudy")
DFC2020 = "ROIs0000_test_s2_0_p0.tif"


def tree(root: Path, dataset: Dataset, *, only: tuple[str, ...] | None = None) -> Path:
    """A few patches of a dataset."""
    for _ in write_scene(root, SCENE, dataset, sensors=only, sparse=SPARSE):
        pass
    return root


def packed(root: Path, folder: Path) -> list[Path]:
    """The dataset as it is published: an archive for each season and sensor."""
    folder.mkdir()
    archives = []
    for sensor in SEN12MS_CR.sensors:
        archives.append(folder / SEN12MS_CR.archive_name("fall", sensor))
        with tarfile.open(archives[-1], "w:gz", compresslevel=1) as archive:
            archive.add(root / f"ROIs1970_fall_{sensor}", f"ROIs1970_fall_{sensor}")
    return archives


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_the_third_sensor_tells_which_dataset_a_folder_holds(
    tmp_path: Path, dataset: Dataset
) -> None:
    report = index(tree(tmp_path / "data", dataset), into=tmp_path / "catalog")
    assert (report.dataset, report.patches, report.files) == (dataset.id, 5, 15)
    assert report.rejected == ()
    with Catalog.open(tmp_path / "catalog") as cat:
        assert cat.dataset == dataset
        assert len(cat.select(complete=True)) == 5
    assert check(tmp_path / "catalog").findings == ()


def test_a_folder_of_the_shared_sensors_is_sen12ms_unless_it_is_said(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", SEN12MS_CR, only=("s1", "s2"))
    assert index(root, into=tmp_path / "one").missing == {"s1": 0, "s2": 0, "lc": 5}
    report = index(root, into=tmp_path / "other", dataset=SEN12MS_CR)
    assert (report.dataset, report.missing) == ("sen12ms-cr", {"s1": 0, "s2": 0, "s2_cloudy": 5})


def test_a_folder_of_both_is_refused_unless_it_is_said_which(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", SEN12MS_CR)
    tree(root, SEN12MS, only=("lc",))
    with pytest.raises(CatalogNotFoundError) as caught:
        index(root, into=tmp_path / "catalog")
    for text in ("of SEN12MS (such as ", "of SEN12MS-CR (such as ", "--dataset sen12ms-cr"):
        assert text in str(caught.value)
    report = index(root, into=tmp_path / "catalog", dataset=SEN12MS_CR)
    assert report.patches == 5
    assert len(report.rejected) == 5
    (reason,) = {entry.reason for entry in report.rejected}
    assert reason == (
        "is a file of SEN12MS, not of SEN12MS-CR: index it into another catalog, with "
        "--dataset sen12ms"
    )


def test_archives_give_the_catalog_that_folders_give(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", SEN12MS_CR)
    index(root, into=tmp_path / "folders")
    report = index(*packed(root, tmp_path / "archives"), into=tmp_path / "packed")
    assert (report.dataset, report.patches, report.rejected) == ("sen12ms-cr", 5, ())
    members = pq.read_table(tmp_path / "packed" / "members.parquet")
    assert members.num_rows == 15
    one, other = rows_of(tmp_path / "folders"), rows_of(tmp_path / "packed")
    for row in (*one.values(), *other.values()):
        del row["assets"]
    assert one == other
    assert check(tmp_path / "packed").findings == ()


def test_one_archive_of_each_dataset_is_refused(tmp_path: Path) -> None:
    archives = packed(tree(tmp_path / "data", SEN12MS_CR), tmp_path / "archives")
    root = tree(tmp_path / "lc", SEN12MS, only=("lc",))
    with pytest.raises(CatalogNotFoundError, match=r"s2_cloudy_139_p30\.tif"):
        index(root, *archives, into=tmp_path / "catalog")


def test_a_file_of_the_other_dataset_is_not_added(tmp_path: Path) -> None:
    index(tree(tmp_path / "data", SEN12MS), into=tmp_path / "catalog")
    root = tree(tmp_path / "cloudy", SEN12MS_CR)
    with pytest.raises(CatalogNotFoundError, match="name the folders and archives of one dataset"):
        index(root, into=tmp_path / "catalog", add=True)
    with pytest.raises(CatalogNotFoundError, match="a catalog of sen12ms, not of sen12ms-cr"):
        index(root, into=tmp_path / "catalog", add=True, dataset=SEN12MS_CR)


def test_shared_sensors_are_added_to_the_dataset_of_the_catalog(tmp_path: Path) -> None:
    root = tree(tmp_path / "cloudy", SEN12MS_CR, only=("s2_cloudy",))
    index(root, into=tmp_path / "catalog")
    more = tree(tmp_path / "radar", SEN12MS_CR, only=("s1",))
    report = index(more, into=tmp_path / "catalog", add=True)
    assert report.missing == {"s1": 0, "s2": 5, "s2_cloudy": 0}


@pytest.mark.parametrize("name", [DFC2020, "ROIs0000_validation_dfc_0_p17.tif"])
def test_dfc2020_is_refused_since_it_has_no_georeference(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(b"II*\0")
    with pytest.raises(CatalogNotFoundError, match=r"DFC2020 .* no georeference"):
        index(tmp_path / "data", into=tmp_path / "catalog")
    with tarfile.open(tmp_path / "dfc.tar", "w") as archive:
        archive.add(tmp_path / "data", "data")
    with pytest.raises(CatalogNotFoundError, match=r"DFC2020 .* no georeference"):
        index(tmp_path / "dfc.tar", into=tmp_path / "catalog")


def test_dfc2020_between_other_files_is_rejected(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", SEN12MS_CR)
    (root / DFC2020).write_bytes(b"II*\0")
    (rejected,) = index(root, into=tmp_path / "catalog").rejected
    assert rejected.path.endswith(DFC2020)
    assert "no georeference" in rejected.reason


def test_items_and_collection_are_valid(tmp_path: Path) -> None:
    index(tree(tmp_path / "data", SEN12MS_CR), into=tmp_path / "catalog")
    folder = tmp_path / "catalog" / "sen12ms-cr"
    collection = json.loads((folder / "collection.json").read_bytes())
    assert errors("collection", collection) == []
    assert collection["license"] == "CC-BY-4.0"
    assert collection["sci:doi"] == "10.1109/TGRS.2020.3024744"
    for path in folder.rglob("*_p*.json"):
        item = json.loads(path.read_bytes())
        assert errors("item", item) == []
        assert item["collection"] == "sen12ms-cr"
        assert item["assets"].keys() == SEN12MS_CR.sensors.keys()
        assert item["properties"]["sen12ms:split"] == "test"


def test_real_files_have_exact_footprints(tmp_path: Path) -> None:
    real, data = tmp_path / "real", tmp_path / "data"
    write_real_files(real)
    data.mkdir()
    files = [*real.rglob("*_139_p839.tif"), *real.rglob("*_112_p797.tif")]
    assert len(files) == 4
    for file in files:
        shutil.copy(file, data / file.name)
        if "_s2_" in file.name:  # of the cloudy images there is none: they lie on the same grid
            shutil.copy(file, data / file.name.replace("_s2_", "_s2_cloudy_"))
    report = index(data, into=tmp_path / "catalog")
    assert (report.dataset, report.patches, report.rejected) == ("sen12ms-cr", 2, ())
    for row in rows_of(tmp_path / "catalog").values():
        for sensor in SEN12MS_CR.sensors:
            with rasterio.open(row["assets"][sensor]["href"]) as file:
                left, bottom, right, top = file.bounds
                project = Transformer.from_crs(file.crs, 4326, always_xy=True).transform
                assert row["proj:transform"] == list(file.transform)[:6]
                assert row["proj:code"] == f"EPSG:{file.crs.to_epsg()}"
            corners = [(left, top), (left, bottom), (right, bottom), (right, top)]
            expected = [project(x, y) for x, y in corners]
            ring = shapely.get_coordinates(shapely.from_wkb(row["geometry"]))[:4]
            assert ring == pytest.approx(np.array(expected), abs=1e-9)


def test_splits_name_scenes_of_sen12ms() -> None:
    for name in SEN12MS_CR.scene_splits:
        assert SEN12MS.parse_scene_id(name) is not None
    splits = list(SEN12MS_CR.scene_splits.values())
    assert {name: splits.count(name) for name in SEN12MS_CR.splits} == {
        "train": 155,
        "val": 10,
        "test": 10,
    }
    assert (SEN12MS.splits, SEN12MS_CR.other_scenes) == (("train", "test"), None)
