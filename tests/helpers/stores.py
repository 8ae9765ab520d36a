"""A store that speaks S3, on this machine, which fails when a test asks it to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import SHUT_RDWR
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from catalog.source import bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pytest

BUCKET = "bucket"


@dataclass
class Faults:
    """How the store fails, and what it was asked."""

    busy_every: int = 0
    """Every so many requests, it answers 503."""
    refused: set[str] = field(default_factory=set)
    """Ends of names that it does not give: 403."""
    broken: set[str] = field(default_factory=set)
    """Ends of names that it cannot give: 500."""
    dead_after: int | None = None
    """So many requests later, it hangs up on every one."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""
    paid: int = 0
    """Requests whose sender said that it pays for them."""

    def status(self, method: str, path: str) -> int:
        """How a request fails; 0 if it does not, 1 if nothing is answered at all."""
        self.asked.append((method, path))
        if self.dead_after is not None:
            self.dead_after -= 1
            if self.dead_after < 0:
                return 1
        if self.busy_every and len(self.asked) % self.busy_every == 0:
            return 503
        if any(path.endswith(name) for name in self.refused):
            return 403
        return 500 if any(path.endswith(name) for name in self.broken) else 0


@dataclass(frozen=True)
class S3:
    """The store."""

    endpoint: str
    faults: Faults
    client: Any

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which it is found."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def reached(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
        """Itself, found by the environment; what it was asked is forgotten, and how it fails."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        self.faults.__init__()
        bucket._opened.cache_clear()
        yield self
        self.faults.__init__()

    def upload(self, folder: Path, prefix: str, bucket: str = BUCKET) -> None:
        """Put all files of a folder below a prefix, where anybody may read them."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder).as_posix()}"
                content = path.read_bytes()
                self.client.put_object(Bucket=bucket, Key=key, Body=content, ACL="public-read")

    def names(self, prefix: str) -> dict[str, Any]:
        """What lies below a prefix, by its name below it."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        found = [entry for page in pages for entry in page.get("Contents", [])]
        return {entry["Key"].removeprefix(f"{prefix}/"): entry for entry in found}


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@contextmanager
def s3() -> Iterator[S3]:
    """A store with an empty bucket, for as long as the block runs."""
    faults, lock = Faults(), Lock()
    store = DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            status = faults.status(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            faults.paid += environ.get("HTTP_X_AMZ_REQUEST_PAYER") == "requester"
        if status == 1:
            environ["werkzeug.socket"].shutdown(SHUT_RDWR)
        answer = Response("no", status) if status else store
        return answer(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="somebody",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket=BUCKET, ACL="public-read")
    try:
        yield S3(endpoint, faults, client)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
