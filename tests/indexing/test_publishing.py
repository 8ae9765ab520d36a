"""A catalog in a bucket: what `publish` uploads, and what opens there."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from catalog import (
    Catalog,
    CatalogNotFoundError,
    OutputError,
    QueryError,
    StoreError,
    index,
    publish,
)
from catalog.cli import sen12ms
from catalog.source import bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Packed, Small
    from stores import S3

pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is the store of these tests")
pytest.importorskip("duckdb_extension_httpfs", reason="pip install 'sen12ms-catalog[remote]'")

pytestmark = pytest.mark.slow


@pytest.fixture
def store(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The store, found by the environment; how it fails is forgotten."""
    yield from s3.reached(monkeypatch)


@pytest.fixture(scope="module")
def url(s3: S3, small: Small) -> str:
    """The small catalog in the bucket."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in s3.environment.items():
            environment.setenv(name, value)
        bucket._opened.cache_clear()
        assert publish(small.out, "s3://bucket/small/").files == len(files_of(small.out))
    return "s3://bucket/small"


def files_of(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


def uploaded(store: S3, prefix: str) -> list[str]:
    """Names that were written below a prefix, in their order."""
    start = f"/bucket/{prefix}/"
    return [
        path.removeprefix(start)
        for method, path in store.faults.asked
        if method == "PUT" and path.startswith(start)
    ]


def test_all_files_are_there_and_what_is_opened_first_was_last(store: S3, small: Small) -> None:
    told: list[tuple[int, int]] = []
    done = publish(small.out, "s3://bucket/all", progress=lambda *told_: told.append(told_))
    expected = files_of(small.out)
    found = store.names("all")
    assert {name: entry["ETag"].strip('"') for name, entry in found.items()} == {
        name: hashlib.md5(content, usedforsecurity=False).hexdigest()
        for name, content in expected.items()
    }
    assert (done.files, done.present, done.gone) == (len(expected), 0, 0)
    assert done.bytes == sum(map(len, expected.values()))
    assert told[-1] == (done.bytes, done.bytes)
    assert done.is_local
    assert uploaded(store, "all")[-3:] == ["report.json", "checksums.sha256", "catalog.json"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("catalog.json", "application/json"),
        ("sen12ms/collection.json", "application/json"),
        ("sen12ms/spring/ROIs1158_spring_1/catalog.json", "application/json"),
        ("sen12ms/spring/ROIs1158_spring_1/ROIs1158_spring_1_p30.json", "application/geo+json"),
        ("items.parquet", "application/vnd.apache.parquet"),
        ("catalog.duckdb", "application/octet-stream"),
        ("index.html", "text/html"),
        ("map/about.json", "application/json"),
    ],
)
def test_content_types(store: S3, url: str, name: str, kind: str) -> None:
    key = f"{url.removeprefix('s3://bucket/')}/{name}"
    assert store.client.head_object(Bucket="bucket", Key=key)["ContentType"] == kind


def test_only_what_changed_is_uploaded_and_what_is_gone_is_deleted_if_asked(
    store: S3, small: Small, tmp_path: Path
) -> None:
    root, out, to = tmp_path / "SEN12MS", tmp_path / "catalog", "s3://bucket/changing"
    shutil.copytree(small.root, root)
    index(root, into=out)
    publish(out, to)
    store.faults.asked.clear()
    again = publish(out, to)
    assert (again.files, again.present) == (0, len(files_of(out)))
    assert not uploaded(store, "changing")
    store.client.put_object(Bucket="bucket", Key="changing/notes.txt", Body=b"mine")
    before = files_of(out)
    shutil.rmtree(root / "ROIs1158_spring")
    index(root, into=out)
    changed = {name for name, content in files_of(out).items() if before.get(name) != content}
    store.faults.asked.clear()
    planned = publish(out, to, dry_run=True, prune=True)
    assert not uploaded(store, "changing")
    done = publish(out, to)
    assert (planned.files, planned.bytes, planned.gone) == (done.files, done.bytes, done.gone)
    assert set(uploaded(store, "changing")) == changed
    # Nine items and the catalogs of their scene and season.
    assert (done.gone, done.deleted) == (11, 0)
    assert publish(out, to, prune=True).deleted == 11
    assert store.names("changing").keys() == {*files_of(out), "notes.txt"}


def test_a_run_that_was_stopped_goes_on(
    store: S3, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 0)
    store.faults.dead_after = 40
    with pytest.raises(StoreError, match="does not answer"):
        publish(small.out, "s3://bucket/stopped")
    store.faults.dead_after = None
    there = store.names("stopped")
    assert there
    assert "catalog.json" not in there, "a reader never sees a half"
    assert publish(small.out, "s3://bucket/stopped").present == len(there)
    assert store.names("stopped").keys() == files_of(small.out).keys()


def test_a_busy_store_gets_all(store: S3, small: Small) -> None:
    store.faults.busy_every = 10
    publish(small.out, "s3://bucket/busy")
    assert store.names("busy").keys() == files_of(small.out).keys()


@pytest.mark.parametrize(
    "to", ["https://example.org/catalog", "somewhere", "ftp://host/x", "s3://", "s3:///x"]
)
def test_only_a_store_can_be_written_to(small: Small, to: str) -> None:
    with pytest.raises(OutputError, match="give the URL of a store"):
        publish(small.out, to)


def test_a_damaged_catalog_is_not_published(store: S3, small: Small, tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    shutil.copytree(small.out, out)
    with (out / "items.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CatalogNotFoundError, match="is not what `index` wrote"):
        publish(out, "s3://bucket/damaged")
    assert not store.names("damaged")


FILTERS: list[dict[str, Any]] = [
    {},
    {"region": "Italy", "predicate": "within"},
    {"season": "winter", "cover": {"water": (0, 0.5)}, "sensor": "s2"},
    {"bbox": "126,37,128,39", "where": "cover.forest > 0.1"},
    {"filter": "season = 'winter' AND cover.forest > 0.1"},
]


def test_a_catalog_in_a_bucket_answers_like_that_on_disk(store: S3, url: str, cat: Catalog) -> None:
    with Catalog.open(f"{url}/") as there:
        for filters in FILTERS:
            assert there.select(**filters).ids == cat.select(**filters).ids
            assert there.select(**filters).paths("lc") == cat.select(**filters).paths("lc")
        mine, theirs = (
            there.select(region="Italy").manifest(),
            cat.select(region="Italy").manifest(),
        )
        assert mine.entries == theirs.entries
        query = "SELECT count(*) FROM patches_in_region('Italy')"
        assert there.sql(query).fetchall() == cat.sql(query).fetchall()
        assert pickle.loads(pickle.dumps(there.select(season="fall"))).ids
        assert there.rejected() == cat.rejected()
        assert url in repr(there)
        with pytest.raises(QueryError):
            there.sql("FROM read_text('/etc/passwd')").fetchall()
        with pytest.raises(QueryError):
            there.sql("FROM read_text('s3://bucket/small/catalog.json')").fetchall()
    whole = len([1 for method, path in store.faults.asked if path.endswith("catalog.duckdb")])
    assert whole > 2, "it is read in parts"


def test_a_catalog_on_a_web_server_answers_like_that_on_disk(
    small: Small, cat: Catalog, serve_files: Callable[..., Any]
) -> None:
    with serve_files(small.out) as base, Catalog.open(base) as there:
        for filters in FILTERS:
            assert there.select(**filters).ids == cat.select(**filters).ids
        assert len(there.select().manifest().entries) == 54


def test_where_there_is_no_catalog_it_says_so(store: S3, url: str) -> None:
    with pytest.raises(CatalogNotFoundError, match="there is no catalog at s3://bucket/nothing"):
        Catalog.open("s3://bucket/nothing")
    with pytest.raises(CatalogNotFoundError, match="there is no s3://nowhere"):
        Catalog.open("s3://nowhere/catalog")


def test_parts_of_two_catalogs_are_refused(store: S3, url: str, packed: Packed) -> None:
    publish(packed.out, "s3://bucket/mixed")
    store.client.copy_object(
        Bucket="bucket", Key="mixed/catalog.duckdb", CopySource="bucket/small/catalog.duckdb"
    )
    with pytest.raises(CatalogNotFoundError, match="does not belong to the other files"):
        Catalog.open("s3://bucket/mixed")


def test_public_stores_are_read_without_a_signature(
    store: S3, url: str, cat: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    for name in ("checksums.sha256", "catalog.duckdb", "items.parquet"):
        store.client.put_object_acl(Bucket="bucket", Key=f"small/{name}", ACL="public-read")
    with Catalog.open(url) as there:
        assert there.select(season="fall").ids == cat.select(season="fall").ids


def test_commands(store: S3, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    run = CliRunner()
    to = ["s3://bucket/cli", "--endpoint", store.endpoint, "--region", "us-east-1"]
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", "")  # which the option sets, and this puts back
        dry = run.invoke(sen12ms, ["publish", str(small.out), *to, "--dry-run"])
        assert dry.exit_code == 0, dry.output
        assert dry.stdout.startswith(f"{len(files_of(small.out)):,} files, ")
        done = run.invoke(sen12ms, ["publish", str(small.out), *to, "--json"])
        assert json.loads(done.stdout)["files"] == len(files_of(small.out))
        assert "index with --href-base URL" in done.stderr
        chosen = run.invoke(
            sen12ms, ["select", "s3://bucket/cli", "--region", "Italy", "--format", "paths"]
        )
        assert len(chosen.stdout.splitlines()) == 27, chosen.output
        told = run.invoke(sen12ms, ["info", "s3://bucket/cli"])
        assert told.exit_code == 0, told.output
        refused = run.invoke(sen12ms, ["check", "s3://bucket/cli"])
        assert refused.exit_code == 1
        assert isinstance(refused.exception, CatalogNotFoundError), refused.output
        assert "not on this machine" in str(refused.exception)
