"""Object stores are described as the schema of the storage extension has it."""

from __future__ import annotations

from typing import Any

import pytest
from core_schemas import errors
from extension_schemas import problems

from catalog.datasets import SEN12MS
from catalog.stac.collection import collection
from catalog.stac.storage import STORAGE, storage_schemes

VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")
AMAZON = "https://{bucket}.s3.{region}.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        (
            "s3://data/SEN12MS",
            {},
            {"type": "aws-s3", "platform": AMAZON, "region": "us-east-1"},
        ),
        (
            "s3://data/SEN12MS",
            {"AWS_REGION": "eu-central-1", "AWS_REQUEST_PAYER": "true"},
            {
                "type": "aws-s3",
                "platform": AMAZON,
                "region": "eu-central-1",
                "requester_pays": True,
            },
        ),
        (
            "s3://data/SEN12MS",
            {"AWS_ENDPOINT_URL": "https://example.org/"},
            {
                "type": "custom-s3",
                "platform": "https://example.org/{bucket}",
                "region": "us-east-1",
            },
        ),
        (
            "gs://data/SEN12MS",
            {},
            {"type": "custom-s3", "platform": "https://storage.googleapis.com/{bucket}"},
        ),
        (
            "az://data/SEN12MS",
            {"AZURE_STORAGE_ACCOUNT_NAME": "somebody"},
            {
                "type": "ms-azure",
                "platform": "https://{account}.blob.core.windows.net",
                "account": "somebody",
            },
        ),
        (
            "az://data/SEN12MS",
            {},
            {"type": "ms-azure", "platform": "https://{account}.blob.core.windows.net"},
        ),
    ],
    ids=["Amazon", "requester pays", "endpoint", "Google", "Azure", "Azure without account"],
)
def test_a_store_is_described_and_the_collection_is_valid(
    url: str,
    environment: dict[str, str],
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (*VARIABLES, "AWS_REQUEST_PAYER", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    schemes = storage_schemes([url])
    assert schemes == {"data": {"bucket": "data"} | expected}
    described = collection(SEN12MS, (), [], storage=schemes)
    assert STORAGE in described["stac_extensions"]
    assert problems(described) == []
    assert errors("collection", described) == []


def test_the_schema_refuses_what_is_no_platform() -> None:
    schemes = {"data": {"type": "ms-azure", "platform": "https://somebody.blob.core.windows.net"}}
    assert problems(collection(SEN12MS, (), [], storage=schemes))


def test_web_servers_and_folders_are_no_stores() -> None:
    assert storage_schemes(["https://example.org/data", "/data"]) == {}
