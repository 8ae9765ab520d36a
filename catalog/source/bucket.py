"""Buckets and web servers, connected through obstore: as options say, or the environment."""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

from catalog.errors import MissingExtraError, StoreError
from catalog.model import is_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

IN_FLIGHT: Final = 128
"""Requests at the same time: of 30 ms each, they bring thousands of headers a second."""
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
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_ENDPOINTS: Final = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
"""Variables that name the server of a kind of store; the first that is set counts."""
_CREDENTIALS: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
"""Variables that a kind of store is mostly reached with."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_SERVER: Final = re.compile(r"https?://([^\s/?#\[\]]+|\[[0-9A-Fa-f:.]+\](:\d+)?)(/[^\s?#]*)?")
"""The URL of a server, by its name or its address; there may be a path."""
_METADATA_SERVER: Final = "169.254.169.254"
"""Where obstore looks for credentials if the environment has none."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How an object store is reached, before what environment variables say. Nothing is secret.

    Raises
    ------
    StoreError
        If the endpoint is not the URL of a server, or holds a password; if the region is no name.
    """

    endpoint: str | None = None
    """URL of a store that speaks S3 and is not Amazon's."""
    region: str | None = None
    """Region of a store that speaks S3, as `eu-central-1`."""
    anonymous: bool = False
    """Whether the store is public, so that requests are not signed."""
    requester_pays: bool = False
    """Whether who asks pays for requests to a store that speaks S3."""

    def __post_init__(self) -> None:
        if self.region is not None and not _is_text(self.region, _NAME):
            raise StoreError(f"{_shown(self.region)} is not a region: give one as eu-central-1")
        if self.endpoint is None:
            return
        if "@" in str(self.endpoint):
            raise StoreError(
                "the endpoint holds a user name: give it as https://HOST, and credentials in "
                "environment variables"
            )
        if not _is_text(self.endpoint, _SERVER):
            raise StoreError(f"{_shown(self.endpoint)} is not a URL: give one as https://HOST")

    def settings(self, scheme: str) -> dict[str, str | bool]:
        """What they say of a store of the scheme `s3`, `gs` or `az`, as obstore calls it."""
        if scheme not in {"s3", "gs", "az"}:
            return {}
        said: dict[str, str | bool | None] = {"skip_signature": self.anonymous}
        if scheme == "s3":
            said |= {
                "endpoint": self.endpoint,
                "region": self.region,
                "request_payer": self.requester_pays,
            }
        return {name: value for name, value in said.items() if value}


def _is_text(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _shown(value: object) -> str:
    """A value, as far as it fits into a sentence."""
    return repr(value[:60]) if isinstance(value, str) else repr(value)[:80]


_OPTIONS: Final[ContextVar[StoreOptions]] = ContextVar("options", default=StoreOptions())  # noqa: B039


@contextmanager
def reached_by(options: StoreOptions) -> Iterator[None]:
    """Stores are reached so while the block runs, in its thread and in those of `at_once`."""
    before = _OPTIONS.set(options)
    try:
        yield
    finally:
        _OPTIONS.reset(before)


def reaching_its_store(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """A function while which stores are reached as its keyword `store` says."""

    @wraps(function)
    def call(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        options = named.get("store")
        if not isinstance(options, StoreOptions | None):
            raise StoreError(f"{_shown(options)} are no StoreOptions: give catalog.StoreOptions(…)")
        with reached_by(options or StoreOptions()):
            return function(*given, **named)

    return call


def reached() -> StoreOptions:
    """How stores are reached now: `call_reaching` takes it to another process."""
    return _OPTIONS.get()


def call_reaching(
    options: StoreOptions, function: Callable[..., _Result], *arguments: Any
) -> _Result:
    """Call a function, on whatever machine, while stores are reached so."""
    with reached_by(options):
        return function(*arguments)


def bucket_of(url: str) -> Bucket:
    """The bucket or web server that an object lies on."""
    scheme, host, *_ = urlsplit(url)
    return _opened(f"{scheme}://{host}", reached())


class Bucket:
    """A bucket or web server, connected as options say, or else the environment."""

    def __init__(self, root: str, options: StoreOptions) -> None:
        try:
            import obstore  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError(
                f"{root} is read by obstore: pip install 'sen12ms-catalog[cloud]'"
            ) from error
        self.obstore: Any = obstore
        self.root = root
        """Its URL, without a slash at the end."""
        scheme = urlsplit(root).scheme
        settings = options.settings(scheme)
        endpoint = str(settings.get("endpoint") or _endpoint(scheme))
        plain = scheme == "http" or endpoint.startswith("http://")
        try:
            self.store: Any = self.obstore.store.from_url(
                root,
                config=settings,
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
            names = _CREDENTIALS[urlsplit(self.root).scheme]
            return StoreError(
                f"there are no credentials for {self.root}: set {names}, or say --anonymous"
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
def _opened(root: str, options: StoreOptions) -> Bucket:
    return Bucket(root, options)


def _endpoint(scheme: str) -> str:
    """What the environment says of the server of a kind of store."""
    named = (os.environ.get(name) for name in _ENDPOINTS.get(scheme, ()))
    return next(filter(None, named), "")
