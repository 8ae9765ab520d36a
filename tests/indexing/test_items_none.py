"""A catalog whose items are in the table alone answers all that one with a file per item does."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from core_schemas import errors
from trees import Told, Tree, contents_of, stamps_of

from catalog import Catalog, OutputError, index
from catalog.reading.check import CheckReport, check
from catalog.store.report import read_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Small

SCENE = "sen12ms/spring/ROIs1158_spring_1"
ITEM = f"{SCENE}/ROIs1158_spring_1_p30.json"


@pytest.fixture(scope="module")
def out(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small catalog, without a file per item."""
    folder = tmp_path_factory.mktemp("none") / "catalog"
    index(small.root, into=folder, items="none")
    return folder


@pytest.fixture(scope="module")
def without(out: Path) -> Iterator[Catalog]:
    with Catalog.open(out) as catalog:
        yield catalog


def test_no_item_has_a_file_and_all_else_is_the_same(small: Small, out: Path) -> None:
    found, expected = contents_of(out), contents_of(small.out)
    below = {name for name in found if name.startswith("sen12ms/")}
    assert len(below) == 1 + 4 + 6
    assert expected.keys() - found.keys() == {
        path.relative_to(small.out).as_posix() for path in small.out.glob("sen12ms/*/*/*_p*.json")
    }
    differing = {name for name in found if found[name] != expected[name]}
    scenes = {name for name in below if name.count("/") == 3}
    assert differing == scenes | {
        "report.json",
        "checksums.sha256",
        "map/about.json",
        "map/checksums.sha256",
    }
    assert read_report(out).items == "none"
    assert json.loads((out / "map" / "about.json").read_bytes())["item"] is None


def test_a_scene_links_the_table(small: Small, out: Path) -> None:
    for path in sorted(out.glob("sen12ms/*/*/catalog.json")):
        value = json.loads(path.read_bytes())
        assert errors("catalog", value) == []
        (link,) = (link for link in value["links"] if link["rel"] not in {"root", "parent"})
        assert link == {
            "rel": "alternate",
            "href": "../../../items.parquet",
            "type": "application/vnd.apache.parquet",
            "title": "All items in one table",
        }
        assert (path.parent / link["href"]).samefile(out / "items.parquet")
        before = json.loads((small.out / path.relative_to(out)).read_bytes())
        assert value | {"links": None} == before | {"links": None}


def test_items_of_a_selection_are_those_of_the_files(cat: Catalog, without: Catalog) -> None:
    assert cat.folder
    assert without.folder
    expected = list(cat.select().items())
    found = list(without.select().items())
    assert len(found) == 54
    for item, other in zip(found, expected, strict=True):
        place = item.self_href.replace(str(without.folder), str(cat.folder))
        assert place == other.self_href
        value, same = (each.to_dict(include_self_link=False) for each in (item, other))
        assert value == same


def test_items_of_a_moved_dataset_have_its_new_hrefs(out: Path, tmp_path: Path) -> None:
    with Catalog.open(out, root=tmp_path) as moved:
        (item,) = moved.select(season="spring")[:1].items()
    assert item.assets["lc"].href.startswith(f"{tmp_path}/")


def test_check_finds_nothing_wrong(out: Path) -> None:
    assert check(out) == CheckReport(patches=54, files=162, unreachable=0, findings=())


def test_check_finds_the_file_of_an_item(small: Small, out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "catalog")
    shutil.copy(small.out / ITEM, copy / ITEM)
    (found,) = check(copy).findings
    assert (found.subject, found.problem) == (str(copy / ITEM), "is not in the table: delete it")


def test_check_finds_the_report_alone_where_that_is_gone(out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(out, tmp_path / "catalog")
    (copy / "report.json").unlink()
    assert {found.subject for found in check(copy).findings} == {str(copy / "report.json")}


def test_files_are_extracted_and_listed(without: Catalog, cat: Catalog, tmp_path: Path) -> None:
    chosen = without.select(season="winter", sensor="lc")
    assert chosen.paths("lc") == cat.select(season="winter", sensor="lc").paths("lc")
    done = chosen.extract("lc", to=tmp_path / "files")
    assert done.files == len(chosen) == 18
    manifest = chosen.save(tmp_path / "list.parquet")
    assert manifest.ids == cat.select(season="winter", sensor="lc").manifest().ids


# Run after run


def test_the_next_run_writes_nothing(tree: Tree) -> None:
    tree.index(items="none")
    before, told = stamps_of(tree.out), Told()
    tree.index(items="none", progress=told)
    assert told.all == []
    assert stamps_of(tree.out) == before


def test_another_choice_is_written_and_no_file_is_read(
    tree: Tree, expected: dict[str, Any]
) -> None:
    told = Told()
    tree.index(items="none", progress=told)
    assert not (tree.out / ITEM).exists()
    tree.index(items="files", progress=told)
    assert told.files_read() == 0
    assert contents_of(tree.out) == expected
    tree.index(items="none")
    tree.index()
    assert contents_of(tree.out) == expected


def test_what_is_added_keeps_to_the_choice(tree: Tree) -> None:
    spring, winter = tree.root / "ROIs1158_spring", tree.root / "ROIs2017_winter"
    index(spring, into=tree.out, items="none")
    assert index(winter, into=tree.out, add=True).items == "none"
    assert list(tree.out.glob("sen12ms/*/*/*_p*.json")) == []
    assert index(winter, into=tree.out, add=True, items="files").patches == 18
    assert len(list(tree.out.glob("sen12ms/*/*/*_p*.json"))) == 18


def test_the_file_of_an_item_makes_the_catalog_anew(tree: Tree) -> None:
    tree.index(items="none")
    before = contents_of(tree.out)
    (tree.out / ITEM).write_text("{}", encoding="utf-8")
    tree.index(items="none")
    assert contents_of(tree.out) == before


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"items": "some"}, "items cannot be 'some': name one of files, none"),
        ({"items": ""}, "items cannot be '': name one of files, none"),
        ({"items": "none", "previews": True}, "previews need the files of items"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(
    tree: Tree, choices: dict[str, Any], problem: str
) -> None:
    before = stamps_of(tree.out)
    with pytest.raises(OutputError, match=problem):
        tree.index(**choices)
    assert stamps_of(tree.out) == before


def test_previews_are_refused_of_what_is_added_too(tree: Tree) -> None:
    tree.index(items="none")
    with pytest.raises(OutputError, match="give items='files'"):
        tree.index(add=True, previews=True)
