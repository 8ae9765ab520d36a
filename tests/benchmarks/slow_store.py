"""A folder as a bucket of S3 where each request takes a while: `python slow_store.py FOLDER MS`.

It prints its port. It lists, and gives files or ranges of them; nothing is signed or checked.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_RANGE = re.compile(rb"(?i)\r\nrange: *bytes=(\d+)-(\d*)")


async def _serve(folder: Path, seconds: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(_answer(folder, head))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _answer(folder: Path, head: bytes) -> bytes:
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    url = urlsplit(target)
    key = unquote(url.path).removeprefix("/bucket").strip("/")
    if not key:
        return _response(200, _listing(folder, parse_qs(url.query)["prefix"][0]), method)
    path = folder / key
    if not path.is_file():
        return _response(404, b"", method)
    size = path.stat().st_size
    if (wanted := _RANGE.search(head)) is None:
        return _response(200, path.read_bytes(), method)
    start, end = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
    with path.open("rb") as file:
        file.seek(start)
        body = file.read(end - start + 1)
    return _response(206, body, method, f"Content-Range: bytes {start}-{end}/{size}\r\n")


def _listing(folder: Path, prefix: str) -> bytes:
    """All files below a prefix, in one page."""
    entries = "".join(
        f"<Contents><Key>{path.relative_to(folder).as_posix()}</Key><Size>{path.stat().st_size}"
        '</Size><ETag>"1"</ETag><LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>'
        for path in sorted((folder / prefix).rglob("*"))
        if path.is_file()
    )
    start = (
        '<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>'
        f"<Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>"
    )
    return f"{start}{entries}</ListBucketResult>".encode()


def _response(status: int, body: bytes, method: str, more: str = "") -> bytes:
    lines = (
        f'HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nETag: "1"\r\n'
        f"Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n{more}\r\n"
    )
    return lines.encode() + (b"" if method == "HEAD" else body)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2]) / 1000))
