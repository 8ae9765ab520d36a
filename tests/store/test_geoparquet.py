"""`items.parquet` must keep the promises of GeoParquet 1.1 and stac-geoparquet 1.0.0.

Source: https://geoparquet.org/releases/v1.1.0/; the checks are written from its text, since its
JSON schema says nothing of the data.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely

from catalog.datasets import SEN12MS
from catalog.errors import CatalogNotFoundError, OutputError
from catalog.model import Rebase
from catalog.store.columns import schema
from catalog.store.geoparquet import read_countries, read_items, write_items, write_subset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Small

SCHEMA = schema(SEN12MS)
EDGES = ("xmin", "ymin", "xmax", "ymax")
COLLECTION = {"type": "Collection", "id": "sen12ms", "links": []}
SCENE_ROWS = 700
LARGE_ROWS = 50_000
DATASET_ROWS = 180_662
MEBIBYTE = 2**20


def geo_of(path: Path) -> dict[str, Any]:
    return dict(json.loads(pq.read_metadata(path).metadata[b"geo"]))


def geometries_of(path: Path) -> Any:
    return shapely.from_wkb(pq.read_table(path, columns=["geometry"])["geometry"].to_pylist())


def with_geometries(template: pa.Table, geometries: Any) -> pa.Table:
    """Rows like those of a template, with these geometries and ids of their own."""
    count = len(geometries)
    bounds = shapely.bounds(geometries)
    missing = pa.array(shapely.is_missing(geometries))
    boxes = pa.StructArray.from_arrays(
        [pa.array(bounds[:, edge]) for edge in range(4)], names=EDGES, mask=missing
    )
    new = {
        "id": pa.array([f"ROIs1158_spring_1_p{patch}" for patch in range(count)]),
        "geometry": pa.array(shapely.to_wkb(geometries, byte_order=1), pa.binary()),
        "bbox": boxes,
        "sen12ms:patch": pa.array(np.arange(count), pa.int32()),
    }
    repeated = template.take(np.arange(count) % template.num_rows)
    arrays = [new.get(name, repeated[name]) for name in SCHEMA.names]
    return pa.table(arrays, names=SCHEMA.names).cast(SCHEMA)


def by_scene(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, SCENE_ROWS):
        yield table.slice(start, SCENE_ROWS)


@pytest.fixture(scope="module")
def template(small: Small) -> pa.Table:
    return pq.read_table(small.out / "items.parquet").replace_schema_metadata(None).cast(SCHEMA)


@pytest.fixture(scope="module")
def large_table(template: pa.Table) -> pa.Table:
    random = np.random.default_rng(1)
    west, south = random.uniform(-179, 178, LARGE_ROWS), random.uniform(-55, 75, LARGE_ROWS)
    corners = shapely.box(west, south, west + 0.03, south + 0.02)
    return with_geometries(template, corners)


@pytest.fixture(scope="module")
def large(large_table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of some 70 scenes."""
    path = tmp_path_factory.mktemp("large") / "items.parquet"
    assert write_items(path, SCHEMA, by_scene(large_table), COLLECTION) == LARGE_ROWS
    return path


@pytest.fixture(scope="module")
def mixed(template: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A patch on land, one across the antimeridian, one without a footprint."""
    halves = [shapely.box(179.99, 1, 180, 1.02), shapely.box(-180, 1, -179.99, 1.02)]
    geometries = np.array([shapely.box(10, 1, 10.02, 1.02), shapely.multipolygons(halves), None])
    path = tmp_path_factory.mktemp("mixed") / "items.parquet"
    write_items(path, SCHEMA, [with_geometries(template, geometries)], COLLECTION)
    return path


@pytest.fixture(params=["small", "large", "mixed"])
def path(request: pytest.FixtureRequest, small: Small) -> Path:
    """A table: of the small catalog, large, or with geometries of all kinds."""
    if request.param == "small":
        return small.out / "items.parquet"
    found: Path = request.getfixturevalue(request.param)
    return found


def test_the_file_metadata_names_version_and_primary_column(path: Path) -> None:
    geo = geo_of(path)
    assert geo.keys() == {"version", "primary_column", "columns"}
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    assert geo["columns"].keys() == {"geometry"}


def test_the_column_metadata_holds_what_the_specification_knows(path: Path) -> None:
    column = geo_of(path)["columns"]["geometry"]
    required, optional = {"encoding", "geometry_types"}, {"crs", "orientation", "edges", "bbox"}
    assert required <= column.keys() <= required | optional | {"epoch", "covering"}
    assert column["encoding"] == "WKB"
    assert column["edges"] == "planar"
    assert "crs" not in column  # which means OGC:CRS84


def test_the_geometry_column_is_binary_and_at_the_root(path: Path) -> None:
    schema = pq.read_metadata(path).schema
    column = schema.column(schema.names.index("geometry"))
    assert column.path == "geometry"
    assert column.physical_type == "BYTE_ARRAY"
    assert (column.max_repetition_level, column.max_definition_level) == (0, 1)


def test_geometry_types_are_those_of_the_data(path: Path) -> None:
    types = geo_of(path)["columns"]["geometry"]["geometry_types"]
    assert len(types) == len(set(types))
    assert set(types) == {shape.geom_type for shape in geometries_of(path) if shape is not None}


def test_rings_wind_as_the_orientation_says(path: Path) -> None:
    assert geo_of(path)["columns"]["geometry"]["orientation"] == "counterclockwise"
    rings = shapely.get_exterior_ring(shapely.get_parts(geometries_of(path)))
    assert shapely.is_ccw(rings).all()


def test_the_bbox_of_the_column_is_that_of_the_data(path: Path) -> None:
    bbox = geo_of(path)["columns"]["geometry"]["bbox"]
    assert bbox == shapely.total_bounds(geometries_of(path)).tolist()


def test_the_covering_names_a_struct_of_doubles_at_the_root(path: Path) -> None:
    covering = geo_of(path)["columns"]["geometry"]["covering"]
    assert covering == {"bbox": {edge: ["bbox", edge] for edge in EDGES}}
    schema = pq.read_schema(path)
    bbox = schema.field("bbox").type
    assert [(field.name, field.type) for field in bbox.fields] == [
        (edge, pa.float64()) for edge in EDGES
    ]


def test_the_covering_of_a_row_is_the_bounds_of_its_geometry(path: Path) -> None:
    boxes = pq.read_table(path, columns=["bbox"])["bbox"].to_pylist()
    bounds = shapely.bounds(geometries_of(path))
    for box, edges in zip(boxes, bounds, strict=True):
        assert (list(box.values()) == edges.tolist()) if box else np.isnan(edges).all()


def test_a_table_without_a_geometry_claims_none(template: pa.Table, tmp_path: Path) -> None:
    rows = with_geometries(template, np.array([None, None]))
    write_items(tmp_path / "items.parquet", SCHEMA, [rows], COLLECTION)
    column = geo_of(tmp_path / "items.parquet")["columns"]["geometry"]
    assert column["geometry_types"] == []
    assert "bbox" not in column


def test_the_collection_is_in_the_metadata(small: Small) -> None:
    metadata = pq.read_metadata(small.out / "items.parquet").metadata
    collection = json.loads((small.out / "sen12ms" / "collection.json").read_bytes())
    assert json.loads(metadata[b"stac-geoparquet"]) == {
        "version": "1.0.0",
        "collections": {"sen12ms": collection},
    }


def test_rows_stay_in_order(large: Path, large_table: pa.Table) -> None:
    assert pq.read_table(large).replace_schema_metadata(None).cast(SCHEMA).equals(large_table)


def test_row_groups_hold_about_20000_rows(large: Path) -> None:
    metadata = pq.read_metadata(large)
    rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sum(rows) == LARGE_ROWS
    assert all(20_000 <= count < 20_000 + SCENE_ROWS for count in rows[:-1])
    assert 0 < rows[-1] < 20_000 + SCENE_ROWS


def test_the_footer_of_the_whole_dataset_stays_below_a_mebibyte(large: Path) -> None:
    metadata = pq.read_metadata(large)
    assert metadata.serialized_size < MEBIBYTE
    assert metadata.serialized_size / LARGE_ROWS * DATASET_ROWS < MEBIBYTE


def test_every_column_is_compressed_with_zstd(large: Path) -> None:
    group = pq.read_metadata(large).row_group(0)
    assert {group.column(column).compression for column in range(group.num_columns)} == {"ZSTD"}


def test_the_box_of_a_row_group_can_be_told_from_its_statistics(large: Path) -> None:
    metadata = pq.read_metadata(large)
    paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        west = group.column(paths.index("bbox.xmin")).statistics
        boxes = pq.ParquetFile(large).read_row_group(number, columns=["bbox"])["bbox"]
        xmin = pc.struct_field(boxes, "xmin")
        assert {"min": west.min, "max": west.max} == pc.min_max(xmin).as_py()


def test_equal_tables_are_equal_files(large: Path, large_table: pa.Table, tmp_path: Path) -> None:
    again = tmp_path / "items.parquet"
    write_items(again, SCHEMA, by_scene(large_table), COLLECTION)
    assert again.read_bytes() == large.read_bytes()


def test_a_subset_keeps_rows_order_and_collection(large: Path, tmp_path: Path) -> None:
    wanted = [f"ROIs1158_spring_1_p{patch}" for patch in (49_999, 7, 21_000, 3)]
    target = tmp_path / "subset.parquet"
    write_subset(large, target, wanted)
    whole, subset = pq.read_table(large), pq.read_table(target)
    chosen = whole.filter(pc.is_in(whole["id"], pa.array(wanted)))
    assert subset["id"].to_pylist() == sorted(wanted, key=lambda name: int(name.split("_p")[1]))
    assert subset.to_pylist() == chosen.to_pylist()
    assert subset.schema.equals(whole.schema)
    metadata, other = pq.read_metadata(large).metadata, pq.read_metadata(target).metadata
    assert other[b"stac-geoparquet"] == metadata[b"stac-geoparquet"]


def test_a_subset_has_the_bounds_and_types_of_its_own_rows(mixed: Path, tmp_path: Path) -> None:
    target = tmp_path / "subset.parquet"
    write_subset(mixed, target, ["ROIs1158_spring_1_p0"])
    column = geo_of(target)["columns"]["geometry"]
    assert column["geometry_types"] == ["Polygon"]
    assert column["bbox"] == [10, 1, 10.02, 1.02]


def test_an_empty_subset_is_a_table_without_rows(mixed: Path, tmp_path: Path) -> None:
    target = tmp_path / "subset.parquet"
    write_subset(mixed, target, [])
    frame = geopandas.read_parquet(target)
    assert frame.empty
    assert frame.columns.tolist() == [name for name in SCHEMA.names if name != "bbox"]


def test_a_subset_is_rebased_where_hrefs_start_with_the_old_root(
    small: Small, tmp_path: Path
) -> None:
    target = tmp_path / "subset.parquet"
    source = small.out / "items.parquet"
    ids = pq.read_table(source)["id"].to_pylist()
    write_subset(source, target, ids, Rebase(str(small.root), "/elsewhere"))
    before, after = pq.read_table(source), pq.read_table(target)
    for old, new in zip(before["assets"].to_pylist(), after["assets"].to_pylist(), strict=True):
        for sensor in ("s1", "s2", "lc"):
            below = old[sensor]["href"].removeprefix(str(small.root))
            assert new[sensor] == old[sensor] | {"href": f"/elsewhere{below}"}
    assert after.drop(["assets"]).equals(before.drop(["assets"]))


def test_a_subset_replaces_a_file_as_a_whole(mixed: Path, tmp_path: Path) -> None:
    target = tmp_path / "subset.parquet"
    target.write_text("old", encoding="utf-8")
    write_subset(mixed, target, ["ROIs1158_spring_1_p0"])
    assert pq.read_metadata(target).num_rows == 1
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("kind", ["folder is missing", "target is a folder"])
def test_a_subset_that_cannot_be_written_leaves_nothing_behind(
    mixed: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "there" / "subset.parquet"
    if kind == "target is a folder":
        target.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"subset\.parquet cannot be written"):
        write_subset(mixed, target, ["ROIs1158_spring_1_p0"])
    assert sorted(tmp_path.rglob("*")) == before


def test_rows_are_read_scene_by_scene_in_the_order_of_the_table(small: Small) -> None:
    path = small.out / "items.parquet"
    check_scenes(path, small.report.scenes)


@pytest.mark.parametrize("size", [1, 4, 9, 20])
def test_a_scene_may_be_in_several_row_groups(small: Small, tmp_path: Path, size: int) -> None:
    path = tmp_path / "items.parquet"
    pq.write_table(pq.read_table(small.out / "items.parquet"), path, row_group_size=size)
    check_scenes(path, small.report.scenes)


def check_scenes(path: Path, count: int) -> None:
    scenes = list(read_items(path))
    assert len(scenes) == count
    assert pa.concat_tables(rows for _, rows in scenes).equals(pq.read_table(path))
    for key, rows in scenes:
        for name, value in key._asdict().items():
            assert pc.unique(rows[f"sen12ms:{name}"]).to_pylist() == [value]


def test_a_table_without_rows_has_no_scenes(small: Small, tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    pq.write_table(pq.read_table(small.out / "items.parquet")[:0], path)
    assert list(read_items(path)) == []


@pytest.mark.parametrize("kept", [0, 4, 1_000, -100])
def test_a_table_that_is_cut_off_is_named(small: Small, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "items.parquet"
    path.write_bytes((small.out / "items.parquet").read_bytes()[:kept])
    with pytest.raises(CatalogNotFoundError, match=r"items\.parquet cannot be read .*index` again"):
        list(read_items(path))


def test_a_table_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(CatalogNotFoundError, match=r"items\.parquet cannot be read"):
        list(read_items(path))


def test_countries_have_a_shape_and_nearly_all_a_code() -> None:
    rows = read_countries()
    assert {row["kind"] for row in rows} == {"country"}
    assert all(shapely.from_wkb(row["geometry"]).is_valid for row in rows[:200])
    codes = {row["code"] for row in rows if row["code"]}
    assert {"MOZ", "BRA", "ITA", "KOR", "BEL", "NLD"} <= codes
    assert all(len(code) == 3 and code.isupper() for code in codes)
