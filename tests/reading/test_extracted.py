"""What `extract` leaves is a catalog of its own, and a selection knows its archives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import geopandas
import pytest
from trees import copied

from catalog import Catalog, OutputError, index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Packed, Small


@pytest.fixture(scope="module")
def cat(small: Small) -> Iterator[Catalog]:
    with Catalog.open(small.out) as catalog:
        yield catalog


def test_extracted_files_are_a_catalog_of_their_own(cat: Catalog, tmp_path: Path) -> None:
    italy = cat.select(region="Italy")
    italy.extract("s2", to=tmp_path / "italy")
    with Catalog.open(tmp_path / "italy") as own:
        all_ = own.select()
        assert all_.ids == italy.ids
        paths = all_.paths("s2")
        assert len(paths) == 9
        assert all(path.startswith(f"{tmp_path}/italy/ROIs1868_summer/s2_142/") for path in paths)
        assert all(os.path.isfile(path) for path in paths)
        assert all_.paths("s1", "lc") == []
        for name in ("cover_forest", "igbp_savanna", "split", "country", "dominant_cover", "lon"):
            assert all_.to_arrow()[name].to_pylist() == italy.to_arrow()[name].to_pylist()
        assert own.select(split="train", cover="forest>=0.1") == all_.select(cover="forest>=0.1")
        assert [entry.files["s2"].path for entry in all_.manifest().entries] == paths
        assert own.rejected() == []
    assert len(geopandas.read_parquet(tmp_path / "italy" / "items.parquet")) == 9


def test_later_runs_add_to_it(cat: Catalog, tmp_path: Path) -> None:
    italy, korea = cat.select(region="Italy"), cat.select(region="South Korea", season="fall")
    italy.extract("s2", to=tmp_path)
    korea.extract("lc", to=tmp_path)
    italy[:4].extract("lc", "s1", to=tmp_path)
    with Catalog.open(tmp_path) as own:
        assert own.select().ids == (italy | korea).ids
        assert len(own.select(sensor="s2")) == 9
        assert own.select(sensor="lc").ids == (italy[:4] | korea).ids
        assert own.select(complete=True).ids == italy[:4].ids


def test_folder_that_is_a_catalog_is_left_alone(cat: Catalog, small: Small, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a catalog: name another folder"):
        cat.select(region="Italy").extract("s2", to=small.out)
    (tmp_path / "items.parquet").write_text("mine")
    with pytest.raises(OutputError, match="is not a table that `extract` wrote"):
        cat.select(region="Italy").extract("lc", to=tmp_path)
    assert (tmp_path / "items.parquet").read_text() == "mine"


def test_dry_run_writes_no_table(cat: Catalog, tmp_path: Path) -> None:
    cat.select(region="Italy").extract("s2", to=tmp_path / "italy", dry_run=True)
    assert not (tmp_path / "italy").exists()


def test_archives_of_a_catalog_made_from_them(small: Small, packed: Packed, tmp_path: Path) -> None:
    with Catalog.open(packed.out) as cat:
        korea = cat.select(region="South Korea")
        found = korea.archives("s2", "lc")
        assert sum(each.files for each in found) == 36
        assert {each.name for each in found} <= set(map(str, packed.archives))
        assert all(each.indexed for each in found)
        with Catalog.open(small.out) as unpacked:
            paths = unpacked.select(region="South Korea").paths("s2", "lc")
        assert sum(each.bytes for each in found) == sum(map(os.path.getsize, paths))
        assert korea.archives("s2") == [each for each in found if each.sensor == "s2"]
        cat.select(region="Italy").extract("lc", to=tmp_path / "italy")
    with Catalog.open(tmp_path / "italy") as own:
        assert all(os.path.isfile(path) for path in own.select().paths("lc"))


def test_archives_to_download_are_known_from_the_land_cover(small: Small, tmp_path: Path) -> None:
    root = copied(small, tmp_path)
    for path in root.rglob("*_s[12]_*.tif"):
        path.unlink()
    index(root, into=tmp_path / "out", workers=1)
    with Catalog.open(tmp_path / "out") as cat:
        spring, winter = cat.select(season="spring").archives("s2"), cat.select().archives("s1")
        assert [(each.name, each.files, each.indexed) for each in spring] == [
            ("ROIs1158_spring_s2.tar.gz", 9, False)
        ]
        assert spring[0].bytes == 9 * 256 * 256 * 13 * 2
        assert [each.name for each in winter] == [
            f"ROIs{roi}_s1.tar.gz"
            for roi in ("1970_fall", "1158_spring", "1868_summer", "2017_winter")
        ]
