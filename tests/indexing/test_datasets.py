"""What is indexed is one value: another definition gives another catalog, without another line."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from core_schemas import errors
from trees import rows_of

from catalog import CatalogNotFoundError, index
from catalog.datasets import SEN12MS
from catalog.datasets.definition import Band, Legend
from catalog.model import PatchKey
from catalog.reading.check import CheckReport, check
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.datasets import Dataset

CLOUDS = replace(
    SEN12MS.sensors["s1"],
    title="Cloud mask",
    dtype="uint8",
    bands=(Band("cloud", "1 where there is a cloud"),),
    properties={"constellation": "sentinel-2"},
)
WITH_CLOUDS = replace(SEN12MS, sensors={**SEN12MS.sensors, "s3": CLOUDS})
"""SEN12MS and a file of one band more."""
UNCLASSIFIED = replace(
    SEN12MS,
    sensors={name: SEN12MS.sensors[name] for name in ("s1", "s2")},
    previews={"overview": SEN12MS.previews["overview"]},
    classified=None,
    legends={},
    simplified=None,
    cover_colors={},
)
"""SEN12MS without its land cover."""
IGBP_ONLY = replace(
    SEN12MS,
    sensors={
        **SEN12MS.sensors,
        "lc": replace(SEN12MS.sensors["lc"], bands=SEN12MS.sensors["lc"].bands[:1]),
    },
    legends={"igbp": SEN12MS.legends["igbp"]},
)
"""SEN12MS with one band of land cover."""
SCENE = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, (30, 31, 32, 59, 60))


def indexed(folder: Path, dataset: Dataset) -> Path:
    """The catalog of a few patches of a dataset."""
    for _ in write_scene(folder / "data", SCENE, dataset, sparse=("s1", "s2")):
        pass
    report = index(folder / "data", into=folder / "catalog", dataset=dataset)
    assert report.rejected == ()
    assert report.files == 5 * len(dataset.sensors)
    assert report.missing == dict.fromkeys(dataset.sensors, 0)
    return folder / "catalog"


def items_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(out.rglob("*_p*.json"))]


@pytest.mark.parametrize("dataset", [WITH_CLOUDS, UNCLASSIFIED], ids=["more", "fewer"])
def test_another_definition_has_a_catalog_that_is_valid_and_agrees_with_itself(
    tmp_path: Path, dataset: Dataset
) -> None:
    out = indexed(tmp_path, dataset)
    assert check(out, dataset=dataset) == CheckReport(5, 5 * len(dataset.sensors), 0, ())
    with duckdb.connect(out / "catalog.duckdb", read_only=True) as database:
        paths = database.execute(f"SELECT {', '.join(dataset.sensors)} FROM patches").fetchall()
    items, rows = items_of(out), rows_of(out)
    assert len(items) == 5
    assert sorted(paths) == sorted(
        tuple(item["assets"][sensor]["href"] for sensor in dataset.sensors) for item in items
    )
    for item in items:
        assert errors("item", item) == []
        assert item["assets"].keys() == dataset.sensors.keys()
        assert item["properties"]["sen12ms:issues"] == []
        for sensor, asset in item["assets"].items():
            assert asset["href"] == rows[item["id"]]["assets"][sensor]["href"]
            assert rasterio.open(asset["href"]).count == len(dataset.sensors[sensor].bands)
    collection = json.loads((out / "sen12ms" / "collection.json").read_bytes())
    assert errors("collection", collection) == []
    assert collection["item_assets"].keys() == dataset.sensors.keys()
    described = {column["name"] for column in collection["assets"]["items"]["table:columns"]}
    assert described == set(pq.read_schema(out / "items.parquet").names)


def test_another_sensor_is_described_as_its_definition_says(tmp_path: Path) -> None:
    out = indexed(tmp_path, WITH_CLOUDS)
    collection = json.loads((out / "sen12ms" / "collection.json").read_bytes())
    asset = collection["item_assets"]["s3"]
    assert (asset["title"], asset["data_type"]) == ("Cloud mask", "uint8")
    assert asset["bands"] == [{"name": "cloud", "description": "1 where there is a cloud"}]
    assert asset["constellation"] == "sentinel-2"


def test_another_sensor_has_rules_of_its_own(tmp_path: Path) -> None:
    indexed(tmp_path, WITH_CLOUDS)
    for _ in write_scene(tmp_path / "data", replace(SCENE, patches=(61,)), WITH_CLOUDS):
        pass
    folder = tmp_path / "data" / "ROIs1158_spring"
    wrong = folder / "s3_1" / "ROIs1158_spring_s3_1_p61.tif"
    wrong.write_bytes((folder / "s1_1" / "ROIs1158_spring_s1_1_p61.tif").read_bytes())
    report = index(tmp_path / "data", into=tmp_path / "catalog", dataset=WITH_CLOUDS)
    (rejected,) = report.rejected
    assert rejected.path == str(wrong)
    assert "2 bands where 256 × 256 pixels with 1 bands are expected" in rejected.reason
    assert report.missing == {"s1": 0, "s2": 0, "lc": 0, "s3": 1}


def test_another_sensor_is_read_from_an_archive(tmp_path: Path) -> None:
    rows = rows_of(indexed(tmp_path, WITH_CLOUDS))
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(tmp_path / "data", "data")
    out = tmp_path / "packed"
    report = index(tmp_path / "all.tar", into=out, dataset=WITH_CLOUDS)
    assert report.rejected == ()
    members = pq.read_table(out / "members.parquet").to_pylist()
    assert [row["sensor"] for row in members].count("s3") == 5
    assert check(out, dataset=WITH_CLOUDS).findings == ()
    for patch, row in rows_of(out).items():
        assert row["geometry"] == rows[patch]["geometry"]
        assert row["assets"]["s3"]["href"].endswith(f"{patch.replace('spring', 'spring_s3')}.tif")


def test_files_of_an_unknown_sensor_are_rejected(tmp_path: Path) -> None:
    indexed(tmp_path, WITH_CLOUDS)
    report = index(tmp_path / "data", into=tmp_path / "catalog")
    assert report.files == 15
    assert len(report.rejected) == 5
    assert all("_s3_" in entry.path for entry in report.rejected)


def test_a_catalog_without_land_cover_has_no_column_of_it(tmp_path: Path) -> None:
    out = indexed(tmp_path, UNCLASSIFIED)
    names = set(pq.read_schema(out / "items.parquet").names)
    assert not names & {f"sen12ms:{scheme}" for scheme in SEN12MS.legends}
    (title,) = {row["title"].partition("patch ")[2][2:] for row in rows_of(out).values()}
    assert title == " · Mozambique"
    for row in rows_of(out).values():
        assert row["assets"].keys() == {"s1", "s2", "overview"}
        assert shapely.from_wkb(row["geometry"]).is_valid


def test_one_band_of_classes_is_counted(tmp_path: Path) -> None:
    random = np.random.default_rng(2019)
    pixels = random.integers(1, 19, (1, 256, 256), np.uint8)
    for path in write_scene(tmp_path / "data", SCENE, IGBP_ONLY, sparse=tuple(SEN12MS.sensors)):
        if "_lc_" in path.name:
            with rasterio.open(path, "r+") as file:
                file.write(pixels)
    index(tmp_path / "data", into=tmp_path / "catalog", dataset=IGBP_ONLY)
    legend: Legend = IGBP_ONLY.legends["igbp"]
    expected = {entry.name: int((pixels == entry.code).sum()) for entry in legend.classes}
    expected["unknown"] = int((pixels == 18).sum())
    for row in rows_of(tmp_path / "catalog").values():
        assert row["sen12ms:igbp"] == expected
        assert row["sen12ms:issues"] == ["unknown_class"]


def test_another_definition_is_read_anew(tmp_path: Path) -> None:
    out = indexed(tmp_path, UNCLASSIFIED)
    other = replace(UNCLASSIFIED, excluded=frozenset({PatchKey("spring", 1, 31)}))
    index(tmp_path / "data", into=out, dataset=other)
    issues = {
        patch: row["sen12ms:issues"] for patch, row in rows_of(out).items() if row["sen12ms:issues"]
    }
    assert issues == {"ROIs1158_spring_1_p31": ["excluded"]}


def test_nothing_of_another_dataset_is_added(tmp_path: Path) -> None:
    out = indexed(tmp_path, SEN12MS)
    with pytest.raises(CatalogNotFoundError, match="is a catalog of sen12ms, not of other"):
        index(tmp_path / "data", into=out, add=True, dataset=replace(SEN12MS, id="other"))
