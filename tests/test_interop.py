"""Other people's tools must read what is written, without a patch, and understand the same.

Items are validated against the core schemas of STAC 1.1 that pystac carries. The schemas of the
extensions lie on the web, and are not tested here.
"""

from __future__ import annotations

import asyncio
import copy
import json
import posixpath
from typing import TYPE_CHECKING, Any

import duckdb
import geopandas
import pyarrow.parquet as pq
import pystac
import pytest
import rustac
import shapely
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from stac_geoparquet.arrow import stac_table_to_items

from catalog import index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from conftest import Small

Json = dict[str, Any]

CORE = {
    "Catalog": pystac.STACObjectType.CATALOG,
    "Collection": pystac.STACObjectType.COLLECTION,
    "Feature": pystac.STACObjectType.ITEM,
}


@pytest.fixture(scope="module")
def ragged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with all that is rare.

    Patches without land cover or without Sentinel-1, across the antimeridian, off all coasts, in
    neither split; and pictures of them all.
    """
    folder = tmp_path_factory.mktemp("ragged")
    root = folder / "SEN12MS"
    scenes = (
        SyntheticScene("spring", 1, 32737, (374_132.3, 8_118_022.8), 29, (30, 31, 32)),
        SyntheticScene("fall", 2, 32660, (830_000.0, 5_000.0), 29, (0, 1, 2, 3, 4, 5)),
        SyntheticScene("summer", 146, 32630, (300_000.0, 350_000.0), 29, (202,)),
    )
    for scene in scenes:
        for _ in write_scene(root, scene, sparse=("s1", "s2")):
            pass
    (root / "ROIs1158_spring" / "lc_1" / "ROIs1158_spring_lc_1_p31.tif").unlink()
    (root / "ROIs1158_spring" / "s1_1" / "ROIs1158_spring_s1_1_p32.tif").unlink()
    index(root, into=folder / "catalog", previews=True)
    return folder / "catalog"


@pytest.fixture(params=["small", "ragged"])
def out(request: pytest.FixtureRequest, small: Small) -> Path:
    """The small catalog, and one with all that is rare."""
    if request.param == "small":
        return small.out
    ragged: Path = request.getfixturevalue("ragged")
    return ragged


def read_json(path: Path) -> Json:
    value: Json = json.loads(path.read_bytes())
    return value


def stac_files(folder: Path) -> dict[str, Json]:
    """All STAC files of a folder, by their path in it."""
    paths = [folder / "catalog.json", *sorted((folder / "sen12ms").rglob("*.json"))]
    return {path.relative_to(folder).as_posix(): read_json(path) for path in paths}


def items_on_disk(out: Path) -> dict[str, Json]:
    """The items by id, their links and pictures relative to the catalog's folder."""
    return {
        item["id"]: resolved(item, posixpath.dirname(name))
        for name, item in stac_files(out).items()
        if item["type"] == "Feature"
    }


def resolved(item: Json, folder: str) -> Json:
    """An item with relative hrefs as they are seen from the catalog's folder."""
    item = copy.deepcopy(item)
    for holder in [*item["links"], *item["assets"].values()]:
        if holder["href"].startswith("."):
            holder["href"] = posixpath.normpath(posixpath.join(folder, holder["href"]))
    return item


def by_id(items: Iterable[Json]) -> dict[str, Json]:
    """Items of the table: hrefs there are relative to the table, in the catalog's folder."""
    found = [resolved(json.loads(json.dumps(item)), "") for item in items]
    named = {item["id"]: item for item in found}
    assert len(named) == len(found)
    return named


def as_multipolygon(item: Json) -> Json:
    """The geometry as rustac gives it where a table has polygons and multipolygons."""
    geometry = item["geometry"]
    if geometry["type"] == "MultiPolygon":
        return item
    multi = {"type": "MultiPolygon", "coordinates": [geometry["coordinates"]]}
    return item | {"geometry": multi}


async def read_with_rustac(path: Path) -> list[Json]:
    """The items of a table, less the struct that is null in all of them, which rustac keeps."""
    read = await rustac.read(str(path))
    features: list[Json] = read["features"]
    for feature in features:
        assert feature["properties"].pop("sen12ms:quality") is None
    return features


def test_rustac_reads_the_items_that_are_on_disk(small: Small) -> None:
    found = by_id(asyncio.run(read_with_rustac(small.out / "items.parquet")))
    assert found == items_on_disk(small.out)


def test_rustac_reads_the_rare_items_that_are_on_disk(ragged: Path) -> None:
    found = by_id(asyncio.run(read_with_rustac(ragged / "items.parquet")))
    # rustac has one type of geometry in memory, and no way back.
    assert found == {name: as_multipolygon(item) for name, item in items_on_disk(ragged).items()}


def as_written_by_us(item: Json) -> Json:
    """An item of stac-geoparquet, less what that always does.

    It writes the microseconds of every time, since Arrow has them, and keeps the properties that
    are null, since a column of Arrow cannot tell null from missing.
    """
    properties = item["properties"]
    for name in ("start_datetime", "end_datetime"):
        properties[name] = properties[name].replace(".000000Z", "Z")
    kept = {"datetime", "sen12ms:igbp", "sen12ms:lccs_lc", "sen12ms:lccs_lu", "sen12ms:lccs_sh"}
    known = {name: value for name, value in properties.items() if value is not None or name in kept}
    return item | {"properties": known}


def test_stac_geoparquet_reads_the_items_that_are_on_disk(out: Path) -> None:
    found = by_id(stac_table_to_items(pq.read_table(out / "items.parquet")))
    assert {name: as_written_by_us(item) for name, item in found.items()} == items_on_disk(out)


def test_pyarrow_reads_the_ids_geometries_and_boxes_that_are_on_disk(out: Path) -> None:
    table = pq.read_table(out / "items.parquet", columns=["id", "geometry", "bbox"])
    items = items_on_disk(out)
    assert len(items) == table.num_rows
    for row in table.to_pylist():
        item = items[row["id"]]
        assert shapely.from_wkb(row["geometry"]).equals(shapely.geometry.shape(item["geometry"]))
        assert list(row["bbox"].values()) == item["bbox"]


def test_geopandas_reads_geometries_in_longitude_and_latitude(out: Path) -> None:
    frame = geopandas.read_parquet(out / "items.parquet")
    assert frame.crs == "OGC:CRS84"
    items = items_on_disk(out)
    assert set(frame["id"]) == items.keys()
    for name, outline in zip(frame["id"], frame.geometry, strict=True):
        assert outline.equals(shapely.geometry.shape(items[name]["geometry"]))


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((-180, -90, 180, 90), id="world"),
        pytest.param((126.5, 37.9, 127.0, 38.05), id="part of Korea"),
        pytest.param((37.84, -17.06, 37.86, -17.04), id="corner of Mozambique"),
        pytest.param((0, 0, 1, 1), id="nowhere"),
    ],
)
def test_the_box_filter_of_geopandas_finds_what_brute_force_finds(
    small: Small, box: tuple[float, float, float, float]
) -> None:
    path = small.out / "items.parquet"
    frame = geopandas.read_parquet(path)
    bounds = frame.bounds
    west, south, east, north = box
    touching = (
        (bounds.minx <= east)
        & (bounds.maxx >= west)
        & (bounds.miny <= north)
        & (bounds.maxy >= south)
    )
    found = geopandas.read_parquet(path, bbox=box)
    assert sorted(found["id"]) == sorted(frame[touching]["id"])


def test_duckdb_reads_the_geometry_column_as_geometry(out: Path) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT id, ST_AsWKB(geometry), typeof(geometry) FROM read_parquet($items)",
            {"items": str(out / "items.parquet")},
        ).fetchall()
    assert {kind for _, _, kind in rows} == {"GEOMETRY('OGC:CRS84')"}
    outlines = {name: shapely.from_wkb(bytes(wkb)) for name, wkb, _ in rows}
    frame = geopandas.read_parquet(out / "items.parquet").set_index("id")
    assert outlines == frame.geometry.to_dict()


def test_geopandas_and_duckdb_read_a_table_where_a_footprint_is_missing(tmp_path: Path) -> None:
    # The only two: stac-geoparquet 0.8 and rustac 0.9 take no null geometry.
    scenes = (
        SyntheticScene("winter", 9, 32799, (300_000.0, 3_500_000.0), 29, (5,)),
        SyntheticScene("spring", 1, 32737, (374_132.3, 8_118_022.8), 29, (30,)),
    )
    for scene in scenes:
        for _ in write_scene(tmp_path / "SEN12MS", scene, sparse=("s1", "s2")):
            pass
    items = tmp_path / "catalog" / "items.parquet"
    index(tmp_path / "SEN12MS", into=items.parent)
    missing = {"ROIs1158_spring_1_p30": False, "ROIs2017_winter_9_p5": True}
    frame = geopandas.read_parquet(items).set_index("id")
    assert frame.geometry.isna().to_dict() == missing
    with duckdb.connect() as connection:
        query = "SELECT id, geometry IS NULL FROM read_parquet($items)"
        rows = connection.execute(query, {"items": str(items)}).fetchall()
    assert dict(rows) == missing


def test_pystac_walks_to_every_item(out: Path) -> None:
    root = pystac.Catalog.from_file(str(out / "catalog.json"))
    found = [item.id for item in root.get_items(recursive=True)]
    assert sorted(found) == sorted(items_on_disk(out))
    (collection,) = root.get_children()
    assert {item.collection_id for item in root.get_items(recursive=True)} == {collection.id}


def test_every_link_leads_to_a_file(out: Path) -> None:
    linked = {"catalog.json"}
    for name, value in stac_files(out).items():
        for link in value["links"]:
            if "://" in link["href"]:
                assert link["rel"] in {"license", "cite-as", "about"}
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["href"]))
            assert (out / target).is_file()
            if link["rel"] in {"child", "item"}:
                assert target not in linked
                linked.add(target)
    assert linked == stac_files(out).keys()


def test_every_link_says_what_it_leads_to(out: Path) -> None:
    files = stac_files(out)
    kinds = {"root": "Catalog", "collection": "Collection", "item": "Feature"}
    for name, value in files.items():
        folder = posixpath.dirname(name)
        for link in value["links"]:
            if "://" in link["href"]:
                continue
            target = files[posixpath.normpath(posixpath.join(folder, link["href"]))]
            assert target["type"] == kinds.get(link["rel"], target["type"])
            assert link["type"] == (
                "application/geo+json" if target["type"] == "Feature" else "application/json"
            )
            title = target.get("title", target.get("properties", {}).get("title"))
            assert link.get("title", title) == title


def test_relative_assets_lead_to_files(out: Path) -> None:
    found = 0
    for name, value in stac_files(out).items():
        for asset in value.get("assets", {}).values():
            if asset["href"].startswith("."):
                assert (out / posixpath.dirname(name) / asset["href"]).is_file()
                found += 1
    assert found >= 1  # the table is one


def test_every_file_is_valid_by_the_core_schema(out: Path) -> None:
    validator = JsonSchemaSTACValidator()
    for value in stac_files(out).values():
        assert value["stac_version"] == "1.1.0"
        assert validator.validate_core(value, CORE[value["type"]], "1.1.0")


def test_a_file_that_is_not_valid_is_seen() -> None:
    item = {"type": "Feature", "stac_version": "1.1.0", "id": "ROIs1158_spring_1_p30"}
    with pytest.raises(pystac.STACValidationError):
        JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, "1.1.0")


def less_what_pystac_changes(value: Json) -> Json:
    """A file without what pystac writes in another way.

    It puts the link `parent` last, and gives the links `root` and `parent` of an item the title of
    their target, which we leave out: 180,662 items would say it twice.
    """
    links = sorted(value["links"], key=lambda link: link["rel"] == "parent")
    if value["type"] == "Feature":
        links = [{key: link[key] for key in link if key != "title"} for link in links]
    return value | {"links": links}


def test_pystac_saves_the_files_that_are_there(out: Path, tmp_path: Path) -> None:
    root = pystac.Catalog.from_file(str(out / "catalog.json"))
    assert list(root.get_items(recursive=True))  # it saves what it has read
    root.save(pystac.CatalogType.SELF_CONTAINED, dest_href=str(tmp_path))
    ours, theirs = (
        {name: less_what_pystac_changes(value) for name, value in stac_files(folder).items()}
        for folder in (out, tmp_path)
    )
    assert theirs == ours


@pytest.mark.parametrize("read", [pystac.Item.from_file, pystac.read_file])
def test_an_item_says_the_same_after_pystac_read_it(
    small: Small, read: Callable[[str], pystac.STACObject]
) -> None:
    path = next(small.out.rglob("*_p30.json"))
    item = read(str(path)).to_dict(include_self_link=False, transform_hrefs=False)
    assert item == read_json(path)
