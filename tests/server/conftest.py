"""A running server, and catalogs to serve that have something to see."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

import httpx
import pystac.validation
import pytest
from hosts import serve

from catalog import index
from catalog.cli.demo import SCENES
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

with warnings.catch_warnings():
    # It warns that it is deprecated. pystac imports it with its first item, and has Python ignore
    # that: another thread, such as that of a server, may undo this at that moment.
    warnings.simplefilter("ignore", DeprecationWarning)
    import_module("pystac.extensions.label")

PICTURED = ("summer", 142)
"""The scene of the demo that is whole; of the others there are four patches, without images."""

TINY = SyntheticScene(
    "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (180, 181, 182)
)
"""Three patches in Italy."""


@dataclass(frozen=True)
class Dataset:
    """A dataset and its catalog."""

    root: Path
    out: Path


@pytest.fixture(scope="session")
def serving() -> Callable[..., AbstractContextManager[str]]:
    return serve


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The dozen scenes of `sen12ms demo`, but fewer patches: 93."""
    folder = tmp_path_factory.mktemp("demo")
    for scene in SCENES:
        whole = (scene.season, scene.scene) == PICTURED
        some = scene if whole else replace(scene, patches=scene.patches[:4])
        for _ in write_scene(folder / "SEN12MS", some, sparse=() if whole else ("s1", "s2")):
            pass
    index(folder / "SEN12MS", into=folder / "catalog")
    return Dataset(folder / "SEN12MS", folder / "catalog")


@pytest.fixture(scope="session")
def url(demo: Dataset) -> Iterator[str]:
    """A server of the demo."""
    with serve(demo.out) as url:
        yield url


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def tiny(tmp_path: Path) -> Dataset:
    """A dataset of its own, to be changed."""
    for _ in write_scene(tmp_path / "SEN12MS", TINY):
        pass
    index(tmp_path / "SEN12MS", into=tmp_path / "catalog")
    return Dataset(tmp_path / "SEN12MS", tmp_path / "catalog")


@pytest.fixture
def core_schemas_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """pystac has the schemas of STAC itself; those of extensions are on the web."""
    skip = lambda *_, **__: None  # noqa: E731
    monkeypatch.setattr(pystac.validation.JsonSchemaSTACValidator, "validate_extension", skip)
