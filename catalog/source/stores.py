"""Files at URLs: in object stores and on web servers, through obstore."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, unquote, urlsplit

from catalog.errors import CatalogNotFoundError, MissingExtraError, StoreError
from catalog.model import is_url, is_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

_Result = TypeVar("_Result")

IN_FLIGHT: Final = 128
"""Requests at the same time: of 30 ms each, they bring thousands of headers a second."""
IN_FLIGHT_WHOLE: Final = 16
"""Of whole files, which are some megabytes each."""
LISTING: Final = "files.txt"
"""What a web server has instead of an answer to the question which files there are."""
_RETRIES: Final = {
    "max_retries": 8,
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    },
    "retry_timeout": timedelta(seconds=60),
}
_MOST_FAILURES: Final = 5
"""So many files one after the other, none of which a server can give, are a server that fails."""
_BUFFER_BYTES: Final = 4 << 20
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_METADATA_SERVER: Final = "169.254.169.254"
"""Where obstore looks for credentials if the environment has none."""


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
    bucket = _bucket(url)
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
    bucket = _bucket(url)
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
    bucket = _bucket(url)
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
        bucket = _bucket(urls[0])
        bucket.ask(lambda: bucket.obstore.delete(bucket.store, [bucket.key(url) for url in urls]))


def at_once(
    function: Callable[[Any], _Result], arguments: Iterable[Any], in_flight: int = IN_FLIGHT
) -> Iterator[_Result]:
    """Call a function with each argument in threads, some ahead; results in their order."""
    waiting: deque[Any] = deque()
    pool = ThreadPoolExecutor(in_flight)
    try:
        for argument in arguments:
            waiting.append(pool.submit(function, argument))
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
        self._url = url
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
        bucket, start = _bucket(self._url), self._position
        data = bucket.ask(
            lambda: bytes(
                bucket.obstore.get_range(bucket.store, bucket.key(self._url), start=start, end=end)
            )
        )
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class _Bucket:
    """A bucket or web server, connected as the environment says."""

    def __init__(self, root: str) -> None:
        try:
            import obstore  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError(
                f"{root} is read by obstore: pip install 'sen12ms-catalog[cloud]'"
            ) from error
        self.obstore: Any = obstore
        self.root = root
        """Its URL, without a slash at the end."""
        plain = root.startswith("http://") or _endpoint().startswith("http://")
        try:
            self.store: Any = self.obstore.store.from_url(
                root,
                client_options={"allow_http": plain, "pool_max_idle_per_host": str(IN_FLIGHT)},
                retry_config=_RETRIES,
            )
        except self.obstore.exceptions.BaseError as error:
            raise StoreError(
                f"{root} cannot be reached ({_first_line(error)}): set the environment variables "
                "of its kind of store"
            ) from error
        self._failures = 0

    def key(self, url: str) -> str:
        """The name of an object."""
        path = url.removeprefix(self.root).strip("/")
        return unquote(path) if is_web(url) else path

    def ask(self, request: Callable[[], _Result]) -> _Result:
        """The answer to a request, which is repeated where the server is busy.

        Raises
        ------
        OSError
            If the server refuses; `strerror` says why.
        StoreError
            If it does not answer, or has failed with one file after the other.
        """
        if os.getpid() != _first_process():
            raise StoreError(
                f"{self.root} cannot be read in a process that was forked from one that had read a "
                "store: start workers with multiprocessing_context='spawn'"
            )
        try:
            answer = request()
        except FileNotFoundError as error:
            why = f"there is no {self.root}" if "NoSuchBucket" in str(error) else "is not there"
            raise FileNotFoundError(errno.ENOENT, why) from error
        except self.obstore.exceptions.NotSupportedError as error:
            raise StoreError(
                f"{self.root} does not answer requests for a range of bytes: use another server"
            ) from error
        except self.obstore.exceptions.BaseError as error:
            raise self._refusal(str(error)) from error
        self._failures = 0
        return answer

    def _refusal(self, message: str) -> OSError | StoreError:
        if _METADATA_SERVER in message:
            return StoreError(
                f"there are no credentials for {self.root}: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or say --anonymous"
            )
        status, code = _STATUS.search(message), _CODE.search(message)
        if status is None:
            why = "no connection" if "error sending request" in message else _first_line(message)
            return StoreError(f"{self.root} does not answer ({why}): run again when it does")
        number = int(status[1])
        self._failures += number >= HTTPStatus.INTERNAL_SERVER_ERROR
        if self._failures >= _MOST_FAILURES:
            return StoreError(
                f"{self.root} answered HTTP {number} however often it was asked: run again when it "
                "works"
            )
        return OSError(errno.EIO, f"HTTP {number} {code[1] if code else HTTPStatus(number).phrase}")


def _first_line(error: object) -> str:
    """What obstore says first: it goes on with how the error came about."""
    return str(error).partition("\n")[0]


@cache
def _first_process() -> int:
    """The process that asked first, in its forks too: there, obstore would wait for ever."""
    return os.getpid()


@cache
def _opened(root: str) -> _Bucket:
    return _Bucket(root)


def _bucket(url: str) -> _Bucket:
    scheme, host, *_ = urlsplit(url)
    return _opened(f"{scheme}://{host}")


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


def _head(url: str) -> RemoteFile:
    bucket = _bucket(url)
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
