"""Files that a web server has, too, are alternate assets of items, wherever items come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from core_schemas import errors
from extension_schemas import problems
from trees import Told, Tree, contents_of

from catalog import Catalog, OutputError, index
from catalog.reading.check import check

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Packed, Small

EXTENSION = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
URL = "https://example.org/SEN12MS"
ITEM = "sen12ms/spring/ROIs1158_spring_1/ROIs1158_spring_1_p30.json"
BELOW = "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif"


@pytest.fixture(scope="module")
def out(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small catalog, with alternate assets."""
    folder = tmp_path_factory.mktemp("alternate") / "catalog"
    index(small.root, into=folder, alternate=f"{URL}/")
    return folder


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def alternates_of(item: dict[str, Any]) -> dict[str, Any]:
    return {name: asset["alternate"] for name, asset in item["assets"].items()}


def test_an_item_names_each_file_once_more_and_is_else_the_same(small: Small, out: Path) -> None:
    item, plain = read(out / ITEM), read(small.out / ITEM)
    assert item["assets"]["s2"]["alternate"] == {"https": {"href": f"{URL}/{BELOW}"}}
    assert alternates_of(item).keys() == {"s1", "s2", "lc"}
    for asset in item["assets"].values():
        asset.pop("alternate")
    assert set(item["stac_extensions"]) == {*plain["stac_extensions"], EXTENSION}
    item["stac_extensions"].remove(EXTENSION)
    assert item == plain


def test_the_collection_says_it_without_a_place(small: Small, out: Path) -> None:
    collection = read(out / "sen12ms/collection.json")
    assert EXTENSION in collection["stac_extensions"]
    for sensor in ("s1", "s2", "lc"):
        (alternate,) = collection["item_assets"][sensor]["alternate"].items()
        assert alternate == ("https", {"title": "On a web server"})
    plain = (small.out / "sen12ms/collection.json").read_text()
    assert "alternate-assets" not in plain


def test_the_catalog_is_valid_and_sound(out: Path) -> None:
    for name in (ITEM, "sen12ms/collection.json"):
        assert not problems(read(out / name))
        assert not errors("item" if name == ITEM else "collection", read(out / name))
    assert not check(out).findings


def test_the_table_is_the_same(small: Small, out: Path) -> None:
    mine, plain = ((folder / "items.parquet").read_bytes() for folder in (out, small.out))
    with Catalog.open(out) as cat, Catalog.open(small.out) as other:
        rows = [
            each.sql("SELECT id, s1, s2, lc FROM patches ORDER BY id").fetchall()
            for each in (cat, other)
        ]
    assert rows[0] == rows[1]
    assert mine != plain, "the collection in its metadata is another one"


def test_items_of_the_table_are_those_of_the_files(small: Small, out: Path, tmp_path: Path) -> None:
    index(small.root, into=tmp_path / "catalog", alternate=URL, items="none")
    assert not check(tmp_path / "catalog").findings
    with Catalog.open(out) as files, Catalog.open(tmp_path / "catalog") as table:
        mine, theirs = (each.select(season="spring").items() for each in (table, files))
        for item, other in zip(mine, theirs, strict=True):
            assert item.to_dict(include_self_link=False) == other.to_dict(include_self_link=False)
            assert item.assets["lc"].extra_fields["alternate"]["https"]["href"].startswith(URL)


def test_it_is_what_makes_a_catalog_current_and_adding_keeps_it(tree: Tree) -> None:
    plain = contents_of(tree.out)
    told = Told()
    tree.index(alternate=URL, progress=told)
    assert told.files_read() == 0
    assert contents_of(tree.out) == tree.indexed_anew(alternate=URL)
    tree.index(add=True)
    assert contents_of(tree.out) == tree.indexed_anew(alternate=URL)
    tree.index()
    assert contents_of(tree.out) == plain


@pytest.mark.parametrize(
    "base", ["s3://bucket/data", "s3://bucket/data/", "https://h/d%20e", "/mnt"]
)
def test_hrefs_that_have_a_base_lead_to_it_too(tree: Tree, base: str) -> None:
    tree.index(href_base=base, alternate=URL)
    item = read(tree.out / ITEM)
    assert item["assets"]["s2"]["href"] == f"{base.rstrip('/')}/{BELOW}"
    assert item["assets"]["s2"]["alternate"] == {"https": {"href": f"{URL}/{BELOW}"}}
    assert not check(tree.out, root=tree.root).findings


def test_what_is_no_url_is_refused(small: Small, packed: Packed, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not the URL of a folder: give one as https://HOST"):
        index(small.root, into=tmp_path / "catalog", alternate="s3://bucket/SEN12MS")
    with pytest.raises(OutputError, match="has no files of archives: extract them"):
        index(*packed.archives, into=tmp_path / "catalog", alternate=URL)


def test_the_api_serves_the_same_items(small: Small, out: Path) -> None:
    """Their hrefs lead to the server, which has the files."""
    api_items = pytest.importorskip("catalog.server.api_items", reason="of the extra `server`")
    with Catalog.open(out) as mine, Catalog.open(small.out) as plain:
        ids = mine.select(season="spring").ids
        served = [
            [
                api_items.ApiItems(each).encoded(ids, "http://h/"),
                api_items.ApiItems(each).read(ids, "http://h/"),
            ]
            for each in (mine, plain)
        ]
    assert served[0] == served[1]
