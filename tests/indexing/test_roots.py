"""Where the dataset is, and where its catalog may be."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from trees import PATCHES, Told, Tree, contents_of, database_of, put, rows_of, stamps_of

from catalog import CatalogNotFoundError, OutputError, index
from catalog.datasets import SEN12MS
from catalog.reading.check import check

Row = dict[str, Any]


def hrefs_of(out: Path) -> set[str]:
    """Where the files are, as table, items and database all say."""
    assets = [row["assets"] for row in rows_of(out).values()]
    hrefs = {row[sensor]["href"] for row in assets for sensor in ("s1", "s2", "lc")}
    items = [json.loads(path.read_bytes())["assets"] for path in out.rglob("*_p*.json")]
    assert {item[sensor]["href"] for item in items for sensor in ("s1", "s2", "lc")} == hrefs
    patches = database_of(out)["paths"]
    assert {path for paths in patches for path in paths} == hrefs
    return hrefs


def names_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*.tif")}


def test_hrefs_are_absolute_paths(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.root)
    index(Path(), into=Path("..") / "fresh")
    paths = {str(tree.root / name) for name in names_below(tree.root)}
    assert hrefs_of(tree.folder / "fresh") == paths


@pytest.mark.parametrize("base", ["s3://bucket/SEN12MS/", "/mnt/data"])
def test_hrefs_start_with_the_base_once_there_is_one(tree: Tree, base: str) -> None:
    report = tree.index(href_base=base)
    assert report.href_base == base
    assert hrefs_of(tree.out) == {f"{base.rstrip('/')}/{name}" for name in names_below(tree.root)}


def schemas_of(out: Path) -> set[str]:
    """What the items, their rows and the collection name as the last schema."""
    objects = [json.loads(path.read_bytes()) for path in out.rglob("*_p*.json")]
    objects += [json.loads((out / "sen12ms" / "collection.json").read_bytes())]
    objects += rows_of(out).values()
    return {value["stac_extensions"][-1] for value in objects}


def test_the_schema_is_named_where_it_is_published(tree: Tree) -> None:
    assert schemas_of(tree.out) == {SEN12MS.schema_url}
    url = "https://example.org/schema.json"
    assert tree.index(schema_url=url).schema_url == url
    assert schemas_of(tree.out) == {url}
    assert check(tree.out).findings == ()
    assert index(tree.root, into=tree.out, add=True).schema_url == url
    tree.index()
    assert schemas_of(tree.out) == {SEN12MS.schema_url}


@pytest.mark.parametrize("url", ["schema.json", "file:///schema.json", "https://a b/c", "https:/x"])
def test_what_is_not_the_url_of_a_schema_is_refused(tree: Tree, url: str) -> None:
    with pytest.raises(OutputError, match="is not the URL of a schema"):
        tree.index(schema_url=url)


def test_several_roots_are_one_dataset(tree: Tree) -> None:
    before = rows_of(tree.out)
    other = tree.folder / "more"
    other.mkdir()
    (tree.root / "ROIs1158_spring" / "lc_1").rename(other / "lc_1")
    report = index(tree.root, other, into=tree.out)
    assert report.roots == (str(tree.root), str(other))
    assert (report.scenes, report.patches, report.rejected) == (2, 18, ())
    assert dict(report.missing) == {"s1": 0, "s2": 0, "lc": 0}
    after = rows_of(tree.out)
    moved = {row["assets"]["lc"]["href"] for row in after.values()}
    assert {str(other / "lc_1" / tree.file("lc", patch).name) for patch in PATCHES} <= moved
    for patch, row in after.items():
        assert row | {"assets": None} == before[patch] | {"assets": None}


def test_a_folder_below_two_roots_is_read_once(tree: Tree) -> None:
    report = index(tree.root, tree.root / "ROIs1158_spring", into=tree.out)
    assert (report.files, report.rejected) == (54, ())


@pytest.mark.parametrize("below", ["", "data/SEN12MS"])
def test_a_dataset_inside_the_catalog_is_refused(tree: Tree, tmp_path: Path, below: str) -> None:
    out = tmp_path / "catalog"
    shutil.copytree(tree.root, out / below, copy_function=os.link)
    with pytest.raises(OutputError, match="holds the dataset itself"):
        index(out / below, into=out)
    assert names_below(out / below) == names_below(tree.root)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_dataset_inside_the_catalog_is_refused_behind_a_link(tree: Tree, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tree.root)
    with pytest.raises(OutputError, match="holds the dataset itself"):
        index(link, into=tree.root)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_catalog_behind_a_link_is_replaced_where_it_lies(
    tree: Tree, expected: dict[str, Any]
) -> None:
    link = tree.folder / "link"
    link.symlink_to(tree.out)
    put(tree.file("s1", 30), b"")
    index(tree.root, into=link)
    assert link.is_symlink()
    assert contents_of(tree.out) != expected
    assert not any(path.name.startswith("link.") for path in tree.folder.iterdir())


def test_a_catalog_inside_the_dataset_is_fine(tree: Tree, expected: dict[str, Any]) -> None:
    out = tree.root / "catalog"
    first = index(tree.root, into=out)
    assert contents_of(out) == expected
    told = Told()
    assert index(tree.root, into=out, progress=told) == first
    assert told.all == []


def test_a_root_that_is_missing_is_named(tree: Tree, tmp_path: Path) -> None:
    for roots in ([tmp_path / "nowhere"], [tree.root, tmp_path / "nowhere"]):
        with pytest.raises(CatalogNotFoundError, match=r"/nowhere' does not exist"):
            index(*roots, into=tmp_path / "catalog")
    assert list(tmp_path.iterdir()) == []


def test_a_file_as_a_root_is_no_folder(tree: Tree) -> None:
    with pytest.raises(CatalogNotFoundError, match="is neither a folder nor an archive"):
        index(tree.file("s1", 30), into=tree.out)


def test_a_folder_without_a_file_of_the_dataset_is_named(tmp_path: Path) -> None:
    put(tmp_path / "data" / "holiday.tif", b"")
    with pytest.raises(CatalogNotFoundError, match=r"no file of SEN12MS in .*/data"):
        index(tmp_path / "data", into=tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


def test_no_root_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match="no file of SEN12MS in nothing"):
        index(into=tmp_path / "catalog")


def test_an_error_leaves_the_old_catalog(tree: Tree) -> None:
    before = stamps_of(tree.out)
    with pytest.raises(CatalogNotFoundError):
        index(tree.folder / "nowhere", into=tree.out)
    shutil.rmtree(tree.root)
    tree.root.mkdir()
    with pytest.raises(CatalogNotFoundError):
        tree.index()
    assert stamps_of(tree.out) == before
