"""A Dask cluster whose workers see the object store alone makes the catalog of local processes.

Each of the two workers is a process in a mount namespace of its own, where the folder of all that
tests write is an empty one: so it is on another machine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from trees import Killing, Told, contents_of, rows_of

from catalog import OutputError, StoreOptions, index
from catalog.datasets import SEN12MS_CR
from catalog.source.synthetic import SyntheticScene, write_scene

distributed = pytest.importorskip("distributed", reason="distributed is an optional extra")
pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is the store of these tests")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Small
    from stores import S3

pytestmark = pytest.mark.slow

ROOT = "s3://bucket/apart"


def _isolation() -> list[str]:
    """What starts a program in a mount namespace of its own, if this system permits it."""
    for options in ([], ["--user", "--map-root-user"]):
        command = ["unshare", *options, "--mount", "--"]
        try:
            test = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
            subprocess.run(test, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return command
    return pytest.skip("this system permits no mount namespaces")


@contextmanager
def workers_without(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a cluster of two workers that see an empty folder in place of this one."""
    isolation, started = _isolation(), []
    hidden = shlex.quote(str(folder))
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        worker = "-m distributed.cli.dask_worker --nthreads 1 --no-dashboard"
        script = (
            f"mount -t tmpfs none {hidden} && mkdir {hidden}/tmp && export TMPDIR={hidden}/tmp && "
            f"cd {hidden} && exec {sys.executable} {worker} {address}"
        )
        try:
            for _ in range(2):
                command = [*isolation, "sh", "-c", script]
                started.append(
                    subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
                )
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
                yield address
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


@pytest.fixture(scope="module")
def dataset(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three patches of each of the six scenes, one of which is truncated, and a true season."""
    root = tmp_path_factory.mktemp("apart") / "SEN12MS"
    for folder in sorted(small.root.glob("*/*_*")):
        (root / folder.relative_to(small.root)).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:3]:
            shutil.copyfile(path, root / path.relative_to(small.root))
    os.truncate(min(root.glob("ROIs2017_winter/s2_112/*.tif")), 100_000)
    (root / "seasons.csv").write_text("scene,true_season\nROIs1158_spring_1,summer\n")
    return root


@pytest.fixture(scope="module")
def filled(s3: S3, dataset: Path) -> S3:
    """The store, with the dataset in it."""
    s3.upload(dataset, "apart")
    return s3


@pytest.fixture(scope="module")
def apart(filled: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster whose workers see nothing that tests write, but the store."""
    environment = elsewhere() | filled.environment
    with workers_without(tmp_path_factory.getbasetemp(), environment) as address:
        yield address


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster whose workers know nothing of the store, but of another that does not answer."""
    other = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-central-1"}
    with workers_without(tmp_path_factory.getbasetemp(), elsewhere() | other) as address:
        yield address


def elsewhere() -> dict[str, str]:
    """The environment of a machine where nothing is said of stores."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@pytest.fixture
def store(filled: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The store, found by the environment; how it fails is forgotten."""
    yield from filled.reached(monkeypatch)


@pytest.fixture
def expected(store: S3, tmp_path: Path) -> dict[str, Any]:
    """What local processes make of the bucket."""
    index(ROOT, into=tmp_path / "expected")
    return contents_of(tmp_path / "expected")


def test_workers_do_not_see_what_tests_write(apart: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with distributed.Client(apart, set_as_default=False) as client:
        seen = client.run(os.path.exists, str(tmp_path / "file"))
    assert list(seen.values()) == [False, False]


@pytest.mark.parametrize("busy_every", [0, 10])
def test_catalog_is_the_same_as_from_processes(
    apart: str, store: S3, expected: dict[str, Any], tmp_path: Path, busy_every: int
) -> None:
    store.faults.busy_every = busy_every
    report = index(ROOT, into=tmp_path / "catalog", cluster=apart)
    assert len(report.rejected) == 1
    assert contents_of(tmp_path / "catalog") == expected
    told = Told()
    index(ROOT, into=tmp_path / "catalog", cluster=apart, progress=told)
    assert told.files_read() == 0, "the journal is kept here"
    names = {path.name for path in tmp_path.iterdir()}
    assert not [name for name in names if name.endswith(".probe")]


def test_workers_read_and_this_machine_does_not(
    apart: str, store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("read on this machine")

    monkeypatch.setattr("catalog.source.scene.SceneReader.read", fail)
    index(ROOT, into=tmp_path / "catalog", cluster=apart)


def test_worker_that_is_killed_changes_nothing(
    apart: str, store: S3, expected: dict[str, Any], tmp_path: Path
) -> None:
    with distributed.Client(apart, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=30)
        processes = list(client.run(os.getpid).values())
    kill = Killing(processes[0])
    index(ROOT, into=tmp_path / "catalog", cluster=apart, progress=kill)
    assert kill.done
    assert contents_of(tmp_path / "catalog") == expected


def test_an_interrupted_run_goes_on_from_the_journal(
    apart: str, store: S3, expected: dict[str, Any], tmp_path: Path
) -> None:
    def interrupt(phase: str, done: int, total: int, rejected: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(ROOT, into=tmp_path / "catalog", cluster=apart, progress=interrupt)
    kept = len([*(tmp_path / "catalog.journal").glob("*.arrow")])
    assert 1 <= kept < 6
    with distributed.Client(apart, set_as_default=False) as client:
        running = client.run(lambda dask_worker: len(dask_worker.state.executing))
        assert not any(running.values())
    told = Told()
    index(ROOT, into=tmp_path / "catalog", cluster=apart, progress=told)
    assert told.files_read() == (6 - kept) * 9
    assert contents_of(tmp_path / "catalog") == expected


def test_archives_in_the_bucket_are_the_same(
    apart: str, store: S3, dataset: Path, tmp_path: Path, pack: Callable[..., list[Path]]
) -> None:
    packed = pack(dataset, tmp_path / "packed")
    os.truncate(packed[1], packed[1].stat().st_size - 100)
    store.upload(tmp_path / "packed", "apart-packed")
    urls = [f"s3://bucket/apart-packed/{path.name}" for path in packed]
    index(*urls, ROOT, into=tmp_path / "expected")
    index(*urls, ROOT, into=tmp_path / "catalog", cluster=apart)
    expected = contents_of(tmp_path / "expected")
    assert [name for name in expected if name.endswith(".gzi")]
    assert contents_of(tmp_path / "catalog") == expected


def test_an_archive_that_is_damaged_now_has_no_seek_index(
    apart: str, store: S3, dataset: Path, tmp_path: Path, pack: Callable[..., list[Path]]
) -> None:
    packed = pack(dataset, tmp_path / "packed")[:2]
    urls = [f"s3://bucket/apart-damaged/{path.name}" for path in packed]
    store.upload(tmp_path / "packed", "apart-damaged")
    index(*urls, into=tmp_path / "catalog", cluster=apart)
    kept = tmp_path / "catalog.journal/archives"
    assert len([*kept.glob("*.gzi")]) == 2
    os.truncate(packed[1], packed[1].stat().st_size // 2)
    store.upload(tmp_path / "packed", "apart-damaged")
    assert index(*urls, into=tmp_path / "catalog", cluster=apart).rejected
    assert len([*kept.glob("*.gzi")]) == 1


@pytest.mark.parametrize("option", ["cloud_cover", "land_cover_from"])
def test_a_table_that_workers_do_not_see_is_told(
    apart: str, store: S3, dataset: Path, tmp_path: Path, option: str
) -> None:
    scene = SyntheticScene("fall", 139, 32650, (374_132.25, 4_118_022.75), 29, (30, 31))
    assert [*write_scene(tmp_path / "CR", scene, SEN12MS_CR, sparse=("s1", "s2", "s2_cloudy"))]
    store.upload(tmp_path / "CR", "apart-cr")
    table = tmp_path / "clouds.csv"
    table.write_text("id,cloud_cover\nROIs1970_fall_139_p30,12.5\n")
    if option == "land_cover_from":
        index(dataset, into=tmp_path / "other")
        table = tmp_path / "other" / "items.parquet"
    choices: dict[str, Any] = {option: table}
    sentence = rf"the worker tcp://\S+ does not see {table} as it is here: put a copy there"
    with pytest.raises(OutputError, match=sentence):
        index("s3://bucket/apart-cr", into=tmp_path / "catalog", cluster=apart, **choices)
    copy_to_workers(apart, table)
    index("s3://bucket/apart-cr", into=tmp_path / "catalog", cluster=apart, **choices)
    index("s3://bucket/apart-cr", into=tmp_path / "expected", **choices)
    assert rows_of(tmp_path / "catalog") == rows_of(tmp_path / "expected")


def copy_to_workers(address: str, path: Path) -> None:
    """Put a file where workers see it, under the same path."""

    def write(name: str, content: bytes) -> None:
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "wb") as file:
            file.write(content)

    with distributed.Client(address, set_as_default=False) as client:
        client.run(write, str(path), path.read_bytes())


def test_options_of_the_store_reach_workers(
    strange: str, store: S3, expected: dict[str, Any], tmp_path: Path
) -> None:
    options = StoreOptions(store.endpoint, "us-east-1", anonymous=True)
    index(ROOT, into=tmp_path / "catalog", cluster=strange, store=options)
    assert contents_of(tmp_path / "catalog") == expected


def test_workers_pay_for_requests_if_they_are_told_so(
    apart: str, store: S3, tmp_path: Path
) -> None:
    options = StoreOptions(requester_pays=True)
    index(ROOT, into=tmp_path / "catalog", cluster=apart, store=options)
    assert store.faults.paid == len(store.faults.asked) > 6 * 9


def test_options_reach_what_reads_an_archive(
    strange: str, store: S3, dataset: Path, tmp_path: Path, pack: Callable[..., list[Path]]
) -> None:
    packed = pack(dataset, tmp_path / "packed")[:2]
    store.upload(tmp_path / "packed", "apart-options")
    urls = [f"s3://bucket/apart-options/{path.name}" for path in packed]
    index(*urls, into=tmp_path / "expected")
    options = StoreOptions(store.endpoint, "us-east-1", anonymous=True)
    index(*urls, into=tmp_path / "catalog", cluster=strange, store=options)
    assert contents_of(tmp_path / "catalog") == contents_of(tmp_path / "expected")


def test_the_command_line_sends_its_options_and_keeps_credentials_here(
    strange: str, store: S3, tmp_path: Path
) -> None:
    secrets = {"AWS_ACCESS_KEY_ID": "the-key-here", "AWS_SECRET_ACCESS_KEY": "the-secret-here"}
    command = [sys.executable, "-m", "catalog", "index", ROOT, "-o", str(tmp_path / "catalog")]
    command += ["--cluster", strange, "--endpoint", store.endpoint, "--region", "us-east-1"]
    done = subprocess.run(
        [*command, "--anonymous"], capture_output=True, env=elsewhere() | secrets, check=False
    )
    assert done.returncode == 3, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"report.json", "items.parquet"} <= {path.name for path in written}
    with distributed.Client(strange, set_as_default=False) as client:
        logs = [str(client.get_worker_logs()), str(client.get_scheduler_logs())]
    texts = [done.stdout, done.stderr, *(log.encode() for log in logs)]
    for text in (*texts, *(path.read_bytes() for path in written)):
        assert b"the-key-here" not in text
        assert b"the-secret-here" not in text


def test_a_root_that_workers_do_not_see_is_told(apart: str, small: Small, tmp_path: Path) -> None:
    sentence = (
        rf"the worker tcp://\S+ does not see {tmp_path} .*{small.root}: share the file system"
    )
    with pytest.raises(OutputError, match=sentence):
        index(small.root, into=tmp_path / "catalog", cluster=apart)
    assert not (tmp_path / "catalog").exists()


def test_a_root_that_workers_alone_do_not_see_is_told(small: Small, tmp_path: Path) -> None:
    """The catalog is on a file system that they share, the dataset is not."""
    data = tmp_path / "data" / "SEN12MS"
    shutil.copytree(small.root, data)
    sentence = rf"the worker tcp://\S+ does not see {data} .*: share the file system"
    with (
        workers_without(data.parent, elsewhere()) as address,
        pytest.raises(OutputError, match=sentence),
    ):
        index(data, into=tmp_path / "catalog", cluster=address)
