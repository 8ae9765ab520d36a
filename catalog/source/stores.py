"""Files at URLs: in object stores and on web servers, through obstore."""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

from catalog.errors import CatalogNotFoundError
from catalog.model import is_url, is_web
from catalog.source.bucket import IN_FLIGHT, bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

_Result = TypeVar("_Result")

IN_FLIGHT_WHOLE: Final = 16
"""Of whole files, which are some megabytes each."""
LISTING: Final = "files.txt"
"""What a web server has instead of an answer to the question which files there are."""
_BUFFER_BYTES: Final = 4 << 20


class RemoteFile(NamedTuple):
    """A file at a URL, as its server lists it."""

    url: str
    """Where it is."""
    size: int
    """Bytes."""
    stamp: int
    """What tells it from a changed one: of its entity tag and the time of its last change."""
    e_tag: str
    """Its entity tag, in most stores the MD5 of the content in hexadecimal; empty without one."""


class Start(NamedTuple):
    """The first bytes of a file, or all of them."""

    data: bytes
    """The bytes."""
    size: int
    """How many the whole file has."""
    stamp: int
    """What tells it from a changed one."""


def listed(url: str) -> Iterator[RemoteFile]:
    """All files below a folder of an object store, or in the listing of a web server.

    Parameters
    ----------
    url : str
        `s3://BUCKET/FOLDER`, also `gs://` or `az://`; or `https://HOST/FOLDER`, where a file
        `files.txt` has one path a line, relative to the folder, and after a tab the size in bytes;
        of files without, the server is asked.

    Raises
    ------
    CatalogNotFoundError
        If it cannot be listed.
    StoreError
        If the server does not answer.
    """
    try:
        yield from _listed_by_server(url) if is_web(url) else _listed_by_store(url)
    except OSError as error:
        raise CatalogNotFoundError(f"{url} cannot be listed: {error.strerror}") from error


def _listed_by_store(url: str) -> Iterator[RemoteFile]:
    bucket = bucket_of(url)
    chunks = iter(bucket.obstore.list(bucket.store, prefix=bucket.key(url) or None))
    while chunk := bucket.ask(lambda: next(chunks, None)):
        for meta in chunk:
            yield _remote_file(f"{bucket.root}/{meta['path']}", meta)


def _listed_by_server(url: str) -> Iterator[RemoteFile]:
    lines = read_remote(f"{url}/{LISTING}").data.decode("utf-8", "replace").splitlines()
    unsized = []
    for path, _, size in (line.partition("\t") for line in lines if line.strip()):
        file = f"{url}/{quote(path.removeprefix('./'))}"
        if size.isdigit():
            yield RemoteFile(file, int(size), _digest(size), "")
        else:
            unsized.append(file)
    yield from filter(None, sizes_of(unsized))


def read_remote(url: str, most: int | None = None) -> Start:
    """Read a file at a URL, or its first bytes.

    Raises
    ------
    OSError
        If it is not there, or the server does not give it.
    StoreError
        If the server does not answer.
    """
    bucket = bucket_of(url)
    options = {} if most is None else {"range": (0, max(1, most))}

    def get() -> Start:
        found = bucket.obstore.get(bucket.store, bucket.key(url), options=options)
        data = bytes(found.bytes())
        return Start(data, found.meta["size"], _stamp(found.meta))

    return bucket.ask(get)


def fetch(
    wanted: Iterable[tuple[str, int | None]], in_flight: int = IN_FLIGHT
) -> Iterator[Start | OSError]:
    """Read files at URLs, many at the same time, or their first bytes; in the order given.

    Parameters
    ----------
    wanted : iterable of (str, int or None)
        URLs, and how many bytes of each are read: None for all.
    in_flight : int
        Requests at the same time.

    Yields
    ------
    Start or OSError
        What was read, or why it could not be.

    Raises
    ------
    StoreError
        If the server does not answer.
    """
    yield from at_once(lambda request: _tried(read_remote, *request), wanted, in_flight)


def sizes_of(urls: Iterable[str]) -> Iterator[RemoteFile | None]:
    """What servers say of files, in the order given; None of one that they do not give.

    Raises
    ------
    StoreError
        If a server does not answer.
    """
    for found in at_once(lambda url: _tried(_head, url), urls):
        yield None if isinstance(found, OSError) else found


def open_binary(path: str) -> BinaryIO:
    """A file to read at any byte, on disk or at a URL.

    Raises
    ------
    OSError
        If it is not there.
    """
    if not is_url(path):
        return open(path, "rb")
    return io.BufferedReader(_RemoteRaw(path), _BUFFER_BYTES)


def put(url: str, data: bytes, content_type: str) -> None:
    """Write an object as a whole.

    Raises
    ------
    OSError
        If the store refuses it.
    StoreError
        If the store does not answer.
    """
    bucket = bucket_of(url)
    attributes = {"Content-Type": content_type}
    bucket.ask(
        lambda: bucket.obstore.put(
            bucket.store, bucket.key(url), data, attributes=attributes, use_multipart=False
        )
    )


def delete(urls: Iterable[str]) -> None:
    """Delete objects of one store."""
    urls = list(urls)
    if urls:
        bucket = bucket_of(urls[0])
        bucket.ask(lambda: bucket.obstore.delete(bucket.store, [bucket.key(url) for url in urls]))


def at_once(
    function: Callable[[Any], _Result], arguments: Iterable[Any], in_flight: int = IN_FLIGHT
) -> Iterator[_Result]:
    """Call a function with each argument in threads, some ahead; results in their order."""
    waiting: deque[Any] = deque()
    pool = ThreadPoolExecutor(in_flight)
    try:
        for argument in arguments:
            waiting.append(pool.submit(copy_context().run, function, argument))
            if len(waiting) >= in_flight:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


class _RemoteRaw(io.RawIOBase):
    """A file at a URL, read by ranges."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._bucket, self._key = bucket_of(url), bucket_of(url).key(url)
        self._size = _head(url).size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        self._position = starts[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        bucket, start = self._bucket, self._position
        data = bucket.ask(
            lambda: bytes(bucket.obstore.get_range(bucket.store, self._key, start=start, end=end))
        )
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _head(url: str) -> RemoteFile:
    bucket = bucket_of(url)
    meta = bucket.ask(lambda: bucket.obstore.head(bucket.store, bucket.key(url)))
    return _remote_file(url, meta)


def _remote_file(url: str, meta: dict[str, Any]) -> RemoteFile:
    return RemoteFile(url, meta["size"], _stamp(meta), (meta["e_tag"] or "").strip('"'))


def _tried(function: Callable[..., _Result], *arguments: Any) -> _Result | OSError:
    try:
        return function(*arguments)
    except OSError as error:
        return error


def _stamp(meta: dict[str, Any]) -> int:
    return _digest(f"{meta['e_tag']} {meta['last_modified']}")


def _digest(text: str) -> int:
    """63 bits of its SHA-256, which fit beside times of files."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
