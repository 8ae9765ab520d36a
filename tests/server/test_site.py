"""Paths lead to the catalog's files and to files that it names below the root, and nowhere else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.errors import CatalogNotFoundError
from catalog.model import PatchKey
from catalog.server.site import Site, file_below
from catalog.source.synthetic import write_scene
from catalog.stac.item import item_path

from .conftest import TINY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.server.conftest import Dataset

KEY = PatchKey("summer", 142, 180)
ITEM = item_path(SEN12MS, KEY.of_scene, "ROIs1868_summer_142_p180")
S2 = "ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p180.tif"


def members_of(out: Path, key: PatchKey, root: Path | None = None) -> dict[str, Path] | None:
    with Catalog.open(out, root=root) as cat:
        return Site.from_catalog(cat).members(key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file inside, a secret outside, and links of all kinds."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "more.txt").write_text("secret")
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "open.txt").write_text("open")
    (folder / "link_in.txt").symlink_to(folder / "below" / "open.txt")
    (folder / "link_out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "folder_out").symlink_to(tmp_path / "secrets")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize("name", ["below/open.txt", "link_in.txt", "below/../below/open.txt"])
def test_a_file_inside_is_found(folder: Path, name: str) -> None:
    path = file_below(folder, name)
    assert path is not None
    assert path.read_text() == "open"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "below/../../secret.txt",
        "link_out.txt",
        "folder_out/more.txt",
        "loop",
        "below",
        "",
        ".",
        "missing.txt",
        "below/open.txt\0",
        "x" * 5000,
    ],
)
def test_nothing_else_is_found(folder: Path, name: str) -> None:
    assert file_below(folder, name) is None


def test_an_absolute_path_is_not_found(folder: Path) -> None:
    assert file_below(folder, str(folder.parent / "secret.txt")) is None


def test_a_folder_that_is_a_link_itself_may_be_served(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    assert file_below(tmp_path / "alias", "below/open.txt") is not None


def test_members_are_the_files_that_the_catalog_names(tiny: Dataset) -> None:
    members = members_of(tiny.out, KEY)
    assert members is not None
    assert list(members) == ["s1", "s2", "lc"]
    assert members["s2"] == tiny.root / S2


def test_a_patch_that_is_not_in_the_catalog_has_no_members(tiny: Dataset) -> None:
    assert members_of(tiny.out, PatchKey("summer", 142, 1)) is None


@pytest.mark.parametrize("base", ["https://example.org/SEN 12MS/", "/mnt/archive"])
def test_a_catalog_to_publish_is_served_from_the_files_it_was_made_of(
    tiny: Dataset, tmp_path: Path, base: str
) -> None:
    out = tmp_path / "published"
    index(tiny.root, into=out, href_base=base)
    members = members_of(out, KEY)
    assert members is not None
    assert members["s2"] == tiny.root / S2


def test_a_dataset_that_was_moved_is_found_at_its_new_root(tiny: Dataset, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.move(tiny.root, moved)
    assert members_of(tiny.out, KEY) == {}
    members = members_of(tiny.out, KEY, moved)
    assert members is not None
    assert members["lc"].is_relative_to(moved)


@pytest.mark.parametrize(
    "href", ["{outside}", "{root}/../secret.tif", "{root}/link.tif", "{root}", "{root}x/secret.tif"]
)
def test_an_href_that_leads_out_of_the_root_is_no_member(
    tiny: Dataset, tmp_path: Path, href: str
) -> None:
    outside = tmp_path / "secret.tif"
    outside.write_bytes(b"secret")
    (tiny.root / "link.tif").symlink_to(outside)
    item = json.loads((tiny.out / ITEM).read_text())
    item["assets"]["s2"]["href"] = href.format(outside=outside, root=tiny.root)
    (tiny.out / ITEM).write_text(json.dumps(item))
    members = members_of(tiny.out, KEY)
    assert members is not None
    assert list(members) == ["s1", "lc"]


def test_folders_with_dots_are_no_way_out(tmp_path: Path) -> None:
    root = tmp_path / "..data" / "...more"
    list(write_scene(root, TINY))
    index(tmp_path / "..data", into=tmp_path / "catalog")
    members = members_of(tmp_path / "catalog", KEY)
    assert members is not None
    assert members["s2"] == root / S2


def test_a_sensor_more_is_a_member_too(tiny: Dataset) -> None:
    item = json.loads((tiny.out / ITEM).read_text())
    item["assets"]["s2_cloudy"] = item["assets"]["s2"]
    (tiny.out / ITEM).write_text(json.dumps(item))
    with Catalog.open(tiny.out) as cat:
        site = Site.from_catalog(cat)
    sensors = {**SEN12MS.sensors, "s2_cloudy": SEN12MS.sensors["s2"]}
    members = replace(site, dataset=replace(SEN12MS, sensors=sensors)).members(KEY)
    assert members is not None
    assert list(members) == ["s1", "s2", "lc", "s2_cloudy"]


def test_a_bare_table_is_not_served(tiny: Dataset) -> None:
    with (
        Catalog.open(tiny.out / "items.parquet") as cat,
        pytest.raises(CatalogNotFoundError, match="is a bare table: serve the folder"),
    ):
        Site.from_catalog(cat)


def test_a_catalog_without_a_report_is_refused(tiny: Dataset) -> None:
    (tiny.out / "report.json").unlink()
    with (
        Catalog.open(tiny.out) as cat,
        pytest.raises(CatalogNotFoundError, match="make the catalog with `sen12ms index"),
    ):
        Site.from_catalog(cat)


def test_a_catalog_without_static_items_has_the_same_files(tiny: Dataset) -> None:
    with Catalog.open(tiny.out) as cat:
        before = Site.from_catalog(cat).members(KEY)
        (tiny.out / item_path(SEN12MS, KEY.of_scene, SEN12MS.patch_id(KEY))).unlink()
        assert Site.from_catalog(cat).members(KEY) == before
        assert before
        assert Site.from_catalog(cat).members(KEY._replace(patch=1)) is None
