"""SEN12MS-CR takes land cover from a catalog of SEN12MS: of the same patch, on the same grid."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from real_files import write_real_files
from trees import rows_of

from catalog import Catalog, CatalogNotFoundError, index
from catalog.datasets import SEN12MS, SEN12MS_CR
from catalog.model import PatchKey
from catalog.reading.check import check
from catalog.source.synthetic import SyntheticScene, write_scene

SCENE = SyntheticScene("fall", 139, 32650, (374_132.25, 4_118_022.75), 29, (30, 31, 32, 59))
SPARSE = ("s1", "s2", "s2_cloudy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SEN12MS-CR of four patches; SEN12MS without the first, without lc of one, one moved."""
    folder = tmp_path_factory.mktemp("two")
    assert [*write_scene(folder / "CR", SCENE, SEN12MS_CR, sparse=SPARSE)]
    assert [*write_scene(folder / "MS", replace(SCENE, patches=(31, 32)), sparse=SPARSE)]
    east, north = SCENE.origin
    moved = replace(SCENE, origin=(east + 10, north), patches=(59,))
    assert [*write_scene(folder / "MS", moved, sparse=SPARSE)]
    Path(folder / "MS" / SEN12MS.file_path(_key(32), "lc")).unlink()
    index(folder / "MS", into=folder / "ms-catalog")
    index(folder / "CR", into=folder / "catalog", land_cover_from=folder / "ms-catalog")
    return folder


def _key(patch: int) -> PatchKey:
    return PatchKey("fall", 139, patch)


def test_counts_are_those_of_the_pixels_of_the_same_patch(folder: Path) -> None:
    with rasterio.open(folder / "MS" / SEN12MS.file_path(_key(31), "lc")) as file:
        pixels = file.read()
    rows = rows_of(folder / "catalog")
    row = rows["ROIs1970_fall_139_p31"]
    for band, (scheme, legend) in enumerate(SEN12MS.legends.items()):
        expected = {entry.name: int((pixels[band] == entry.code).sum()) for entry in legend.classes}
        expected["unknown"] = int(
            (~np.isin(pixels[band], [entry.code for entry in legend.classes])).sum()
        )
        assert row[f"sen12ms:{scheme}"] == expected
    for patch in (30, 32, 59):
        assert rows[f"ROIs1970_fall_139_p{patch}"]["sen12ms:igbp"] is None


def test_patches_without_counts_are_named(folder: Path) -> None:
    report = json.loads((folder / "catalog" / "report.json").read_bytes())["land_cover"]
    assert report["source"] == str(folder / "ms-catalog" / "items.parquet")
    assert report["taken"] == 1
    assert report["missing"] == ["ROIs1970_fall_139_p30", "ROIs1970_fall_139_p32"]
    assert report["other_grid"] == ["ROIs1970_fall_139_p59"]


def test_the_catalog_selects_by_land_cover_and_is_sound(folder: Path) -> None:
    with Catalog.open(folder / "catalog") as cat, Catalog.open(folder / "ms-catalog") as other:
        assert cat.dataset == SEN12MS_CR.with_land_cover_of(SEN12MS)
        query = "SELECT cover FROM patches WHERE id = 'ROIs1970_fall_139_p31'"
        assert cat.sql(query).fetchall() == other.sql(query).fetchall()
        assert len(cat.select(where="dominant_cover IS NOT NULL")) == 1
    with Catalog.open(folder / "catalog" / "items.parquet") as table:
        assert table.dataset.covers == SEN12MS.covers
    assert check(folder / "catalog").findings == ()


def test_the_collection_says_where_the_counts_come_from(folder: Path) -> None:
    path = folder / "catalog" / "sen12ms-cr" / "collection.json"
    collection = json.loads(path.read_bytes())
    assert "come from a catalog of SEN12MS" in collection["description"]
    (link,) = [link for link in collection["links"] if link["rel"] == "derived_from"]
    assert link["href"] == f"https://doi.org/{SEN12MS.about.doi}"
    assert "NASA LP DAAC" in [provider["name"] for provider in collection["providers"]]


def test_another_source_is_read_anew_and_added_files_keep_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "MS", tmp_path / "MS")
    assert [*write_scene(tmp_path / "MS", replace(SCENE, patches=(30, 32)), sparse=SPARSE)]
    index(tmp_path / "MS", into=tmp_path / "ms-catalog")
    table = tmp_path / "ms-catalog" / "items.parquet"
    out = tmp_path / "catalog"
    index(folder / "CR", into=out)
    assert "sen12ms:igbp" not in next(iter(rows_of(out).values()))
    report = index(folder / "CR", into=out, land_cover_from=table)
    assert report.land_cover
    assert report.land_cover["taken"] == 3
    assert [*write_scene(tmp_path / "more", replace(SCENE, patches=(60,)), SEN12MS_CR)]
    again = index(tmp_path / "more", into=out, add=True)
    assert again.land_cover
    assert (again.patches, again.land_cover["taken"]) == (5, 3)
    assert "ROIs1970_fall_139_p60" in again.land_cover["missing"]


def test_what_has_no_land_cover_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match="has land cover of its own"):
        index(folder / "MS", into=tmp_path / "out", land_cover_from=folder / "ms-catalog")
    with pytest.raises(CatalogNotFoundError, match="there is no catalog in"):
        index(folder / "CR", into=tmp_path / "out", land_cover_from=tmp_path / "nothing")
    index(folder / "CR", into=tmp_path / "plain")
    with pytest.raises(CatalogNotFoundError, match="has no land cover: name a catalog of SEN12MS"):
        index(folder / "CR", into=tmp_path / "out", land_cover_from=tmp_path / "plain")


def test_a_real_file_takes_land_cover_from_a_catalog_made_beside_it(tmp_path: Path) -> None:
    write_real_files(tmp_path / "real")
    for name, sensors in (("CR", ("s1", "s2", "s2_cloudy")), ("MS", ("s1",))):
        (tmp_path / name).mkdir()
        for sensor in sensors:
            file = (tmp_path / "real").rglob(
                f"ROIs1970_fall_{sensor.removesuffix('_cloudy')}_139_p839.tif"
            )
            target = tmp_path / name / f"ROIs1970_fall_{sensor}_139_p839.tif"
            shutil.copy(next(file), target)
    land_cover = tmp_path / "MS" / "ROIs1970_fall_lc_139_p839.tif"
    with rasterio.open(tmp_path / "MS" / "ROIs1970_fall_s1_139_p839.tif") as radar:
        profile = radar.profile | {"count": 4, "dtype": "uint8"}
    with rasterio.open(land_cover, "w", **profile) as file:
        file.write(np.full((4, 256, 256), 10, np.uint8))
    index(tmp_path / "MS", into=tmp_path / "ms-catalog")
    report = index(tmp_path / "CR", into=tmp_path / "cat", land_cover_from=tmp_path / "ms-catalog")
    assert report.land_cover
    assert (report.land_cover["taken"], report.patches) == (1, 1)
    (row,) = rows_of(tmp_path / "cat").values()
    assert row["sen12ms:igbp"]["grassland"] == 65_536
