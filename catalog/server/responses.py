"""Answers that a client need not fetch twice, and that are packed where that helps."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

from catalog.store.static import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request

_PACKED: Final = {".js", ".css", ".html"}
_KEPT: Final = 64
_PART: Final = re.compile(r"\s*(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<suffix>\d{1,18}))\s*")


def file_response(request: Request, path: Path, kind: str | None = None) -> Response:
    """A file, or parts of it; scripts and styles are gzipped for those who can unpack them."""
    stat = os.stat(path)
    if not _is_range(request.headers.get("range", "bytes=0-")):
        # As RFC 9110 has it, 14.2: an invalid one is ignored.
        kept = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
        request.scope["headers"] = kept
    if path.suffix in _PACKED and "gzip" in request.headers.get("accept-encoding", ""):
        packed = _gzipped(path, stat.st_mtime_ns)
        media_type = FileResponse(path, stat_result=stat).media_type
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return body_response(request, packed, str(media_type), headers)
    return unless_known(request, FileResponse(path, media_type=kind, stat_result=stat))


def body_response(
    request: Request, body: bytes, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A body that was made, with an ETag of its content."""
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return unless_known(
        request, Response(body, media_type=kind, headers={**(headers or {}), "ETag": f'"{digest}"'})
    )


def unless_known(request: Request, response: Response) -> Response:
    """An answer, or 304 if the client has it; see RFC 9110, 13.2.2."""
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        same = "*" in tags or response.headers["etag"] in tags
    else:
        same = _is_older(response.headers.get("last-modified"), request)
    return NotModifiedResponse(response.headers) if same else response


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
    """A file, gzipped; the second argument tells another version of it."""
    return gzip.compress(path.read_bytes(), mtime=0)
