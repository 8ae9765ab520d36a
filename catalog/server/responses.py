"""Answers that a client need not fetch twice, and that are compressed where that helps."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from isal import igzip
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

from catalog.store.static import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request

_COMPRESSED: Final = {".js", ".css", ".html", ".json", ".svg"}
_KEPT: Final = 64
_LEVEL: Final = 1
"""Of igzip, which is much quicker than the fastest level of gzip."""
_LEAST, _MOST = 1024, 16 * 2**20
"""Bytes of JSON that is compressed: below, nothing is gained; above, it takes too long."""
_NOT_WANTED: Final = re.compile(r"q=0(\.0*)?")
_PART: Final = re.compile(r"\s*(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<suffix>\d{1,18}))\s*")


def file_response(request: Request, path: Path, kind: str | None = None) -> Response:
    """A file, or parts of it; scripts and styles are compressed for clients that accept gzip."""
    stat = os.stat(path)
    if not _is_range(request.headers.get("range", "bytes=0-")):
        # As RFC 9110 has it, 14.2: an invalid one is ignored.
        kept = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
        request.scope["headers"] = kept
    whole = FileResponse(path, media_type=kind, stat_result=stat)
    if path.suffix not in _COMPRESSED:
        return unless_known(request, whole)
    whole.headers["Vary"] = "Accept-Encoding"
    if not _accepts_gzip(request):
        return unless_known(request, whole)
    headers = {name: whole.headers[name] for name in ("vary", "last-modified")}
    # Other bytes, another tag.
    headers |= {"Content-Encoding": "gzip", "ETag": f'{whole.headers["etag"][:-1]}-gzip"'}
    body = _gzipped(path, stat.st_mtime_ns)
    return unless_known(request, Response(body, media_type=whole.media_type, headers=headers))


def body_response(
    request: Request, body: bytes, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A body that was made, with an ETag of its content; JSON is compressed as files are."""
    told = dict(headers or {})
    if "json" in kind and _LEAST <= len(body) <= _MOST:
        told["Vary"] = "Accept-Encoding"
        if _accepts_gzip(request):
            told["Content-Encoding"] = "gzip"
            body = igzip.compress(body, _LEVEL, mtime=0)
    # Of the bytes that are sent: those that are compressed are fewer to hash.
    told["ETag"] = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    return unless_known(request, Response(body, media_type=kind, headers=told))


def unless_known(request: Request, response: Response) -> Response:
    """An answer, or 304 if the client has it; see RFC 9110, 13.2.2."""
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        same = "*" in tags or response.headers["etag"] in tags
    else:
        same = _is_older(response.headers.get("last-modified"), request)
    return NotModifiedResponse(response.headers) if same else response


def _accepts_gzip(request: Request) -> bool:
    """Whether a client can decompress gzip; see RFC 9110, 12.5.3."""
    accepted = {}
    for part in request.headers.get("accept-encoding", "").lower().replace(" ", "").split(","):
        name, _, weight = part.partition(";")
        accepted[name] = not _NOT_WANTED.fullmatch(weight)
    return accepted.get("gzip", accepted.get("*", False))


def _is_range(text: str) -> bool:
    """Whether a Range header is one: no part of it ends before it starts."""
    unit, _, parts = text.partition("=")
    found = [_PART.fullmatch(part) for part in parts.split(",")]
    return unit.strip() == "bytes" and all(
        match is not None and int(match["first"] or 0) <= int(match["last"] or 10**18)
        for match in found
    )


def read_whole(path: Path) -> dict[str, Any]:
    """A JSON file of the catalog.

    Raises
    ------
    HTTPException
        500 if it is damaged.
    """
    try:
        return dict(read_json(path))
    except (OSError, ValueError) as error:
        raise HTTPException(500, f"{path.name} is damaged: run `sen12ms check`") from error


def _is_older(modified: str | None, request: Request) -> bool:
    since = request.headers.get("if-modified-since")
    if modified is None or since is None:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


@lru_cache(_KEPT)
def _gzipped(path: Path, _: int) -> bytes:
    """A file, compressed; the second argument tells another version of it."""
    return gzip.compress(path.read_bytes(), mtime=0)
