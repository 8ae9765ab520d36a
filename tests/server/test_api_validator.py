"""The field's own validator of STAC APIs finds no error; it reads schemas from disk.

Its tests of the filter extension ask for `eo:cloud_cover` and `mission`, which patches do not have:
that these names are refused is the only thing that it may complain of. Schemas of STAC and of
extensions are the real ones, but for two of the collection (see `extension_schemas`).
"""

from __future__ import annotations

import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

import extension_schemas
import pytest
import requests
from pystac.validation import JsonSchemaSTACValidator
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest, Response

if TYPE_CHECKING:
    from collections.abc import Callable

ITALY = {"type": "Polygon", "coordinates": [[[10, 44], [11, 44], [11, 45], [10, 45], [10, 44]]]}
MISSING = ("eo:cloud_cover", "mission")
LOCAL = ("http://127.0.0.1", "http://localhost")
QUERY = (
    *("query_comparison_field", "query_eq_value", "query_neq_value", "query_lt_value"),
    *("query_lte_value", "query_gt_value", "query_gte_value", "query_substring_field"),
    *("query_starts_with_value", "query_ends_with_value", "query_contains_value"),
    *("query_in_field", "query_in_values"),
)


def schema(url: str) -> dict[str, Any]:
    """A schema that is on disk; any other allows everything, and there are two of them."""
    draft = "http://json-schema.org/draft-07/schema#"
    return extension_schemas.schema(url) or {"$schema": draft, "$id": url, "type": "object"}


class Disk(BaseAdapter):
    """Answers for the web."""

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        answer = Response()
        answer.request, answer.url, answer.status_code = request, request.url, 200
        answer._content = json.dumps(schema(str(request.url))).encode()
        answer.headers["content-type"] = "application/json"
        return answer

    def close(self) -> None:
        pass


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine is asked."""
    adapter_of: Callable[..., BaseAdapter] = requests.Session.get_adapter

    def get_adapter(self: requests.Session, url: str) -> BaseAdapter:
        return adapter_of(self, url) if url.startswith(LOCAL) else Disk()

    def get_schema(_: JsonSchemaSTACValidator, uri: str) -> dict[str, Any]:
        return schema(uri)

    monkeypatch.setattr(requests.Session, "get_adapter", get_adapter)
    monkeypatch.setattr(JsonSchemaSTACValidator, "_get_schema", get_schema)


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_the_validator_of_the_field_finds_no_error(url: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        validations = pytest.importorskip("stac_api_validator.validations")
        logging.disable(logging.CRITICAL)
        try:
            _, errors = validations.validate_api(
                root_url=f"{url}api",
                ccs_to_validate=["core", "collections", "features", "item-search", "filter"],
                collection="sen12ms",
                geometry=json.dumps(ITALY),
                auth_bearer_token=None,
                auth_query_parameter=None,
                fields_nested_property="properties.sen12ms:season",
                validate_pagination=True,
                query_config=validations.QueryConfig(**dict.fromkeys(QUERY)),
                transaction_collection=None,
                headers=None,
                open_assets_urls=False,
            )
        finally:
            logging.disable(logging.NOTSET)
    found = [str(error) for error in errors]
    assert [error for error in found if not any(name in error for name in MISSING)] == []
    assert len(found) == 26
