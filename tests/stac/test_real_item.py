"""The item of a real patch says what numpy, rasterio and pystac say of its files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pystac
import pytest
import rasterio
import rasterio.warp
import shapely

from catalog.datasets import SEN12MS
from catalog.model import SceneKey
from catalog.source.hrefs import Hrefs
from catalog.source.scene import SceneReader
from catalog.source.tree import list_trees
from catalog.stac.item import extensions, items_from_rows
from catalog.stac.scene_columns import Context, columns_from_scene
from catalog.store.columns import table_from_columns
from catalog.store.static import encoded_item

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.stac.gazetteer import Gazetteer

SPRING_1 = SceneKey("spring", 1)
FACTS = {
    "sen12ms:season": "spring",
    "sen12ms:local_season": "fall",
    "sen12ms:scene": 1,
    "sen12ms:patch": 30,
    "sen12ms:split": "train",
    "sen12ms:country": "MOZ",
    "sen12ms:continent": "Africa",
    "sen12ms:issues": [],
}
LINKS = {
    "root": "../../../catalog.json",
    "collection": "../../collection.json",
    "parent": "./catalog.json",
}


@pytest.fixture(scope="module")
def real_row(real: Path, gazetteer: Gazetteer) -> dict[str, Any]:
    """The row of the real patch ROIs1158_spring_1_p30."""
    files = list_trees([real], SEN12MS).scenes[SPRING_1]
    scene = SceneReader(SEN12MS).read(files, Hrefs((str(real),)))
    columns = columns_from_scene(scene, Context(SEN12MS, gazetteer, {}))
    (row,) = table_from_columns(SEN12MS, columns).to_pylist()
    return row


@pytest.fixture(scope="module")
def real_lc(real: Path) -> Path:
    return real / "ROIs1158_spring" / "lc_1" / "ROIs1158_spring_lc_1_p30.tif"


def test_the_grid_of_a_real_patch_is_that_of_rasterio(
    real_row: dict[str, Any], real_lc: Path
) -> None:
    with rasterio.open(real_lc) as dataset:
        assert real_row["proj:code"] == dataset.crs.to_string()
        assert real_row["proj:shape"] == list(dataset.shape)
        assert real_row["proj:transform"] == list(dataset.transform)[:6]
        left, bottom, right, top = dataset.bounds
        expected = np.column_stack(
            rasterio.warp.transform(
                dataset.crs,
                "EPSG:4326",
                [left, left, right, right, left],
                [top, bottom, bottom, top, top],
            )
        )
    outline = shapely.from_wkb(real_row["geometry"])
    np.testing.assert_allclose(shapely.get_coordinates(outline), expected, rtol=0, atol=1e-7)
    assert tuple(real_row["bbox"].values()) == outline.bounds


def test_the_land_cover_of_a_real_patch_is_that_of_numpy(
    real_row: dict[str, Any], real_lc: Path
) -> None:
    with rasterio.open(real_lc) as dataset:
        bands = dataset.read()
    for scheme, band in zip(SEN12MS.schemes, bands, strict=True):
        codes, pixels = np.unique(band, return_counts=True)
        expected = dict(zip(codes.tolist(), pixels.tolist(), strict=True))
        names = {
            entry.name: expected.pop(entry.code, 0) for entry in SEN12MS.legends[scheme].classes
        }
        assert real_row[f"sen12ms:{scheme}"] == names | {"unknown": sum(expected.values())}


def test_the_facts_of_a_real_patch(real_row: dict[str, Any], real: Path) -> None:
    found = {name: value for name, value in real_row.items() if name.startswith("sen12ms:")}
    for scheme in SEN12MS.schemes:
        found.pop(f"sen12ms:{scheme}")
    assert found.pop("sen12ms:quality") is None
    assert found == FACTS
    assert real_row["id"] == "ROIs1158_spring_1_p30"
    assert real_row["datetime"] is None
    assert real_row["start_datetime"].isoformat() == "2017-03-01T00:00:00+00:00"
    assert real_row["end_datetime"].isoformat() == "2017-05-30T23:59:59+00:00"
    assert real_row["assets"]["s2"] is None
    for sensor in ("s1", "lc"):
        name = f"ROIs1158_spring_{sensor}_1_p30.tif"
        path = real / "ROIs1158_spring" / f"{sensor}_1" / name
        assert real_row["assets"][sensor]["href"] == str(path)
        assert real_row["assets"][sensor]["file:size"] == path.stat().st_size


def test_the_real_item_is_the_one_that_pystac_makes(
    real_row: dict[str, Any], real_lc: Path
) -> None:
    with rasterio.open(real_lc) as dataset:
        grid, bands = dataset.profile, dataset.read()
        box = shapely.box(*dataset.bounds, ccw=True)
        ring = rasterio.warp.transform_geom(dataset.crs, "OGC:CRS84", shapely.geometry.mapping(box))
    window = SEN12MS.seasons["spring"]
    item = pystac.Item(
        id="ROIs1158_spring_1_p30",
        geometry=ring,
        bbox=list(shapely.bounds(shapely.geometry.shape(ring))),
        datetime=None,
        start_datetime=window.start,
        end_datetime=window.end,
        stac_extensions=extensions(SEN12MS.schema_url),
        collection="sen12ms",
        properties={
            "title": "Spring 1, patch 30 · Mozambique · forest",
            "proj:code": "EPSG:32737",
            "proj:shape": [grid["height"], grid["width"]],
            "proj:transform": list(grid["transform"])[:6],
        }
        | FACTS
        | {
            f"sen12ms:{scheme}": {
                entry.name: int((band == entry.code).sum())
                for entry in SEN12MS.legends[scheme].classes
            }
            | {"unknown": 0}
            for scheme, band in zip(SEN12MS.schemes, bands, strict=True)
        },
    )
    for sensor in ("s1", "lc"):
        path = real_lc.parents[1] / f"{sensor}_1" / real_lc.name.replace("_lc_", f"_{sensor}_")
        item.add_asset(
            sensor,
            pystac.Asset(
                str(path),
                title=SEN12MS.sensors[sensor].title,
                media_type=pystac.MediaType.GEOTIFF,
                roles=["data"],
                extra_fields={"file:size": path.stat().st_size},
            ),
        )
    for rel, href in LINKS.items():
        item.add_link(pystac.Link(rel, href, media_type="application/json"))
    expected = item.to_dict(include_self_link=False, transform_hrefs=False)
    (found,) = (
        json.loads(encoded_item(item))
        for item in items_from_rows(SEN12MS, SPRING_1, [real_row], Hrefs(()).of_alternate)
    )
    assert shapely.geometry.shape(found["geometry"]).exterior.is_ccw
    assert rounded(normal(found)) == rounded(normal(expected))


def normal(item: dict[str, Any]) -> dict[str, Any]:
    """The item with a ring that starts where all rings do."""
    geometry = shapely.normalize(shapely.geometry.shape(item["geometry"]))
    return item | {"geometry": shapely.geometry.mapping(geometry)}


def rounded(value: Any) -> Any:
    """A JSON value with coordinates to a tenth of a millimetre."""
    if isinstance(value, dict):
        return {name: rounded(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(member) for member in value]
    return round(value, 9) if isinstance(value, float) else value
