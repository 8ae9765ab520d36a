"""Answers of the STAC API as stac-geoparquet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.server.conftest import Dataset

WINTER = {"op": "=", "args": [{"property": "season"}, "winter"]}


@pytest.fixture(scope="module")
def cat(demo: Dataset) -> Iterator[Catalog]:
    with Catalog.open(demo.out) as cat:
        yield cat


@pytest.mark.parametrize("how", ["f=parquet", "accept"])
def test_a_search_is_answered_as_geoparquet(
    client: httpx.Client, cat: Catalog, tmp_path: Any, how: str
) -> None:
    kind = "application/vnd.apache.parquet"
    url = "api/search?f=parquet" if how == "f=parquet" else "api/search"
    headers = {} if how == "f=parquet" else {"accept": kind}
    answer = client.post(url, json={"filter": WINTER}, headers=headers)
    assert answer.headers["content-type"] == kind
    path = tmp_path / "found.parquet"
    path.write_bytes(answer.content)
    expected = cat.select(season="winter")
    assert sorted(pq.read_table(path)["id"].to_pylist()) == sorted(expected.ids)
    with Catalog.open(path) as found:
        assert found.select().paths() == expected.paths()
    metadata = pq.read_metadata(path).metadata
    assert json.loads(metadata[b"geo"])["version"] == "1.1.0"
    assert json.loads(metadata[b"stac-geoparquet"])["version"] == "1.0.0"
    limited = client.get("api/search?f=parquet&limit=3&sortby=-id")
    path.write_bytes(limited.content)
    last = sorted(cat.select().ids)[-3:]
    assert sorted(pq.read_table(path)["id"].to_pylist()) == last


def test_ranges_of_a_geoparquet_are_of_one_file(client: httpx.Client) -> None:
    url, other = "api/search?f=parquet&bbox=10,44,11,45", "api/search?f=parquet"
    whole = client.get(url)
    parts = []
    for start in range(0, len(whole.content), 30_000):
        headers = {"Range": f"bytes={start}-{start + 29_999}", "If-Range": whole.headers["etag"]}
        parts.append(client.get(url, headers=headers))
        assert client.get(other).content != whole.content  # what the server keeps is another answer
    assert {part.status_code for part in parts} == {206}
    assert {part.headers["etag"] for part in parts} == {whole.headers["etag"]}
    assert b"".join(part.content for part in parts) == whole.content
    assert client.head(url).headers["etag"] == whole.headers["etag"]
