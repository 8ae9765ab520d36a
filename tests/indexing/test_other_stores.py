"""Buckets of Google and containers of Azure, in emulators: the same catalog as from files."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from trees import PATCHES, SPRING, Told, write_spring

from catalog import Catalog, CatalogNotFoundError, StoreError, index, publish
from catalog.reading.check import check
from catalog.source import bucket

pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is one of the stores of these tests")
pytest.importorskip("duckdb_extension_httpfs", reason="pip install 'sen12ms-catalog[remote]'")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Small
    from emulators import Emulated
    from stores import S3

pytestmark = pytest.mark.slow

FOLDER, PUBLISHED = "of-other-stores", "published-to-other-stores"
"""In a bucket that moto shares among tests."""
READ_ONLY = "fake-gcs-server"
"""The emulator that obstore cannot write to."""


@pytest.fixture(scope="module")
def data(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patches of the spring, and a true season."""
    root = tmp_path_factory.mktemp("other") / "SEN12MS"
    write_spring(small, root, PATCHES[:2])
    return root


@pytest.fixture(scope="module", params=["Google in moto", READ_ONLY, "Azurite"])
def store(s3: S3, data: Path, request: pytest.FixtureRequest) -> Iterator[Emulated]:
    """An emulator that holds the dataset, found by the environment."""
    from emulators import azurite, fake_gcs, google_in_moto  # noqa: PLC0415 - of optional extras

    @contextmanager
    def moto() -> Iterator[Emulated]:
        yield google_in_moto(s3)

    emulators = {"Google in moto": moto, READ_ONLY: fake_gcs, "Azurite": azurite}
    with pytest.MonkeyPatch.context() as environment, emulators[request.param]() as emulated:
        for name, value in emulated.environment.items():
            environment.setenv(name, value)
        bucket._opened.cache_clear()
        emulated.upload(data, FOLDER)
        yield emulated
    bucket._opened.cache_clear()


@pytest.fixture(scope="module")
def out(store: Emulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the store."""
    out = tmp_path_factory.mktemp("out") / "catalog"
    index(f"{store.url}/{FOLDER}", into=out)
    return out


def items_of(out: Path, start: str) -> dict[str, Any]:
    """Items by name, hrefs relative to a start."""
    return {path.name: path.read_text().replace(start, "ROOT") for path in out.rglob("*_p*.json")}


def test_a_catalog_is_that_of_the_files(
    store: Emulated, out: Path, data: Path, tmp_path: Path
) -> None:
    index(data, into=tmp_path / "local")
    assert items_of(out, f"{store.url}/{FOLDER}") == items_of(tmp_path / "local", str(data))
    assert len(items_of(out, "")) == 2
    found = check(out)
    assert (found.findings, found.files) == ((), 6)
    told = Told()
    index(f"{store.url}/{FOLDER}", into=out, progress=told)
    assert told.files_read() == 0


def test_files_are_extracted_and_read(
    store: Emulated, out: Path, data: Path, tmp_path: Path
) -> None:
    with Catalog.open(out) as cat, Catalog.open(out, root=data) as on_disk:
        assert cat.select().paths("s2")[0].startswith(f"{store.url}/{FOLDER}/{SPRING}")
        assert cat.select().extract(to=tmp_path / "some").files == 6
        mine, theirs = (each.triplet("spring", 1, PATCHES[0]) for each in (cat, on_disk))
    for path in (tmp_path / "some").rglob("*.tif"):
        assert path.read_bytes() == (data / path.relative_to(tmp_path / "some")).read_bytes()
    for sensor in mine.images:
        assert np.array_equal(mine.images[sensor], theirs.images[sensor])


def test_the_collection_names_the_store(store: Emulated, out: Path) -> None:
    collection = json.loads((out / "sen12ms/collection.json").read_text())
    kind = collection["storage:schemes"]["bucket"]["type"]
    assert kind == ("ms-azure" if store.url.startswith("az") else "custom-s3")


def test_a_catalog_is_published_and_opened_by_its_web_address(
    store: Emulated, out: Path, request: pytest.FixtureRequest, s3: S3
) -> None:
    if READ_ONLY in request.node.name:
        store.upload(out, PUBLISHED)
    else:
        done = publish(out, f"{store.url}/{PUBLISHED}")
        assert done.files == len([path for path in out.rglob("*") if path.is_file()])
        again = publish(out, f"{store.url}/{PUBLISHED}", prune=True)
        assert (again.files + again.present, again.deleted) == (done.files, 0)
    if store.web.startswith(s3.endpoint):
        for name in s3.names(PUBLISHED):
            s3.client.put_object_acl(Bucket="bucket", Key=f"{PUBLISHED}/{name}", ACL="public-read")
    with Catalog.open(f"{store.web}/{PUBLISHED}") as there, Catalog.open(out) as here:
        assert there.select(season="spring").paths("s2") == here.select().paths("s2")
    with pytest.raises(CatalogNotFoundError, match="give its https:// URL"):
        Catalog.open(f"{store.url}/{PUBLISHED}")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("gs://bucket", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://bucket", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_without_credentials_it_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, names: str
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 0)
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "AZUR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "somebody")
    bucket._opened.cache_clear()
    with pytest.raises(StoreError, match=f"there are no credentials for {url}: set .*{names}"):
        index(f"{url}/data", into=tmp_path / "catalog")
