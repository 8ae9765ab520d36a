"""Object stores, as STAC's storage extension describes them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from catalog.model import is_url, is_web

if TYPE_CHECKING:
    from collections.abc import Iterable

STORAGE: Final = "https://stac-extensions.github.io/storage/v2.0.0/schema.json"
"""The storage extension."""


def storage_schemes(urls: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The object stores of some URLs, as STAC's storage extension describes them, by bucket.

    See https://github.com/stac-extensions/storage. Web servers are not such stores.
    """
    return {
        urlsplit(url).netloc: _storage_scheme(*urlsplit(url)[:2])
        for url in urls
        if is_url(url) and not is_web(url)
    }


def _storage_scheme(scheme: str, bucket: str) -> dict[str, Any]:
    if scheme == "az":
        account = os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
        named = {"account": account} if account else {}
        platform = "https://{account}.blob.core.windows.net"
        return {"type": "ms-azure", "platform": platform, "bucket": bucket, **named}
    if scheme == "gs":
        platform = "https://storage.googleapis.com/{bucket}"
        return {"type": "custom-s3", "platform": platform, "bucket": bucket}
    pays = {"requester_pays": True} if os.environ.get("AWS_REQUEST_PAYER") else {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    known = {"bucket": bucket, "region": region, **pays}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        return {"type": "custom-s3", "platform": f"{endpoint.rstrip('/')}/{{bucket}}", **known}
    return {"type": "aws-s3", "platform": "https://{bucket}.s3.{region}.amazonaws.com", **known}
