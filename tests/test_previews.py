"""`index --previews` draws into the catalog, and table, items and files agree on it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pystac
import pytest
import rustac

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.reading.check import check
from catalog.source.preview import draw_preview
from catalog.source.synthetic import SyntheticScene, write_scene

SCENE = SyntheticScene(
    "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (180, 181, 182)
)
FOLDER = "sen12ms/summer/ROIs1868_summer_142"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three patches; the second has no s1, and of the third's s2 half is there."""
    root = tmp_path_factory.mktemp("previews") / "SEN12MS"
    files = {path.name: path for path in write_scene(root, SCENE)}
    files["ROIs1868_summer_s1_142_p181.tif"].unlink()
    os.truncate(files["ROIs1868_summer_s2_142_p182.tif"], 900_000)
    return root


@pytest.fixture(scope="module")
def out(root: Path) -> Path:
    index(root, into=root.parent / "catalog", previews=True)
    return root.parent / "catalog"


@pytest.fixture(scope="module")
def items(out: Path) -> list[pystac.Item]:
    return list(pystac.Catalog.from_file(str(out / "catalog.json")).get_items(recursive=True))


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def test_every_item_has_its_pictures(items: list[pystac.Item]) -> None:
    for item in items:
        for name, preview in SEN12MS.previews.items():
            asset = item.assets[name]
            assert asset.title == preview.title
            assert asset.roles == list(preview.roles)
            path = asset.get_absolute_href()
            assert path is not None
            assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_what_is_drawn_of_the_files(items: list[pystac.Item]) -> None:
    for item in items:
        members = {name: item.assets[name].href for name in SEN12MS.sensors if name in item.assets}
        for name in SEN12MS.previews:
            path = item.assets[name].get_absolute_href()
            assert path is not None
            assert Path(path).read_bytes() == draw_preview(SEN12MS, name, members).png


def test_items_in_the_table_are_the_items_in_the_files(out: Path, items: list[pystac.Item]) -> None:
    async def read() -> dict[str, Any]:
        return await rustac.read(str(out / "items.parquet"))

    features = {feature["id"]: feature for feature in asyncio.run(read())["features"]}
    for item in items:
        assets = features[item.id]["assets"]
        assert assets.keys() == item.assets.keys()
        for name, asset in item.assets.items():
            expected = asset.to_dict()
            if name in SEN12MS.previews:  # in either, relative to where the file lies
                expected["href"] = f"./{FOLDER}/{asset.href.removeprefix('./')}"
            assert assets[name] == expected


def test_the_collection_describes_them(out: Path) -> None:
    collection = pystac.Collection.from_file(str(out / "sen12ms" / "collection.json"))
    assert set(SEN12MS.previews) <= collection.item_assets.keys()


def test_check_finds_nothing_wrong_until_a_picture_is_gone(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    index(root, into=out, previews=True)
    assert check(out).findings == ()
    (out / FOLDER / "ROIs1868_summer_142_p180_overview.png").unlink()
    (finding,) = check(out).findings
    assert finding.subject.endswith("p180_overview.png")
    assert finding.problem.startswith("is missing: ")


def test_the_option_is_turned_off_by_a_run_without_it(
    root: Path, out: Path, tmp_path: Path
) -> None:
    other = tmp_path / "catalog"
    index(root, into=other, previews=True)
    assert pictures(other) == pictures(out)
    index(root, into=other)
    assert pictures(other) == {}
    assert check(other).findings == ()


def test_pictures_are_published_with_the_catalog(root: Path, tmp_path: Path, out: Path) -> None:
    published = tmp_path / "catalog"
    index(root, into=published, previews=True, href_base="https://example.org/SEN12MS")
    assert pictures(published) == pictures(out)
    with Catalog.open(published) as cat:
        hrefs = {item.assets["thumbnail"].href for item in cat.select().items()}
    assert all(href.startswith("./ROIs1868_summer_142_p") for href in hrefs)
