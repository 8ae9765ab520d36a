"""A dataset in an object store or on a web server is the dataset on disk."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from trees import PATCHES, SPRING, Told, Tree, contents_of, write_spring

from catalog import Catalog, CatalogNotFoundError, FilterError, StoreError, StoreOptions, index
from catalog.reading.check import check
from catalog.source import bucket, stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Small
    from stores import S3

pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is the store of these tests")

pytestmark = pytest.mark.slow

FOLDER = "data/SEN12MS"
ROOT = f"s3://bucket/{FOLDER}"
SCENE = f"{SPRING}/s2_1/{SPRING}_s2_1"


@pytest.fixture(scope="module")
def data(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patches of the spring, and one that is truncated."""
    root = tmp_path_factory.mktemp("data") / "SEN12MS"
    write_spring(small, root, PATCHES[:5])
    os.truncate(root / f"{SCENE}_p{PATCHES[4]}.tif", 100_000)
    return root


@pytest.fixture(scope="module")
def local(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the files on disk."""
    out = tmp_path_factory.mktemp("local") / "catalog"
    index(data, into=out)
    return out


@pytest.fixture(scope="module")
def filled(s3: S3, data: Path) -> S3:
    """The store, with the dataset in it."""
    s3.upload(data, FOLDER)
    return s3


@pytest.fixture
def store(filled: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The store, found by the environment; what it was asked is forgotten, and how it fails."""
    yield from filled.reached(monkeypatch)


def contents(out: Path, start: str) -> dict[str, Any]:
    """What must be the same wherever the files lie: items and table, hrefs relative to a start."""
    made: dict[str, Any] = {
        path.relative_to(out).as_posix(): path.read_text().replace(start, "ROOT")
        for path in sorted(out.rglob("*.json"))
        if path.name not in {"report.json", "collection.json", "archives.json"}
    }
    rows = pq.read_table(out / "items.parquet").to_pylist()
    return made | {"rows": json.dumps(rows, default=str).replace(start, "ROOT")}


def without_places(out: Path) -> dict[str, Any]:
    report = json.loads((out / "report.json").read_text())
    rejected = [(Path(entry["path"]).name, entry["reason"]) for entry in report.pop("rejected")]
    for name in ("roots", "inputs", "storage"):
        report.pop(name)
    return report | {"rejected": rejected}


@pytest.mark.parametrize("workers", [1, 2])
def test_catalog_from_a_bucket_is_that_of_the_tree(
    store: S3, data: Path, local: Path, tmp_path: Path, workers: int
) -> None:
    report = index(f"{ROOT}/", into=tmp_path / "catalog", workers=workers)
    assert report.roots == (ROOT,)
    assert contents(tmp_path / "catalog", ROOT) == contents(local, str(data))
    assert without_places(tmp_path / "catalog") == without_places(local)
    assert not check(tmp_path / "catalog").findings


@pytest.mark.parametrize("workers", [1, 2])
def test_options_hold_before_what_the_environment_says(
    store: S3,
    data: Path,
    local: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
) -> None:
    for name in store.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    options = StoreOptions(store.endpoint, "us-east-1", anonymous=True)
    index(ROOT, into=tmp_path / "catalog", workers=workers, store=options)
    assert contents(tmp_path / "catalog", ROOT) == contents(local, str(data))


def test_only_heads_are_read_of_images_whose_header_is_known(store: S3, tmp_path: Path) -> None:
    index(ROOT, into=tmp_path / "catalog")
    images = [path for method, path in store.faults.asked if method == "GET" and "_s2_1_p" in path]
    # The truncated one is read whole after its head; so is the first that this process sees.
    assert len(images) in {5 + 1, 5 + 2}


def test_only_what_changed_is_read_again(store: S3, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    index(ROOT, into=out)
    store.faults.asked.clear()
    told = Told()
    index(ROOT, into=out, progress=told)
    assert told.files_read() == 0
    assert [path for method, path in store.faults.asked if path.endswith(".tif")] == []
    name = f"{FOLDER}/{SPRING}/lc_1/{SPRING}_lc_1_p{PATCHES[0]}.tif"
    other = data / f"{SPRING}/lc_1/{SPRING}_lc_1_p{PATCHES[1]}.tif"
    before = store.client.get_object(Bucket="bucket", Key=name)["Body"].read()
    store.client.put_object(Bucket="bucket", Key=name, Body=other.read_bytes())
    try:
        assert len(index(ROOT, into=out, progress=told).rejected) > 1, "on another grid now"
        assert told.files_read() > 0
    finally:
        store.client.put_object(Bucket="bucket", Key=name, Body=before)


def test_a_busy_store_changes_nothing(store: S3, data: Path, local: Path, tmp_path: Path) -> None:
    store.faults.busy_every = 10
    index(ROOT, into=tmp_path / "catalog", workers=2)
    assert contents(tmp_path / "catalog", ROOT) == contents(local, str(data))


def test_a_cluster_that_shares_the_files_makes_the_same_catalog(store: S3, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is an optional extra")
    index(ROOT, into=tmp_path / "expected")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        index(ROOT, into=tmp_path / "catalog", cluster=cluster.scheduler_address)
    assert contents_of(tmp_path / "catalog") == contents_of(tmp_path / "expected")


@pytest.mark.parametrize(("fault", "reason"), [("refused", "HTTP 403"), ("broken", "HTTP 500")])
def test_a_file_that_is_not_given_is_rejected_alone(
    store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 1)
    getattr(store.faults, fault).add(f"_s1_1_p{PATCHES[1]}.tif")
    report = index(ROOT, into=tmp_path / "catalog")
    assert report.missing == {"s1": 1, "s2": 1, "lc": 0}
    (rejected,) = [entry for entry in report.rejected if "_s1_1_" in entry.path]
    assert rejected.path.startswith(ROOT)
    assert rejected.reason.startswith(f"cannot be read: {reason}")


def test_a_store_that_is_gone_ends_the_run_and_the_old_catalog_stays(
    store: S3, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 1)
    tree = Tree(tmp_path)
    for name in (f"{SPRING}/lc_1", "ROIs2017_winter/lc_112"):
        shutil.copytree(small.root / name, tree.root / name)
    tree.index()
    before = (tree.out / "items.parquet").read_bytes()
    store.upload(tree.root, "two")
    # One request lists; each scene takes as many as it has files, and one for the first of a kind.
    store.faults.dead_after = 15
    with pytest.raises(StoreError, match="does not answer"):
        index("s3://bucket/two", into=tree.out, workers=1)
    assert (tree.out / "items.parquet").read_bytes() == before
    assert not check(tree.out).findings
    store.faults.dead_after = None
    told = Told()
    assert index("s3://bucket/two", into=tree.out, progress=told).patches == 18
    assert told.files_read() == 9, "one scene was read before"


def test_a_store_that_answers_nothing_but_errors_is_gone(
    store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 0)
    store.faults.broken.add(".tif")
    with pytest.raises(StoreError, match="HTTP 500 however often"):
        index(ROOT, into=tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        ("s3://nowhere/SEN12MS", "cannot be listed: HTTP 404 NoSuchBucket"),
        (f"{ROOT}/spring", "no file of SEN12MS in"),
        ("s3://", "is not the URL of a folder"),
        ("s3://bucket/a b", "is not the URL of a folder"),
        ("s3://bucket/data?list", "is not the URL of a folder"),
    ],
)
def test_wrong_url_is_one_sentence(store: S3, tmp_path: Path, root: str, sentence: str) -> None:
    with pytest.raises(CatalogNotFoundError, match=sentence):
        index(root, into=tmp_path / "catalog")


def test_archives_in_a_bucket_are_those_on_disk(
    store: S3, data: Path, tmp_path: Path, pack: Callable[..., list[Path]]
) -> None:
    packed = pack(data, tmp_path / "packed")
    store.upload(tmp_path / "packed", "packed")
    urls = [f"s3://bucket/packed/{path.name}" for path in packed]
    index(*packed, into=tmp_path / "local")
    index(*urls, into=tmp_path / "remote")
    start = str(tmp_path / "packed")
    assert contents(tmp_path / "remote", "/vsis3/bucket/packed") == contents(
        tmp_path / "local", start
    )
    assert not check(tmp_path / "remote").findings
    with Catalog.open(tmp_path / "remote") as cat:
        done = cat.select(sensor="s2").extract("s2", "lc", to=tmp_path / "some")
        assert {source.name for source in done.sources} == set(urls[::2])
        assert not done.rejected
        assert [entry.name for entry in cat.select().archives("s1")] == [urls[1]]
    names = [path.relative_to(tmp_path / "some") for path in (tmp_path / "some").rglob("*.tif")]
    assert len(names) == 8
    for name in names:
        assert (tmp_path / "some" / name).read_bytes() == (data / name).read_bytes()


def test_files_in_a_bucket_are_read_by_everything(store: S3, data: Path, tmp_path: Path) -> None:
    index(ROOT, into=tmp_path / "catalog", previews=True, statistics=True)
    index(data, into=tmp_path / "local", previews=True, statistics=True)
    pictures = [
        path.relative_to(tmp_path / "local") for path in (tmp_path / "local").rglob("*.png")
    ]
    assert pictures
    for name in pictures:
        assert (tmp_path / "catalog" / name).read_bytes() == (
            tmp_path / "local" / name
        ).read_bytes()
    with Catalog.open(tmp_path / "catalog") as cat, Catalog.open(tmp_path / "local") as on_disk:
        mine, theirs = (each.triplet("spring", 1, PATCHES[0]) for each in (cat, on_disk))
        for sensor in mine.images:
            assert np.array_equal(mine.images[sensor], theirs.images[sensor])
        assert cat.sql("SELECT quality FROM patches ORDER BY id").fetchall() == (
            on_disk.sql("SELECT quality FROM patches ORDER BY id").fetchall()
        )
        assert cat.select(complete=True).extract(to=tmp_path / "some").files == 12
        with pytest.raises(FilterError, match="at URLs are copied"):
            cat.select().extract(to=tmp_path / "links", how="symlink")
    for path in (tmp_path / "some").rglob("*.tif"):
        assert path.read_bytes() == (data / path.relative_to(tmp_path / "some")).read_bytes()
    with Catalog.open(tmp_path / "catalog", root=data) as moved:
        assert all(Path(path).is_file() for path in moved.select().paths("lc"))
    with Catalog.open(tmp_path / "local", root=ROOT) as moved:
        assert moved.select().paths("lc")[0].startswith(ROOT)
    store.client.delete_object(
        Bucket="bucket", Key=f"{FOLDER}/{SPRING}/lc_1/{SPRING}_lc_1_p{PATCHES[0]}.tif"
    )
    try:
        (finding,) = check(tmp_path / "catalog").findings
        assert finding.problem == "cannot be found"
    finally:
        store.upload(data, FOLDER)


def test_collection_names_the_store(store: S3, tmp_path: Path) -> None:
    index(ROOT, into=tmp_path / "catalog")
    collection = json.loads((tmp_path / "catalog/sen12ms/collection.json").read_text())
    assert collection["storage:schemes"]["bucket"] == {
        "type": "custom-s3",
        "platform": f"{store.endpoint}/{{bucket}}",
        "bucket": "bucket",
        "region": "us-east-1",
    }
    assert collection["item_assets"]["s2"]["storage:refs"] == ["bucket"]
    assert any("/storage/v2.0.0/" in url for url in collection["stac_extensions"])


@pytest.mark.parametrize("sized", [True, False])
def test_a_web_server_with_a_list_of_files(
    data: Path, local: Path, tmp_path: Path, serve_files: Callable[..., Any], sized: bool
) -> None:
    site = tmp_path / "a site"
    shutil.copytree(data, site / "SEN12MS")
    lines = [
        f"{path.relative_to(data)}" + (f"\t{path.stat().st_size}" if sized else "")
        for path in sorted(data.rglob("*"))
        if path.is_file()
    ]
    (site / "SEN12MS/files.txt").write_text("\n".join(lines) + "\n")
    with serve_files(tmp_path) as url:
        root = f"{url}a%20site/SEN12MS"
        index(root, into=tmp_path / "catalog")
        assert contents(tmp_path / "catalog", root) == contents(local, str(data))
        assert not check(tmp_path / "catalog").findings
        with Catalog.open(tmp_path / "catalog") as cat:
            assert cat.triplet("spring", 1, PATCHES[0]).s2.shape == (13, 256, 256)


def test_a_web_server_without_ranges_is_refused(
    data: Path, tmp_path: Path, static_files: Callable[..., Any]
) -> None:
    lines = [f"{path.relative_to(data)}\t9" for path in data.rglob("*.tif")]
    (data / "files.txt").write_text("\n".join(lines))
    with static_files(data) as url, pytest.raises(StoreError, match="range of bytes"):
        index(url, into=tmp_path / "catalog")
    (data / "files.txt").unlink()


def test_without_credentials_it_says_so(
    store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 0)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StoreError, match="set the environment variables"):
        index(ROOT, into=tmp_path / "catalog")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="there are no credentials for s3://bucket"):
        index(ROOT, into=tmp_path / "catalog")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_was_forked_is_told_so(store: S3) -> None:
    path = f"{ROOT}/{SCENE}_p{PATCHES[0]}.tif"
    stores.read_remote(path, 10)
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        forked = pool.submit(stores.read_remote, path, 10)
        with pytest.raises(StoreError, match="multiprocessing_context='spawn'"):
            forked.result(60)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch
def test_training_reads_the_bucket(store: S3, data: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="pip install 'sen12ms-catalog[torch]'")
    from catalog.experiment.torch_dataset import PatchDataset  # noqa: PLC0415 - needs PyTorch

    index(ROOT, into=tmp_path / "catalog")
    index(data, into=tmp_path / "local")
    with Catalog.open(tmp_path / "catalog") as cat, Catalog.open(tmp_path / "local") as on_disk:
        there, here = (PatchDataset(each.select(complete=True)) for each in (cat, on_disk))
    loader = torch.utils.data.DataLoader(
        there, batch_size=2, num_workers=1, multiprocessing_context="spawn"
    )
    samples = [sample for batch in loader for sample in batch["image"]]
    assert len(samples) == len(here) == 4
    for number, sample in enumerate(samples):
        assert torch.equal(sample, here[number]["image"])
