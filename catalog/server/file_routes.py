"""The catalog, the files of the dataset, and previews, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from catalog.model import PatchKey
from catalog.server.previews import cached_preview
from catalog.server.served import served_json
from catalog.stac.collection import GEOJSON, PARQUET
from catalog.stac.item import GEOTIFF, PNG

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from catalog.server.site import Site

_MEDIA_TYPES: Final = {".parquet": PARQUET, ".png": PNG, ".duckdb": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class FileRoutes:
    """Answers with files of a site; 404 for whatever may not be read."""

    site: Site
    """What may be read."""

    def routes(self) -> list[BaseRoute]:
        """`/catalog`, `/data` and `/previews`."""
        return [
            Route("/catalog/{name:path}", self._catalog),
            Route("/data/{name:path}", self._data),
            Route("/previews/{season}/{scene:int}/{patch:int}/{preview}.png", self._preview),
        ]

    def _catalog(self, request: Request) -> Response:
        path = self.site.catalog_file(request.path_params["name"])
        if path is None:
            raise HTTPException(404, "the catalog has no such file")
        if path.suffix != ".json":
            return FileResponse(path, media_type=_MEDIA_TYPES.get(path.suffix))
        recorded = orjson.loads(path.read_bytes())
        value = served_json(self.site.dataset, recorded, str(request.base_url))
        kind = GEOJSON if value.get("type") == "Feature" else "application/json"
        return Response(orjson.dumps(value), media_type=kind)

    def _data(self, request: Request) -> Response:
        dataset, name = self.site.dataset, request.path_params["name"]
        key, sensor = dataset.parse_name(name.rpartition("/")[2]) or (None, "")
        if key is None or name != dataset.file_path(key, sensor):
            raise HTTPException(404, f"{dataset.about.title} has no file of that name")
        members = self._members(key)
        if sensor not in members:
            raise HTTPException(404, "the file is missing, or not below the dataset's root")
        return FileResponse(members[sensor], media_type=GEOTIFF)

    def _preview(self, request: Request) -> Response:
        dataset, asked = self.site.dataset, request.path_params
        if asked["season"] not in dataset.seasons or asked["preview"] not in dataset.previews:
            raise HTTPException(404, "there is no such preview")
        members = self._members(PatchKey(asked["season"], asked["scene"], asked["patch"]))
        picture = cached_preview(dataset, asked["preview"], members)
        # A placeholder may be gone as soon as the file is repaired.
        age = "max-age=3600" if picture.complete else "no-store"
        return Response(picture.png, media_type=PNG, headers={"Cache-Control": age})

    def _members(self, key: PatchKey) -> dict[str, Path]:
        members = self.site.members(key)
        if members is None:
            raise HTTPException(404, "the catalog has no such patch")
        return members
