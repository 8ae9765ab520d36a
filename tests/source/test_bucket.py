"""Options of an object store come before the environment, where and while they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from catalog import StoreError, StoreOptions, index
from catalog.source import bucket
from catalog.source.bucket import reached_by
from catalog.source.stores import fetch, open_binary

pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is the store of these tests")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stores import S3

pytestmark = pytest.mark.slow

URL = "s3://bucket/options/file"


@pytest.fixture
def store(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A store with one file, which the environment does not name."""
    monkeypatch.setitem(bucket._RETRIES, "max_retries", 0)
    (tmp_path / "file").write_bytes(b"content")
    s3.upload(tmp_path, "options")
    for store in s3.reached(monkeypatch):
        for name in store.environment:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        yield store


def test_threads_and_files_reach_the_store_by_options(store: S3) -> None:
    with reached_by(StoreOptions(store.endpoint, anonymous=True)):
        found = list(fetch([(URL, None)] * 3))
        file = open_binary(URL)
    assert [start.data for start in found] == [b"content"] * 3
    assert file.read() == b"content", "an open file stays where it was opened"
    assert len(store.faults.asked) == 5


def test_who_pays_says_so_and_signs(store: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with reached_by(StoreOptions(store.endpoint, requester_pays=True)):
        next(fetch([(URL, None)]))
    assert store.faults.paid == len(store.faults.asked) == 1


def test_options_end_with_their_block(store: S3) -> None:
    with pytest.raises(KeyError), reached_by(StoreOptions(store.endpoint, anonymous=True)):
        raise KeyError
    with pytest.raises(StoreError, match="s3://bucket"):
        next(fetch([(URL, None)]))
    assert store.faults.asked == []


def test_options_of_one_store_leave_others_alone(store: S3) -> None:
    options = StoreOptions(store.endpoint, "eu-central-1", anonymous=True, requester_pays=True)
    assert options.settings("https") == {}
    assert options.settings("gs") == options.settings("az") == {"skip_signature": True}
    assert StoreOptions().settings("s3") == {}


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("host", "'host' is not a URL: give one as https://HOST"),
        ("https://me:hidden@host", "the endpoint holds a user name: give it as https://HOST"),
    ],
)
def test_a_wrong_endpoint_is_one_sentence(endpoint: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as caught:
        StoreOptions(endpoint)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("endpoint", [5, "", "http://", "http://[", "http://a b", "x" * 4000])
def test_an_endpoint_that_is_nonsense_is_one_short_sentence(endpoint: Any) -> None:
    with pytest.raises(StoreError, match="is not a URL: give one as https://HOST") as caught:
        StoreOptions(endpoint)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("endpoint", ["http://[::1]:9000", "http://127.0.0.1:9000/", "https://h/p"])
def test_a_server_may_be_an_address_or_have_a_path(endpoint: str) -> None:
    assert StoreOptions(endpoint).settings("s3")["endpoint"] == endpoint


@pytest.mark.parametrize("region", [5, "", "eu west", "a\nb", "x" * 4000])
def test_a_region_that_is_nonsense_is_one_short_sentence(region: Any) -> None:
    with pytest.raises(StoreError, match="is not a region: give one as eu-central-1") as caught:
        StoreOptions(region=region)
    assert len(str(caught.value)) < 150


def test_options_of_another_type_are_refused(tmp_path: Path) -> None:
    options: Any = {"region": "eu-central-1"}
    with pytest.raises(StoreError, match=r"are no StoreOptions: give catalog\.Sto"):
        index(tmp_path, into=tmp_path / "catalog", store=options)
