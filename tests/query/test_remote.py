"""A bare table at a URL, read in parts by the extension `httpfs`, answers like that on disk."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from catalog import Catalog, CatalogNotFoundError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Small

pytest.importorskip("duckdb_extension_httpfs", reason="pip install 'sen12ms-catalog[remote]'")
staticfiles = pytest.importorskip("starlette.staticfiles", reason="the server is an extra")
uvicorn = pytest.importorskip("uvicorn", reason="the server is an extra")
hosting = pytest.importorskip("catalog.server.hosting", reason="the server is an extra")

Requests = list[tuple[str, bytes | None]]
"""Method and range."""


@pytest.fixture(scope="module")
def asked() -> Requests:
    """Every request."""
    return []


@pytest.fixture(scope="module")
def url(small: Small, asked: Requests) -> Iterator[str]:
    """A plain file server of the small catalog, that knows ranges."""
    files = staticfiles.StaticFiles(directory=small.out)

    async def noted(scope: dict[str, Any], *channels: object) -> None:
        asked.append((scope["method"], dict(scope["headers"]).get(b"range")))
        await files(scope, *channels)

    with hosting.listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(noted, log_level="critical", lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield hosting.url_of(listener)
        finally:
            server.should_exit = True
            thread.join()


def test_table_at_a_url_answers_like_that_on_disk(small: Small, cat: Catalog, url: str) -> None:
    with Catalog.open(f"{url}items.parquet") as remote:
        assert remote.fingerprint() is None
        for filters in (
            {},
            {"region": "Italy", "predicate": "within"},
            {"region": ["Belgium", "126,37,128,39"], "not_region": "Netherlands"},
            {"season": "winter", "cover": {"water": (0, 0.5)}, "sensor": "s2"},
            {"where": "cover.forest > 0.1"},
        ):
            selection = remote.select(**filters)
            assert selection.ids == cat.select(**filters).ids
            assert selection.paths("s2") == cat.select(**filters).paths("s2")
        query = "SELECT dominant_cover, count(*) FROM patches GROUP BY ALL ORDER BY ALL"
        assert remote.sql(query).fetchall() == cat.sql(query).fetchall()


def test_table_at_a_url_is_read_in_parts(url: str, asked: Requests) -> None:
    with Catalog.open(f"{url}items.parquet") as remote:
        asked.clear()
        assert len(remote.select(region="Italy")) == 9
    assert asked
    assert all(method == "HEAD" or part for method, part in asked), "never the whole file"


@pytest.mark.parametrize("name", ["nope.parquet", "other/items.parquet"])
def test_missing_table_at_a_url_is_one_sentence(url: str, name: str) -> None:
    with pytest.raises(QueryError) as caught:
        Catalog.open(url + name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("query", ["FROM read_text('{url}catalog.json')",
                                   "FROM '{url}items.parquet?again'",
                                   "FROM read_text('/etc/passwd')"])  # fmt: skip
def test_nothing_else_can_be_read_through_it(url: str, query: str) -> None:
    with Catalog.open(f"{url}items.parquet") as remote, pytest.raises(QueryError):
        remote.sql(query.format(url=url)).fetchall()


def test_what_needs_files_says_so(url: str, small: Small) -> None:
    with Catalog.open(f"{url}items.parquet") as remote:
        with pytest.raises(CatalogNotFoundError, match="download it first"):
            remote.select().to_stac_geoparquet("some.parquet")
        with pytest.raises(CatalogNotFoundError, match="a bare table has no items"):
            next(remote.select().items())
