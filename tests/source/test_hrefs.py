"""An href says where a file is: on this disk, or below a base that stands for the root."""

from __future__ import annotations

import ntpath
import os
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.model import Rebase, gdal_root
from catalog.source.hrefs import Hrefs
from catalog.store.report import Report

NAME = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)
BELOW = st.lists(NAME, min_size=1, max_size=4).map("/".join)

HREFS = {
    "an absolute path without a base": (("/data",), None, "/data/a b/x.tif", "/data/a b/x.tif"),
    "below a URL": (("/data",), "https://h/d", "/data/a/x.tif", "https://h/d/a/x.tif"),
    "below a URL with a slash": (
        ("/data",),
        "https://h/d/",
        "/data/a/x.tif",
        "https://h/d/a/x.tif",
    ),
    "below a bucket": (("/data",), "s3://b", "/data/a/x.tif", "s3://b/a/x.tif"),
    "below another folder": (("/data",), "/mnt/d", "/data/a/x.tif", "/mnt/d/a/x.tif"),
    "below the root of the disk": (("/data",), "/", "/data/a/x.tif", "/a/x.tif"),
    "from the root of the disk": (("/",), "s3://b", "/data/x.tif", "s3://b/data/x.tif"),
    "quoted in a URL": (
        ("/data",),
        "https://h",
        "/data/a b/é#?%.tif",
        "https://h/a%20b/%C3%A9%23%3F%25.tif",
    ),
    "not quoted in a folder": (("/data",), "/mnt", "/data/a b/#?%.tif", "/mnt/a b/#?%.tif"),
    "by the second of two roots": (("/a", "/b"), "s3://b", "/b/c/x.tif", "s3://b/c/x.tif"),
    "by the root, not by one whose name starts alike": (
        ("/data", "/data2"),
        "s3://b",
        "/data2/x.tif",
        "s3://b/x.tif",
    ),
    "by the inner of two roots": (
        ("/data", "/data/in"),
        "s3://b",
        "/data/in/x.tif",
        "s3://b/x.tif",
    ),
    "by the outer of two roots": (("/data/in", "/data"), "s3://b", "/data/x.tif", "s3://b/x.tif"),
}


@pytest.mark.parametrize(("roots", "base", "path", "expected"), HREFS.values(), ids=HREFS)
def test_an_href_is(roots: tuple[str, ...], base: str | None, path: str, expected: str) -> None:
    assert Hrefs(roots, base).of_file(path) == expected


@settings(deadline=None)
@given(BELOW)
def test_the_path_of_a_url_unquoted_is_the_path_below_the_root(below: str) -> None:
    href = Hrefs(("/data",), "https://example.com/base").of_file(f"/data/{below}")
    parts = urlsplit(href)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
        "https",
        "example.com",
        "",
        "",
    )
    assert unquote(parts.path) == f"/base/{below}"
    assert href.isascii()


@pytest.mark.parametrize("base", [None, "https://example.com/base", "/mnt/50%20"])
@settings(deadline=None)
@given(BELOW)
def test_a_file_is_found_by_its_href_after_a_move(base: str | None, below: str) -> None:
    href = Hrefs(("/data",), base).of_file(f"/data/{below}")
    assert Rebase(base or "/data", "/new").of(href) == f"/new/{below}"


@settings(deadline=None)
@given(BELOW)
def test_without_a_base_the_href_is_the_path(below: str) -> None:
    assert Hrefs(("/data",)).of_file(f"/data/{below}") == f"/data/{below}"


def test_members_of_archives_are_separated_by_slashes_on_windows_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = gdal_root(r"C:\data\a.tar")
    hrefs = Hrefs((r"C:\data\tree", archive), "https://h")
    with monkeypatch.context() as windows:
        windows.setattr(os, "path", ntpath)
        windows.setattr(os, "sep", "\\")
        found = [hrefs.of_file(path) for path in (f"{archive}/a b/x.tif", r"C:\data\tree\a\x.tif")]
    assert found == ["https://h/a%20b/x.tif", "https://h/a/x.tif"]


def test_roots_on_two_drives_of_windows_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    roots = (r"C:\data\tree", gdal_root(r"D:\more\a.tar"))
    report = Report("0", "sen12ms", "", roots, None, None, 0, 0, 0, {}, ())
    with monkeypatch.context() as windows:
        windows.setattr(os, "path", ntpath)
        assert report.href_start == ""
