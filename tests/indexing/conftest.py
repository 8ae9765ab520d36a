"""A small dataset for each test, indexed once."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Small

from trees import SPRING, Tree, contents_of

Row = dict[str, Any]


@pytest.fixture(scope="module")
def pristine(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of the small dataset and their catalog, kept; they were made in `now`."""
    folder = tmp_path_factory.mktemp("tree")
    tree = Tree(folder / "now")
    for scene in ("ROIs1158_spring/*_1", "ROIs2017_winter/*_112"):
        for path in small.root.glob(scene):
            target = tree.root / path.relative_to(small.root)
            shutil.copytree(path, target, copy_function=os.link)
    tree.index()
    return tree.folder.rename(folder / "pristine")


@pytest.fixture
def tree(pristine: Path) -> Tree:
    """Two scenes of the small dataset and their catalog, as if just made."""
    folder = pristine.with_name("now")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine, folder, copy_function=os.link)
    return Tree(folder)


@pytest.fixture(scope="module")
def expected(pristine: Path) -> dict[str, Any]:
    """What the catalog of the tree holds as long as nobody changes the tree."""
    return contents_of(pristine / "catalog")


@pytest.fixture
def spring(small: Small, pack: Callable[..., list[Path]], tmp_path: Path) -> Path:
    """The plain bytes of a land-cover archive, which a test packs as it likes."""
    shutil.copytree(small.root / SPRING, tmp_path / "SEN12MS" / SPRING)
    archives = pack(tmp_path / "SEN12MS", tmp_path)
    for path in archives[1:]:
        path.unlink()
    return archives[0]


@pytest.fixture
def serve_files() -> Callable[..., AbstractContextManager[str]]:
    """A web server of a folder, which knows ranges."""
    from hosts import ranged_host  # noqa: PLC0415 - of the extra `server`

    return ranged_host


@pytest.fixture
def static_files() -> Callable[..., AbstractContextManager[str]]:
    """A web server of a folder, which knows no ranges."""
    from hosts import static_host  # noqa: PLC0415 - of the extra `server`

    return static_host
