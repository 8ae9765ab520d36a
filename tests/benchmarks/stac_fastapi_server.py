"""The pages of our STAC API, through stac-fastapi: python stac_fastapi_server.py HOW PORT FOLDER.

HOW is what its backend answers with: `dict`, `models` for a dict that its models validate, or
`bytes` for a response that is ready.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from stac_fastapi.api.app import StacApi
from stac_fastapi.types.config import ApiSettings
from stac_fastapi.types.core import BaseCoreClient
from starlette.responses import Response

from catalog import Catalog
from catalog.server.api_data import ApiData
from catalog.stac.collection import GEOJSON

if TYPE_CHECKING:
    from starlette.requests import Request


class Backend(BaseCoreClient):
    """Searches of one catalog, by box."""

    def __init__(self, data: ApiData, how: str) -> None:
        super().__init__()
        self._data, self._how = data, how

    def post_search(self, asked: Any, request: Request) -> dict[str, Any] | Response:
        found, _ = self._data.search(
            {"limit": asked.limit, "collections": asked.collections, "bbox": list(asked.bbox)},
            str(request.base_url),
        )
        body = orjson.dumps(found | {"links": []})
        if self._how == "bytes":
            return Response(body, media_type=GEOJSON)
        return dict(orjson.loads(body))

    def all_collections(self, **_: Any) -> dict[str, Any]:
        return {"collections": [], "links": []}

    def _not_measured(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError

    get_search = get_item = get_collection = item_collection = _not_measured


if __name__ == "__main__":
    how, port, folder = sys.argv[1:]
    api = StacApi(
        settings=ApiSettings(enable_response_models=how == "models"),
        client=Backend(ApiData(Catalog.open(folder)), how),
    )
    uvicorn.run(api.app, port=int(port), log_level="warning", access_log=False)
