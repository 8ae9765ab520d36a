"""A dataset that was moved is read at its new place, and one that was made again is read anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from trees import copied, files_of

from catalog import Catalog, Selection, index
from catalog.errors import CatalogNotFoundError
from catalog.reading.check import CheckReport, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Packed, Small


def paths_of(subset: Selection, folder: Path) -> dict[str, list[str]]:
    """All paths that a selection says, by where it says them."""
    arrow = subset.to_arrow()
    target = folder / "paths.parquet"
    subset.to_stac_geoparquet(target)
    with Catalog.open(target) as written:
        table = written.select().paths()
    columns = [arrow[sensor].to_pylist() for sensor in ("s1", "s2", "lc")]
    assets = [item.assets for item in subset.items()]
    return {
        "paths": subset.paths(),
        "arrow": [path for row in zip(*columns, strict=True) for path in row],
        "parquet": table,
        "items": [each[sensor].href for each in assets for sensor in ("s1", "s2", "lc")],
    }


@pytest.mark.parametrize("base", [None, "https://example.org/SEN12MS/", "/elsewhere/SEN12MS"])
def test_a_dataset_that_was_moved_is_read_at_its_new_root(
    small: Small, tmp_path: Path, base: str | None
) -> None:
    moved, out = copied(small, tmp_path), small.out
    if base is not None:
        out = tmp_path / "catalog"
        index(small.root, into=out, href_base=base)
    with Catalog.open(out, root=moved) as cat:
        subset = cat.select(season="winter")
        found = paths_of(subset, tmp_path)
        expected = [
            str(moved / Path(path).relative_to(small.root))
            for patch in subset.ids
            for path in files_of(small.out, patch).values()
        ]
    assert found == dict.fromkeys(found, expected)
    assert all(Path(path).is_file() for path in expected)


def test_names_below_a_url_are_read_as_they_are_on_disk(small: Small, tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "catalog"
    moved = shutil.copytree(small.root, root / "50%20é #1", copy_function=os.link)
    index(root, into=out, href_base="https://example.org/SEN12MS")
    with Catalog.open(out, root=root) as cat:
        found = paths_of(cat.select(season="winter"), tmp_path)
        assert cat.triplet("winter", 112, 381).lc.shape == (4, 256, 256)
    with Catalog.open(small.out, root=moved) as same:
        expected = same.select(season="winter").paths()
    assert found == dict.fromkeys(found, expected)
    assert check(out, root=root) == CheckReport(54, 162, 0, ())


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder that has no more in common with `tmp_path` than the root of the file system."""
    for candidate in (Path("/dev/shm"), Path("/var/tmp")):
        folder = candidate / f"sen12ms-catalog-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        yield folder
        shutil.rmtree(folder)
        return
    pytest.skip("there is no second folder to write to")


def test_two_roots_without_a_common_folder_are_rebased_below_one(
    small: Small, tmp_path: Path, other_disk: Path
) -> None:
    shutil.copytree(small.root / "ROIs1970_fall", other_disk / "ROIs1970_fall")
    spring = small.root / "ROIs1158_spring"
    index(spring, other_disk, into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog", root=tmp_path / "moved") as cat:
        paths = cat.select().paths()
    expected = {
        f"{tmp_path / 'moved'}{path}"
        for root in (spring, other_disk)
        for path in map(str, root.rglob("*.tif"))
    }
    assert set(paths) == expected


def test_folders_and_archives_have_no_root_in_common(
    small: Small, packed: Packed, tmp_path: Path
) -> None:
    spring = small.root / "ROIs1158_spring"
    archive = next(path for path in packed.archives if "ROIs1970_fall" in path.name)
    index(spring, archive, into=tmp_path / "catalog")
    with pytest.raises(CatalogNotFoundError, match="folders and of archives"):
        Catalog.open(tmp_path / "catalog", root=tmp_path)


def test_a_root_makes_no_difference_where_nothing_moved(cat: Catalog, small: Small) -> None:
    with Catalog.open(small.out, root=small.root) as same:
        assert same.select().paths() == cat.select().paths()


def test_a_catalog_opened_after_a_new_index_answers_from_that(small: Small, tmp_path: Path) -> None:
    root, out = copied(small, tmp_path), tmp_path / "catalog"
    index(root, into=out)
    with Catalog.open(out) as old:
        assert len(old.select()) == 54
        shutil.rmtree(root / "ROIs1868_summer")
        index(root, into=out)
        with Catalog.open(out) as new:
            assert len(new.select()) == 36
        assert len(old.select()) == 54
